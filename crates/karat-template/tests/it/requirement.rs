use karat_template::{Inputs, evaluate, from_texts};

use crate::rendering::{evaluation, problems, schemas, titles, whole};

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
    assert_eq!(packer("required_version = []"), ["t.pkr.hcl:2:20 Invalid version constraint"]);
    assert!(packer("required_version = null").is_empty(), "null asks for nothing");
    assert!(packer("required_version = 1.16").is_empty(), "a number is a version, too");
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
    for name in ["B", "b_c", "b--c", "b-"] {
        let found = plugin(&format!("{name} = {{\n{whole}\n}}"));
        assert_eq!(found, ["t.pkr.hcl:3:1 Invalid plugin local name"], "{name}");
    }
    assert!(plugin(&format!("b-c = {{\n{whole}\n}}\né = {{\n{whole}\n}}")).is_empty());
    assert_eq!(
        plugin("b = {\nsource = 1\nversion = null\n}"),
        ["t.pkr.hcl:4:10 Invalid source", "t.pkr.hcl:5:11 Invalid version constraint"],
        "only a text is a text here"
    );
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
    for good in ["github.com/a/b", "host/deep/er/name", "Host//été", "github.com/a b/C-1"] {
        assert_eq!(source(good), "", "{good}");
    }
    let cases = [
        ("b", "must at least contain a host"),
        ("a/b", "must at least contain a host"),
        ("https://github.com/a/b", "must not contain a scheme"),
        ("example.com:8080/a/b", "must not contain a scheme"),
        ("/github.com/a/b", "must not start with a '/'"),
        ("github.com/a/b/", "must not end with a '/'"),
        ("github.com/a/b?x=1", "must not contain a query"),
        ("github.com/a/b#x", "must not contain a fragment"),
        ("a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", "at most 16 components"),
        ("github.com/a/packer-plugin-b", "Did you mean \"b\"?"),
        ("github.com/a/packer-b", "Did you mean \"b\"?"),
        ("github.com/a/b--c", "cannot be the name of a plugin"),
        ("github.com/a/b.c", "cannot be the name of a plugin"),
        ("github.com/a/b_c", "cannot be the name of a plugin"),
        ("github.com/a/-b", "cannot be the name of a plugin"),
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
    let twice = "t.pkr.hcl:9:1 Duplicate required_plugin.\"b\" block";
    let text = format!("required_plugins {{\n{one}\n}}\nrequired_plugins {{\n{one}\n}}");
    assert_eq!(packer(&text), [twice]);
    let syntax = |inputs: &mut Inputs<'_>| inputs.syntax_only = true;
    assert!(titles(&evaluation(&format!("packer {{\n{text}\n}}\n{REST}"), syntax)).is_empty());

    let file =
        |name: &str| (format!("{name}.pkr.hcl"), format!("packer {{\nrequired_plugins {{\n{one}\n}}\n}}\n"));
    let rest = ("rest.pkr.hcl".to_owned(), REST.to_owned());
    let schemas = schemas();
    let loaded = from_texts([file("1"), file("2"), rest], []);
    let found = whole(evaluate(&loaded, &Inputs::new("/cwd", &schemas)));
    assert_eq!(titles(&found), ["2.pkr.hcl:3:1 Duplicate required_plugin.\"b\" block"]);
}
