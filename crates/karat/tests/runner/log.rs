//! The log, and what a crash leaves.

use std::path::Path;

use karat_testkit::{Run, Sandbox};

use crate::template::{local, nothing_left};

/// A build with a secret that its step shows, and fails with.
const SECRET: &str = r#"
variable "token" {
  type      = string
  sensitive = true
}
source "null" "a" { communicator = "none" }
build {
  sources = ["null.a"]
  provisioner "shell-local" { inline = ["echo it is ${var.token} >&2", "exit 1"] }
}"#;

fn karat(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
    sandbox.karat_command().args(arguments).envs(variables.iter().copied()).output().unwrap().into()
}

/// `2026/11/20 18:18:13 ` and a mark.
#[track_caller]
fn is_logged(line: &str) {
    let (stamp, rest) = line.split_at_checked(20).unwrap_or((line, ""));
    let shape: String = stamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let marks = ["[DEBUG] ", "[INFO] ", "[WARN] ", "[ERROR] ", "ui: ", "ui error: ", "machine readable: "];
    let is_marked = marks.iter().any(|mark| rest.starts_with(mark));
    assert!(shape == "0000/00/00 00:00:00 " && is_marked, "{line:?}");
}

#[test]
fn cli_29_packer_log_goes_to_stderr_without_what_is_on_stdout() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo said; exit 3"));
    let run = karat(&sandbox, &[("PACKER_LOG", "1")], &["build", "t.pkr.hcl"]).exits(1);
    run.stderr.lines().for_each(is_logged);
    let first = run.stderr.lines().next().unwrap();
    assert!(first.contains(" [INFO] Packer version: 1.16.0 [karat "), "{run}");
    for part in [
        "[INFO] Command line: ",
        "[INFO] Template: t.pkr.hcl, from ",
        "[INFO] Evaluated; builds: null.a",
        "[INFO] Starting build run: null.a",
        "[INFO] null.a: starting provisioner 1 (shell-local), attempt 1",
        "[INFO] null.a: Executing [\"/bin/sh\", \"-c\", ",
        "[WARN] null.a: /bin/sh ended: exit status: 3",
        "[ERROR] null.a: provisioner 1 (shell-local), attempt 1: failed after ",
        "[INFO] Failure after ",
    ] {
        assert!(run.stderr.contains(part), "{part}\n{run}");
    }
    assert!(!run.stderr.contains("ui:") && !run.stderr.contains("ui error:"), "{run}");
    assert!(run.stdout.contains("==> null.a: said\n"), "{run}");
    for variables in [&[("PACKER_LOG", "")][..], &[("PACKER_LOG", "0")], &[]] {
        assert_eq!(karat(&sandbox, variables, &["build", "t.pkr.hcl"]).exits(1).stderr, "");
    }
}

#[test]
fn cli_29_a_path_alone_takes_the_whole_log() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo said"));
    for variables in [
        &[("PACKER_LOG_PATH", "x.log")][..],
        &[("PACKER_LOG_PATH", "x.log"), ("PACKER_LOG", "1")],
        &[("PACKER_LOG_PATH", "x.log"), ("PACKER_LOG", "0")],
    ] {
        sandbox.write("x.log", "what was there before\n");
        let run = karat(&sandbox, variables, &["build", "t.pkr.hcl"]).success();
        assert_eq!(run.stderr, "");
        let log = sandbox.read("x.log");
        assert!(log.lines().next().unwrap().contains("Packer version: "), "{log}");
        for part in [
            " ui: ==> null.a: said\n",
            " ui: \n==> Wait completed after ",
            " machine readable: null.a,artifact-count []string{\"1\"}\n",
            " machine readable: null.a,artifact []string{\"0\", \"id\", \"Null\"}\n",
        ] {
            assert!(log.contains(part), "{part}\n{log}");
        }
    }
    let run = karat(&sandbox, &[("PACKER_LOG_PATH", "no/such/x.log")], &["validate", "t.pkr.hcl"]).exits(1);
    assert_eq!(run.stdout, "");
    assert_eq!(run.stderr, "Couldn't setup log output: open no/such/x.log: no such file or directory\n");
}

#[test]
fn cli_29_other_commands_log_what_they_say() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", "source \"null\" \"a\" {\n");
    karat(&sandbox, &[("PACKER_LOG_PATH", "x.log")], &["validate", "t.pkr.hcl"]).exits(1);
    let log = sandbox.read("x.log");
    assert!(log.contains(" ui error: Error: ") && log.contains("t.pkr.hcl line 1"), "{log}");
    karat(&sandbox, &[("PACKER_LOG_PATH", "x.log")], &["version", "-machine-readable"]).success();
    assert!(sandbox.read("x.log").contains(",,version,1.16.0\n"), "{}", sandbox.read("x.log"));
}

#[test]
fn cli_29_no_secret_gets_into_a_log() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", SECRET);
    let build = ["build", "-var", "token=hunter22", "t.pkr.hcl"];
    let run = karat(&sandbox, &[("PACKER_LOG", "1")], &build).exits(1);
    assert!(!run.stderr.contains("hunter22") && run.stderr.contains("token=…"), "{run}");
    karat(&sandbox, &[("PACKER_LOG_PATH", "x.log")], &build).exits(1);
    let log = sandbox.read("x.log");
    assert!(!log.contains("hunter22") && log.contains("it is <sensitive>"), "{log}");
}

#[test]
fn cli_29_a_recorded_run_has_its_log() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo said; exit 3"));
    sandbox.karat(["build", "t.pkr.hcl"]).exits(1);
    let shown = sandbox.karat(["runs", "show", "latest", "--log"]).success();
    for part in [" [INFO] Starting build run: null.a\n", " ui: ==> null.a: said\n", "ended: exit status: 3\n"]
    {
        assert!(shown.stdout.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn cli_29_a_crash_leaves_its_log_and_says_where() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("true"));
    let run = karat(&sandbox, &[("KARAT_FAULT_PANIC", "1")], &["validate", "t.pkr.hcl"]).exits(2);
    assert!(run.stderr.starts_with("panic: thread main panicked at "), "{run}");
    assert!(run.stderr.contains("a test asked for it"), "{run}");
    let log = sandbox.work().join("crash.log");
    assert!(run.stdout.contains("KARAT CRASH") && run.stdout.contains(log.to_str().unwrap()), "{run}");
    assert!(sandbox.read("crash.log").contains(" [ERROR] panic: thread main panicked at "));
}

#[test]
fn cli_29_where_nothing_can_be_written_the_crash_log_goes_elsewhere() {
    let sandbox = Sandbox::new();
    // A directory of that name cannot become a file, whoever we are.
    sandbox.write("crash.log/in-the-way", "");
    let run = karat(&sandbox, &[("KARAT_FAULT_PANIC", "1")], &["version"]).exits(2);
    let log = sandbox.tmp().join("crash.log");
    assert!(run.stdout.contains(log.to_str().unwrap()), "{run}");
    assert!(std::fs::read_to_string(log).unwrap().contains("panic: "));
}

/// Every write to the ledger may be where a bug strikes. Whatever is left then is listed, and `karat gc` removes it.
#[test]
fn cli_29_a_crash_in_a_build_lists_what_is_left() {
    let mut point = 1;
    loop {
        let sandbox = Sandbox::new();
        sandbox.write("t.pkr.hcl", SECRET);
        let fault = format!("panic:{point}");
        let build = ["build", "-var", "token=hunter22", "t.pkr.hcl"];
        let run = karat(&sandbox, &[("KARAT_FAULT_LEDGER_POINT", &fault)], &build).exits(1);
        if !run.stdout.contains("KARAT CRASH") {
            break;
        }
        assert!(run.stderr.contains("panicked at"), "{run}");
        let log = sandbox.read("crash.log");
        assert!(log.contains("Packer version: ") && log.contains("Starting build run: null.a"), "{log}");
        assert!(!log.contains("hunter22"), "{log}");
        let left = std::fs::read_dir(sandbox.tmp()).unwrap().map(|entry| entry.unwrap().path());
        for path in left {
            assert!(lists(&run, &path) && run.stdout.contains("`karat gc`"), "{}\n{run}", path.display());
        }
        sandbox.karat(["gc"]).success();
        nothing_left(&sandbox);
        point += 1;
    }
    assert!(point > 6, "only {point} points");
}

fn lists(run: &Run, path: &Path) -> bool {
    run.stdout.contains(&format!("directory {}", path.display()))
}
