//! The end of a machine.

use karat_model::duration::Go;
use karat_model::event::Stream;
use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;
use karat_sdk::{CommError, Communicator, Exit, RemoteCommand};

use super::machine::Machine;
use super::options::{QemuOptions, Settings};
use crate::communicator::options::CommunicatorKind;

/// Ends the machine as the template says, and waits for the end.
pub(super) async fn shut_down(
    cx: &StepContext,
    settings: &Settings,
    communicator: &dyn Communicator,
    machine: &Machine,
) -> Result<(), StepError> {
    let options = &settings.options;
    if options.communicator.kind() == Ok(CommunicatorKind::None) {
        cx.say("Waiting for shutdown...");
        return wait_for_end(cx, options, machine, "Failed to shutdown").await;
    }
    if machine.has_ended() {
        cx.say("The guest has powered off already");
        return machine.switch_off().await;
    }
    if options.shutdown_command.is_empty() {
        cx.say("Halting the virtual machine...");
        return machine.switch_off().await;
    }
    cx.say("Gracefully halting virtual machine...");
    let command = run(cx, communicator, &options.shutdown_command);
    let ran = tokio::select! {
        biased;
        _ = machine.end() => Ok(None),
        ran = cx.unless_cancelled(command) => ran?,
    };
    // The guest may cut the connection before the command has an end: that is what it was asked to do.
    let outcome = match ran {
        Ok(Some(code)) if code != 0 => {
            cx.warn(format!(
                "shutdown_command exited with status {code}; waiting for the guest all the same"
            ));
            format!("; shutdown_command exited with status {code}")
        }
        Ok(_) | Err(CommError::Disconnected { .. } | CommError::Gone { .. }) => String::new(),
        Err(error) => return Err(StepError::because("Failed to send shutdown command", error)),
    };
    let failed = format!("Timeout while waiting for machine to shut down.{outcome}");
    wait_for_end(cx, options, machine, &failed).await
}

async fn wait_for_end(
    cx: &StepContext,
    options: &QemuOptions,
    machine: &Machine,
    failed: &str,
) -> Result<(), StepError> {
    let limit = options.shutdown_timeout;
    let ended = cx.unless_cancelled(tokio::time::timeout(limit, machine.end())).await?;
    let Ok(end) = ended else {
        return Err(StepError::failed(format!(
            "{failed} The guest still runs after {} (shutdown_timeout)",
            Go(limit)
        )));
    };
    machine.switch_off().await?;
    if end.status.success() { Ok(()) } else { Err(StepError::failed(end.told("the guest shut down"))) }
}

/// Runs the command and shows what it says; its exit status, where there is one.
async fn run(
    cx: &StepContext,
    communicator: &dyn Communicator,
    line: &str,
) -> Result<Option<i32>, CommError> {
    let mut process = communicator.start(RemoteCommand::new(line)).await?;
    let mut pending = [(Stream::Stdout, Vec::new()), (Stream::Stderr, Vec::new())];
    while let Some(output) = process.output().await {
        for (stream, text) in pending.iter_mut().filter(|(stream, _)| *stream == output.stream) {
            text.extend_from_slice(&output.bytes);
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = text.drain(..=end).collect();
                cx.output(*stream, String::from_utf8_lossy(&line).trim_end());
            }
        }
    }
    for (stream, text) in pending.into_iter().filter(|(_, text)| !text.is_empty()) {
        cx.output(stream, String::from_utf8_lossy(&text).trim_end());
    }
    Ok(match process.wait().await? {
        Exit::Code(code) => Some(code),
        Exit::Signal | Exit::Disconnected => None,
    })
}

#[cfg(test)]
mod tests;
