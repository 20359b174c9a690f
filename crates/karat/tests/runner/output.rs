//! What scripts that scrape Packer 1.16 see.

use karat_testkit::Sandbox;

use crate::template::{local, nothing_left};

#[test]
fn cli_02_errors_go_to_stdout_and_stderr_stays_empty() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo to-out; echo to-err >&2; exit 3"));
    let run = sandbox.karat(["build", "t.pkr.hcl"]).exits(1);
    assert_eq!(run.stderr, "");
    for line in [
        "==> null.a: to-out",
        "==> null.a: to-err",
        "==> null.a: Provisioning step had errors: Running the cleanup provisioner, if present...",
        "--> null.a: Script exited with non-zero exit status: 3. Allowed exit codes are: [0]",
    ] {
        assert!(run.stdout.lines().any(|found| found == line), "{line}\n{run}");
    }
    nothing_left(&sandbox);
}

#[test]
fn cli_08_a_build_reads_like_packers() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo hello"));
    let run = sandbox.karat(["build", "t.pkr.hcl"]).success();
    let text = sandbox.normal().apply(&run.stdout);
    let mut lines: Vec<_> = text.lines().collect();
    assert!(lines.remove(0).starts_with("==> null.a: Running local shell script: TMP/"), "{run}");
    assert_eq!(
        lines,
        [
            "==> null.a: hello",
            "Build 'null.a' finished after <DURATION>.",
            "",
            "==> Wait completed after <DURATION>",
            "",
            "==> Builds finished. The artifacts of successful builds are:",
            "--> null.a: Did not export anything. This is the null builder",
        ]
    );
}

#[test]
fn cli_09_one_failed_build_of_two_makes_exit_code_1_and_both_are_listed() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        r#"
source "null" "a" { communicator = "none" }
source "null" "b" { communicator = "none" }
build {
  sources = ["null.a", "null.b"]
  provisioner "shell-local" { inline = ["test $PACKER_BUILD_NAME = a"] }
}"#,
    );
    let run = sandbox.karat(["build", "t.pkr.hcl"]).exits(1);
    for line in [
        "==> Some builds didn't complete successfully and had errors:",
        "--> null.b: Script exited with non-zero exit status: 1. Allowed exit codes are: [0]",
        "==> Builds finished. The artifacts of successful builds are:",
        "--> null.a: Did not export anything. This is the null builder",
    ] {
        assert!(run.stdout.lines().any(|found| found == line), "{line}\n{run}");
    }
}

#[test]
fn cli_13_steps_that_stay_have_packers_names() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("exit 3"));
    let error = "==> null.a: Script exited with non-zero exit status: 3. Allowed exit codes are: [0]";
    for (mode, expected) in [
        (
            "-on-error=abort",
            &[
                error,
                "==> null.a: Step \"StepProvision\" failed, aborting...",
                "==> null.a: aborted: skipping cleanup of step \"StepConnect\"",
            ][..],
        ),
        (
            "-on-error=run-cleanup-provisioner",
            &[
                "==> null.a: Provisioning step had errors: Running the cleanup provisioner, if present...",
                error,
                "==> null.a: Step \"StepConnect\" failed, aborting...",
            ],
        ),
    ] {
        let run = sandbox.karat(["build", mode, "t.pkr.hcl"]).exits(1);
        let lines: Vec<_> = run.stdout.lines().filter(|line| line.starts_with("==> null.a: ")).collect();
        assert_eq!(lines[1..], *expected, "{run}");
    }
}

#[test]
fn blt_01_a_file_has_no_facts_and_nothing_to_clean_up() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        r#"
source "file" "a" {
  content = "x"
  target  = "a.txt"
}
build {
  sources = ["file.a"]
  provisioner "shell-local" { inline = ["echo 'id ${build.ID}'", "exit 3"] }
  error-cleanup-provisioner "shell-local" { inline = ["echo cleaning"] }
}"#,
    );
    let run = sandbox.karat(["build", "-on-error=abort", "t.pkr.hcl"]).exits(1);
    let lines: Vec<_> = run.stdout.lines().skip(1).take_while(|line| !line.is_empty()).collect();
    assert_eq!(lines[0], "==> file.a: id <unknown>");
    assert!(lines[1].starts_with("Build 'file.a' errored after ") && lines.len() == 2, "{run}");
    assert!(sandbox.work().join("a.txt").exists());
}

#[test]
fn cli_06_machine_readable_lines_have_four_fields_or_more() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo 'a, b'"));
    let run = sandbox.karat(["-machine-readable", "build", "t.pkr.hcl"]).success();
    for line in run.stdout.lines() {
        let fields: Vec<_> = line.split(',').collect();
        assert!(fields.len() >= 4 && fields[0].parse::<u64>().is_ok(), "{line}");
    }
    assert!(run.stdout.contains(",,ui,say,==> null.a: a%!(PACKER_COMMA) b\n"), "{run}");
    assert!(run.stdout.contains(",null.a,artifact,0,builder-id,fnoeding.null\n"), "{run}");
}

#[test]
fn cli_04_strict_colours_pipes_and_karat_does_not() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("true"));
    assert!(!sandbox.karat(["build", "t.pkr.hcl"]).success().stdout.contains('\x1b'));
    let strict = sandbox.karat(["--strict", "build", "t.pkr.hcl"]).success();
    assert!(
        strict.stdout.starts_with("\x1b[1;32mnull.a: output will be in this color.\x1b[0m\n\n"),
        "{strict}"
    );
    let plain = sandbox.karat(["--strict", "build", "-color=false", "t.pkr.hcl"]).success();
    assert!(!plain.stdout.contains('\x1b') && !plain.stdout.contains("in this color"), "{plain}");
}

#[test]
fn secrets_are_hidden_in_output_and_in_the_recording() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        r#"
variable "token" {
  type      = string
  sensitive = true
}
source "null" "a" { communicator = "none" }
build {
  sources = ["null.a"]
  provisioner "shell-local" { inline = ["echo it is ${var.token}", "exit 1"] }
}"#,
    );
    let run = sandbox.karat(["build", "-var", "token=hunter22", "t.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("==> null.a: it is <sensitive>"), "{run}");
    let shown = sandbox.karat(["runs", "show", "latest", "--json"]).success();
    assert!(shown.stdout.contains("it is <sensitive>"), "{shown}");
    for text in [&run.stdout, &shown.stdout] {
        assert!(!text.contains("hunter22"), "{text}");
    }
    let grep = sandbox.command("grep").args(["-r", "hunter22"]).arg(sandbox.state()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&grep.stdout), "", "the secret is on disk");
}

#[test]
fn a_recorded_run_reads_as_it_was_seen() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo hello; echo again"));
    let run = sandbox.karat(["build", "t.pkr.hcl"]).success();
    let list = sandbox.karat(["runs"]).success();
    let id = list.stdout.split_whitespace().next().unwrap().to_string();
    assert!(list.stdout.contains("t.pkr.hcl: succeeded after"), "{list}");
    let shown = sandbox.karat(["runs", "show", &id]).success();
    assert_eq!(shown.stdout, run.stdout);
    let unknown = sandbox.karat(["runs", "show", "nothing-like-it"]).exits(1);
    assert!(
        unknown.stdout.contains("no run has an id that begins or ends with nothing-like-it"),
        "{unknown}"
    );
}

#[test]
fn cli_05_the_flag_puts_the_time_before_what_builds_say() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo said"));
    let timed = |line: &str| {
        let time = line.split(": ").next().unwrap_or_default();
        time.len() >= 20
            && time.is_char_boundary(19)
            && time[..19].chars().enumerate().all(|(at, c)| match at {
                4 | 7 => c == '-',
                10 => c == 'T',
                13 | 16 => c == ':',
                _ => c.is_ascii_digit(),
            })
    };
    for (flag, wanted) in [("-timestamp-ui", true), ("-timestamp-ui=false", false)] {
        let run = sandbox.karat(["build", flag, "t.pkr.hcl"]).success();
        let line = |text: &str| run.stdout.lines().find(|line| line.ends_with(text)).unwrap_or_default();
        assert_eq!(timed(line("==> null.a: said")), wanted, "{run}");
        assert_eq!(
            line("==> Builds finished. The artifacts of successful builds are:").find("==>"),
            Some(0),
            "{run}"
        );
    }
}
