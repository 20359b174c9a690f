//! Typing at a machine that boots.

use std::time::Duration;

use karat_gotmpl::Value as TemplateValue;
use karat_model::duration;
use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;
use tokio::net::TcpStream;

use super::launch::{HOST_IN_GUEST, Launched, reachable};
use super::options::Settings;
use crate::machine::boot_command::{self, Action, Stroke};
use crate::machine::vnc::Vnc;

/// What boot commands may name.
#[derive(Clone, Debug)]
pub(super) struct Variables {
    /// Port of the web server; 0 without one.
    pub(super) http_port: u16,
    /// The line of an `authorized_keys` file.
    pub(super) ssh_public_key: String,
}

/// Waits for the machine and types what the template says.
pub(super) async fn boot(
    cx: &StepContext,
    settings: &Settings,
    launched: &Launched,
    password: Option<&str>,
    variables: &Variables,
) -> Result<(), StepError> {
    let options = &settings.options;
    let strict = cx.info().strict;
    let typing = !settings.boot_steps.is_empty();
    if options.disable_vnc {
        return Ok(());
    }
    let wait = settings.boot_wait.time(typing, strict);
    if !wait.is_zero() {
        cx.say(format!("Waiting {} for boot...", duration::Go(wait)));
        launched.machine.while_running(cx, "it booted", tokio::time::sleep(wait)).await?;
    }
    // Packer connects also where there is nothing to type.
    if !typing && !strict {
        return Ok(());
    }
    let parts = commands(cx, settings, variables)?;
    let address = &options.vnc_bind_address;
    cx.say(format!("Connecting to VM via VNC ({address}:{})", launched.vnc_port));
    let connected = launched.machine.while_running(
        cx,
        "VNC was connected",
        connect(address, launched.vnc_port, password),
    );
    let mut vnc =
        connected.await?.map_err(|error| StepError::failed(format!("Error connecting to VNC: {error}")))?;
    cx.say("Typing the boot commands over VNC...");
    for (description, actions) in parts {
        if !description.is_empty() {
            cx.say(format!("Typing boot command for: {description}"));
        }
        let typed = launched.machine.while_running(
            cx,
            "the boot command was typed",
            play(&mut vnc, &actions, settings.key_interval),
        );
        typed.await?.map_err(|error| StepError::io("Error running boot command", error))?;
    }
    Ok(())
}

/// The boot commands, rendered and read, each with its description.
fn commands(
    cx: &StepContext,
    settings: &Settings,
    variables: &Variables,
) -> Result<Vec<(String, Vec<Action>)>, StepError> {
    let decoder = cx.decoder();
    let read = |step: &super::options::BootStep| {
        let text = decoder.render_late_alone(
            &step.command,
            [
                ("HTTPIP", TemplateValue::String(HOST_IN_GUEST.to_string())),
                ("HTTPPort", TemplateValue::Int(variables.http_port.into())),
                ("Name", TemplateValue::String(settings.vm_name.clone())),
                ("SSHPublicKey", TemplateValue::String(variables.ssh_public_key.clone())),
            ],
        )?;
        Ok((step.description.clone(), boot_command::parse(&text)?))
    };
    let parts = settings.boot_steps.iter().map(read).collect::<Result<_, String>>();
    parts.map_err(|error| StepError::failed(format!("Error preparing boot command: {error}")))
}

async fn connect(address: &str, port: u16, password: Option<&str>) -> Result<Vnc, String> {
    let stream = TcpStream::connect((reachable(address), port)).await.map_err(|error| error.to_string())?;
    Vnc::handshake(stream, password).await.map_err(|error| error.to_string())
}

/// Types, with a pause after every event: the machine's keyboard has a short memory.
async fn play(vnc: &mut Vnc, actions: &[Action], interval: Duration) -> std::io::Result<()> {
    for stroke in actions.iter().flat_map(|action| action.strokes()) {
        match stroke {
            Stroke::Wait(time) => tokio::time::sleep(time).await,
            Stroke::Key(event) => {
                vnc.key(event).await?;
                tokio::time::sleep(interval).await;
            }
        }
    }
    Ok(())
}
