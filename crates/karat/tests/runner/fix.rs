//! `karat fix` from outside. What each fixer does is tested in `karat-migrate`.

use std::io::Write;
use std::process::Stdio;

use karat_testkit::{Run, Sandbox, Terminal};

const OLD: &str = r#"{
  "builders": [{ "type": "null", "communicator": "none", "ssh_key_path": "a&b" }]
}"#;

const NEW: &str = r#"{
  "builders": [
    {
      "communicator": "none",
      "ssh_private_key_file": "a\u0026b",
      "type": "null"
    }
  ]
}

"#;

fn fix(text: &str, arguments: &str) -> Run {
    let sandbox = Sandbox::new();
    sandbox.write("t.json", text);
    sandbox.karat(arguments.split(' '))
}

#[test]
fn cli_26_stdout_is_the_template_and_nothing_else() {
    for arguments in ["fix t.json", "fix -validate=true t.json", "--strict fix -validate=false t.json"] {
        let run = fix(OLD, arguments).success();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (NEW, ""), "{arguments}");
    }
    let line = fix(OLD, "fix -machine-readable t.json").success().stdout;
    let (_, said) = line.split_once(",,ui,say,").unwrap();
    assert_eq!(
        said,
        NEW.strip_suffix('\n').unwrap().replace('\n', "\\n").replace(',', "%!(PACKER_COMMA)") + "\n"
    );
}

#[test]
fn cli_26_standard_input_beyond_packer() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.karat_command();
    command.args(["fix", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(OLD.as_bytes()).unwrap();
    let run = Run::from(child.wait_with_output().unwrap()).success();
    assert_eq!(run.stdout, NEW);
    let run = sandbox.karat(["--strict", "fix", "-"]).exits(1);
    assert_eq!(run.stdout, "Error opening template: open -: no such file or directory\n");
}

#[test]
fn cli_26_the_mended_template_is_validated() {
    let empty = r#"{"provisioners": [{"type": "shell", "only": ["a"]}]}"#;
    let run = fix(empty, "fix t.json").exits(1);
    let (json, said) = run.stdout.split_once("}\n\n").unwrap();
    assert!(json.starts_with("{\n  \"builders\": null,\n"), "{json}");
    for problem in [
        "Fixed template failed to validate: at least one builder must be defined",
        "Fixed template failed to validate: provisioner 1: 'only' specified builder 'a' not found",
        "on t.json (fixed) line ",
    ] {
        assert!(said.contains(problem), "{said}");
    }
    fix(empty, "fix -validate=false t.json").success();
    let said = fix(r#"{"builders": [{}]}"#, "fix t.json").exits(1).stdout;
    assert!(said.contains("Fixed template fails to parse: builder 1: missing 'type'"), "{said}");
}

#[test]
fn cli_26_what_cannot_be_mended() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.json", "{\n  \"builders\": [}\n}");
    sandbox.write("t.pkr.hcl", "");
    let said = |arguments: &str| sandbox.karat(arguments.split(' ')).exits(1).stdout;
    let bad = said("fix bad.json");
    assert!(bad.contains("on bad.json line 2") && !bad.contains("\"builders\": null"), "{bad}");
    assert_eq!(said("fix none.json"), "Error opening template: open none.json: no such file or directory\n");
    for path in [".", "t.pkr.hcl", "none.pkr.json"] {
        assert_eq!(said(&format!("--strict fix {path}")), "packer fix only works with JSON files for now.\n");
        assert!(said(&format!("fix {path}")).contains("is HCL2"), "{path}");
    }
}

#[test]
fn cli_26_a_terminal_is_told_what_changed() {
    let sandbox = Sandbox::new();
    sandbox.write("t.json", OLD);
    let mut command = sandbox.karat_command();
    command.args(["fix", "t.json"]);
    let mut terminal = Terminal::start(command);
    terminal.shows("\"type\": \"null\"");
    terminal.shows("t.json:2:");
    terminal.shows("builder 1: ssh_key_path becomes ssh_private_key_file (sshkeypath)");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn cli_26_help_lists_the_fixers_in_their_order() {
    let sandbox = Sandbox::new();
    let help = sandbox.karat(["fix", "-h"]).success().stdout;
    let at = |name: &str| help.find(&format!("\n  {name} ")).expect(name);
    assert!(at("iso-md5") < at("iso-checksum-type-and-url"));
    assert!(at("iso-checksum-type-and-url") < at("proxmox-type"));
}
