use karat_model::diagnostic_plain::render_plain;
use karat_template::{Console, Inputs, console, from_texts};

use crate::rendering::{schemas, whole};

fn opened(text: &str) -> Console {
    let schemas = schemas();
    let loaded = from_texts([("t.pkr.hcl".to_owned(), text.to_owned())], []);
    whole(console(&loaded, &Inputs::new("/cwd", &schemas))).console.unwrap()
}

const TEMPLATE: &str = r#"
variable "list" { default = ["x", { a = null, b = 1.5 }] }
variable "missing" { type = string }
variable "secret" {
  default   = "hush"
  sensitive = true
}
locals {
  object = { key = { inner = true }, other = 1 }
  fails  = nope()
}
"#;

/// Rendered as Packer 1.16 renders them.
#[test]
fn cli_24_values_as_packer_prints_them() {
    let console = opened(TEMPLATE);
    for (text, expected) in [
        ("\"a\\nb\"", "a\nb"),
        ("null", "null"),
        ("1 / 3", "0.3333333333333333"),
        ("123456789.125", "1.23456789125e+08"),
        ("100000000000000000000", "1e+20"),
        ("9007199254740993", "9007199254740993"),
        ("-0.00001", "-1e-05"),
        ("1e300 * 1e300", "+Inf"),
        ("-1e300 * 1e300", "-Inf"),
        ("[]", "[]"),
        ("{}", "{}"),
        ("var.list", "[\n  \"x\",\n  {\n    \"b\" = 1.5\n  },\n]"),
        ("[[\"\\u0007é\"]]", "[\n  [\n    \"\\aé\",\n  ],\n]"),
        ("var.missing", "<unknown>"),
        ("[var.missing]", "<unknown>"),
        ("build", "<unknown>"),
        ("var.secret", "<sensitive>"),
        ("packer.version", "1.16.0"),
        ("local.object.key", "{\n  \"inner\" = true\n}"),
        ("[\n1]", "[\n  1,\n]"),
        ("<<E\nx\nE\n", "x\n"),
    ] {
        assert_eq!(console.evaluate(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn cli_24_mistakes_point_into_what_was_typed() {
    let console = opened(TEMPLATE);
    for (text, expected) in [
        ("1 +", "on <console-input> line 1:\n   1: 1 +"),
        ("local.objekt", "object"),
        ("local.fails", "fails"),
        ("upper(1, 2)", "upper"),
    ] {
        let refused = console.evaluate(text).unwrap_err();
        let shown: String =
            refused.diagnostics.iter().map(|problem| render_plain(problem, &refused.sources)).collect();
        assert!(shown.contains(expected), "{text}: {shown}");
    }
}

#[test]
fn cli_24_names_are_completed() {
    let console = opened(TEMPLATE);
    let completed = |line: &str| {
        let (start, names) = console.complete(line);
        format!("{} {}", &line[start..], names.join(" "))
    };
    assert_eq!(completed("var.l"), "l list");
    assert_eq!(completed("upper(local.object."), " key other");
    assert_eq!(completed("\"${local.object.key.in"), "in inner");
    assert_eq!(completed("[1, lo"), "lo local log( lookup( lower(");
    assert_eq!(completed("local.object.key.inner."), " ");
    assert_eq!(completed("é.nope.x"), "x ");
}

#[test]
fn cli_24_secrets_are_told_before_anything_is_shown() {
    assert_eq!(opened(TEMPLATE).secrets, ["hush"]);
    let schemas = schemas();
    let loaded = from_texts([("t.pkr.hcl".to_owned(), "variable \"a\" { tipe = string }".to_owned())], []);
    let broken = whole(console(&loaded, &Inputs::new("/cwd", &schemas)));
    assert!(broken.console.is_none() && broken.diagnostics.has_errors());
}
