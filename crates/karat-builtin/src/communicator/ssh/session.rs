//! The communicator: a connection that is made again when it is found broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use karat_sdk::{CommError, Communicator, Download, RemoteCommand, RemoteProcess, Transfer, Upload};
use russh::Pty;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::dial::{Dialer, Link};
use super::exec::Exec;
use super::transfer;
use crate::communicator::options::TransferMethod;

/// How long a lost guest is waited for before an operation fails.
const RECONNECT_LIMIT: Duration = Duration::from_secs(30);
/// Time between two attempts to reconnect.
const RECONNECT_PACE: Duration = Duration::from_millis(200);
/// Time after a refused login: guests that boot refuse for a while, and servers punish hurry.
const REFUSED_PACE: Duration = Duration::from_secs(3);
/// How long the server may take to open a session.
const OPEN_LIMIT: Duration = Duration::from_secs(60);

/// Talks SSH to one guest.
pub(crate) struct SshCommunicator {
    dialer: Dialer,
    link: Mutex<Option<Arc<Link>>>,
    pty: bool,
    pub(super) method: TransferMethod,
    /// Exactly Packer's bytes on the wire.
    pub(super) strict: bool,
    /// The guest's login shell turned out not to understand our helper commands.
    no_shell: AtomicBool,
}

impl SshCommunicator {
    pub(crate) fn new(dialer: Dialer, link: Link, pty: bool, method: TransferMethod, strict: bool) -> Self {
        Self {
            dialer,
            link: Mutex::new(Some(Arc::new(link))),
            pty,
            method,
            strict,
            no_shell: AtomicBool::new(false),
        }
    }

    /// Whether helper commands in POSIX shell are worth a try.
    pub(super) fn may_have_shell(&self) -> bool {
        !self.no_shell.load(Ordering::Relaxed)
    }

    pub(super) fn has_no_shell(&self) {
        self.no_shell.store(true, Ordering::Relaxed);
    }

    /// Starts a helper command, without a terminal.
    pub(super) async fn exec(&self, line: &str) -> Result<Exec, CommError> {
        self.begin(line, false).await
    }

    /// A channel for a subsystem.
    pub(super) async fn subsystem(
        &self,
        name: &str,
    ) -> Result<russh::Channel<russh::client::Msg>, CommError> {
        let (link, channel) = self.channel().await?;
        channel.request_subsystem(false, name).await.map_err(|error| link.lost(&error.to_string()))?;
        Ok(channel)
    }

    async fn begin(&self, line: &str, pty: bool) -> Result<Exec, CommError> {
        let (link, channel) = self.channel().await?;
        if pty {
            let modes = [(Pty::ECHO, 0), (Pty::TTY_OP_ISPEED, 14_400), (Pty::TTY_OP_OSPEED, 14_400)];
            let asked = channel.request_pty(false, "xterm", 80, 40, 0, 0, &modes).await;
            asked.map_err(|error| link.lost(&error.to_string()))?;
        }
        Exec::start(link, channel, line).await
    }

    /// A new session; on a connection that turns out to be broken, once more on a new one.
    async fn channel(&self) -> Result<(Arc<Link>, russh::Channel<russh::client::Msg>), CommError> {
        let link = self.link().await?;
        match open(&link).await {
            Ok(channel) => Ok((link, channel)),
            Err(_) => {
                self.drop_link(&link).await;
                let link = self.link().await?;
                let channel = open(&link).await?;
                Ok((link, channel))
            }
        }
    }

    async fn link(&self) -> Result<Arc<Link>, CommError> {
        let mut slot = self.link.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| !link.is_broken()) {
            return Ok(link.clone());
        }
        *slot = None;
        let link = Arc::new(self.redial().await?);
        *slot = Some(link.clone());
        Ok(link)
    }

    async fn drop_link(&self, broken: &Arc<Link>) {
        let mut slot = self.link.lock().await;
        if slot.as_ref().is_some_and(|link| Arc::ptr_eq(link, broken)) {
            *slot = None;
        }
    }

    async fn redial(&self) -> Result<Link, CommError> {
        let deadline = Instant::now() + RECONNECT_LIMIT;
        loop {
            let error = match self.dialer.dial().await {
                Ok(link) => return Ok(link),
                Err(error) => error,
            };
            let pace = match &error {
                CommError::Authentication { .. } => REFUSED_PACE,
                error if error.is_transient() => RECONNECT_PACE,
                _ => return Err(error),
            };
            if Instant::now() + pace >= deadline {
                return Err(error);
            }
            sleep(pace).await;
        }
    }

    /// What people call the guest.
    pub(super) fn address(&self) -> String {
        self.dialer.address().to_string()
    }
}

async fn open(link: &Arc<Link>) -> Result<russh::Channel<russh::client::Msg>, CommError> {
    match timeout(OPEN_LIMIT, link.handle.channel_open_session()).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(link.lost(&format!("no session could be opened: {error}"))),
        Err(_) => Err(link.lost(&format!("no session could be opened within {OPEN_LIMIT:?}"))),
    }
}

#[async_trait]
impl Communicator for SshCommunicator {
    async fn start(&self, command: RemoteCommand) -> Result<Box<dyn RemoteProcess>, CommError> {
        // Packer ends the line, and a guest's log may show it.
        let exec = self.begin(&format!("{}\n", command.line), self.pty).await?;
        // Commands read an empty input, not one that never ends.
        exec.input().end().await?;
        Ok(Box::new(exec))
    }

    async fn upload(&self, what: Upload<'_>, to: &str, transfer: Transfer<'_>) -> Result<(), CommError> {
        transfer::upload(self, what, to, transfer).await
    }

    async fn download(
        &self,
        from: &str,
        into: Download<'_>,
        transfer: Transfer<'_>,
    ) -> Result<(), CommError> {
        transfer::download(self, from, into, transfer).await
    }

    async fn reset(&self) -> Result<(), CommError> {
        *self.link.lock().await = None;
        self.link().await.map(drop)
    }
}
