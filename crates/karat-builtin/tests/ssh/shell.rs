//! The `shell` provisioner.

use std::fs;
use std::time::Duration;

use karat_builtin::provisioner::shell::Shell;
use karat_model::event::CancelLevel;
use karat_model::facts::Facts;
use karat_sdk::testing::{RecordingHost, check_context, context_with};
use karat_sdk::{Component, Provisioner};

use crate::guest::{Lab, config, server};

async fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
    let host = RecordingHost::new();
    let checked = Shell.check(&check_context(&host), &config(&Shell.schema(), pairs)).await;
    checked
        .err()
        .map(|problems| problems.0.into_iter().map(|problem| problem.message).collect())
        .unwrap_or_default()
}

/// The script's name in the guest, with its number taken out.
fn anonymous(commands: Vec<String>) -> Vec<String> {
    let number = regex::Regex::new(r"(script|varfile)_\d+\.sh").unwrap();
    commands.into_iter().map(|command| number.replace_all(&command, "${1}_N.sh").into_owned()).collect()
}

#[tokio::test]
async fn blt_03_what_runs_is_given_once() {
    let none = "Either a script file or inline script must be specified.";
    assert_eq!(problems(&[]).await, [none]);
    assert_eq!(problems(&[("script", "")]).await, [none]);
    let found = problems(&[("inline", "a"), ("script", "/etc/hostname")]).await;
    assert_eq!(found, ["Only a script file or an inline script can be specified, not both."]);
    let found = problems(&[("script", "/etc/hostname"), ("scripts", "/etc/hostname")]).await;
    assert_eq!(found, ["Only one of script or scripts can be specified."]);
    let found = problems(&[("script", "/no/such")]).await;
    assert!(found[0].starts_with("Bad script '/no/such': "), "{found:?}");
    let found = problems(&[("inline", "a"), ("environment_vars", "X=1|Y")]).await;
    assert_eq!(found, ["Environment variable not in format 'key=value': Y"]);
    assert!(problems(&[("inline", "a"), ("pause_after", "x")]).await[0].contains("`x` is not a duration"));
    assert!(problems(&[("inline", "echo {{ build `ID`")]).await[0].contains("inline"));
    assert!(problems(&[("inline", "echo {{ build `ID` }}")]).await.is_empty());
}

#[tokio::test]
async fn blt_04_strict_runs_packers_commands_in_packers_order() {
    let lab = Lab::strict().await;
    let script = lab.local("hello.sh", "#!/bin/sh\necho \"$A|$PACKER_BUILD_NAME|$PACKER_BUILDER_TYPE\"\n");
    lab.provision(&Shell, &[("script", script.to_str().unwrap()), ("environment_vars", "A=it's")])
        .await
        .unwrap();
    let variables = r#"A='it'"'"'s' PACKER_BUILDER_TYPE='null' PACKER_BUILD_NAME='test' "#;
    assert_eq!(
        anonymous(lab.commands()),
        [
            "scp -vt /tmp".to_string(),
            "chmod 0755 /tmp/script_N.sh\n".into(),
            format!("chmod +x /tmp/script_N.sh; {variables} /tmp/script_N.sh\n"),
            "rm -f /tmp/script_N.sh\n".into(),
            "rm -f \n".into(),
        ]
    );
    let shown = format!("Provisioning with shell script: {}", script.display());
    assert_eq!(lab.lines(), [shown.as_str(), "out: it's|test|null"]);
}

#[tokio::test]
async fn blt_04_fewer_commands_leave_the_script_the_same_world() {
    let mut seen = Vec::new();
    for strict in [false, true] {
        let lab = Lab::with(&[], strict).await;
        let folder = lab.target();
        let script = lab.local("look.sh", "#!/bin/sh\nstat -c %a \"$0\"; echo \"$0\" \"$@\"; env | grep -E '^(A|B|PACKER)' | sort; wc -c < /dev/stdin\n");
        let pairs = [
            ("script", script.to_str().unwrap()),
            ("remote_folder", folder.to_str().unwrap()),
            ("remote_file", "look"),
            ("environment_vars", "A=1|B=2"),
            ("env", "B=wins"),
            ("execute_command", "{{ .Vars }} {{ .Path }} 'one two' {{ .Path }}"),
        ];
        lab.provision(&Shell, &pairs).await.unwrap();
        let path = folder.join("look").display().to_string();
        let lines: Vec<String> =
            lab.lines().into_iter().skip(1).map(|line| line.replace(&path, "P")).collect();
        assert_eq!(
            lines,
            [
                "out: 755",
                "out: P one two P",
                "out: A=1",
                "out: B=wins",
                "out: PACKER_BUILDER_TYPE=null",
                "out: PACKER_BUILD_NAME=test",
                "out: 0"
            ],
        );
        assert!(!folder.join("look").exists(), "the script was removed");
        seen.push(lab.commands().len());
    }
    assert_eq!(seen, [3, 5]);
}

#[tokio::test]
async fn blt_04_our_own_command_removes_the_script_unless_it_failed() {
    for (line, is_left) in [("true", false), ("exit 3", true)] {
        let lab = Lab::new().await;
        let folder = lab.target();
        let folder = folder.to_str().unwrap();
        let outcome = lab
            .provision(&Shell, &[("inline", line), ("remote_folder", folder), ("remote_file", "own")])
            .await;
        assert_eq!(outcome.is_err(), is_left, "{line}: {outcome:?}");
        assert_eq!(lab.target().join("own").exists(), is_left, "{line}");
        assert_eq!(lab.commands().len(), 2, "{line}: {:?}", lab.commands());
    }
    // A failure that the template allows is none: the script goes, by a command of its own.
    let lab = Lab::new().await;
    let folder = lab.target();
    let pairs = [
        ("inline", "exit 3"),
        ("valid_exit_codes", "3"),
        ("remote_folder", folder.to_str().unwrap()),
        ("remote_file", "own"),
    ];
    lab.provision(&Shell, &pairs).await.unwrap();
    assert!(!folder.join("own").exists());
}

#[tokio::test]
async fn blt_04_inline_lines_are_one_script() {
    let lab = Lab::new().await;
    let outcome = lab.provision(&Shell, &[("inline", "echo one|false|echo never")]).await.unwrap_err();
    assert_eq!(
        outcome.to_string(),
        "Script exited with non-zero exit status: 1. Allowed exit codes are: [0]"
    );
    let lines = lab.lines();
    assert!(
        lines[0].starts_with("Provisioning with shell script: ") && lines[0].contains("/packer-shell"),
        "{lines:?}"
    );
    assert_eq!(lines[1..], ["out: one"]);
}

#[tokio::test]
async fn blt_04_inline_lines_know_the_build() {
    let lab = Lab::new().await;
    let mut facts = Facts::default();
    facts.set("ID", "vm-1");
    let (cx, host) = context_with(facts, |_| {});
    let config = config(&Shell.schema(), &[("inline", "echo {{ build `ID` }} {{ .ID }}")]);
    Shell.provision(&cx, &config, &lab.connection).await.unwrap();
    assert_eq!(host.lines()[1..], ["out: vm-1 vm-1"]);
}

#[tokio::test]
async fn blt_04_output_is_lines_of_two_streams() {
    let lab = Lab::new().await;
    let inline =
        r"printf 'a\nb'; sleep 0.1; printf 'c  \n'; echo oops >&2; sleep 0.1; printf '1%%\r2%%\r\nend'";
    lab.provision(&Shell, &[("inline", inline)]).await.unwrap();
    assert_eq!(lab.lines()[1..], ["out: a", "out: bc", "err: oops", "out: 2%", "out: end"]);
}

#[tokio::test]
async fn blt_05_variables_may_travel_in_a_file() {
    for strict in [false, true] {
        let lab = Lab::with(&[], strict).await;
        let folder = lab.target();
        let pairs = [
            ("inline", "echo \"$A\"; stat -c %a \"$(dirname \"$0\")\"/varfile_*.sh"),
            ("use_env_var_file", "true"),
            ("remote_folder", folder.to_str().unwrap()),
            ("environment_vars", "A=it's 'quoted'"),
        ];
        lab.provision(&Shell, &pairs).await.unwrap();
        assert_eq!(lab.lines()[1..], ["out: it's 'quoted'", "out: 600"], "strict {strict}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "everything was removed");
        let folder = folder.display().to_string();
        let commands: Vec<String> =
            anonymous(lab.commands()).into_iter().map(|c| c.replace(&folder, "D")).collect();
        assert_eq!(commands.last().unwrap(), "rm -f D/varfile_N.sh\n");
        if strict {
            assert_eq!(commands[..2], ["scp -vt D", "chmod 0600 D/varfile_N.sh\n"]);
            assert_eq!(commands[4], "chmod +x D/script_N.sh; . D/varfile_N.sh && D/script_N.sh\n");
        }
    }
}

#[tokio::test]
async fn blt_05_line_ends_of_windows_are_mended_unless_binary() {
    let lab = Lab::new().await;
    let script = lab.local("dos.sh", "#!/bin/sh\r\necho fine\r\n");
    lab.provision(&Shell, &[("script", script.to_str().unwrap())]).await.unwrap();
    assert_eq!(lab.lines()[1..], ["out: fine"]);
    let pairs = [("script", script.to_str().unwrap()), ("binary", "true")];
    let error = lab.provision(&Shell, &pairs).await.unwrap_err().to_string();
    assert!(error.contains("exit status: 127") && error.contains("end in CRLF"), "{error}");
}

#[tokio::test]
async fn blt_05_the_interpreter_can_be_named() {
    let lab = Lab::new().await;
    let pairs = [("inline", "echo $0; false; echo on"), ("inline_shebang", "/bin/bash")];
    lab.provision(&Shell, &pairs).await.unwrap();
    assert_eq!(lab.lines().last().unwrap(), "out: on");
    let pairs = [("inline", "#!/bin/bash|false|echo ${BASH_VERSION:+bash}")];
    lab.provision(&Shell, &pairs).await.unwrap();
    assert_eq!(lab.lines().last().unwrap(), "out: bash");
}

#[tokio::test]
async fn blt_06_exit_codes_can_be_allowed() {
    let lab = Lab::new().await;
    lab.provision(&Shell, &[("inline", "exit 7"), ("valid_exit_codes", "0|7")]).await.unwrap();
    let error =
        lab.provision(&Shell, &[("inline", "exit 3"), ("valid_exit_codes", "0|7")]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Script exited with non-zero exit status: 3. Allowed exit codes are: [0 7]"
    );
    let error = lab.provision(&Shell, &[("inline", "/no/such/program")]).await.unwrap_err().to_string();
    assert!(error.contains("exit status: 127") && error.contains("did not find a command"), "{error}");
    let strict = Lab::strict().await;
    let error = strict.provision(&Shell, &[("inline", "/no/such/program")]).await.unwrap_err().to_string();
    assert_eq!(error, "Script exited with non-zero exit status: 127. Allowed exit codes are: [0]");
}

/// Kills the sshd process that serves it: what a reboot looks like from outside. No pipes: the tests split lists at them.
const HANG_UP: &str = "p=$PPID; while read -r _ name _ parent _ < /proc/$p/stat; do \
                       case $name in '(sshd'*) break;; esac; p=$parent; done; kill -9 $p; sleep 5";

#[tokio::test]
async fn blt_06_a_script_may_cut_the_connection_if_that_is_expected() {
    for strict in [false, true] {
        let lab = Lab::at(server(""), &[], strict).await;
        let error = lab.provision(&Shell, &[("inline", HANG_UP)]).await.unwrap_err().to_string();
        assert!(error.starts_with("Script disconnected unexpectedly."), "{error}\n{:?}", lab.lines());
        lab.provision(&Shell, &[("inline", HANG_UP), ("expect_disconnect", "true")]).await.unwrap();
        lab.provision(&Shell, &[("inline", HANG_UP), ("valid_exit_codes", "0|2300218")]).await.unwrap();
        lab.provision(&Shell, &[("inline", "echo back")]).await.unwrap();
        assert_eq!(lab.lines().last().unwrap(), "out: back", "strict {strict}");
    }
}

#[tokio::test]
async fn blt_06_a_guest_that_is_away_is_tried_again() {
    let mut lab = Lab::new().await;
    lab.server.stop();
    let provisioning = lab.provision(&Shell, &[("inline", "true"), ("start_retry_timeout", "1s")]);
    // One attempt reconnects for half a minute; the test need not.
    let outcome = tokio::time::timeout(Duration::from_secs(2), provisioning).await;
    assert!(outcome.is_err(), "it gave up at once: {outcome:?}");
    lab.server.restart();
    lab.provision(&Shell, &[("inline", "echo back")]).await.unwrap();
    assert_eq!(lab.lines().last().unwrap(), "out: back");
}

#[tokio::test]
async fn blt_06_a_pause_may_follow() {
    let lab = Lab::new().await;
    lab.provision(&Shell, &[("inline", "true"), ("pause_after", "10ms")]).await.unwrap();
    assert_eq!(lab.lines().last().unwrap(), "Pausing 10ms after this provisioner...");
}

#[tokio::test]
async fn blt_06_cancelling_ends_the_script() {
    let lab = Lab::at(server(""), &[], false).await;
    let mark = lab.target().join("running");
    // sshd sends no signals into sessions of root, so what ends the script is that nobody listens any more.
    let inline = format!(
        "trap 'rm {0}' EXIT TERM; trap '' PIPE; echo $$ > {0}; while :; do echo tick; sleep 0.05; done",
        mark.display()
    );
    let pairs = [("inline", inline.as_str())];
    let provisioning = lab.provision(&Shell, &pairs);
    let cancelling = async {
        while fs::read_to_string(&mark).unwrap_or_default().trim().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        lab.host.canceller().cancel(CancelLevel::Stop, "interrupt");
    };
    let limit = Duration::from_secs(20);
    let (outcome, ()) =
        tokio::time::timeout(limit, async { tokio::join!(provisioning, cancelling) }).await.unwrap();
    assert!(outcome.unwrap_err().is_cancelled());
    let ended = async {
        while mark.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(limit, ended).await.expect("the script was told to end");
    assert_eq!(lab.run("echo fine").await.0, "fine\n", "the connection is as good as before");
}

#[tokio::test]
async fn blt_04_scripts_stay_where_the_template_says_so() {
    let lab = Lab::new().await;
    let path = lab.target().join("kept.sh").display().to_string();
    lab.provision(&Shell, &[("inline", "echo x"), ("remote_path", &path), ("skip_clean", "true")])
        .await
        .unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "#!/bin/sh -e\necho x\n");
}

#[tokio::test]
async fn a_build_without_a_connection_says_what_to_do() {
    let lab = Lab::new().await;
    let none = karat_builtin::communicator::connect::Connection::none();
    let config = config(&Shell.schema(), &[("inline", "true")]);
    let error = Shell.provision(&lab.cx, &config, &none).await.unwrap_err().to_string();
    assert!(error.contains("`communicator = \"none\"`"), "{error}");
}
