//! `karat inspect` of legacy JSON templates. The expected texts are what Packer 1.16 prints.

use karat_testkit::Sandbox;

const TEMPLATE: &str = r#"{
  "description": "Made of\ntwo lines, really",
  "variables": {
    "region": "here",
    "long_name": "{{env `HOME`}}",
    "token": "hush",
    "same": "hush",
    "needed": null,
    "also": null
  },
  "sensitive-variables": ["token", "also"],
  "builders": [
    {"type": "null", "name": "web-{{timestamp}}"},
    {"type": "file"},
    {"type": "anything", "name": "a,b"}
  ],
  "provisioners": [{"type": "shell", "inline": ["hush"]}, {"type": "of-a-plugin"}]
}"#;

#[test]
fn cli_22_a_json_template_is_described_as_it_stands() {
    let sandbox = Sandbox::new();
    sandbox.write("t.json", TEMPLATE);
    let expected = "\
Packer Inspect: JSON mode
Description:

Made of
two lines, really

Required variables:

  also
  needed

Optional variables and their defaults:

  long_name = {{env `HOME`}}
  region    = here
  same      = <sensitive>
  token     = <sensitive>

Builders:

  a,b               (anything)
  file            \u{20}
  web-{{timestamp}} (null)

Provisioners:

  shell
  of-a-plugin

Note: If your build names contain user variables or template
functions such as 'timestamp', these are processed at build time,
and therefore only show in their raw form here.
";
    for arguments in [&["inspect", "t.json"][..], &["--strict", "inspect", "t.json"]] {
        let run = sandbox.karat(arguments).success();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (expected, ""));
    }
}

#[test]
fn cli_22_nothing_is_named_where_there_is_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("t.json", r#"{"builders": [{"type": "null"}]}"#);
    let run = sandbox.karat(["inspect", "t.json"]).success();
    assert!(
        run.stdout.starts_with(
            "Packer Inspect: JSON mode\nVariables:\n\n  <No variables>\n\nBuilders:\n\n  null\n\nProvisioners:\n\n  <No provisioners>\n"
        ),
        "{run}"
    );
    sandbox.write("broken.json", r#"{"builders": "#);
    sandbox.karat(["inspect", "broken.json"]).exits(1);
}

#[test]
fn cli_22_machines_read_a_record_for_each_component() {
    let sandbox = Sandbox::new();
    sandbox.write("t.json", TEMPLATE);
    let run = sandbox.karat(["-machine-readable", "inspect", "t.json"]).success();
    let records: Vec<&str> = run
        .stdout
        .lines()
        .filter_map(|line| line.split_once(",,").map(|(_, record)| record))
        .filter(|record| record.starts_with("template-"))
        .collect();
    assert_eq!(
        records,
        [
            "template-variable,also,<sensitive>,1",
            "template-variable,needed,,1",
            "template-variable,long_name,{{env `HOME`}},0",
            "template-variable,region,here,0",
            "template-variable,same,<sensitive>,0",
            "template-variable,token,<sensitive>,0",
            "template-builder,a%!(PACKER_COMMA)b,anything",
            "template-builder,file,file",
            "template-builder,web-{{timestamp}},null",
            "template-provisioner,shell",
            "template-provisioner,of-a-plugin",
        ]
    );
    assert!(run.stdout.contains(",,ui,say,Builders:\\n\n"), "{run}");
}
