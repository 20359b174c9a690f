use async_trait::async_trait;
use bytes::Bytes;
use karat_sdk::testing::context;
use karat_sdk::{Download, Output, RemoteProcess, Transfer, Upload};
use serde_json::json;
use tokio::process::Command;

use super::super::options::tests::settings;
use super::*;

/// A guest in which every command prints a line and ends with this status; then the machine is told to end.
struct Shell {
    status: i32,
    ends: bool,
}

#[async_trait]
impl Communicator for Shell {
    async fn start(&self, command: RemoteCommand) -> Result<Box<dyn RemoteProcess>, CommError> {
        if self.ends {
            std::fs::write(&command.line, "off").unwrap();
        }
        Ok(Box::new(Ran { lines: vec!["going down\n"], status: self.status }))
    }

    async fn upload(&self, _: Upload<'_>, _: &str, _: Transfer<'_>) -> Result<(), CommError> {
        Err(CommError::None)
    }

    async fn download(&self, _: &str, _: Download<'_>, _: Transfer<'_>) -> Result<(), CommError> {
        Err(CommError::None)
    }

    async fn reset(&self) -> Result<(), CommError> {
        Err(CommError::None)
    }
}

struct Ran {
    lines: Vec<&'static str>,
    status: i32,
}

#[async_trait]
impl RemoteProcess for Ran {
    async fn output(&mut self) -> Option<Output> {
        let line = self.lines.pop()?;
        Some(Output { stream: Stream::Stdout, bytes: Bytes::from_static(line.as_bytes()) })
    }

    async fn wait(&mut self) -> Result<Exit, CommError> {
        Ok(Exit::Code(self.status))
    }

    async fn terminate(&mut self) {}
}

/// A machine that runs until the file `off` exists.
async fn machine(cx: &StepContext) -> Machine {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "while [ ! -e off ]; do sleep 0.01; done"]);
    Machine::start(cx, command).await.unwrap()
}

#[tokio::test]
async fn qem_10_a_command_shuts_the_guest_down() {
    let (cx, host) = context();
    let settings = settings(json!({ "shutdown_command": host.directory().join("off") }));
    let machine = machine(&cx).await;
    shut_down(&cx, &settings, &Shell { status: 0, ends: true }, &machine).await.unwrap();
    assert_eq!(host.lines()[0], "Gracefully halting virtual machine...");
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn qem_10_a_guest_that_does_not_go_down_is_told_with_the_status_of_the_command() {
    let (cx, host) = context();
    let settings = settings(json!({ "shutdown_command": "shutdwon", "shutdown_timeout": "100ms" }));
    let machine = machine(&cx).await;
    let error = shut_down(&cx, &settings, &Shell { status: 127, ends: false }, &machine)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("Timeout while waiting for machine to shut down."), "{error}");
    assert!(
        error.contains("exited with status 127") && error.contains("100ms (shutdown_timeout)"),
        "{error}"
    );
    assert!(host.lines().contains(&"out: going down".to_string()), "{:?}", host.lines());
    host.tear_down().await;
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn qem_10_without_a_command_the_machine_is_switched_off() {
    let (cx, host) = context();
    let machine = machine(&cx).await;
    shut_down(&cx, &settings(json!({})), &Shell { status: 0, ends: false }, &machine).await.unwrap();
    assert_eq!(host.lines(), ["Halting the virtual machine..."]);
}

#[tokio::test]
async fn qem_10_without_a_communicator_the_guest_ends_by_itself() {
    let (cx, host) = context();
    let settings = settings(json!({ "communicator": "none", "shutdown_timeout": "10s" }));
    let running = machine(&cx).await;
    std::fs::write(host.directory().join("off"), "").unwrap();
    shut_down(&cx, &settings, &Shell { status: 0, ends: false }, &running).await.unwrap();
    assert_eq!(host.lines(), ["Waiting for shutdown..."]);

    std::fs::remove_file(host.directory().join("off")).unwrap();
    let short =
        super::super::options::tests::settings(json!({ "communicator": "none", "shutdown_timeout": "50ms" }));
    let running = machine(&cx).await;
    let error =
        shut_down(&cx, &short, &Shell { status: 0, ends: false }, &running).await.unwrap_err().to_string();
    assert!(error.starts_with("Failed to shutdown"), "{error}");
    host.tear_down().await;
}
