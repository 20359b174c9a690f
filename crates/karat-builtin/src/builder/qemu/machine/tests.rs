use karat_sdk::NoCommunicator;
use karat_sdk::testing::context;

use super::*;

/// A "QEMU" that is a shell script.
async fn machine(cx: &StepContext, script: &str) -> Machine {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    Machine::start(cx, command).await.unwrap()
}

struct Nobody;

impl Guest for Nobody {
    fn communicator(&self) -> &dyn Communicator {
        &NoCommunicator
    }
}

#[tokio::test]
async fn qem_10_an_end_is_told_with_the_last_words_and_advice() {
    let (cx, _host) = context();
    let dead = machine(&cx, "echo 'gtk initialization failed' >&2; exit 1").await;
    let error =
        dead.while_running(&cx, "it booted", std::future::pending::<()>()).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "QEMU ended (exit status: 1) while it booted. It said:\ngtk initialization failed\n\
         This host has no display; set `headless = true`."
    );
    let off = machine(&cx, "exit 0").await;
    let error = off.while_running(&cx, "SSH was waited for", std::future::pending::<()>()).await.unwrap_err();
    assert_eq!(error.to_string(), "the guest powered off by itself while SSH was waited for");
}

#[tokio::test]
async fn qem_10_a_switched_off_machine_may_write_out_what_it_holds() {
    let (cx, host) = context();
    let running =
        machine(&cx, "trap 'echo flushed > flushed; exit 0' TERM; echo up; while :; do sleep 0.01; done")
            .await;
    while running.tail.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    running.switch_off().await.unwrap();
    assert!(host.directory().join("flushed").exists());
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn qem_09_port_conflicts_are_recognised() {
    let (cx, _host) = context();
    let line = "qemu-system-x86_64: -netdev user: Could not set up host forwarding rule 'tcp::2222-:22'";
    let end = machine(&cx, &format!("echo \"{line}\" >&2; exit 1")).await.end().await;
    assert!(end.is_port_conflict());
    assert!(end.to_string().contains("`host_port_min`"), "{end}");
}

#[tokio::test]
async fn qem_10_a_guest_whose_machine_is_gone_answers_at_once() {
    let (cx, _host) = context();
    let gone = machine(&cx, "exit 0").await;
    gone.end().await;
    let guest = MachineGuest { inner: &Nobody, machine: &gone };
    let error = guest.communicator().reset().await.unwrap_err();
    assert_eq!(error.to_string(), "the guest powered off by itself while provisioning");
    assert!(!error.is_transient(), "nobody waits for it");
}
