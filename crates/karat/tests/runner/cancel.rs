//! Ctrl-C and its relatives.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::Duration;

use karat_testkit::{Sandbox, wait_for};

use crate::template::{local, nothing_left, owned_processes};

/// A build that runs, and its output from here on.
struct Running {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// Starts a build and waits for the line that holds `marker`.
    fn until(sandbox: &Sandbox, marker: &str) -> Self {
        let mut child =
            sandbox.karat_command().args(["build", "t.pkr.hcl"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains(marker) {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "the build ended before {marker:?}");
        }
        Self { child, output }
    }

    fn signal(&self, name: &str) {
        let done =
            std::process::Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(done.unwrap().success());
    }

    fn until_line(&mut self, marker: &str) {
        let mut line = String::new();
        while !line.contains(marker) {
            line.clear();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the build ended before {marker:?}");
        }
    }

    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

#[test]
fn cli_10_one_interrupt_stops_cleanly() {
    for (signal, reason) in [("INT", "interrupt"), ("TERM", "terminated"), ("HUP", "hangup")] {
        let sandbox = Sandbox::new();
        sandbox.write("t.pkr.hcl", local("echo started; sleep 600; echo never"));
        let build = Running::until(&sandbox, "started");
        build.signal(signal);
        let (code, rest) = build.end();
        assert_eq!(code, Some(1), "{rest}");
        assert!(rest.contains(&format!("Cancelling build after receiving {reason}\n")), "{rest}");
        assert!(rest.contains("Cleanly cancelled builds after being interrupted.\n"), "{rest}");
        assert!(!rest.contains("never"), "{rest}");
        nothing_left(&sandbox);
        assert!(sandbox.karat(["runs"]).success().stdout.contains("cancelled after"));
    }
}

#[test]
fn cli_11_the_second_interrupt_kills_what_does_not_listen() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        local("trap '' INT TERM HUP; echo started; for i in $(seq 60); do sleep 1; done"),
    );
    let mut build = Running::until(&sandbox, "started");
    build.signal("INT");
    build.until_line("Cancelling build");
    build.signal("TERM");
    let (code, rest) = build.end();
    assert_eq!(code, Some(1), "{rest}");
    nothing_left(&sandbox);
}

#[test]
fn the_third_interrupt_leaves_at_once_and_says_how_to_clean_up() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        local("trap '' INT TERM HUP; echo started; for i in $(seq 60); do sleep 1; done"),
    );
    let build = Running::until(&sandbox, "started");
    // All three are there when it wakes up, so nothing can end between two of them.
    for signal in ["STOP", "INT", "TERM", "HUP", "CONT"] {
        build.signal(signal);
    }
    let (code, rest) = build.end();
    assert_eq!(code, Some(1), "{rest}");
    assert!(rest.contains("`karat gc`"), "{rest}");
    sandbox.karat(["gc"]).success();
    wait_for("the owned processes to end", Duration::from_secs(10), || {
        owned_processes(&sandbox).is_empty().then_some(())
    });
    nothing_left(&sandbox);
}
