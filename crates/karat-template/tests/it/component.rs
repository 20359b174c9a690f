use crate::rendering::{evaluation, problems, titles};

fn source(kind: &str) -> String {
    format!("source \"{kind}\" \"s\" {{\n}}\nbuild {{\n  sources = [\"{kind}.s\"]\n}}\n")
}

#[test]
fn tpl_11_a_well_known_component_names_its_plugin() {
    assert_eq!(
        problems(&source("amazon-ebs")),
        "Error: Unknown source type amazon-ebs\n\n  on t.pkr.hcl line 1, in source \"amazon-ebs\" \"s\":\n   \
         1: source \"amazon-ebs\" \"s\" {\n\n\
         The source amazon-ebs is in the plugin github.com/hashicorp/amazon, which the\ntemplate does not require.\n\n\
         Add:\n\n  packer {\n    required_plugins {\n      amazon = {\n        source  = \"github.com/hashicorp/amazon\"\n        \
         version = \"~> 1\"\n      }\n    }\n  }\n\n"
    );
}

#[test]
fn tpl_11_a_required_plugin_is_accepted_and_said_not_to_be_loaded() {
    let required = "packer {\n  required_plugins {\n    amazon = {\n      source  = \"github.com/hashicorp/amazon\"\n      version = \">= 1\"\n    }\n  }\n}\n";
    let null = "source \"null\" \"a\" {\n}\nbuild {\n  sources = [\"null.a\"]\n}\n";
    let unused = evaluation(&format!("{required}{null}"), |_| ());
    assert!(unused.diagnostics.is_empty() && unused.plan.is_some());
    assert_eq!(unused.requirements[0].source, "github.com/hashicorp/amazon");
    let shown = problems(&format!("{required}{}", source("amazon-ebs")));
    assert!(shown.contains("cannot load yet"), "{shown}");
    assert!(shown.contains("on t.pkr.hcl line 3 (required here)"), "{shown}");
    assert!(!shown.contains("Add:"), "{shown}");
    let shown = problems(&format!("{required}{}", source("qemu")));
    assert!(shown.contains("Add:\n\n  qemu = {"), "an entry goes into the block that is there\n{shown}");
}

#[test]
fn tpl_11_a_slip_is_recognised() {
    let build = |content: &str| {
        let text =
            format!("source \"null\" \"s\" {{\n}}\nbuild {{\n  sources = [\"null.s\"]\n{content}\n}}\n");
        problems(&text)
    };
    let shown = build("  provisioner \"shel-local\" {\n    inline = [var.nope]\n  }");
    assert_eq!(
        shown,
        "Error: Unknown provisioner type \"shel-local\"\n\n  on t.pkr.hcl line 5, in build:\n   5:   provisioner \"shel-local\" {\n\n\
         Did you mean to use \"shell-local\"?\n\n"
    );
    let shown = build("  post-processor \"manifst\" {\n  }");
    assert!(
        shown.contains("Unknown post-processor type \"manifst\"") && shown.contains("\"manifest\"?"),
        "{shown}"
    );
    let shown = build("  provisioner \"ansibel\" {\n  }");
    assert!(shown.contains("Did you mean to use \"ansible\"?"), "also among those of plugins\n{shown}");
    let shown = build("  provisioner \"frobnicate\" {\n  }");
    assert!(shown.contains("integrations?filter=frobnicate"), "{shown}");
    assert!(shown.contains("Note: built in: shell, shell-local"), "{shown}");
}

#[test]
fn tpl_11_a_source_that_is_unknown_is_said_once_and_an_unused_one_not_at_all() {
    let twice = "source \"nul\" \"s\" {\n}\nbuild {\n  sources = [\"nul.s\"]\n}\nbuild {\n  sources = [\"nul.s\"]\n}\n";
    assert_eq!(titles(&evaluation(twice, |_| ())), ["t.pkr.hcl:1:8 Unknown source type nul"]);
    let idle =
        "source \"nul\" \"s\" {\n}\nsource \"null\" \"a\" {\n}\nbuild {\n  sources = [\"null.a\"]\n}\n";
    assert!(evaluation(idle, |_| ()).diagnostics.is_empty());
}

#[test]
fn tpl_11_the_registry_is_accepted_and_has_no_effect() {
    let registry = "hcp_packer_registry {\n}\ncommunicator \"ssh\" \"x\" {\n}\nsource \"null\" \"a\" {\n}\nbuild {\n  sources = [\"null.a\"]\n  hcp_packer_registry {\n  }\n}\n";
    let registry = evaluation(registry, |_| ());
    let expected = ["t.pkr.hcl:1:1", "t.pkr.hcl:9:3"]
        .map(|at| format!("{at} warning: hcp_packer_registry has no effect"));
    assert_eq!(titles(&registry), expected);
    assert!(registry.plan.is_some());
}

#[test]
fn tpl_11_the_registry_is_checked_as_packer_checks_it() {
    let long = |length: usize| format!("\"{}\"", "d".repeat(length));
    let cases = [
        ("", "bucket_name = \"ab-3\"\nchannels = [\"a\"]\nfoo = 1\nbar {\n}".to_owned(), ""),
        ("", format!("description = {}", long(255)), ""),
        ("", "bucket_name = local.n\nbucket_labels = { a = 1 }\nlabels = {}".to_owned(), ""),
        ("bucket_name can only contain", "bucket_name = \"ab\"".to_owned(), "1:1"),
        ("bucket_name can only contain", "bucket_name = \"a_bc\"".to_owned(), "1:1"),
        ("bucket_name can only contain", format!("bucket_name = {}", long(37)), "1:1"),
        ("description should have a maximum length", format!("description = {}", long(256)), "1:1"),
        (
            "labels and hcp_packer_registry.bucket_labels are mutually exclusive",
            "labels = { a = 1 }\nbucket_labels = { b = 1 }".to_owned(),
            "1:1",
        ),
        ("The argument `bucket_name` has the wrong type", "bucket_name = null".to_owned(), "2:15"),
        ("The argument `build_labels` has the wrong type", "build_labels = { a = null }".to_owned(), "2:16"),
        ("The argument `channels` has the wrong type", "channels = [null]".to_owned(), "2:12"),
        ("There is no `build` here", "bucket_name = build.name".to_owned(), "2:15"),
    ];
    let rest =
        "locals {\n  n = \"bucket\"\n}\nsource \"null\" \"a\" {\n}\nbuild {\n  sources = [\"null.a\"]\n}\n";
    for (problem, content, place) in cases {
        let text = format!("hcp_packer_registry {{\n{content}\n}}\n{rest}");
        let found = titles(&evaluation(&text, |_| ()));
        let errors: Vec<_> = found.iter().filter(|title| !title.contains("warning: ")).collect();
        match errors.as_slice() {
            [] => assert_eq!(problem, "", "{content}"),
            [error] => assert!(
                !problem.is_empty()
                    && error.starts_with(&format!("t.pkr.hcl:{place} "))
                    && error.contains(problem),
                "{content}: {error}"
            ),
            several => panic!("{content}: {several:?}"),
        }
    }
    let twice = format!("hcp_packer_registry {{\n}}\nhcp_packer_registry {{\n}}\n{rest}");
    assert!(problems(&twice).contains("Error: Only one hcp_packer_registry is allowed"));
    let inside =
        rest.replace("build {\n", "build {\n  hcp_packer_registry {\n  }\n  hcp_packer_registry {\n  }\n");
    assert!(problems(&inside).contains("Error: Only one hcp_packer_registry is allowed"));
}
