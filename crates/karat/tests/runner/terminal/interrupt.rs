//! Ctrl-C, once, twice and three times, and the signals that are like it.

use std::fs::{File, OpenOptions};
use std::time::Duration;

use karat_testkit::{CTRL_C, Sandbox, wait_for};

use super::after;
use crate::template::{nothing_left, owned_processes};

/// A build that stops for nobody: it copies from a pipe that never says anything. The pipe stays open for as long as what
/// comes back lives.
fn stubborn(sandbox: &Sandbox) -> (String, File) {
    let pipe = sandbox.work().join("pipe");
    assert!(sandbox.command("mkfifo").arg(&pipe).status().unwrap().success());
    let end = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let template = "source \"file\" \"a\" {\n  source = \"pipe\"\n  target = \"out\"\n}\nbuild {\n  sources = [\"file.a\"]\n}\n";
    (template.to_owned(), end)
}

fn build(sandbox: &Sandbox, template: &str, flag: Option<&str>) -> karat_testkit::Terminal {
    sandbox.write("t.pkr.hcl", template);
    sandbox.at_terminal(["build", "-color=false"].into_iter().chain(flag).chain(["t.pkr.hcl"]))
}

#[test]
fn cli_10_ctrl_c_stops_whatever_goes_on() {
    let source = "source \"null\" \"a\" { communicator = \"none\" }\n";
    let endless = "inline = [\"echo at work; sleep 600; echo never\"]";
    let fails = "inline = [\"exit 1\"]";
    for (what, blocks) in [
        ("a provisioner", format!("provisioner \"shell-local\" {{ {endless} }}")),
        ("a post-processor", format!("post-processor \"shell-local\" {{ {endless} }}")),
        (
            "a cleanup provisioner",
            format!(
                "provisioner \"shell-local\" {{ {fails} }}\n error-cleanup-provisioner \"shell-local\" {{ {endless} }}"
            ),
        ),
    ] {
        for flag in [None, Some("--strict")] {
            let sandbox = Sandbox::new();
            let template = format!("{source}build {{\n sources = [\"null.a\"]\n {blocks}\n}}\n");
            let mut terminal = build(&sandbox, &template, flag);
            terminal.shows(": at work\r\n");
            terminal.types(CTRL_C);
            let (code, said) = terminal.end();
            assert_eq!(code, Some(1), "{what}: {said}");
            let rest = after(&said, "Cancelling build after receiving interrupt\n");
            assert!(rest.contains("\nBuild 'null.a' errored after "), "{what}: {said}");
            assert!(
                rest.ends_with("\nCleanly cancelled builds after being interrupted.\n"),
                "{what}: {said}"
            );
            assert!(!rest.contains("never"), "{what}: {said}");
            assert!(flag.is_none() || !rest.contains("Waiting for"), "{what}: {said}");
            nothing_left(&sandbox);
        }
    }
}

#[test]
fn cli_10_ctrl_c_stops_a_machine_that_boots() {
    let sandbox = Sandbox::new();
    sandbox.fake("qemu-system-x86_64", "exec sleep 600");
    sandbox.fake("qemu-img", "touch \"$4\"");
    sandbox.write("a.iso", "");
    let mut terminal = build(
        &sandbox,
        r#"
source "qemu" "a" {
  iso_url          = "a.iso"
  iso_checksum     = "none"
  accelerator      = "tcg"
  headless         = true
  ssh_username     = "root"
  ssh_password     = "x"
  output_directory = "out"
  disable_vnc      = true
}
build { sources = ["qemu.a"] }
"#,
        None,
    );
    terminal.shows("Waiting for SSH to become available...");
    terminal.types(CTRL_C);
    let (code, said) = terminal.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Deleting output directory..."), "{said}");
    assert!(said.ends_with("Cleanly cancelled builds after being interrupted.\n"), "{said}");
    assert!(!sandbox.work().join("out").exists());
    nothing_left(&sandbox);
}

#[test]
fn cli_11_people_hear_what_is_waited_for_and_how_to_stop_harder() {
    let sandbox = Sandbox::new();
    let (template, _pipe) = stubborn(&sandbox);
    let mut terminal = build(&sandbox, &template, None);
    terminal.shows("Copying pipe to out\r\n");
    terminal.types(CTRL_C);
    terminal
        .shows("Waiting for file.a (the builder `file`). Press Ctrl-C again to kill what does not stop.\r\n");
    terminal.types(CTRL_C);
    let (code, said) = terminal.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(!sandbox.work().join("out").exists(), "{said}");
    assert!(said.contains("^CKilling what does not stop after receiving interrupt\n"), "{said}");
    assert!(said.ends_with("Cleanly cancelled builds after being interrupted.\n"), "{said}");
    nothing_left(&sandbox);
}

#[test]
fn cli_11_other_signals_escalate_too() {
    for (signal, reason) in [("TERM", "terminated"), ("HUP", "hangup")] {
        let sandbox = Sandbox::new();
        let (template, _pipe) = stubborn(&sandbox);
        let mut terminal = build(&sandbox, &template, None);
        terminal.shows("Copying pipe to out\r\n");
        terminal.signal(signal);
        terminal.shows(&format!("Cancelling build after receiving {reason}\r\n"));
        terminal.shows("Signal again to kill what does not stop.\r\n");
        terminal.signal(signal);
        assert_eq!(terminal.ends(), Some(1));
        nothing_left(&sandbox);
    }
}

#[test]
fn cli_11_the_third_ctrl_c_leaves_at_once() {
    let sandbox = Sandbox::new();
    let (template, _pipe) = stubborn(&sandbox);
    let mut terminal = build(&sandbox, &template, None);
    terminal.shows("Copying pipe to out\r\n");
    // All three are there when it wakes up, so nothing can end between two of them.
    for signal in ["STOP", "INT", "TERM", "HUP", "CONT"] {
        terminal.signal(signal);
    }
    let (code, said) = terminal.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Left at once.") && said.contains("`karat gc` removes it."), "{said}");
    sandbox.karat(["gc"]).success();
    wait_for("the owned processes to end", Duration::from_secs(10), || {
        owned_processes(&sandbox).is_empty().then_some(())
    });
    nothing_left(&sandbox);
}

#[test]
fn cli_11_under_strict_nothing_is_said_about_stopping_harder() {
    let sandbox = Sandbox::new();
    let (template, _pipe) = stubborn(&sandbox);
    let mut terminal = build(&sandbox, &template, Some("--strict"));
    terminal.shows("Copying pipe to out\r\n");
    terminal.types(CTRL_C);
    terminal.shows("Cancelling build after receiving interrupt\r\n");
    terminal.types(CTRL_C);
    let (code, said) = terminal.end();
    assert!(code == Some(1) && !said.contains("Waiting for") && !said.contains("Killing"), "{said}");
    nothing_left(&sandbox);
}
