//! Talking to a guest: commands, files, and the many ways in which that fails.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use karat_model::event::Stream;

/// A way into a guest. One connection serves all commands and files of a build; implementations reconnect by
/// themselves when it breaks between two operations.
#[async_trait]
pub trait Communicator: Send + Sync {
    /// Starts a command.
    async fn start(&self, command: RemoteCommand) -> Result<Box<dyn RemoteProcess>, CommError>;

    /// Sends a file, bytes or a directory to `to`.
    async fn upload(&self, what: Upload<'_>, to: &str, transfer: Transfer<'_>) -> Result<(), CommError>;

    /// Fetches a file or a directory from `from`.
    async fn download(&self, from: &str, into: Download<'_>, transfer: Transfer<'_>)
    -> Result<(), CommError>;

    /// Drops the connection and makes a new one: the guest reboots, or its sessions must see new groups.
    async fn reset(&self) -> Result<(), CommError>;
}

/// A command to run in the guest, as its login shell reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteCommand {
    /// The command line.
    pub line: String,
}

impl RemoteCommand {
    /// A command line.
    pub fn new(line: impl Into<String>) -> Self {
        Self { line: line.into() }
    }
}

/// A command that runs in the guest.
#[async_trait]
pub trait RemoteProcess: Send {
    /// The next piece of output, stdout and stderr in one ordered stream; `None` when both have ended.
    async fn output(&mut self) -> Option<Output>;
    /// How it ended. Call after [`RemoteProcess::output`] gave `None`; drains what is left otherwise.
    async fn wait(&mut self) -> Result<Exit, CommError>;
    /// Asks the guest to end it, and stops listening.
    async fn terminate(&mut self);
}

/// A piece of a command's output; not necessarily whole lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Which stream.
    pub stream: Stream,
    /// The bytes.
    pub bytes: Bytes,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Code(i32),
    /// By a signal.
    Signal,
    /// The connection ended before a status came: the guest rebooted, or the network failed.
    Disconnected,
}

/// What to send.
#[derive(Clone, Copy)]
pub enum Upload<'a> {
    /// These bytes, as a file with this mode (such as `0o644`).
    Bytes {
        /// Content.
        data: &'a [u8],
        /// Permission bits.
        mode: u32,
    },
    /// This local file, with its own mode.
    File(&'a Path),
    /// This local directory: itself under the target, or only what is in it (Packer: source with a trailing slash).
    Directory {
        /// The local directory.
        path: &'a Path,
        /// Only what is in it.
        contents_only: bool,
    },
}

/// Where to put what is fetched.
#[derive(Clone, Copy)]
pub enum Download<'a> {
    /// Into this local file.
    File(&'a Path),
    /// Into this local directory, which exists; the remote path names a directory.
    Directory(&'a Path),
}

/// What a transfer tells while it runs: bytes so far, bytes in all where known.
#[derive(Clone, Copy)]
pub struct Transfer<'a> {
    report: Option<&'a (dyn Fn(u64, Option<u64>) + Send + Sync)>,
}

impl<'a> Transfer<'a> {
    /// Tells nobody.
    pub fn quiet() -> Self {
        Self { report: None }
    }

    /// Tells `report`, as often as bytes move.
    pub fn reporting(report: &'a (dyn Fn(u64, Option<u64>) + Send + Sync)) -> Self {
        Self { report: Some(report) }
    }

    /// Called by communicators.
    pub fn moved(&self, done: u64, total: Option<u64>) {
        if let Some(report) = self.report {
            report(done, total);
        }
    }
}

/// Why a guest could not be talked to: the states of a connection, kept apart because each has another fix.
#[derive(Debug, thiserror::Error)]
pub enum CommError {
    /// The name does not resolve.
    #[error("cannot find the address of {host}: {cause}; check `ssh_host` and the resolver")]
    NoAddress {
        /// The name.
        host: String,
        /// What the resolver said.
        cause: String,
    },
    /// Nothing answers at the address.
    #[error("no route to {address}: {cause}; the guest has no network yet, or a firewall drops packets")]
    NoRoute {
        /// `HOST:PORT`.
        address: String,
        /// What the system said.
        cause: String,
    },
    /// The host answers, the port does not.
    #[error(
        "port closed at {address}: {cause}; the guest's SSH server is not running, or listens on another port"
    )]
    PortClosed {
        /// `HOST:PORT`.
        address: String,
        /// What the system said.
        cause: String,
    },
    /// The port is open and no SSH server introduces itself.
    #[error(
        "no SSH banner from {address}: {cause}; the guest is still booting, or something else listens there"
    )]
    NoBanner {
        /// `HOST:PORT`.
        address: String,
        /// What was seen instead.
        cause: String,
    },
    /// The two sides found no common algorithms, or the exchange broke.
    #[error("key exchange with {address} failed: {cause}")]
    KeyExchange {
        /// `HOST:PORT`.
        address: String,
        /// Why.
        cause: String,
    },
    /// The server is not the one that this build first met.
    #[error(
        "the host key of {address} changed during the build: it was {known}, now it is {found}; another machine answers at this address"
    )]
    HostKeyChanged {
        /// `HOST:PORT`.
        address: String,
        /// Fingerprint learned first.
        known: String,
        /// Fingerprint seen now.
        found: String,
    },
    /// The server refused every way to prove who we are.
    #[error(
        "{address} refused user `{user}`: tried {tried}; the server accepts {accepts}. Check the user name, the key or the password"
    )]
    Authentication {
        /// `HOST:PORT`.
        address: String,
        /// User name.
        user: String,
        /// Methods tried, in order.
        tried: String,
        /// Methods that the server says can continue.
        accepts: String,
    },
    /// The connection ended in the middle of something.
    #[error("the connection to {address} was lost: {cause}")]
    Disconnected {
        /// `HOST:PORT`.
        address: String,
        /// What ended it.
        cause: String,
    },
    /// It took too long; the text says what was waited for and what was seen last.
    #[error("Timeout waiting for {what} after {after:?}. Last seen: {last}")]
    Timeout {
        /// What was waited for, such as `SSH`.
        what: String,
        /// For how long.
        after: Duration,
        /// The state seen last.
        last: String,
    },
    /// A file could not be moved.
    #[error("cannot transfer {what}: {cause}")]
    Transfer {
        /// Source and target.
        what: String,
        /// Why.
        cause: String,
    },
    /// There is no way into this guest.
    #[error(
        "this step needs a connection to the guest, and the build has `communicator = \"none\"`; set `communicator = \"ssh\"`, or use a step that works without one, such as `shell-local`"
    )]
    None,
    /// The machine itself is gone; no connection to it can be made again.
    #[error("{cause}")]
    Gone {
        /// What became of it.
        cause: String,
    },
    /// The user stopped the wait.
    #[error("{0}")]
    Cancelled(String),
}

impl CommError {
    /// Whether trying the same again could work.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::NoAddress { .. }
                | Self::NoRoute { .. }
                | Self::PortClosed { .. }
                | Self::NoBanner { .. }
                | Self::KeyExchange { .. }
                | Self::Disconnected { .. }
        )
    }
}

/// The communicator of a guest that cannot be talked to: every operation says so.
pub struct NoCommunicator;

#[async_trait]
impl Communicator for NoCommunicator {
    async fn start(&self, _: RemoteCommand) -> Result<Box<dyn RemoteProcess>, CommError> {
        Err(CommError::None)
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
