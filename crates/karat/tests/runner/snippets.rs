//! Command lines and templates as troubleshooting guides have them, run as written.

use karat_testkit::{Run, Sandbox};

fn template(provisioner: &str, inline: &str) -> String {
    format!(
        r#"{{
  "variables": {{ "ssh_private_key_file": "" }},
  "builders": [{{ "type": "null", "name": "amazon-ebs", "communicator": "none" }}],
  "provisioners": [{{ "type": "{provisioner}", "inline": {inline} }}]
}}"#
    )
}

#[test]
fn cli_29_a_log_in_a_file() {
    let sandbox = Sandbox::new();
    sandbox.write("template.json", template("shell-local", r#"["true"]"#));
    let mut command = sandbox.karat_command();
    command.args(["build", "template.json"]).env("PACKER_LOG", "1").env("PACKER_LOG_PATH", "packer.log");
    let run = Run::from(command.output().unwrap()).success();
    assert_eq!(run.stderr, "");
    let log = sandbox.read("packer.log");
    assert!(log.contains("[INFO] Packer version: ") && log.contains("template.json"), "{log}");
}

#[test]
fn lines_with_timeouts() {
    let sandbox = Sandbox::new();
    sandbox.write("t.json", template("shell", r#"["set -e","timeout 300 apt-get update"]"#));
    sandbox.karat(["validate", "t.json"]).success();
    // Where there is no guest and no apt-get, the same lines stop at what is missing.
    sandbox
        .write("local.json", template("shell-local", r#"["set -e","timeout 300 no-such-apt-get update"]"#));
    sandbox.karat(["build", "local.json"]).exits(1);
    sandbox.write("local.json", template("shell-local", r#"["set -e","timeout 300 true"]"#));
    sandbox.karat(["build", "local.json"]).success();
}

#[test]
fn cli_19_builds_and_template_in_one_word() {
    let sandbox = Sandbox::new();
    sandbox.write("template1.json", template("shell-local", r#"["true"]"#));
    let run = sandbox.karat(["build", "-only=amazon-ebs.template1.json"]).exits(1);
    assert!(run.stdout.contains("<TEMPLATE>"), "{run}");
    assert!(run.stdout.contains("write -only=amazon-ebs template1.json"), "{run}");
    let run = sandbox.karat(["build", "-only=amazon-ebs.template1.json", "template1.json"]).exits(1);
    assert!(run.stdout.contains("No builds to run") && run.stdout.contains("amazon-ebs"), "{run}");
    sandbox.karat(["build", "-only=amazon-ebs", "template1.json"]).success();
    // Packer shows its usage.
    let run = sandbox.karat(["--strict", "build", "-only=amazon-ebs.template1.json"]).exits(1);
    assert!(run.stdout.starts_with("Usage: packer build [options] TEMPLATE\n"), "{run}");
}

#[test]
fn a_key_in_a_variable() {
    let sandbox = Sandbox::new();
    sandbox
        .write("t.json", template("shell-local", r#"["test {{user `ssh_private_key_file`}} = build_key"]"#));
    sandbox.karat(["build", "-var", "ssh_private_key_file=build_key", "t.json"]).success();
    let run = sandbox.karat(["build", "-var", "ssh_private_key_file", "t.json"]).exits(1);
    assert!(run.stdout.contains("NAME=VALUE"), "{run}");
}

#[test]
fn a_loop_over_a_brace_range_runs_with_a_warning() {
    let sandbox = Sandbox::new();
    let lines = r#"["for i in {1..3}; do echo update $i && break || sleep 10; done"]"#;
    sandbox.write("t.json", template("shell-local", lines));
    let run = sandbox.karat(["build", "t.json"]).success();
    assert!(run.stdout.contains("Warning: /bin/sh does not expand {1..3}"), "{run}");
    assert!(run.stdout.contains("Write 1 2 3, or set"), "{run}");
    let run = sandbox.karat(["--strict", "build", "t.json"]).success();
    assert!(!run.stdout.contains("does not expand"), "{run}");
    sandbox.write("t.json", template("shell", lines));
    let run = sandbox.karat(["validate", "t.json"]).success();
    assert!(run.stdout.contains("does not expand {1..3}"), "{run}");
}
