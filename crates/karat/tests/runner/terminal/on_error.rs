//! `-on-error` with somebody at the terminal, and with nobody.

use karat_testkit::{CTRL_C, CTRL_D, Run, Sandbox, karat_binary};

use super::after;
use crate::template::nothing_left;

const QUESTION: &str = "[c] Clean up and exit, [a] abort without cleanup, or [r] retry step (build may fail even if \
                        retry succeeds)?";

/// A build that fails until there is a file `ok`.
fn failing() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        r#"
source "null" "a" { communicator = "none" }
build {
  sources = ["null.a"]
  provisioner "shell-local" {
    inline = ["echo tried; test -e ok"]
  }
  error-cleanup-provisioner "shell-local" {
    inline = ["echo mopped"]
  }
}
"#,
    );
    sandbox
}

const ERROR: &str = "Script exited with non-zero exit status: 1. Allowed exit codes are: [0]";
const MOP: &str =
    "==> null.a: Provisioning step had errors: Running the cleanup provisioner, if present...\n";

/// What is said from the failure to the end of the build, without what local scripts are called.
fn aftermath(said: &str) -> String {
    let text = after(said, "tried\n").split("\nBuild 'null.a'").next().unwrap();
    text.lines()
        .skip(1)
        .filter(|line| !line.contains("Running local"))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn cli_15_the_answer_decides() {
    let failed =
        format!("==> null.a: {ERROR}\n==> null.a: Step \"StepProvision\" failed\n==> null.a: {QUESTION} ");
    let asked = format!("==> null.a: {QUESTION} ");
    let mopped = format!("{MOP}==> null.a: mopped\n");
    let aborted = format!(
        "==> null.a: {ERROR}\n==> null.a: Step \"StepProvision\" failed, aborting...\n\
         ==> null.a: aborted: skipping cleanup of step \"StepConnect\"\n"
    );
    let again = format!("==> null.a: tried\n{failed}");
    let incorrect = format!("==> null.a: Incorrect input: \"x\"\n{asked}");
    for (answers, expected) in [
        (&["c"][..], format!("{failed}c\n{mopped}")),
        (&[""], format!("{failed}\n{mopped}")),
        (&["a"], format!("{failed}a\n{aborted}")),
        (&["x", "Abort"], format!("{failed}x\n{incorrect}Abort\n{aborted}")),
        (&["r", "c"], format!("{failed}r\n{again}c\n{mopped}")),
    ] {
        let sandbox = failing();
        let mut terminal = sandbox.at_terminal(["build", "-color=false", "-on-error=ask", "t.pkr.hcl"]);
        for answer in answers {
            terminal.answers("retry succeeds)?", answer);
        }
        let (code, said) = terminal.end();
        assert_eq!(code, Some(1), "{said}");
        assert_eq!(aftermath(&said), expected, "{answers:?}");
        nothing_left(&sandbox);
    }
}

#[test]
fn cli_15_a_retry_succeeds_where_the_cause_is_mended() {
    let sandbox = failing();
    let mut terminal = sandbox.at_terminal(["build", "-on-error=ask", "t.pkr.hcl"]);
    terminal.shows(QUESTION);
    sandbox.write("ok", "");
    terminal.types("r\r");
    let (code, said) = terminal.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("mopped") && said.contains("finished after"), "{said}");
    nothing_left(&sandbox);
}

#[test]
fn cli_15_an_interrupt_at_the_question_cleans_up() {
    for key in [CTRL_C, CTRL_D] {
        let sandbox = failing();
        let mut terminal = sandbox.at_terminal(["build", "-color=false", "-on-error=ask", "t.pkr.hcl"]);
        terminal.shows("retry succeeds)? ");
        terminal.types(key);
        let (code, said) = terminal.end();
        assert_eq!(code, Some(1), "{said}");
        let rest = after(&said, "retry succeeds)?");
        assert!(rest.contains(MOP) && rest.contains("mopped\n"), "{said}");
        if key == CTRL_C {
            assert!(
                rest.starts_with("retry succeeds)? ^C\nCancelling build after receiving interrupt\n"),
                "{said}"
            );
            assert!(rest.ends_with("Cleanly cancelled builds after being interrupted.\n"), "{said}");
        }
        nothing_left(&sandbox);
    }
}

#[test]
fn cli_15_where_nobody_can_answer_everything_is_cleaned_up() {
    let sandbox = failing();
    let run = |arguments: &[&str]| {
        let mut command = sandbox.command("setsid");
        Run::from(command.arg(karat_binary()).args(arguments).output().unwrap()).exits(1)
    };
    for arguments in [
        &["build", "-on-error=ask", "t.pkr.hcl"][..],
        &["-machine-readable", "build", "-on-error=ask", "t.pkr.hcl"],
    ] {
        let run = run(arguments);
        assert!(run.stdout.contains("mopped") && !run.stdout.contains("[c] Clean up"), "{run}");
        nothing_left(&sandbox);
    }
}

/// A machine that never starts.
fn broken_machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.fake("qemu-system-x86_64", "echo 'qemu: cannot' >&2; exit 1");
    sandbox.fake("qemu-img", "for last; do :; done; touch \"$4\"");
    sandbox.write("a.iso", "");
    sandbox.write(
        "t.pkr.hcl",
        r#"
source "qemu" "a" {
  iso_url          = "a.iso"
  iso_checksum     = "none"
  accelerator      = "tcg"
  headless         = true
  ssh_username     = "root"
  ssh_password     = "x"
  output_directory = "out"
  http_content     = { "/a" = "b" }
}
build {
  sources = ["qemu.a"]
  error-cleanup-provisioner "shell-local" {
    inline = ["echo mopped"]
  }
}
"#,
    );
    sandbox
}

/// What is said from the first of `from` on to the end of the build.
fn steps_said(said: &str, from: &str) -> Vec<String> {
    let text = after(said, from).split("\nBuild 'qemu.a'").next().unwrap();
    text.lines().map(|line| line.trim_start_matches("==> qemu.a: ").to_owned()).collect()
}

#[test]
fn cli_13_abort_names_every_step_before_provisioning() {
    for mode in ["abort", "run-cleanup-provisioner"] {
        let sandbox = broken_machine();
        let run = sandbox.karat(["build", &format!("-on-error={mode}"), "t.pkr.hcl"]).exits(1);
        let skipped = [
            "stepPrepareEfivars",
            "stepConfigureVNC",
            "StepSSHKeyGen",
            "stepPortForward",
            "StepHTTPServer",
            "stepHTTPIPDiscover",
            "stepResizeDisk",
            "stepCopyDisk",
            "stepCreateDisk",
            "StepCreateCD",
            "StepCreateFloppy",
            "stepCreatevTPM",
            "stepPrepareOutputDir",
            "StepDownload",
        ];
        let expected: Vec<_> = std::iter::once("Step \"stepRun\" failed, aborting...".to_owned())
            .chain(skipped.map(|step| format!("aborted: skipping cleanup of step {step:?}")))
            .collect();
        assert_eq!(steps_said(&run.stdout, "Step \"stepRun\" failed"), expected, "{run}");
        assert!(!run.stdout.contains("mopped"), "{run}");
        assert!(sandbox.work().join("out").exists(), "{run}");
        // What stays was wanted: nobody reclaims it.
        assert_eq!(sandbox.karat(["gc"]).success().stdout, "Nothing to reclaim.\n");
    }
}

#[test]
fn cli_15_a_machine_that_does_not_start_can_be_tried_again() {
    let sandbox = broken_machine();
    let mut terminal = sandbox.at_terminal(["build", "-color=false", "-on-error=ask", "t.pkr.hcl"]);
    terminal.shows("Step \"stepRun\" failed");
    terminal.answers("retry succeeds)?", "r");
    // It looks for other ports: those of the first try went with it.
    terminal.shows("Found port for communicator");
    terminal.shows("Step \"stepRun\" failed");
    terminal.answers("retry succeeds)?", "c");
    let (code, said) = terminal.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Deleting output directory...") && !said.contains("mopped"), "{said}");
    assert!(!sandbox.work().join("out").exists());
    nothing_left(&sandbox);
}

#[test]
fn cli_15_nobody_is_asked_about_a_builder_without_steps_or_a_post_processor() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        r#"
source "file" "a" {
  target  = "made"
  content = "x"
}
build {
  sources = ["file.a"]
  post-processor "shell-local" { inline = ["exit 3"] }
}
"#,
    );
    for mode in ["cleanup", "abort", "ask", "run-cleanup-provisioner"] {
        let (code, said) = sandbox.at_terminal(["build", &format!("-on-error={mode}"), "t.pkr.hcl"]).end();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("Post-processor failed") && !said.contains("[c] Clean up"), "{mode}: {said}");
    }
    sandbox.write("t.pkr.hcl", "source \"file\" \"a\" {\n  target = \"other\"\n  source = \"missing\"\n}\nbuild {\n  sources = [\"file.a\"]\n}\n");
    let (code, said) = sandbox.at_terminal(["build", "-on-error=ask", "t.pkr.hcl"]).end();
    assert!(code == Some(1) && !said.contains("[c] Clean up"), "{said}");
    nothing_left(&sandbox);
}

#[test]
fn cli_14_a_cleanup_provisioner_that_fails_is_said_and_nobody_is_asked_about_it() {
    let sandbox = failing();
    let template = sandbox.read("t.pkr.hcl").replace("echo mopped", "echo mopped; exit 4");
    sandbox.write("t.pkr.hcl", template);
    for mode in ["cleanup", "run-cleanup-provisioner", "ask"] {
        let mut terminal =
            sandbox.at_terminal(["build", "-color=false", &format!("-on-error={mode}"), "t.pkr.hcl"]);
        if mode == "ask" {
            terminal.answers("retry succeeds)?", "c");
        }
        let (code, said) = terminal.end();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("Cleanup failed: "), "{mode}: {said}");
        assert!(said.contains(". Original Provisioning error: "), "{mode}: {said}");
        nothing_left(&sandbox);
    }
}
