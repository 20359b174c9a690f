//! One attempt to get in: connect, read the banner, exchange keys, prove who we are.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use karat_model::secret::Secret;
use karat_sdk::CommError;
use russh::client::{self, DisconnectReason, Handle};
use russh::keys::{Certificate, HashAlg, PrivateKey, PublicKeyOrCertificate};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::algorithms;
use super::authenticate::authenticate;
use super::greet::greet;
use super::host_key::KnownHostKey;
use super::prompt::Prompt;
use crate::communicator::connect::Address;
use crate::communicator::options::{CommunicatorOptions, KeepAlive};

/// Key exchange and authentication may take this long (Packer 1.16): emulated guests need seconds for them.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(60);
/// Bytes that the guest may send before we acknowledge: what fast links with a long way need.
const WINDOW: u32 = 16 << 20;
/// The largest packet that the protocol's implementations agree on.
const PACKET: u32 = 65_535;

/// With what to prove who we are, in the order of use.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    /// Socket of the SSH agent, if its keys are to be tried.
    pub(crate) agent: Option<PathBuf>,
    pub(crate) keys: Vec<Arc<PrivateKey>>,
    /// Belongs to the first key.
    pub(crate) certificate: Option<Certificate>,
    /// For password and keyboard-interactive authentication.
    pub(crate) password: Option<Secret>,
}

/// Everything that is needed to get in, as often as it takes.
pub(crate) struct Dialer {
    address: Address,
    credentials: Credentials,
    config: Arc<client::Config>,
    host_key: KnownHostKey,
    enforce_host_key: bool,
    /// Socket of the SSH agent that the guest may use.
    forwarded_agent: Option<PathBuf>,
    /// What the attempt that goes on waits for; for whoever loses patience in the middle of it.
    waiting_for: Mutex<Option<&'static str>>,
}

/// A connection that let us in.
pub(crate) struct Link {
    pub(crate) handle: Handle<Client>,
    ended: Arc<OnceLock<String>>,
    address: String,
}

impl Link {
    pub(crate) fn is_broken(&self) -> bool {
        self.handle.is_closed()
    }

    /// Why it ended, as far as is known.
    pub(crate) fn lost(&self, otherwise: &str) -> CommError {
        let cause = self.ended.get().cloned().unwrap_or_else(|| otherwise.to_string());
        CommError::Disconnected { address: self.address.clone(), cause }
    }
}

impl Dialer {
    pub(crate) fn new(
        address: Address,
        credentials: Credentials,
        options: &CommunicatorOptions,
        enforce_host_key: bool,
    ) -> Result<Self, String> {
        let keepalive_interval = match options.ssh_keep_alive_interval {
            KeepAlive::Off => None,
            KeepAlive::Every(interval) => Some(interval),
        };
        let config = client::Config {
            preferred: algorithms::preferred(options)?,
            nodelay: true,
            window_size: WINDOW,
            maximum_packet_size: PACKET,
            keepalive_interval,
            // Silence ends a connection, not a count of lost keep-alives.
            keepalive_max: 0,
            inactivity_timeout: options.silence(),
            ..client::Config::default()
        };
        let forwarded_agent = if options.ssh_disable_agent_forwarding { None } else { agent_socket() };
        Ok(Self {
            address,
            credentials,
            config: Arc::new(config),
            host_key: KnownHostKey::default(),
            enforce_host_key,
            forwarded_agent,
            waiting_for: Mutex::new(None),
        })
    }

    /// What the attempt that goes on waits for.
    pub(crate) fn waiting_for(&self) -> Option<&'static str> {
        *self.waiting_for.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, what: Option<&'static str>) {
        *self.waiting_for.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn host_key(&self) -> &KnownHostKey {
        &self.host_key
    }

    /// One attempt.
    pub(crate) async fn dial(&self) -> Result<Link, CommError> {
        self.wait_for(Some("the SSH banner"));
        let greeted = greet(&self.address).await;
        self.wait_for(greeted.is_ok().then_some("the end of the key exchange or login"));
        let outcome = match timeout(HANDSHAKE_LIMIT, async { self.handshake(greeted?).await }).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.key_exchange(format!("not done after {HANDSHAKE_LIMIT:?}"))),
        };
        self.wait_for(None);
        outcome
    }

    async fn handshake(&self, stream: TcpStream) -> Result<Link, CommError> {
        let ended = Arc::new(OnceLock::new());
        let seen = Arc::new(Mutex::new(String::new()));
        let client = Client {
            known: if self.enforce_host_key { self.host_key.known() } else { None },
            seen: seen.clone(),
            ended: ended.clone(),
            agent: self.forwarded_agent.clone(),
        };
        // In a task of its own, so that a panic while a hostile server is parsed ends this attempt and nothing else.
        let connected =
            tokio::spawn(client::connect_stream(self.config.clone(), Prompt::new(stream), client)).await;
        let found = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut handle = match connected {
            Ok(Ok(handle)) => handle,
            Ok(Err(russh::Error::UnknownKey)) => {
                return Err(CommError::HostKeyChanged {
                    address: self.address.to_string(),
                    known: self.host_key.known().unwrap_or_default(),
                    found,
                });
            }
            Ok(Err(error)) => return Err(self.key_exchange(error.to_string())),
            Err(panic) => return Err(self.key_exchange(format!("the SSH client failed: {panic}"))),
        };
        authenticate(&mut handle, &self.credentials, &self.address, &ended).await?;
        self.host_key.learn(&found);
        let link = Link { handle, ended, address: self.address.to_string() };
        if self.forwarded_agent.is_some() {
            offer_agent(&link).await;
        }
        Ok(link)
    }

    fn key_exchange(&self, cause: String) -> CommError {
        CommError::KeyExchange { address: self.address.to_string(), cause }
    }
}

/// Where the user's SSH agent listens.
pub(crate) fn agent_socket() -> Option<PathBuf> {
    std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Asks once per connection, in a session of its own; a server that refuses is no problem.
async fn offer_agent(link: &Link) {
    if let Ok(channel) = link.handle.channel_open_session().await {
        let _ = channel.agent_forward(false).await;
        let _ = channel.close().await;
    }
}

/// Our side of one connection.
pub(crate) struct Client {
    known: Option<String>,
    seen: Arc<Mutex<String>>,
    ended: Arc<OnceLock<String>>,
    agent: Option<PathBuf>,
}

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let accepted = self.known.as_ref().is_none_or(|known| *known == fingerprint);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = fingerprint;
        Ok(accepted)
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        channel: russh::Channel<client::Msg>,
        reply: client::ChannelOpenHandle,
        _: &mut client::Session,
    ) -> Result<(), russh::Error> {
        let Some(path) = self.agent.clone() else { return Ok(()) };
        reply.accept().await;
        tokio::spawn(async move {
            if let Ok(mut agent) = UnixStream::connect(path).await {
                // Either side may hang up; both are done then.
                let _ = tokio::io::copy_bidirectional(&mut channel.into_stream(), &mut agent).await;
            }
        });
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        let cause = match reason {
            DisconnectReason::ReceivedDisconnect(info) => format!("the server said: {}", info.message),
            DisconnectReason::Error(russh::Error::InactivityTimeout) => {
                let limit = "the server was silent for longer than ssh_read_write_timeout";
                limit.to_string()
            }
            DisconnectReason::Error(error) => error.to_string(),
        };
        // Only the first cause counts.
        let _ = self.ended.set(cause);
        Ok(())
    }
}
