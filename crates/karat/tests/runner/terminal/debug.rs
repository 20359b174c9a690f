//! `-debug`, and breakpoints.

use karat_testkit::{CTRL_C, CTRL_D, Sandbox};

use super::lines_with;
use crate::template::{local, nothing_left, tiny};

const ENTER: &str = "Press enter to continue.";

#[test]
fn cli_16_debug_pauses_where_packer_does() {
    let sandbox = Sandbox::new();
    let step = "provisioner \"shell-local\" {\n    inline = [\"echo two\"]\n  }\n  post-processor \"shell-local\" {\n    inline = [\"echo pp\"]\n  }\n}\n";
    let template = local("echo one");
    sandbox.write("t.pkr.hcl", format!("{}  {step}", template.trim_end().trim_end_matches('}')));
    let mut terminal = sandbox.at_terminal(["build", "-color=false", "-debug", "t.pkr.hcl"]);
    for _ in 0..6 {
        terminal.answers(ENTER, "");
    }
    let (code, said) = terminal.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("Debug mode enabled. Builds will not be parallelized.\n"), "{said}");
    assert_eq!(
        lines_with(&said, &["Pausing", "one", "two", ": pp"]),
        [
            "==> null.a: Pausing after run of step 'StepConnect'. Press enter to continue. ",
            "==> null.a: Pausing before the next provisioner . Press enter to continue. ",
            "==> null.a: one",
            "==> null.a: Pausing before the next provisioner . Press enter to continue. ",
            "==> null.a: two",
            "==> null.a: Pausing after run of step 'StepProvision'. Press enter to continue. ",
            "==> null.a: Pausing before cleanup of step 'StepProvision'. Press enter to continue. ",
            "==> null.a: Pausing before cleanup of step 'StepConnect'. Press enter to continue. ",
            "==> null.a (shell-local): pp",
        ]
    );
    nothing_left(&sandbox);
}

#[test]
fn cli_16_debug_without_a_terminal_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo one"));
    for arguments in [&["build", "-debug"][..], &["-machine-readable", "build", "-debug"]] {
        let mut command = sandbox.command("setsid");
        command.arg(karat_testkit::karat_binary()).args(arguments).arg("t.pkr.hcl");
        let run = karat_testkit::Run::from(command.output().unwrap()).success();
        assert!(run.stdout.contains("one") && !run.stdout.contains("Pausing"), "{run}");
    }
    // Programs read the output, and nobody sees a question, although there is a terminal.
    let terminal = sandbox.at_terminal(["-machine-readable", "build", "-debug", "t.pkr.hcl"]);
    let (code, said) = terminal.end();
    assert!(code == Some(0) && !said.contains("Pausing"), "{said}");
}

#[test]
fn cli_16_debug_pauses_at_every_step_of_a_machine() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", tiny("skip_compaction = true", ""));
    let mut terminal = sandbox.at_terminal(["build", "-color=false", "-debug", "t.pkr.hcl"]);
    let steps = [
        "StepDownload",
        "stepPrepareOutputDir",
        "stepCreatevTPM",
        "StepCreateFloppy",
        "StepCreateCD",
        "stepCreateDisk",
        "stepCopyDisk",
        "stepResizeDisk",
        "stepHTTPIPDiscover",
        "StepHTTPServer",
        "stepPortForward",
        "StepSSHKeyGen",
        "stepConfigureVNC",
        "stepPrepareEfivars",
        "stepRun",
        "stepConfigureQMP",
        "stepTypeBootCommand",
        "stepWaitGuestAddress",
        "StepConnect",
        "StepProvision",
        "StepCleanupTempKeys",
        "stepShutdown",
        "stepConvertDisk",
    ];
    for step in steps {
        terminal.answers(&format!("Pausing after run of step '{step}'. {ENTER}"), "");
    }
    for step in steps.iter().rev() {
        terminal.answers(&format!("Pausing before cleanup of step '{step}'. {ENTER}"), "");
    }
    let (code, said) = terminal.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(lines_with(&said, &["Pausing"]).len(), 2 * steps.len(), "{said}");
    assert!(sandbox.work().join("out/web.qcow2").exists());
    nothing_left(&sandbox);
}

fn with_breakpoints(sandbox: &Sandbox) {
    sandbox.write(
        "t.pkr.hcl",
        r#"
source "null" "a" { communicator = "none" }
build {
  sources = ["null.a"]
  provisioner "breakpoint" { note = "look here" }
  provisioner "breakpoint" { disable = true }
  provisioner "breakpoint" {
    disable = true
    note    = "not here"
  }
  provisioner "shell-local" { inline = ["echo done"] }
}
"#,
    );
}

#[test]
fn blt_15_a_breakpoint_waits_for_enter() {
    let sandbox = Sandbox::new();
    with_breakpoints(&sandbox);
    let mut terminal = sandbox.at_terminal(["build", "-color=false", "t.pkr.hcl"]);
    terminal.answers(ENTER, "");
    let (code, said) = terminal.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with(
            "==> null.a: Pausing at breakpoint provisioner with note \"look here\".\n\
             ==> null.a: Press enter to continue. \n\
             ==> null.a: Breakpoint provisioner disabled; continuing...\n\
             ==> null.a: Breakpoint provisioner with note \"not here\" disabled; continuing...\n"
        ),
        "{said}"
    );

    let mut terminal = sandbox.at_terminal(["build", "-color=false", "-debug", "t.pkr.hcl"]);
    for question in [
        "step 'StepConnect'. Press",
        "provisioner . Press",
        "look here",
        "provisioner . Press",
        "provisioner . Press",
    ] {
        terminal.shows(question);
        terminal.answers("enter to continue.", "");
    }
    for _ in 0..4 {
        terminal.answers(ENTER, "");
    }
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn blt_15_nobody_at_a_breakpoint_ends_the_build() {
    let sandbox = Sandbox::new();
    with_breakpoints(&sandbox);
    let mut terminal = sandbox.at_terminal(["build", "-color=false", "t.pkr.hcl"]);
    terminal.shows("Press enter to continue. ");
    terminal.types(CTRL_C);
    let (code, said) = terminal.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("continue. ^C\nCancelling build after receiving interrupt\n"), "{said}");
    assert!(said.ends_with("Cleanly cancelled builds after being interrupted.\n"), "{said}");

    let mut terminal = sandbox.at_terminal(["build", "-color=false", "t.pkr.hcl"]);
    terminal.shows("Press enter to continue. ");
    terminal.types(CTRL_D);
    let (code, said) = terminal.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("errored after") && said.contains("interrupted"), "{said}");

    let mut alone = sandbox.command("setsid");
    let run = alone.arg(karat_testkit::karat_binary()).args(["build", "t.pkr.hcl"]).output().unwrap();
    let run = karat_testkit::Run::from(run).exits(1);
    assert!(run.stdout.contains("Error asking for input: no available tty"), "{run}");
    nothing_left(&sandbox);
}

#[test]
fn cli_15_a_question_that_was_withdrawn_takes_nothing_of_the_next_answer() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        r#"
source "null" "a" { communicator = "none" }
build {
  sources = ["null.a"]
  provisioner "breakpoint" {
    timeout           = "200ms"
    continue_on_error = true
  }
  provisioner "breakpoint" { note = "second" }
}
"#,
    );
    let mut terminal = sandbox.at_terminal(["build", "-color=false", "t.pkr.hcl"]);
    terminal.shows("Cancelling provisioner after a timeout...");
    terminal.shows("second");
    terminal.answers(ENTER, "");
    assert_eq!(terminal.ends(), Some(0));
}
