use karat_template::{Inputs, Said, from_texts, inspect};

use crate::rendering::{schemas, whole};

fn inspected(text: &str) -> String {
    let schemas = schemas();
    let loaded = from_texts([("t.pkr.hcl".to_owned(), text.to_owned())], []);
    // As they stand on the screen: each message ends its line.
    whole(inspect(&loaded, &Inputs::new("/cwd", &schemas)))
        .messages
        .unwrap()
        .into_iter()
        .filter_map(|said| if let Said::Line(text) = said { Some(text + "\n") } else { None })
        .collect()
}

#[test]
fn core_17_secrets_of_a_template_are_told_to_who_shows_it() {
    let text = "variable \"v\" {\n  default = [\"s1\"]\n  sensitive = true\n}\nlocal \"l\" {\n  expression = upper(\"s2\")\n  sensitive = true\n}\n";
    let schemas = schemas();
    let loaded = from_texts([("t.pkr.hcl".to_owned(), text.to_owned())], []);
    assert_eq!(whole(inspect(&loaded, &Inputs::new("/cwd", &schemas))).secrets, ["s1", "S2"]);
}

/// What Packer 1.16 prints for these, byte for byte, but for what is derived from a secret.
#[test]
fn cli_23_values_as_packer_prints_them() {
    let text = r#"
variable "nul" {
  default = null
}
variable "es" {
  default = ""
}
variable "multi" {
  default = "a\nb\t\"q\" é \\ ${"$"}{x}"
}
variable "o" {
  default = {
    "a b" = { c = ["x", { d = 1.5 }], e = [], f = {} }
    z     = "mu\nlti"
  }
}
variable "sec" {
  default   = { a = "hidden", b = ["h2"] }
  sensitive = true
}
variable "pem" {
  default   = "line 1\nline 2\n"
  sensitive = true
}
variable "no" {
  default   = ""
  sensitive = true
}
variable "opt" {
  type    = object({ a = string, b = optional(string) })
  default = { a = "x" }
}
variable "st" {
  type    = set(string)
  default = ["b", "a"]
}
variable "bool" {
  default = true
}
variable "big" {
  default = 12345678901234567890123
}
variable "unset" {}
locals {
  a = var.unset
  b = upper("x ${var.sec.a} y")
  c = packer.version
  d = packer.iterationID
  e = path.root
  g = [packer.iterationID]
  l = []
  n = 5
}
local "hs" {
  expression = "vsecret"
  sensitive  = true
}
"#;
    let expected = r#"Packer Inspect: HCL2 mode

> input-variables:

var.big: "1.2345678901234568e+22"
var.bool: "true"
var.es: ""
var.multi: "a\nb\t\"q\" é \\ ${x}"
var.no: ""
var.nul: "null"
var.o: "{\n  \"a b\" = {\n    \"c\" = [\n      \"x\",\n      {\n        \"d\" = 1.5\n      },\n    ]\n    \"e\" = []\n    \"f\" = {}\n  }\n  \"z\" = \"mu\\nlti\"\n}"
var.opt: "{\n  \"a\" = \"x\"\n}"
var.pem: "<sensitive>\n<sensitive>\n"
var.sec: "{\n  \"a\" = \"<sensitive>\"\n  \"b\" = [\n    \"<sensitive>\",\n  ]\n}"
var.st: "[\n  \"a\",\n  \"b\",\n]"
var.unset: "<unknown>"

> local-variables:

local.a: "<unknown>"
local.b: "<sensitive>"
local.c: "1.16.0"
local.d: "<unknown>"
local.e: "."
local.g: "<unknown>"
local.hs: "<sensitive>"
local.l: "[]"
local.n: "5"

> builds:

"#;
    assert_eq!(inspected(text), expected);
}

#[test]
fn cli_23_builds_as_packer_prints_them() {
    let text = r#"
source "null" "one" {}
source "null" "two" {}
build {
  name        = "bn"
  description = <<EOF
hello
world
EOF
  sources = ["null.one"]
  source "null.two" {
    name = "three"
  }
  provisioner "shell-local" {
    name = "pname"
  }
  provisioner "shell-local" {}
  provisioner "not-installed" {}
  post-processor "manifest" {}
  post-processors {
    post-processor "manifest" {
      name = "q"
    }
    post-processor "checksum" {}
  }
}
build {
  sources = ["a mistake"]
}
build {
  sources = ["null.one", "null.unknown"]
}
"#;
    let expected = "> builds:\n\n  > bn:\n\n  > Description: hello\nworld\n\n\n    sources:\n\n      null.one\n\n      null.three\n\n    \
        provisioners:\n\n      shell-local.pname\n      shell-local\n      not-installed\n\n    post-processors:\n\n      0:\n        \
        manifest\n\n      1:\n        manifest.q\n        checksum\n\n  > <unnamed build 1>:\n\n    sources:\n\n      null.one\n\n      null.unknown\n\n    \
        provisioners:\n\n      <no provisioner>\n\n    post-processors:\n\n      <no post-processor>\n\n";
    let shown = inspected(text);
    assert_eq!(&shown[shown.find("> builds:").unwrap()..], expected);
}

#[test]
fn cli_23_a_template_that_cannot_be_read_is_not_described() {
    let schemas = schemas();
    let loaded = from_texts([("t.pkr.hcl".to_owned(), "locals {\n  a = \n}\n".to_owned())], []);
    let inputs = Inputs::new("/cwd", &schemas);
    let inspection = whole(inspect(&loaded, &inputs));
    assert!(inspection.messages.is_none() && inspection.diagnostics.has_errors());
}
