//! One build, step by step, in Packer's order.

use std::path::{Path, PathBuf};
use std::time::Duration;

use karat_model::facts::Facts;
use karat_sdk::CommError;
use karat_sdk::component::Guest;
use karat_sdk::context::{BuildContext, StepContext};
use karat_sdk::error::StepError;
use serde_json::json;

use super::accelerator;
use super::boot::{self, Variables};
use super::image;
use super::launch::{self, HOST_IN_GUEST, Launched, Ports, Preparation};
use super::machine::{Machine, MachineGuest};
use super::options::Settings;
use super::output;
use super::program::Programs;
use super::qmp::Qmp;
use super::shutdown;
use crate::communicator::connect::{Address, Connection, connect};
use crate::communicator::ssh::key::KeyPair;
use crate::machine::download;
use crate::machine::http_server::HttpServer;
use crate::machine::vnc::MAX_PASSWORD;

/// How long a machine that goes down takes from its last packet to its end.
const LAST_MOMENT: Duration = Duration::from_millis(200);

/// What a build works with.
pub(super) struct Build<'a> {
    /// What it may ask for.
    pub(super) cx: &'a BuildContext,
    /// What the template asks for.
    pub(super) settings: &'a Settings,
    /// What it runs.
    pub(super) programs: &'a Programs,
}

/// What a build made.
pub(super) struct Made {
    /// The files of the artifact.
    pub(super) files: Vec<PathBuf>,
    /// What post-processors know as `build.*`.
    pub(super) facts: Facts,
}

impl Build<'_> {
    /// Does it.
    pub(super) async fn run(&self) -> Result<Made, StepError> {
        let Self { cx, settings, programs } = *self;
        let options = &settings.options;
        let step = if options.iso_skip_cache { "stepSetISO" } else { "StepDownload" };
        let image = cx.step(step, |cx| async move { self.image(&cx).await }).await?;
        let make = |cx| async move { output::make(&cx, settings).await };
        let directory = cx.step("stepPrepareOutputDir", make).await?;
        nothing(cx, "stepCreatevTPM").await?;
        nothing(cx, "StepCreateFloppy").await?;
        let cd = cx.step("StepCreateCD", |cx| async move { options.cd.make(&cx).await }).await?;
        // The probe of a host that hangs takes its time; the disks are made meanwhile.
        let (disks, accelerator) = futures::future::try_join(
            self.disks(&image),
            accelerator::choose(cx, &options.accelerator, &programs.qemu),
        )
        .await?;
        nothing(cx, "stepHTTPIPDiscover").await?;
        let serve = |cx| async move { options.http.serve(&cx).await };
        let http = cx.step("StepHTTPServer", serve).await?;
        let http_port = http.map_or(0, |HttpServer { port }| port);
        let guest_port = launch::guest_port(settings)?;
        let forward = |cx| async move { launch::forward_port(&cx, settings, guest_port) };
        let forward = cx.step("stepPortForward", forward).await?;
        let key = match guest_port {
            Some(_) => Some(cx.step("StepSSHKeyGen", |cx| async move { self.key(&cx).await }).await?),
            // Packer's name for a step that it leaves out.
            None => nothing(cx, "nullStep").await.map(|()| None)?,
        };
        let vnc = |cx| async move { Ok((launch::vnc_port(&cx, settings)?, self.vnc_password()?)) };
        let (vnc, vnc_password) = cx.step("stepConfigureVNC", vnc).await?;
        let copy = |cx| async move { self.efi_vars(&cx).await };
        let efi_vars = cx.step("stepPrepareEfivars", copy).await?;
        let install = (!options.disk_image).then_some(image);
        let preparation = &Preparation {
            accelerator,
            disks,
            cds: install.into_iter().chain(cd).collect(),
            efi_vars,
            guest_port,
            vnc_password,
            http_port,
        };
        let mut ports = Some(Ports { forward, vnc });
        let run = |cx| {
            let ports = ports.take();
            async move {
                // Those of an earlier try went with its machine.
                let ports = ports.map_or_else(|| Ports::find(&cx, settings, guest_port), Ok)?;
                launch::launch(&cx, programs, settings, preparation, ports).await
            }
        };
        let launched = &cx.step("stepRun", run).await?;
        let password = preparation.vnc_password.as_deref();
        let qmp = |cx| async move { self.use_qmp(&cx, launched, password).await };
        cx.step("stepConfigureQMP", qmp).await?;
        let variables = &Variables {
            http_port,
            ssh_public_key: key.as_ref().map(|key| key.pair.public_openssh.clone()).unwrap_or_default(),
        };
        let boot = |cx| async move { boot::boot(&cx, settings, launched, password, variables).await };
        cx.step("stepTypeBootCommand", boot).await?;
        let address = |cx| async move {
            no_bridge(&cx, guest_port);
            Ok(())
        };
        cx.step("stepWaitGuestAddress", address).await?;
        let own_key = key.as_ref().filter(|key| key.is_temporary).map(|key| &key.pair);
        let connect = |cx| async move { self.connect(&cx, launched, own_key).await };
        let connection = cx.step("StepConnect", connect).await?;
        let facts = facts(&connection, http_port);
        let guest = MachineGuest { inner: &connection, machine: &launched.machine };
        if let Err(error) = cx.provision(&guest, &facts).await {
            return Err(told_with_the_machine(error, &launched.machine).await);
        }
        cx.finish(&guest, &facts, self.finish(&connection, launched)).await?;
        if let Some(socket) = &settings.qmp_socket {
            // QEMU removes it by itself unless it was killed; it is no part of the artifact either way.
            let _ = tokio::fs::remove_file(cx.resolve(socket)).await;
        }
        let files = output::files(cx, settings).await?;
        directory.keep().await?;
        Ok(Made { files, facts })
    }

    /// Makes the disks; returns their paths.
    async fn disks(&self, image: &Path) -> Result<Vec<PathBuf>, StepError> {
        let Self { cx, settings, programs } = *self;
        let make = |cx| async move { image::make_disks(&cx, programs, settings, image).await };
        let disks = cx.step("stepCreateDisk", make).await?;
        let copy = |cx| async move { image::copy_disk(&cx, programs, settings, image).await };
        cx.step("stepCopyDisk", copy).await?;
        let resize = |cx| async move { image::resize_disk(&cx, programs, settings).await };
        cx.step("stepResizeDisk", resize).await?;
        Ok(disks)
    }

    /// What comes after the provisioners.
    async fn finish(&self, connection: &Connection, launched: &Launched) -> Result<(), StepError> {
        let Self { cx, settings, programs } = *self;
        let options = &settings.options.communicator;
        let clean = |cx| async move { connection.clear_authorized_keys(&cx, options).await };
        cx.step("StepCleanupTempKeys", clean).await?;
        let end = |cx| async move {
            shutdown::shut_down(&cx, settings, connection.communicator(), &launched.machine).await
        };
        cx.step("stepShutdown", end).await?;
        let convert = |cx| async move { image::make_compact(&cx, programs, settings).await };
        cx.step("stepConvertDisk", convert).await
    }

    /// The installation medium or disk image, as QEMU is to open it.
    async fn image(&self, cx: &StepContext) -> Result<PathBuf, StepError> {
        let options = &self.settings.options;
        if !options.iso_skip_cache {
            return options.iso.retrieve(cx).await;
        }
        match download::last_streamable(cx, options.iso.urls()).await? {
            Some(url) => Ok(PathBuf::from(url)),
            None => Err(StepError::failed(
                "iso_skip_cache: none of the URLs answers and lets itself be read piece by piece \
                 (`Accept-Ranges: bytes`); use other URLs, or leave iso_skip_cache out",
            )),
        }
    }

    /// The key to log in with: the template's, or one of this build's own.
    async fn key(&self, cx: &StepContext) -> Result<Key, StepError> {
        let options = self.settings.options.communicator.clone();
        if let Some(path) = options.private_key_path() {
            cx.say("Using existing SSH private key");
            let pair = KeyPair::load(&cx.resolve(path)).map_err(StepError::failed)?;
            return Ok(Key { pair, is_temporary: false });
        }
        let kind = match options.temporary_key_pair_type.as_str() {
            "" => "ED25519".to_string(),
            kind => kind.to_uppercase(),
        };
        cx.say(format!("Creating temporary {kind} SSH key for instance..."));
        let comment = match options.temporary_key_pair_name.as_str() {
            "" => format!("packer_{}", uuid::Uuid::new_v4()),
            name => name.to_string(),
        };
        let made = tokio::task::spawn_blocking(move || KeyPair::temporary(&options, &comment)).await;
        let pair = made.map_err(|error| StepError::because("cannot make a temporary SSH key", error))?;
        let pair = pair.map_err(StepError::failed)?;
        cx.info().redactor.add(pair.private_openssh.expose());
        Ok(Key { pair, is_temporary: true })
    }

    /// This build's own EFI variables.
    async fn efi_vars(&self, cx: &StepContext) -> Result<Option<PathBuf>, StepError> {
        let Some(efi) = &self.settings.efi else { return Ok(None) };
        let vars = self.settings.output_directory.join(output::EFI_VARS);
        for (option, file) in [("efi_firmware_code", &efi.code), ("efi_firmware_vars", &efi.vars)] {
            tokio::fs::metadata(cx.resolve(file)).await.map_err(|error| {
                StepError::io(
                    format!("cannot find the EFI firmware {} (package ovmf on Debian and Ubuntu, or set {option})", file.display()),
                    error,
                )
            })?;
        }
        tokio::fs::copy(cx.resolve(&efi.vars), cx.resolve(&vars)).await.map_err(|error| {
            StepError::io(format!("cannot copy {} to {}", efi.vars.display(), vars.display()), error)
        })?;
        Ok(Some(vars))
    }

    /// The password of the VNC server, if it is to have one.
    fn vnc_password(&self) -> Result<Option<String>, StepError> {
        let options = &self.settings.options;
        if !options.vnc_use_password {
            return Ok(None);
        }
        if options.vnc_password.len() > MAX_PASSWORD {
            return Err(StepError::failed(format!(
                "vnc_password is longer than {MAX_PASSWORD} characters, which is all that VNC has room for"
            )));
        }
        if !options.vnc_password.is_empty() {
            return Ok(Some(options.vnc_password.clone()));
        }
        const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let random = uuid::Uuid::new_v4();
        let letters = random.as_bytes().iter().take(6).chain(&random.as_bytes()[10..12]);
        Ok(Some(letters.map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()))
    }

    /// Shows where the control socket is, and sets the VNC password through it.
    async fn use_qmp(
        &self,
        cx: &StepContext,
        launched: &Launched,
        password: Option<&str>,
    ) -> Result<(), StepError> {
        let Some(socket) = &self.settings.qmp_socket else { return Ok(()) };
        cx.say(format!("QMP socket at: {}", socket.display()));
        let Some(password) = password else { return Ok(()) };
        let path = cx.resolve(socket);
        let set = async {
            let mut qmp = Qmp::connect(&path).await?;
            qmp.execute("change-vnc-password", json!({ "password": password })).await
        };
        let set = launched.machine.while_running(cx, "its VNC password was set", set).await?;
        set.map(|_| ()).map_err(StepError::failed)
    }

    async fn connect(
        &self,
        cx: &StepContext,
        launched: &Launched,
        key: Option<&KeyPair>,
    ) -> Result<Connection, StepError> {
        let communicator = &self.settings.options.communicator;
        let host = match communicator.ssh_host.as_str() {
            "" => "127.0.0.1".to_string(),
            host => host.to_string(),
        };
        let address = Address { host, port: launched.host_port.unwrap_or(communicator.ssh_port) };
        let connected = connect(cx, communicator, &address, key);
        launched.machine.while_running(cx, "SSH was waited for", connected).await?
    }
}

/// A provisioner sees that the connection is lost; that the machine is gone is the better story.
async fn told_with_the_machine(error: StepError, machine: &Machine) -> StepError {
    if error.is_cancelled() || matches!(error, StepError::Comm(CommError::Gone { .. })) {
        return error;
    }
    // The connection breaks a moment before the process ends.
    match tokio::time::timeout(LAST_MOMENT, machine.end()).await {
        Ok(end) => StepError::because(end.told("provisioning"), error),
        Err(_) => error,
    }
}

/// A step of Packer's with nothing to do here. It is there for those who follow the steps.
async fn nothing(cx: &BuildContext, name: &'static str) -> Result<(), StepError> {
    cx.step(name, |_| async { Ok(()) }).await
}

/// The address of a guest on a bridge is not looked for yet; Packer says why it has none to look for.
fn no_bridge(cx: &StepContext, guest_port: Option<u16>) {
    if cx.info().strict {
        cx.say(match guest_port {
            Some(_) => "Not using a NetBridge -- skipping StepWaitGuestAddress",
            None => "No communicator is configured -- skipping StepWaitGuestAddress",
        });
    }
}

struct Key {
    pair: KeyPair,
    is_temporary: bool,
}

/// What the build offers as `build.*`. Without a web server the port is 0, as in Packer.
fn facts(connection: &Connection, http_port: u16) -> Facts {
    let mut facts = Facts::default();
    facts.set("ID", "ERR_ID_NOT_IMPLEMENTED_BY_BUILDER");
    facts.set("PackerHTTPIP", HOST_IN_GUEST);
    facts.set("PackerHTTPPort", http_port.to_string());
    facts.set("PackerHTTPAddr", format!("{HOST_IN_GUEST}:{http_port}"));
    facts.extend(&connection.facts());
    facts
}
