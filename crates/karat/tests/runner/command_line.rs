//! Commands, flags and exit codes.

use karat_testkit::Sandbox;

use crate::template::local;

#[test]
fn cli_01_versions_and_unknown_commands() {
    let sandbox = Sandbox::new();
    for arguments in [&["version"][..], &["--version"], &["-version"], &["-v"]] {
        let run = sandbox.karat(arguments).success();
        assert!(run.stdout.starts_with("Karat v"), "{arguments:?} {run}");
    }
    for arguments in [["--strict", "version"], ["--strict", "-v"], ["-version", "--strict"]] {
        assert_eq!(sandbox.karat(arguments).success().stdout, "Packer v1.16.0\n");
    }
    let facts = sandbox.karat(["version", "-machine-readable"]).success().stdout;
    assert!(facts.contains(",,version,1.16.0\n") && facts.contains(",,version-prelease,\n"), "{facts}");
    assert!(sandbox.karat([""; 0]).exits(127).stdout.contains("build"));
    let run = sandbox.karat(["biuld"]).exits(127);
    assert!(run.stdout.contains("'build'"), "{run}");
    assert!(sandbox.karat(["build", "-h"]).success().stdout.contains("-on-error"));
}

#[test]
fn a_flag_that_does_not_exist_is_explained_and_ends_with_1() {
    let sandbox = Sandbox::new();
    let run = sandbox.karat(["build", "-forze", "t.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("--force"), "{run}");
    assert_eq!(run.stderr, "");
    sandbox.karat(["build"]).exits(1);
}

#[test]
fn cli_21_validate_and_inspect_read_a_template() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("true"));
    assert_eq!(sandbox.karat(["validate", "t.pkr.hcl"]).success().stdout, "The configuration is valid.\n");
    assert_eq!(
        sandbox.karat(["validate", "-syntax-only", "t.pkr.hcl"]).success().stdout,
        "Syntax-only check passed. Everything looks okay.\n"
    );
    let inspect = sandbox.karat(["inspect", "t.pkr.hcl"]).success();
    assert!(inspect.stdout.starts_with("Packer Inspect: HCL2 mode\n"), "{inspect}");
}

#[test]
fn variables_come_from_everywhere_and_the_last_word_wins() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "d/t.pkr.hcl",
        r#"
variable "a" { default = "default" }
source "null" "a" { communicator = "none" }
build {
  sources = ["null.a"]
  provisioner "shell-local" { inline = ["echo a is ${var.a}"] }
}"#,
    );
    let said = |arguments: &[&str], environment: Option<&str>| {
        let mut command = sandbox.karat_command();
        command.arg("build").args(arguments).arg("d");
        if let Some(value) = environment {
            command.env("PKR_VAR_a", value);
        }
        let run = karat_testkit::Run::from(command.output().unwrap()).success();
        let line = run.stdout.lines().find(|line| line.contains("a is")).unwrap().to_string();
        line.replace("==> null.a: a is ", "")
    };
    assert_eq!(said(&[], None), "default");
    assert_eq!(said(&[], Some("env")), "env");
    sandbox.write("d/x.auto.pkrvars.hcl", "a = \"auto\"\n");
    assert_eq!(said(&[], Some("env")), "auto");
    sandbox.write("file.pkrvars.hcl", "a = \"file\"\n");
    assert_eq!(said(&["-var-file=file.pkrvars.hcl"], Some("env")), "file");
    assert_eq!(said(&["-var", "a=arg", "-var-file=file.pkrvars.hcl"], Some("env")), "arg");
}

#[test]
fn cli_17_one_build_at_a_time_where_asked() {
    let sandbox = Sandbox::new();
    // Each build would see the other's marker if both ran at once.
    sandbox.write(
        "t.pkr.hcl",
        r#"
source "null" "a" { communicator = "none" }
source "null" "b" { communicator = "none" }
build {
  sources = ["null.a", "null.b"]
  provisioner "shell-local" {
    inline = ["mkdir only-one", "sleep 0.3", "rmdir only-one"]
  }
}"#,
    );
    sandbox.karat(["build", "-parallel-builds=1", "t.pkr.hcl"]).success();
    sandbox.karat(["build", "t.pkr.hcl"]).exits(1);
}

/// Two builds that meet if they may.
fn two(build: &str) -> String {
    format!(
        r#"
source "null" "a" {{ communicator = "none" }}
source "null" "b" {{ communicator = "none" }}
build {{
  {build}
  sources = ["null.a", "null.b"]
  provisioner "shell-local" {{
    inline = ["mkdir only-one", "sleep 0.3", "rmdir only-one"]
  }}
}}"#
    )
}

#[test]
fn a_template_may_have_its_builds_one_after_another() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", two("parallel = false"));
    sandbox.karat(["build", "t.pkr.hcl"]).success();
    let run = sandbox.karat(["--strict", "build", "t.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("There is no argument `parallel` here"), "{run}");
    sandbox.write("both.pkr.hcl", two("parallel = true"));
    sandbox.karat(["build", "both.pkr.hcl"]).exits(1);
    sandbox.write("wrong.pkr.hcl", two("parallel = \"sometimes\""));
    let run = sandbox.karat(["validate", "wrong.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("`parallel` has the wrong type"), "{run}");
    let json = |parallel: &str| {
        format!(
            r#"{{
  "parallel": {parallel},
  "builders": [
    {{ "type": "null", "name": "a", "communicator": "none" }},
    {{ "type": "null", "name": "b", "communicator": "none" }}
  ],
  "provisioners": [{{ "type": "shell-local", "inline": ["mkdir only-one", "sleep 0.3", "rmdir only-one"] }}]
}}"#
        )
    };
    sandbox.write("t.json", json("false"));
    sandbox.karat(["build", "t.json"]).success();
    for command in ["validate", "hcl2_upgrade", "fix"] {
        let run = sandbox.karat(["--strict", command, "t.json"]).exits(1);
        assert!(run.stdout.contains("Unknown root level key in template: 'parallel'"), "{run}");
    }
    sandbox.karat(["fix", "t.json"]).success();
    sandbox.karat(["hcl2_upgrade", "t.json"]).success();
    assert!(
        sandbox.read("t.json.pkr.hcl").contains("parallel = false\n"),
        "builds go one after another as before"
    );
    sandbox.karat(["build", "t.json.pkr.hcl"]).success();
    sandbox.write("wrong.json", json("\"no\""));
    let run = sandbox.karat(["validate", "wrong.json"]).exits(1);
    assert!(run.stdout.contains("parallel must be true or false"), "{run}");
}

#[test]
fn detailed_exit_codes_tell_what_came_of_a_build() {
    let sandbox = Sandbox::new();
    let template = |a: &str, b: &str| {
        format!(
            r#"
source "null" "a" {{ communicator = "none" }}
source "null" "b" {{ communicator = "none" }}
build {{
  sources = ["null.a", "null.b"]
  provisioner "shell-local" {{
    only   = ["null.a"]
    inline = ["{a}"]
  }}
  provisioner "shell-local" {{
    only   = ["null.b"]
    inline = ["{b}"]
  }}
}}"#
        )
    };
    for (a, b, code) in [("true", "true", 0), ("false", "true", 11), ("false", "false", 1)] {
        sandbox.write("t.pkr.hcl", template(a, b));
        sandbox.karat(["build", "-detailed-exitcode", "t.pkr.hcl"]).exits(code);
        sandbox.karat(["build", "t.pkr.hcl"]).exits(i32::from(code != 0));
    }
    sandbox.write("t.pkr.hcl", "source {");
    sandbox.karat(["build", "-detailed-exitcode", "t.pkr.hcl"]).exits(12);
    sandbox.karat(["build", "-detailed-exitcode", "nope.pkr.hcl"]).exits(12);
    let run = sandbox.karat(["--strict", "build", "-detailed-exitcode", "t.pkr.hcl"]).exits(1);
    assert!(run.stdout.ends_with("flag provided but not defined: -detailed-exitcode\n"), "{run}");
}

#[test]
fn fail_fast_stops_the_other_builds() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        r#"
source "null" "a" { communicator = "none" }
source "null" "b" { communicator = "none" }
build {
  sources = ["null.a", "null.b"]
  provisioner "shell-local" {
    only   = ["null.a"]
    inline = ["exit 3"]
  }
  provisioner "shell-local" {
    only   = ["null.b"]
    inline = ["sleep 600"]
  }
}"#,
    );
    let run = sandbox.karat(["build", "-fail-fast", "-detailed-exitcode", "t.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("--> null.b: cancelled (null.a failed)"), "{run}");
    assert!(run.stdout.contains("--> null.a: "), "{run}");
}

#[test]
fn plugins_that_a_template_requires_are_listed() {
    let sandbox = Sandbox::new();
    sandbox.write("none.pkr.hcl", local("true"));
    let run = sandbox.karat(["init", "none.pkr.hcl"]).success();
    assert!(run.stdout.starts_with("\nNo plugins requirement found"), "{run}");
    let required = |source: &str| {
        format!(
            "packer {{\n  required_plugins {{\n    a = {{\n      source = \"{source}\"\n      version = \"~> 1\"\n    }}\n  }}\n}}\n"
        )
    };
    sandbox.write("a.pkr.hcl", required("example.com/x/a"));
    let run = sandbox.karat(["plugins", "required", "a.pkr.hcl"]).success();
    assert_eq!(run.stdout, "a example.com/x/a \"~> 1\"\n");
    let run = sandbox.karat(["init", "a.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("a example.com/x/a") && run.stdout.contains("later release"), "{run}");
    sandbox.write("qemu.pkr.hcl", required("github.com/hashicorp/qemu"));
    let run = sandbox.karat(["init", "qemu.pkr.hcl"]).success();
    assert!(run.stdout.contains("is part of Karat"), "{run}");
    sandbox.write("t.json", "{\"builders\": [{\"type\": \"null\"}]}");
    for arguments in [&["init", "t.json"][..], &["plugins", "required", "t.json"]] {
        let run = sandbox.karat(arguments).exits(1);
        assert!(run.stdout.contains("only works with HCL2 configuration templates"), "{run}");
    }
    for arguments in [
        &["plugins", "install", "example.com/x/a"][..],
        &["plugins", "remove", "example.com/x/a"],
        &["plugins", "installed"],
        &["verify-attestation", "a.json"],
        &["sbom-generate", "-o", "cyclonedx-json", "/"],
    ] {
        let run = sandbox.karat(arguments).exits(1);
        assert!(run.stdout.contains("later release"), "{run}");
    }
}

#[test]
fn help_is_there_for_every_command() {
    let sandbox = Sandbox::new();
    let run = sandbox.karat(["-h"]).success();
    for text in ["Build:", "Runs and clean-up:", "Examples:", "PACKER_LOG=1", "PKR_VAR_NAME"] {
        assert!(run.stdout.contains(text), "{text}: {run}");
    }
    for command in
        ["build", "validate", "inspect", "console", "fmt", "fix", "hcl2_upgrade", "init", "plugins", "runs"]
    {
        let run = sandbox.karat([command, "-h"]).success();
        assert!(run.stdout.contains("Examples:") && run.stderr.is_empty(), "{run}");
        let packers =
            sandbox.karat(["--strict", command, "-h"]).exits(if command == "runs" { 127 } else { 0 });
        assert!(packers.stdout.starts_with("Usage: packer "), "{packers}");
    }
    let link = sandbox.work().join("packer");
    std::os::unix::fs::symlink(karat_testkit::karat_binary(), &link).unwrap();
    let run = karat_testkit::Run::from(sandbox.command(&link).arg("-h").output().unwrap()).success();
    assert!(run.stdout.starts_with("Usage: packer [--version] [--help] <command> [<args>]\n"), "{run}");
    assert!(!run.stdout.contains("runs"), "{run}");
    let run = karat_testkit::Run::from(sandbox.command(&link).arg("version").output().unwrap()).success();
    assert_eq!(run.stdout, "Packer v1.16.0\n");
}
