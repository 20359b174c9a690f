//! Readers that go away, disks that are full, terminals that close.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use karat_testkit::{Run, Sandbox, wait_for};

use crate::template::{local, nothing_left};

/// Runs a command whose reader takes `lines` lines and goes away.
fn headed(sandbox: &Sandbox, arguments: &[&str], lines: usize) -> (ExitStatus, String) {
    let mut command = sandbox.karat_command();
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..lines {
        reader.read_line(&mut String::new()).unwrap();
    }
    drop(reader);
    let output = child.wait_with_output().unwrap();
    (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn cli_02_a_build_whose_reader_goes_away_stops_quietly_and_leaves_nothing() {
    for flags in [&[][..], &["-machine-readable"], &["-json"]] {
        let sandbox = Sandbox::new();
        let waits = "echo started; for i in $(seq 600); do echo tick; sleep 0.05; done; touch finished";
        sandbox.write("t.pkr.hcl", local(waits));
        let (status, stderr) = headed(&sandbox, &[&["build"], flags, &["t.pkr.hcl"]].concat(), 1);
        assert_eq!((status.code(), stderr.as_str()), (Some(1), ""), "{flags:?}");
        assert!(!sandbox.work().join("finished").exists());
        nothing_left(&sandbox);
        assert!(sandbox.karat(["runs"]).success().stdout.contains("cancelled after"));
    }
}

#[test]
fn cli_02_other_commands_do_their_work_whoever_reads() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("true"));
    sandbox.karat(["build", "t.pkr.hcl"]).success();
    for arguments in [
        &["validate", "t.pkr.hcl"][..],
        &["inspect", "t.pkr.hcl"],
        &["explain"],
        &["runs"],
        &["runs", "show", "latest"],
        &["gc"],
        &["version"],
    ] {
        let (status, stderr) = headed(&sandbox, arguments, 0);
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
    sandbox.write("f.pkr.hcl", "a  = 1\n");
    assert_eq!(headed(&sandbox, &["fmt", "-check", "f.pkr.hcl"], 0).0.code(), Some(3));
    assert_eq!(headed(&sandbox, &["fmt", "f.pkr.hcl"], 0).0.code(), Some(0));
    assert_eq!(sandbox.read("f.pkr.hcl"), "a = 1\n");
    sandbox.write("bad.pkr.hcl", "source {");
    assert_eq!(headed(&sandbox, &["validate", "bad.pkr.hcl"], 0).0.code(), Some(1));
}

#[test]
fn cli_02_a_full_disk_under_the_output_stops_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo said; touch finished"));
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = sandbox.karat_command();
    let run: Run = command.args(["build", "t.pkr.hcl"]).stdout(full).output().unwrap().into();
    let run = run.success();
    assert!(sandbox.work().join("finished").exists());
    assert_eq!(
        run.stderr.matches("cannot write to standard output: No space left on device").count(),
        1,
        "{run}"
    );
    assert!(sandbox.karat(["runs", "show", "latest"]).success().stdout.contains("==> null.a: said\n"));
}

#[test]
fn cli_02_a_pipe_in_a_step_breaks_as_in_any_shell() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("yes | head -1; kill -l $(yes | head -1 >/dev/null; echo 13)"));
    let run = sandbox.karat(["build", "t.pkr.hcl"]).success();
    assert!(run.stdout.contains("==> null.a: y\n") && !run.stdout.contains("Broken pipe"), "{run}");
}

#[test]
fn cli_10_a_build_that_was_started_to_survive_the_terminal_does() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("touch started; until test -e go; do sleep 0.05; done; echo survived"));
    let mut command = sandbox.command("sh");
    let karat = karat_testkit::karat_binary();
    command.arg("-c").arg("trap '' HUP; exec \"$0\" build t.pkr.hcl").arg(karat).process_group(0);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    wait_for("the step to start", Duration::from_secs(20), || {
        sandbox.work().join("started").exists().then_some(())
    });
    signal(&child, "HUP");
    sandbox.write("go", "");
    let run = Run::from(child.wait_with_output().unwrap()).success();
    assert!(run.stdout.contains("==> null.a: survived\n"), "{run}");
}

#[test]
fn cli_11_a_signal_ends_what_has_nothing_to_undo_at_once() {
    // Never answers.
    let server = karat_testkit::HttpServer::start(|_| {
        loop {
            std::thread::park();
        }
    });
    for name in ["INT", "TERM"] {
        let sandbox = Sandbox::new();
        let data = format!("data \"http\" \"slow\" {{ url = \"{}\" }}\n", server.url("/"));
        let uses = "source \"null\" \"a\" {\n  communicator = \"none\"\n}\nbuild {\n  sources = [\"null.a\"]\n  \
                    provisioner \"shell-local\" {\n    inline = [data.http.slow.body]\n  }\n}\n";
        sandbox.write("t.pkr.hcl", data + uses);
        let asked = server.asked().len();
        let mut command = sandbox.karat_command();
        let mut child = command.args(["validate", "-evaluate-datasources", "t.pkr.hcl"]).spawn().unwrap();
        wait_for("the request", Duration::from_secs(20), || (server.asked().len() > asked).then_some(()));
        signal(&child, name);
        assert!(!child.wait().unwrap().success());
        nothing_left(&sandbox);
    }
}

fn signal(child: &std::process::Child, name: &str) {
    let sent = std::process::Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}
