//! The configuration file, and where things are.

use karat_testkit::{Run, Sandbox};

use crate::template::local;

fn karat(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
    sandbox.karat_command().args(arguments).envs(variables.iter().copied()).output().unwrap().into()
}

/// An error before anything else: on stderr, with Packer's first line, and nothing on stdout.
#[track_caller]
fn refused(run: Run) -> String {
    let run = run.exits(1);
    assert_eq!(run.stdout, "");
    let text = run.stderr.strip_prefix(" Error loading configuration: \n\n");
    text.unwrap_or_else(|| panic!("{run}")).to_owned()
}

#[test]
fn cli_30_plugins_in_several_directories_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("true"));
    for command in [&["build", "t.pkr.hcl"][..], &["validate", "t.pkr.hcl"], &["version"], &["fmt", "."]] {
        let text = refused(karat(&sandbox, &[("PACKER_PLUGIN_PATH", "/a:/b")], command));
        assert!(text.starts_with("Multiple paths are no longer supported for PACKER_PLUGIN_PATH"), "{text}");
        assert_eq!(text.matches("\n* PACKER_PLUGIN_PATH=").count(), 2, "{text}");
    }
}

#[test]
fn cli_30_components_from_before_plugins_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("true"));
    let config = r#"{"provisioners": {"super-shell": "packer-provisioner-super-shell"}, "x": 1}"#;
    let named = sandbox.write("c.json", config);
    let check = |run| {
        let text = refused(run);
        let list =
            "Your configuration file describes some legacy components: \n- packer-provisioner-super-shell\n";
        assert!(text.contains(list), "{text}");
    };
    let validate = ["validate", "t.pkr.hcl"];
    check(karat(&sandbox, &[("PACKER_CONFIG", named.to_str().unwrap())], &validate));
    sandbox.write("d/.packerconfig", config);
    check(karat(&sandbox, &[("PACKER_CONFIG_DIR", "d")], &validate));
    std::fs::write(sandbox.home().join(".packerconfig"), config).unwrap();
    check(karat(&sandbox, &[], &validate));
    // What is Karat's own goes on.
    assert_eq!(karat(&sandbox, &[], &["gc"]).success().stdout, "Nothing to reclaim.\n");
    karat(&sandbox, &[], &["runs"]).success();
}

#[test]
fn cli_30_a_broken_configuration_file_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("c.json", "{\n  \"builders");
    let text = refused(karat(&sandbox, &[("PACKER_CONFIG", "c.json")], &["version"]));
    assert!(text.starts_with("c.json: ") && text.contains("line 2"), "{text}");
    sandbox.write("dir/x", "");
    let text = refused(karat(&sandbox, &[("PACKER_CONFIG", "dir")], &["version"]));
    assert!(text.contains("dir: is a directory"), "{text}");
    // One that is not there is none.
    karat(&sandbox, &[("PACKER_CONFIG", "nope.json")], &["version"]).success();
    sandbox.write("c.json", "{\"disable_checkpoint\": true, \"plugin_min_port\": 10}");
    karat(&sandbox, &[("PACKER_CONFIG", "c.json")], &["version"]).success();
}

#[test]
fn cli_30_neither_home_nor_path_is_needed() {
    let sandbox = Sandbox::new();
    let template = "source \"file\" \"a\" {\n  content = \"x\"\n  target  = \"a.txt\"\n}\nbuild {\n  \
                    sources = [\"file.a\"]\n}\n";
    sandbox.write("t.pkr.hcl", template);
    for command in [&["version"][..], &["validate", "t.pkr.hcl"], &["build", "t.pkr.hcl"]] {
        let mut karat = sandbox.karat_command();
        karat.env_clear().env("TMPDIR", sandbox.tmp()).args(command);
        Run::from(karat.output().unwrap()).success();
    }
    assert_eq!(sandbox.read("a.txt"), "x");
}

#[test]
fn cli_30_a_colour_variable_counts_when_it_says_something() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("true"));
    let build = ["--strict", "build", "t.pkr.hcl"];
    assert!(karat(&sandbox, &[("PACKER_NO_COLOR", "")], &build).success().stdout.contains('\x1b'));
    assert!(!karat(&sandbox, &[("PACKER_NO_COLOR", "0")], &build).success().stdout.contains('\x1b'));
}

#[test]
fn cli_30_children_know_their_run() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo run $PACKER_RUN_UUID"));
    let run = karat(&sandbox, &[("PACKER_RUN_UUID", "of somebody else")], &["build", "t.pkr.hcl"]).success();
    let id = run.stdout.lines().find_map(|line| line.strip_prefix("==> null.a: run ")).unwrap();
    assert!(id.len() == 36 && sandbox.karat(["runs"]).success().stdout.contains(id), "{run}");
}
