//! What people write who come from Terraform or from Packer's JSON templates, and what it is here.

/// An argument of Terraform's own.
pub fn argument(name: &str) -> Option<&'static str> {
    Some(match name {
        "count" | "for_each" => {
            "this is Terraform's; here, a `dynamic` block in `build` makes several blocks of one kind"
        }
        "depends_on" => {
            "this is Terraform's; here, steps run in the order of the text, and values in the order of need"
        }
        "lifecycle" | "provider" | "providers" => "this is Terraform's, and has nothing like it here",
        "ephemeral" | "nullable" => "this is Terraform's; every variable here may be null",
        "type" => "the type of a component is the label of its block: source \"TYPE\" \"NAME\"",
        _ => return None,
    })
}

/// A kind of block.
pub fn block(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "terraform" => {
            "this is Terraform's; versions and plugins are required in `packer { required_plugins { … } }`"
        }
        "provider" => {
            "this is Terraform's; here, a `source` block has the credentials and the region that its builder needs"
        }
        "resource" => {
            "this is Terraform's; here, `source` blocks say how machines are made, and `build` what happens to them"
        }
        "output" => "this is Terraform's; here, the `manifest` post-processor writes down what was built",
        "module" | "moved" | "import" | "check" | "removed" | "ephemeral" => {
            "this is Terraform's, and has nothing like it here"
        }
        "builder" | "builders" => {
            "in HCL, a builder is a block `source \"TYPE\" \"NAME\"` that a `build` block mentions"
        }
        "provisioner"
        | "provisioners"
        | "post-processor"
        | "post-processors"
        | "error-cleanup-provisioner" => "put it into a `build` block, one block each",
        "required_plugins" => "put it into a `packer` block",
        "validation" => "put it into a `variable` block",
        "dynamic" => "`dynamic` works in `build` and in the blocks of components",
        "lifecycle" | "connection" => "this is Terraform's; here, a `source` block says how to connect",
        _ => return None,
    })
}

/// The first name of an expression.
pub(crate) fn variable(name: &str) -> Option<&'static str> {
    Some(match name {
        "each" | "count" => {
            "this is Terraform's; in a `dynamic` block, the element is `KIND.value`, after the kind of block it makes"
        }
        "env" => "the environment is read in the default of a variable: default = env(\"NAME\")",
        "module" | "self" | "terraform" | "resource" => "this is Terraform's, and has nothing like it here",
        "user" => "in HCL, variables are `var.NAME`",
        _ => return None,
    })
}

/// How the same is said with a function that exists.
pub(crate) enum Instead {
    /// The call with another name and more behind its only argument: `convert(x, string)`.
    Wrap(&'static str, &'static str),
    /// In words.
    Words(&'static str),
}

/// A function of Terraform's, or of JSON templates.
pub(crate) fn function(name: &str) -> Option<Instead> {
    use Instead::{Words, Wrap};
    Some(match name {
        "tobool" => Wrap("convert", ", bool"),
        "tolist" => Wrap("convert", ", list(any)"),
        "tomap" => Wrap("convert", ", map(any)"),
        "tonumber" => Wrap("convert", ", number"),
        "toset" => Wrap("convert", ", set(any)"),
        "tostring" => Wrap("convert", ", string"),
        "filemd5" => Wrap("md5(file", ")"),
        "filesha1" => Wrap("sha1(file", ")"),
        "filesha256" => Wrap("sha256(file", ")"),
        "filesha512" => Wrap("sha512(file", ")"),
        "uuid" => Wrap("uuidv4", ""),
        "plantimestamp" => Wrap("timestamp", ""),
        "isotime" => Wrap("legacy_isotime", ""),
        "strftime" => Wrap("legacy_strftime", ""),
        "list" => Words("write the elements in brackets: [a, b]"),
        "map" => Words("write the keys and values in braces: { a = b }"),
        "one" => Words("use try(x[0], null)"),
        "sensitive" => Words(
            "declare the value with `sensitive = true`, in a `variable` block or in `local \"NAME\" { … }`",
        ),
        "nonsensitive" | "issensitive" => {
            Words("here, a value is sensitive where it is declared so, and stays so")
        }
        "setsubtract" => Words("use [for x in a : x if !contains(b, x)]"),
        "setsymmetricdifference" => {
            Words("use setunion([for x in a : x if !contains(b, x)], [for x in b : x if !contains(a, x)])")
        }
        "matchkeys" => Words("use [for i, key in keys : values[i] if contains(wanted, key)]"),
        "transpose" => Words(
            "use { for pair in flatten([for k, vs in m : [for v in vs : { k = k, v = v }]]) : pair.v => pair.k... }",
        ),
        "timecmp" => Words("compare rfc3339_parse(a).unix with rfc3339_parse(b).unix"),
        "templatestring" => Words("use templatefile with a file, or write the template where it is needed"),
        "base64sha256" | "base64sha512" | "filebase64sha256" | "filebase64sha512" => {
            Words("sums are hexadecimal here: sha256(x), sha512(file(x))")
        }
        "env" => Words("the environment is read in the default of a variable: default = env(\"NAME\")"),
        "user" => Words("in HCL, variables are `var.NAME`"),
        "build" => Words("in HCL, what is known of the build is `build.NAME`"),
        "template_dir" => Words("in HCL, this is `path.root`"),
        "pwd" => Words("in HCL, this is `path.cwd`"),
        "build_name" => Words("in HCL, this is `source.name`"),
        "build_type" => Words("in HCL, this is `source.type`"),
        "packer_version" => Words("in HCL, this is `packer.version`"),
        "replace_all" => Words("use replace(text, old, new)"),
        "clean_resource_name" => Words("use regex_replace(name, \"[^A-Za-z0-9-]\", \"-\")"),
        name if name.starts_with("provider::") => Words("functions of providers are Terraform's"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::function;

    #[test]
    fn every_function_that_packer_lacks_has_an_answer() {
        let lacking = "tostring tonumber tobool tolist toset tomap one sensitive nonsensitive issensitive setsubtract \
                       setsymmetricdifference matchkeys transpose timecmp plantimestamp templatestring base64sha256 \
                       base64sha512 filemd5 filesha1 filesha256 filesha512 filebase64sha256 filebase64sha512 uuid list \
                       map provider::aws::arn_parse";
        for name in lacking.split_whitespace() {
            assert!(function(name).is_some(), "{name}");
        }
    }
}
