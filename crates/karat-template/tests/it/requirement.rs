use crate::rendering::{evaluation, problems, titles};

const REST: &str = "source \"null\" \"a\" {\n}\nbuild {\n  sources = [\"null.a\"]\n}\n";

fn packer(content: &str) -> Vec<String> {
    titles(&evaluation(&format!("packer {{\n{content}\n}}\n{REST}"), |_| ()))
}

fn plugin(content: &str) -> Vec<String> {
    packer(&format!("required_plugins {{\n{content}\n}}"))
}

#[test]
fn tpl_04_required_version_comes_before_everything_else() {
    assert!(packer("required_version = \">= 1.7, < 2\"").is_empty());
    let text = "packer {\n  required_version = \"~> 0.5\"\n}\nvariable \"a\" {\n  foo = 1\n}\nbla {\n}\n";
    assert_eq!(titles(&evaluation(text, |_| ())), ["t.pkr.hcl:2:22 Unsupported Packer Core version"]);
    assert_eq!(packer("required_version = \"~> x\""), ["t.pkr.hcl:2:20 Invalid version constraint"]);
    assert_eq!(packer("required_version = var.x"), ["t.pkr.hcl:2:20 Variables not allowed"]);
}

#[test]
fn tpl_12_a_plugin_has_a_source_and_a_version_and_nothing_else() {
    let whole = "source = \"github.com/a/b\"\nversion = \">= 1\"";
    assert!(plugin(&format!("b = {{\n{whole}\n}}")).is_empty());
    assert_eq!(plugin("b = \"1.0\""), ["t.pkr.hcl:3:1 Invalid plugin requirement"]);
    assert_eq!(plugin("b = {\nversion = \"1\"\n}"), ["t.pkr.hcl:3:1 No source was set"]);
    assert_eq!(
        plugin("b = {\nsource = \"github.com/a/b\"\n}"),
        ["t.pkr.hcl:3:1 No version constraint was set"]
    );
    assert_eq!(
        plugin(&format!("b = {{\n{whole}\nmore = 1\n}}")),
        ["t.pkr.hcl:6:1 Invalid plugin requirement"]
    );
    assert_eq!(plugin(&format!("B = {{\n{whole}\n}}")), ["t.pkr.hcl:3:1 Invalid plugin local name"]);
}

#[test]
fn tpl_12_constraints_without_prereleases() {
    let version =
        |version: &str| plugin(&format!("b = {{\nsource = \"github.com/a/b\"\nversion = {version}\n}}"));
    assert_eq!(version("\"x\""), ["t.pkr.hcl:5:11 Invalid version constraint"]);
    assert_eq!(version("\"1.0.0-dev\""), ["t.pkr.hcl:5:11 Invalid version constraint"]);
    assert_eq!(version("upper(\"1\")"), ["t.pkr.hcl:5:11 Function calls not allowed"]);
    assert!(version("\">= 1.0, != 1.1\"").is_empty());
}

#[test]
fn tpl_12_sources_are_addresses() {
    let source = |source: &str| {
        let text = format!(
            "packer {{\nrequired_plugins {{\nb = {{\nsource = \"{source}\"\nversion = \"1\"\n}}\n}}\n}}\n{REST}"
        );
        problems(&text)
    };
    for good in ["github.com/a/b", "example.com:8080/deep/er/name"] {
        assert_eq!(source(good), "", "{good}");
    }
    let cases = [
        ("b", "must at least contain a host"),
        ("a/b", "must at least contain a host"),
        ("https://github.com/a/b", "must not contain a scheme"),
        ("/github.com/a/b", "must not start with a '/'"),
        ("github.com/a/b/", "must not end with a '/'"),
        ("github.com/a/b?x=1", "must not contain a query"),
        ("github.com/a/b#x", "must not contain a fragment"),
        ("a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", "at most 16 components"),
        ("github.com/a/packer-plugin-b", "Did you mean \"b\"?"),
        ("github.com/a/packer-b", "Did you mean \"b\"?"),
        ("github.com/a/b--c", "cannot be the name of a plugin"),
        ("github.com/a/b.c", "cannot be the name of a plugin"),
    ];
    for (text, expected) in cases {
        let shown = source(text);
        assert!(
            shown.starts_with("Error: Failed to parse source\n") && shown.contains(expected),
            "{text}\n{shown}"
        );
    }
    let several = source("https://github.com/a/");
    assert!(
        several.contains("* A source URL must not end")
            && several.contains("* A source URL must not contain"),
        "{several}"
    );
}

#[test]
fn tpl_12_names_are_used_once() {
    let one = "b = {\nsource = \"github.com/a/b\"\nversion = \"1\"\n}";
    assert_eq!(
        packer(&format!("required_plugins {{\n{one}\n}}\nrequired_plugins {{\n{one}\n}}")),
        ["t.pkr.hcl:9:1 Duplicate required_plugin.\"b\" block"]
    );
}
