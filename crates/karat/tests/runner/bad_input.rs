//! Bad input gets an error that names the cause and the fix, the right exit code, and leaves nothing behind.

use std::net::TcpListener;

use karat_testkit::{Run, Sandbox, Sshd};

use crate::template::{local, nothing_left, tiny};

/// Builds `template` and wants exit code 1 and every one of `texts` on stdout.
#[track_caller]
fn fails(template: &str, texts: &[&str]) -> Run {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", template);
    fails_in(&sandbox, texts)
}

#[track_caller]
fn fails_in(sandbox: &Sandbox, texts: &[&str]) -> Run {
    let run = sandbox.karat(["build", "t.pkr.hcl"]).exits(1);
    // Diagnostics are wrapped at 80 columns, so line ends count as spaces.
    let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in texts {
        assert!(flat.contains(text), "missing: {text}\n{run}");
    }
    assert_eq!(run.stderr, "", "stderr");
    nothing_left(sandbox);
    run
}

/// A null build over SSH to `address` with more arguments.
fn over_ssh(port: u16, arguments: &str, step: &str) -> String {
    format!(
        "source \"null\" \"a\" {{\n ssh_host = \"127.0.0.1\"\n ssh_port = {port}\n {arguments}\n}}\n\
         build {{\n sources = [\"null.a\"]\n provisioner \"shell\" {{ inline = [{step:?}] }}\n}}\n"
    )
}

fn with_key(sshd: &Sshd) -> String {
    format!(
        "ssh_username = {:?}\n ssh_private_key_file = {:?}",
        sshd.user(),
        sshd.identity().display().to_string()
    )
}

#[test]
fn a_template_that_is_not_there() {
    let sandbox = Sandbox::new();
    let run = sandbox.karat(["build", "nope.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("Could not find any config file in nope.pkr.hcl"), "{run}");
    let empty = sandbox.karat(["build", "."]).exits(1);
    assert!(empty.stdout.contains("Could not find any config file in ."), "{empty}");
}

#[test]
fn a_typo_in_an_option_gets_a_suggestion_and_a_place() {
    let run = fails(&local("true").replace("inline", "inlin"), &["inlin", "inline", "on t.pkr.hcl line 8"]);
    assert!(run.stdout.contains("  8:"), "the excerpt is missing: {run}");
}

#[test]
fn tpl_11_an_unknown_component_is_likened_to_a_known_one() {
    fails(&local("true").replace("shell-local", "shell-locl"), &["shell-locl", "shell-local"]);
    fails(
        "source \"amazon-ebs\" \"a\" {}\nbuild { sources = [\"amazon-ebs.a\"] }\n",
        &["amazon-ebs", "github.com/hashicorp/amazon"],
    );
}

#[test]
fn a_wrong_type_says_what_is_needed() {
    fails(
        "source \"null\" \"a\" {\n communicator = \"none\"\n ssh_port = \"many\"\n}\nbuild { sources = [\"null.a\"] }\n",
        &["ssh_port", "number", "on t.pkr.hcl line 3"],
    );
}

#[test]
fn three_errors_are_three_errors_in_order() {
    let run = fails(
        r#"
variable "a" {
  tipe = string
}
source "null" "a" {
  communicator = "none"
  host_name    = "x"
}
build {
  sources = ["null.a"]
  provisioner "shell-locall" {
    inline = ["true"]
  }
}
"#,
        &[],
    );
    let places: Vec<_> = run.stdout.lines().filter(|line| line.starts_with("  on t.pkr.hcl line ")).collect();
    let numbers: Vec<usize> = places
        .iter()
        .map(|line| {
            line.trim_start_matches("  on t.pkr.hcl line ").split([',', ':']).next().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(numbers, [3, 7, 11], "{run}");
}

#[test]
fn an_option_that_arrives_later_is_an_error_that_names_it() {
    fails(
        "source \"null\" \"a\" {\n ssh_host = \"h\"\n ssh_username = \"u\"\n ssh_password = \"p\"\n \
         ssh_bastion_host = \"b\"\n}\nbuild { sources = [\"null.a\"] }\n",
        &["ssh_bastion_host"],
    );
}

#[test]
fn an_unreadable_iso() {
    let sandbox = Sandbox::new();
    let template = tiny("", "").replace("tiny.qcow2\"", "no-such-image.qcow2\"");
    sandbox.write("t.pkr.hcl", template);
    fails_in(&sandbox, &["no-such-image.qcow2"]);
    assert!(!sandbox.work().join("out").exists());
}

#[test]
fn a_wrong_checksum_shows_both() {
    let sandbox = Sandbox::new();
    let sum = karat_testkit::Guest::tiny().sha256;
    let wrong = "0".repeat(64);
    sandbox.write("t.pkr.hcl", tiny("", "").replace(&sum, &wrong));
    fails_in(&sandbox, &[&sum, &wrong]);
    assert!(karat_testkit::Guest::tiny().image.exists(), "the user's own file was removed");
    assert!(!sandbox.work().join("out").exists());
}

#[test]
fn no_port_left_names_the_range() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", tiny(&format!("host_port_min = {port}\n host_port_max = {port}"), ""));
    fails_in(&sandbox, &[&port.to_string(), "host_port_m"]);
    assert!(!sandbox.work().join("out").exists());
}

#[test]
fn a_full_disk() {
    // /dev/full takes a write and fails it with ENOSPC, as a full disk does.
    fails(
        "source \"file\" \"a\" {\n content = \"text\"\n target = \"/dev/full\"\n}\nbuild { sources = [\"file.a\"] }\n",
        &["/dev/full", "no space left on device"],
    );
}

#[test]
fn a_guest_that_never_answers_ssh() {
    // The port is open, but nobody says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let user = "ssh_username = \"u\"\n ssh_password = \"p\"\n ssh_timeout = \"2s\"";
    fails(&over_ssh(port, user, "true"), &["Timeout waiting for SSH", "not the SSH banner"]);
    drop(silent);
    fails(&over_ssh(port, user, "true"), &["Timeout waiting for SSH", "port closed"]);
}

#[test]
fn a_guest_that_refuses_us() {
    let sshd = Sshd::start();
    let who =
        format!("ssh_username = {:?}\n ssh_password = \"wrong\"\n ssh_handshake_attempts = 1", sshd.user());
    fails(&over_ssh(sshd.port(), &who, "true"), &["refused user", "password"]);
}

#[test]
fn a_command_that_the_guest_does_not_have() {
    let sshd = Sshd::start();
    fails(
        &over_ssh(sshd.port(), &with_key(&sshd), "no-such-command-here"),
        &["exit status: 127", "not found"],
    );
}

#[test]
fn a_script_that_is_not_there_is_found_before_anything_starts() {
    let template = "source \"null\" \"a\" { communicator = \"none\" }\n\
                    build {\n sources = [\"null.a\"]\n provisioner \"shell-local\" { script = \"nope.sh\" }\n}\n";
    let run = fails(template, &["nope.sh", "on t.pkr.hcl line 4"]);
    assert!(!run.stdout.contains("==>"), "{run}");
}

#[test]
fn core_19_a_step_that_needs_a_guest_says_what_to_set() {
    let template = "source \"null\" \"a\" { communicator = \"none\" }\n\
                    build {\n sources = [\"null.a\"]\n provisioner \"shell\" { inline = [\"true\"] }\n}\n";
    fails(template, &["communicator = \"none\""]);
}
