//! The `null` builder.

use std::sync::{Arc, Mutex};

use karat_builtin::builder::null::Null;
use karat_model::facts::Facts;
use karat_sdk::testing::{RecordingHost, build_context, check_context};
use karat_sdk::{Builder, Component};
use karat_testkit::Sshd;

use crate::guest::config;

async fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
    let host = RecordingHost::new();
    let checked = Null.check(&check_context(&host), &config(&Null.schema(), pairs)).await;
    checked
        .err()
        .map(|problems| problems.0.into_iter().map(|problem| problem.message).collect())
        .unwrap_or_default()
}

#[tokio::test]
async fn blt_02_a_host_a_user_and_one_way_in_are_needed() {
    let found = problems(&[("ssh_username", "u"), ("ssh_password", "p")]).await;
    assert_eq!(found, ["a Host must be specified, please reference your communicator documentation"]);
    let found = problems(&[("ssh_username", "u"), ("ssh_host", "h")]).await;
    assert_eq!(
        found,
        ["one authentication method must be specified, please reference your communicator documentation"]
    );
    let found = problems(&[
        ("ssh_username", "u"),
        ("ssh_host", "h"),
        ("ssh_password", "p"),
        ("ssh_agent_auth", "true"),
    ])
    .await;
    assert_eq!(
        found,
        ["only one of ssh_agent_auth, ssh_password, and ssh_private_key_file must be specified"]
    );
    assert!(problems(&[("ssh_username", "u"), ("ssh_host", "h"), ("ssh_password", "p")]).await.is_empty());
    assert!(problems(&[("communicator", "none")]).await.is_empty());
}

#[tokio::test]
async fn blt_02_it_connects_and_runs_the_provisioners() {
    let server = Sshd::start();
    let (cx, host) = build_context(|_| {});
    let seen: Arc<Mutex<Option<Facts>>> = Arc::default();
    let noted = seen.clone();
    host.on_provision(Box::new(move |_, facts| {
        *noted.lock().unwrap() = Some(facts.clone());
        Box::pin(async { Ok(()) })
    }));
    let port = server.port().to_string();
    let identity = server.identity().display().to_string();
    let pairs = [
        ("ssh_host", server.host()),
        ("ssh_port", &port),
        ("ssh_username", server.user()),
        ("ssh_private_key_file", &identity),
    ];
    let artifact = Null.build(&cx, &config(&Null.schema(), &pairs)).await.unwrap().unwrap();
    assert_eq!(artifact.description, "Did not export anything. This is the null builder");
    assert_eq!((artifact.builder_id.as_str(), artifact.id.as_str()), ("fnoeding.null", "Null"));
    let facts = seen.lock().unwrap().clone().unwrap();
    assert_eq!(facts.text("ID"), Some("Null"));
    assert_eq!(facts.text("Host"), Some("127.0.0.1"));
    assert_eq!(facts, artifact.facts);
}

#[tokio::test]
async fn core_19_none_connects_to_nothing() {
    let (cx, host) = build_context(|_| {});
    let artifact = Null.build(&cx, &config(&Null.schema(), &[("communicator", "none")])).await.unwrap();
    assert!(artifact.is_some());
    assert!(host.lines().is_empty(), "{:?}", host.lines());
}
