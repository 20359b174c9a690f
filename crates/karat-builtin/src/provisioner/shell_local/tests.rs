use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use karat_model::event::{CancelLevel, EventKind};
use karat_model::facts::Facts;
use karat_model::value::Type;
use karat_sdk::testing::{RecordingHost, check_context, context, context_with};
use karat_sdk::{Communicator, NoCommunicator};
use serde_json::json;

use super::*;

struct Unreachable;

impl Guest for Unreachable {
    fn communicator(&self) -> &dyn Communicator {
        &NoCommunicator
    }
}

async fn provision(cx: &StepContext, options: serde_json::Value) -> Result<(), StepError> {
    ShellLocal.provision(cx, &Value::from_json(&options), &Unreachable).await
}

async fn check(host: &RecordingHost, options: serde_json::Value) -> Result<Checked, Problems> {
    ShellLocal.check(&check_context(host), &Value::from_json(&options)).await
}

/// What the script printed: everything but the announcement.
fn printed(host: &Arc<RecordingHost>) -> Vec<String> {
    host.lines().into_iter().filter(|line| !line.starts_with("Running local shell script: ")).collect()
}

fn script(host: &RecordingHost, name: &str, text: &str) {
    let path = host.directory().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Also CORE-19: it needs no communicator.
#[tokio::test]
async fn blt_07_inline_lines_become_a_script_for_one_run() {
    let (cx, host) = context();
    provision(&cx, json!({ "inline": ["echo hi; echo oops >&2", "pwd", "cat $0", "ls -l $0 | cut -c1-10"] }))
        .await
        .unwrap();
    let lines = host.lines();
    let path = lines[0].strip_prefix("Running local shell script: ").unwrap();
    assert!(path.contains("/packer-shell"), "{path}");
    assert!(!Path::new(path).exists());
    let out: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("out: ")).collect();
    let directory = host.directory().display().to_string();
    let expected = [
        "hi",
        &directory,
        "#!/bin/sh -e",
        "echo hi; echo oops >&2",
        "pwd",
        "cat $0",
        "ls -l $0 | cut -c1-10",
        "-rwx------",
    ];
    assert_eq!(out, expected);
    assert!(lines.contains(&"err: oops".to_string()));
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn blt_07_scripts_run_in_order_under_absolute_paths() {
    let (cx, host) = context();
    script(&host, "a.sh", "echo $0");
    script(&host, "sub/b.sh", "#!/bin/sh\necho $0");
    provision(&cx, json!({ "scripts": ["a.sh", "./sub/b.sh"] })).await.unwrap();
    let directory = host.directory().display().to_string();
    assert_eq!(
        host.lines(),
        [
            "Running local shell script: a.sh".to_string(),
            format!("out: {directory}/a.sh"),
            "Running local shell script: ./sub/b.sh".to_string(),
            format!("out: {directory}/sub/b.sh"),
        ]
    );
}

#[tokio::test]
async fn blt_07_the_environment_is_packers() {
    let mut facts = Facts::default();
    facts.set("ID", "i-1");
    facts.set("PackerHTTPAddr", "10.0.2.2:8080");
    facts.set("PackerHTTPIP", "ERR_HTTP_IP_NOT_IMPLEMENTED_BY_BUILDER");
    let (cx, host) = context_with(facts, |_| {});
    provision(
        &cx,
        json!({
            "inline": ["env | grep '^PACKER_' | sort", "echo \"$A|$B|$C|$D\""],
            "environment_vars": ["A={{ .ID }}", "B=it's  here", "C=list", "D=a=b"],
            "env": { "C": "map" },
        }),
    )
    .await
    .unwrap();
    // What the tests were started with is there, too.
    let ours = |line: &String| !std::env::vars().any(|(name, _)| line.starts_with(&format!("out: {name}=")));
    assert_eq!(
        printed(&host).into_iter().filter(ours).collect::<Vec<_>>(),
        [
            "out: PACKER_BUILDER_TYPE=null",
            "out: PACKER_BUILD_NAME=test",
            "out: PACKER_HTTP_ADDR=10.0.2.2:8080",
            "out: PACKER_RUN_UUID=0192c0de-0000-7000-8000-000000000000",
            "out: i-1|it's  here|map|a=b",
        ]
    );
}

#[tokio::test]
async fn blt_07_execute_command_is_run_without_a_shell() {
    let (cx, host) = context();
    provision(
        &cx,
        json!({
            "inline": ["true"],
            "execute_command": ["printf", "%s\n", "{{.Vars}}", "{{.Script}}", "a  b"],
            "env_var_format": "export %s=%s;",
            "env": { "K": "a'b" },
            "tempfile_extension": ".py",
        }),
    )
    .await
    .unwrap();
    let lines = printed(&host);
    assert_eq!(
        lines[0],
        r#"out: export K=a'"'"'b;export PACKER_BUILDER_TYPE=null;export PACKER_BUILD_NAME=test;"#
    );
    assert!(lines[1].contains("/packer-shell") && lines[1].ends_with(".py"), "{}", lines[1]);
    assert_eq!(lines[2], "out: a  b");
}

#[tokio::test]
async fn blt_07_the_shebang_is_always_added() {
    let (cx, host) = context();
    let options = json!({ "inline": ["#!/bin/false", "cat $0"], "inline_shebang": "/bin/sh", "tempfile_extension": "sh" });
    provision(&cx, options).await.unwrap();
    assert_eq!(printed(&host), ["out: #!/bin/sh", "out: #!/bin/false", "out: cat $0"]);
}

#[tokio::test]
async fn blt_07_exit_codes() {
    let (cx, _host) = context();
    let run = async |options| provision(&cx, options).await.map_err(|error| error.to_string());
    assert_eq!(
        run(json!({ "inline": ["exit 3", "echo never"] })).await.unwrap_err(),
        "Script exited with non-zero exit status: 3. Allowed exit codes are: [0]"
    );
    assert_eq!(run(json!({ "command": "exit 4", "valid_exit_codes": [0, 4] })).await, Ok(()));
    let unlisted = run(json!({ "inline": ["true"], "valid_exit_codes": [4, 5] })).await.unwrap_err();
    assert_eq!(unlisted, "Script exited with non-zero exit status: 0. Allowed exit codes are: [4 5]");
    // The first failing line ends the script.
    assert!(run(json!({ "inline": ["false", "true"] })).await.unwrap_err().contains("status: 1."));
    // A signal to the program itself.
    let killed = json!({ "inline": ["true"], "execute_command": ["/bin/sh", "-c", "kill -9 $$"] });
    assert_eq!(
        run(killed).await.unwrap_err(),
        "Script exited with non-zero exit status: -1. Allowed exit codes are: [0]"
    );
}

#[tokio::test]
async fn blt_07_what_cannot_be_started_is_named() {
    let (cx, host) = context();
    script(&host, "a.sh", "");
    let error = provision(&cx, json!({ "script": "a.sh", "execute_command": ["/no/such/program"] }))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Error executing script: a.sh\n\nPlease see output above for more information."
    );
    assert!(
        host.lines()[1].starts_with("error: cannot start /no/such/program: no such file"),
        "{:?}",
        host.lines()
    );
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn blt_07_only_on_other_systems() {
    let (cx, host) = context();
    provision(&cx, json!({ "inline": ["exit 1"], "only_on": ["windows", "solaris"] })).await.unwrap();
    assert_eq!(host.lines(), ["Skipping shell-local due to runtime OS"]);
    provision(&cx, json!({ "inline": ["echo ran"], "only_on": ["linux", "darwin", "freebsd"] }))
        .await
        .unwrap();
    assert_eq!(printed(&host)[1..], ["out: ran"]);
}

#[tokio::test]
async fn blt_07_cancel_kills_the_script_and_what_it_started() {
    let (cx, host) = context();
    let work = provision(&cx, json!({ "inline": ["sleep 1000 & echo $!", "wait"] }));
    let stop = async {
        // The script tells when it is there.
        loop {
            let started = host.events().into_iter().find_map(|event| match event {
                EventKind::Output { line, .. } => Some(line),
                _ => None,
            });
            if let Some(pid) = started {
                host.canceller().cancel(CancelLevel::Stop, "interrupt");
                return pid;
            }
            tokio::task::yield_now().await;
        }
    };
    let (done, pid) = tokio::join!(work, stop);
    assert!(done.unwrap_err().is_cancelled());
    assert!(host.open_resources().is_empty());
    // It was killed with the group: gone, or a zombie that nobody has collected yet.
    while let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        let state = stat.rsplit_once(") ").unwrap().1.chars().next().unwrap();
        if matches!(state, 'Z' | 'X') {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn blt_07_options_are_checked() {
    let (_, host) = context();
    let refused = async |options| check(&host, options).await.unwrap_err().to_string();
    let empty = "Command, Inline, Script and Scripts options cannot all be empty.";
    assert_eq!(refused(json!({})).await, empty);
    assert_eq!(refused(json!({ "inline": [] })).await, empty);
    let two = refused(json!({ "inline": ["a"], "command": "b" })).await;
    assert_eq!(
        two,
        "You may only specify one of the following options: Command, Inline, Script or Scripts. Please consolidate \
         these options in your config."
    );
    let missing = refused(json!({ "scripts": ["nope.sh", "no.sh"] })).await;
    assert!(missing.starts_with("2 error(s) occurred:\n\n* Bad script 'nope.sh': "), "{missing}");
    assert!(missing.contains("\n* Bad script 'no.sh': "), "{missing}");
    assert_eq!(
        refused(json!({ "inline": ["a"], "environment_vars": ["A", "=b", "c="] })).await,
        "2 error(s) occurred:\n\n* Environment variable not in format 'key=value': A\n\
         * Environment variable not in format 'key=value': =b"
    );
    assert_eq!(
        refused(json!({ "inline": ["a"], "only_on": ["foo", "linux"] })).await,
        "Invalid OS specified in only_on: 'foo'\nSupported OS names: darwin, freebsd, linux, openbsd, solaris, windows"
    );
    assert!(
        refused(json!({ "inline": ["a"], "execute_command": ["{{.Vars"] }))
            .await
            .starts_with("execute_command: ")
    );
    assert_eq!(
        refused(json!({ "inline": ["a"], "use_linux_pathing": true })).await,
        "Packer is unable to use the Command and Inline features with the Windows Linux Subsystem. Please use the Script \
         or Scripts options instead"
    );
    assert_eq!(check(&host, json!({ "inline": ["a {{ build `ID` }}"] })).await, Ok(Checked::default()));
}

#[tokio::test]
async fn what_is_not_known_yet_is_neither_missing_nor_wrong() {
    let (_, host) = context();
    for (name, value) in [
        ("inline", Value::unknown(Type::list(Type::String))),
        ("scripts", Value::unknown(Type::list(Type::String))),
        ("script", Value::unknown(Type::String)),
        ("scripts", Value::tuple(vec![Value::unknown(Type::String)])),
    ] {
        let config = Value::object([(name.to_string(), value)].into());
        assert_eq!(ShellLocal.check(&check_context(&host), &config).await, Ok(Checked::default()), "{name}");
    }
}
