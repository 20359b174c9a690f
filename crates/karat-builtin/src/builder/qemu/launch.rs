//! Starting QEMU: ports, the command line, and what to do when somebody else is quicker.

use std::path::PathBuf;
use std::time::Duration;

use karat_gotmpl::Value as TemplateValue;
use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;
use tokio::net::TcpStream;
use tokio::process::Command;

use super::arguments::{Arguments, Layout};
use super::machine::{End, Machine};
use super::options::Settings;
use super::program::Programs;
use crate::communicator::options::CommunicatorKind;
use crate::machine::port::{HeldPort, PortError};

/// QEMU cannot inherit a port, so between our letting go and its listening somebody else may take it.
const TRIES: u32 = 3;
const POLL: Duration = Duration::from_millis(20);
/// After this a QEMU that runs counts as started, whether it listens for VNC or not.
const STARTED: Duration = Duration::from_secs(2);

/// What is known before QEMU starts.
#[derive(Clone, Debug)]
pub(super) struct Preparation {
    /// What executes the guest.
    pub(super) accelerator: String,
    /// The disks, in order.
    pub(super) disks: Vec<PathBuf>,
    /// The CDs, in order.
    pub(super) cds: Vec<PathBuf>,
    /// This build's copy of the EFI variables.
    pub(super) efi_vars: Option<PathBuf>,
    /// The guest's port for us; `None` without a communicator.
    pub(super) guest_port: Option<u16>,
    /// Password of the VNC server.
    pub(super) vnc_password: Option<String>,
    /// Port of the web server; 0 without one.
    pub(super) http_port: u16,
}

/// A machine that started.
pub(super) struct Launched {
    /// It.
    pub(super) machine: Machine,
    /// Port of this host that leads to the guest.
    pub(super) host_port: Option<u16>,
    /// Port of the VNC server.
    pub(super) vnc_port: u16,
    /// Locks of the ports; kept for as long as the machine runs.
    _ports: Vec<HeldPort>,
}

/// The ports of this host that a machine will use.
pub(super) struct Ports {
    /// The one that leads to the guest's, where there is a way in.
    pub(super) forward: Option<HeldPort>,
    /// The VNC server's.
    pub(super) vnc: HeldPort,
}

impl Ports {
    /// Looks for them.
    pub(super) fn find(
        cx: &StepContext,
        settings: &Settings,
        guest_port: Option<u16>,
    ) -> Result<Self, StepError> {
        Ok(Self { forward: forward_port(cx, settings, guest_port)?, vnc: vnc_port(cx, settings)? })
    }
}

/// Address of this host in the guest's network.
pub(super) const HOST_IN_GUEST: &str = "10.0.2.2";

/// Starts the machine.
pub(super) async fn launch(
    cx: &StepContext,
    programs: &Programs,
    settings: &Settings,
    preparation: &Preparation,
    mut ports: Ports,
) -> Result<Launched, StepError> {
    let mut tries = 1;
    loop {
        match try_launch(cx, programs, settings, preparation, ports).await? {
            Ok(launched) => return Ok(launched),
            Err(end) if end.is_port_conflict() && tries < TRIES => {
                cx.say("Another program took a port; starting again with others");
                tries += 1;
                ports = Ports::find(cx, settings, preparation.guest_port)?;
            }
            Err(end) => {
                let advice =
                    if cx.info().strict { " Please run with PACKER_LOG=1 to get more info." } else { "" };
                return Err(StepError::failed(format!(
                    "Error launching VM: Qemu failed to start.{advice} QEMU ended ({}){end}",
                    end.status
                )));
            }
        }
    }
}

async fn try_launch(
    cx: &StepContext,
    programs: &Programs,
    settings: &Settings,
    preparation: &Preparation,
    Ports { mut forward, mut vnc }: Ports,
) -> Result<Result<Launched, End>, StepError> {
    let layout = Layout {
        accelerator: preparation.accelerator.clone(),
        disks: preparation.disks.clone(),
        cds: preparation.cds.clone(),
        forward: forward.as_ref().map(HeldPort::number).zip(preparation.guest_port),
        vnc_port: vnc.number(),
        efi_vars: preparation.efi_vars.clone(),
    };
    announce(cx, settings, &layout, preparation.vnc_password.as_deref());
    let extra = extra_arguments(cx, settings, preparation, &layout)?;
    let arguments = Arguments::new(settings, &layout, &extra);
    let mut command = Command::new(&programs.qemu);
    command.args(arguments.words());

    forward.iter_mut().for_each(HeldPort::hand_over);
    vnc.hand_over();
    let machine = Machine::start(cx, command).await?;
    if let Some(end) = ends_at_once(cx, &machine, settings, vnc.number(), &arguments).await? {
        return Ok(Err(end));
    }
    let host_port = layout.forward.map(|(host, _)| host);
    let vnc_port = vnc.number();
    Ok(Ok(Launched { machine, host_port, vnc_port, _ports: forward.into_iter().chain([vnc]).collect() }))
}

/// The port of this host that leads to the guest's.
pub(super) fn forward_port(
    cx: &StepContext,
    settings: &Settings,
    guest_port: Option<u16>,
) -> Result<Option<HeldPort>, StepError> {
    if guest_port.is_none() {
        cx.say("No communicator is set; skipping port forwarding setup.");
        return Ok(None);
    }
    if settings.options.skip_nat_mapping {
        return Ok(None);
    }
    // QEMU listens on every address, so every address must be free.
    let held = hold(cx, settings.host_ports.clone(), "0.0.0.0", "host_port")?;
    cx.say(format!("Found port for communicator (SSH, WinRM, etc): {}.", held.number()));
    Ok(Some(held))
}

/// The port of the VNC server.
pub(super) fn vnc_port(cx: &StepContext, settings: &Settings) -> Result<HeldPort, StepError> {
    let options = &settings.options;
    let (first, last) = (options.vnc_port_min, options.vnc_port_max);
    cx.say(format!("Looking for available port between {first} and {last} on {}", options.vnc_bind_address));
    hold(cx, first..=last, &options.vnc_bind_address, "vnc_port")
}

fn hold(
    cx: &StepContext,
    range: std::ops::RangeInclusive<u16>,
    address: &str,
    option: &'static str,
) -> Result<HeldPort, StepError> {
    HeldPort::hold(&cx.info().cache.join("port"), range, address, option)
        .map_err(|error: PortError| StepError::failed(error.to_string()))
}

fn announce(cx: &StepContext, settings: &Settings, layout: &Layout, password: Option<&str>) {
    let options = &settings.options;
    if options.disk_image {
        cx.say("Starting VM, booting disk image");
    } else {
        cx.say("Starting VM, booting from CD-ROM");
    }
    if layout.accelerator == "none" {
        cx.say(
            "WARNING: The VM will be started with no hardware acceleration.\n\
             The installation may take considerably longer to finish.\n",
        );
    }
    if options.headless {
        let address = format!("vnc://{}:{}", options.vnc_bind_address, layout.vnc_port);
        cx.say(match password {
            None => format!(
                "The VM will be run headless, without a GUI. If you want to\n\
                 view the screen of the VM, connect via VNC without a password to\n{address}"
            ),
            Some(password) => format!(
                "The VM will be run headless, without a GUI. If you want to\n\
                 view the screen of the VM, connect via VNC to {address}\nwith the password: {password}"
            ),
        });
    }
}

/// `qemuargs`, rendered.
fn extra_arguments(
    cx: &StepContext,
    settings: &Settings,
    preparation: &Preparation,
    layout: &Layout,
) -> Result<Vec<Vec<String>>, StepError> {
    let options = &settings.options;
    if options.qemuargs.is_empty() {
        return Ok(Vec::new());
    }
    cx.say("Overriding default Qemu arguments with qemuargs template option...");
    let decoder = cx.decoder();
    let host_port = layout.forward.map_or(0, |(host, _)| host);
    let content = options.http.http_content.iter();
    let content = content.map(|(path, text)| (path.clone(), TemplateValue::String(text.clone()))).collect();
    let render = |piece: &String| {
        decoder.render_late_alone(
            piece,
            [
                ("HTTPIP", TemplateValue::String(HOST_IN_GUEST.to_string())),
                ("HTTPPort", TemplateValue::Int(preparation.http_port.into())),
                ("HTTPDir", TemplateValue::String(options.http.http_directory.clone())),
                ("HTTPContent", TemplateValue::Map(std::collections::BTreeMap::clone(&content))),
                ("OutputDir", TemplateValue::String(settings.output_directory.display().to_string())),
                ("Name", TemplateValue::String(settings.vm_name.clone())),
                ("SSHHostPort", TemplateValue::Int(host_port.into())),
            ],
        )
    };
    let rendered = options.qemuargs.iter().map(|words| words.iter().map(render).collect());
    rendered.collect::<Result<_, _>>().map_err(|error| StepError::failed(format!("qemuargs: {error}")))
}

/// How it ended, if it never really started. That its VNC server listens tells that it did.
async fn ends_at_once(
    cx: &StepContext,
    machine: &Machine,
    settings: &Settings,
    vnc_port: u16,
    arguments: &Arguments,
) -> Result<Option<End>, StepError> {
    let address = (reachable(&settings.options.vnc_bind_address), vnc_port);
    let listens_as_told =
        arguments.values("-vnc").iter().any(|value| value.contains(&format!(":{}", vnc_port - 5900)));
    let listens = async {
        while !listens_as_told || TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(POLL).await;
        }
    };
    let started = async {
        tokio::select! {
            biased;
            end = machine.end() => Some(end),
            _ = tokio::time::timeout(STARTED, listens) => None,
        }
    };
    cx.unless_cancelled(started).await
}

/// Where to connect to what listens on `address`.
pub(super) fn reachable(address: &str) -> &str {
    match address {
        "0.0.0.0" | "" => "127.0.0.1",
        "::" => "::1",
        other => other,
    }
}

/// The guest's port for us, where there is a way in.
pub(super) fn guest_port(settings: &Settings) -> Result<Option<u16>, StepError> {
    let communicator = &settings.options.communicator;
    Ok(match communicator.kind().map_err(StepError::failed)? {
        CommunicatorKind::Ssh => Some(communicator.ssh_port),
        CommunicatorKind::None => None,
    })
}
