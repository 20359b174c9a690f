//! Waiting until a guest lets us in.

use std::fmt;
use std::time::Duration;

use karat_model::duration::Go;
use karat_model::event::LogLevel;
use karat_model::facts::Facts;
use karat_sdk::{CommError, Communicator, Guest, NoCommunicator, StepContext, StepError};
use tokio::time::{Instant, sleep, timeout_at};

use super::logged::Logged;
use super::options::{CommunicatorKind, CommunicatorOptions, Patience, expand_home};
use super::ssh::key::{KeyPair, load_certificate};
use super::ssh::{Credentials, Dialer, Link, SshCommunicator, agent_socket};

/// Time between two attempts while nothing answers.
const PACE: Duration = Duration::from_millis(150);
/// Packer's time between two refused logins: what its count of attempts amounts to.
const PACKER_REFUSED_PACE: Duration = Duration::from_secs(7);
/// Time between two lines about what is waited for.
const HINT_PACE: Duration = Duration::from_secs(10);

/// Where a guest listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A guest that lets us in, or one that nobody asked to.
pub struct Connection {
    communicator: Box<dyn Communicator>,
    facts: Facts,
}

impl Connection {
    /// The connection of `communicator = "none"`: every operation says so, and it offers no facts.
    pub fn none() -> Self {
        Self { communicator: Box::new(NoCommunicator), facts: Facts::default() }
    }

    /// What the connection adds to `build.*`: `Host`, `Port`, `User`, `Password`, `ConnType`, the keys.
    pub fn facts(&self) -> Facts {
        self.facts.clone()
    }

    /// Removes the temporary key from the guest's `authorized_keys` files, where the template asks for it. What fails is
    /// left: the image is good without it.
    pub async fn clear_authorized_keys(
        &self,
        cx: &StepContext,
        options: &CommunicatorOptions,
    ) -> Result<(), StepError> {
        let name = [&options.ssh_keypair_name, &options.temporary_key_pair_name]
            .into_iter()
            .find(|name| !name.is_empty());
        let (true, Ok(CommunicatorKind::Ssh), Some(name)) =
            (options.ssh_clear_authorized_keys, options.kind(), name)
        else {
            return Ok(());
        };
        cx.say("Trying to remove ephemeral keys from authorized_keys files");
        for (sudo, home) in [("", "~"), ("sudo ", "/root")] {
            let file = format!("{home}/.ssh/authorized_keys");
            let line = format!("{sudo}sed -i.bak '/ {name}$/d' {file}; {sudo}rm {file}.bak");
            if let Ok(mut process) = self.communicator.start(karat_sdk::RemoteCommand::new(line)).await {
                let _ = cx.unless_cancelled(process.wait()).await?;
            }
        }
        Ok(())
    }
}

impl Guest for Connection {
    fn communicator(&self) -> &dyn Communicator {
        self.communicator.as_ref()
    }
}

/// Waits until the guest at `address` lets us in, and tells the user about it. `key` is the build's temporary key, tried
/// after the template's own.
pub async fn connect(
    cx: &StepContext,
    options: &CommunicatorOptions,
    address: &Address,
    key: Option<&KeyPair>,
) -> Result<Connection, StepError> {
    match options.kind().map_err(StepError::failed)? {
        CommunicatorKind::None => return Ok(Connection::none()),
        CommunicatorKind::Ssh => {}
    }
    let strict = cx.info().strict;
    let method = options.transfer_method(strict).map_err(StepError::failed)?;
    let file_key = load_key(cx, options).await?;
    let credentials = credentials(cx, options, file_key.as_ref(), key)?;
    let dialer = Dialer::new(address.clone(), credentials, options, !strict).map_err(StepError::failed)?;

    cx.say(format!("Using SSH communicator to connect: {}", address.host));
    let mut link = wait(cx, &dialer, options.patience()).await?;
    if !options.pause_before_connecting.is_zero() {
        cx.say(format!("Pausing {} before connecting...", Go(options.pause_before_connecting)));
        drop(link);
        cx.pause(options.pause_before_connecting).await?;
        // The pause is there because another system boots.
        dialer.host_key().forget();
        link = wait(cx, &dialer, options.patience()).await?;
    }
    cx.say("Connected to SSH!");
    let communicator = SshCommunicator::new(dialer, link, options.ssh_pty, method, strict);
    Ok(Connection {
        communicator: Box::new(Logged::new(communicator, cx)),
        facts: facts(options, address, key.or(file_key.as_ref())),
    })
}

async fn load_key(cx: &StepContext, options: &CommunicatorOptions) -> Result<Option<KeyPair>, StepError> {
    let Some(path) = options.private_key_path().map(|path| cx.resolve(path)) else { return Ok(None) };
    match KeyPair::load(&path) {
        Ok(key) => Ok(Some(key)),
        Err(message) => Err(StepError::failed(format!("ssh_private_key_file is invalid: {message}"))),
    }
}

fn credentials(
    cx: &StepContext,
    options: &CommunicatorOptions,
    file_key: Option<&KeyPair>,
    key: Option<&KeyPair>,
) -> Result<Credentials, StepError> {
    let agent = match (options.ssh_agent_auth, agent_socket()) {
        (false, _) => None,
        (true, Some(socket)) => Some(socket),
        (true, None) => {
            return Err(StepError::failed(
                "ssh_agent_auth is set and no SSH agent is there: SSH_AUTH_SOCK is not set; start one with \
                 `eval $(ssh-agent)` and add a key with `ssh-add`",
            ));
        }
    };
    let certificate = match (&options.ssh_certificate_file, file_key) {
        (Some(path), Some(_)) => {
            Some(load_certificate(&cx.resolve(expand_home(path))).map_err(StepError::failed)?)
        }
        _ => None,
    };
    Ok(Credentials {
        user: options.ssh_username.clone(),
        agent,
        keys: file_key.into_iter().chain(key).map(KeyPair::private).collect(),
        certificate,
        password: Some(options.ssh_password.clone()).filter(|password| !password.is_empty()),
    })
}

/// The wait itself: quick polls while nothing answers, slow ones while the guest refuses us.
async fn wait(cx: &StepContext, dialer: &Dialer, patience: Patience) -> Result<Link, StepError> {
    cx.say("Waiting for SSH to become available...");
    let strict = cx.info().strict;
    let started = Instant::now();
    let mut watch = Watch::new(started);
    let limited = async {
        cx.log(LogLevel::Info, format!("Attempting SSH connection to {}...", dialer.address()));
        loop {
            watch.attempts += 1;
            let error = match dialer.dial().await {
                Ok(link) => {
                    let (attempts, took) = (watch.attempts, started.elapsed());
                    let text = format!("SSH handshake complete after {took:.1?}, attempt {attempts}");
                    cx.log(LogLevel::Debug, text);
                    return Ok(link);
                }
                Err(error) => error,
            };
            watch.note(cx, &error);
            if !strict {
                watch.hint(cx, &error);
            }
            let pace = match &error {
                CommError::Authentication { .. } => {
                    if watch.refused(patience) {
                        return Err(StepError::because("Error waiting for SSH", error));
                    }
                    if strict { PACKER_REFUSED_PACE } else { watch.refused_pace() }
                }
                error if error.is_transient() => PACE,
                _ => return Err(StepError::because("Error waiting for SSH", error)),
            };
            watch.last = Some(error.to_string());
            sleep(pace).await;
        }
    };
    let outcome = cx
        .unless_cancelled(async {
            match patience.timeout {
                Some(limit) => timeout_at(started + limit, limited).await.map_err(|_| limit),
                None => Ok(limited.await),
            }
        })
        .await?;
    match outcome {
        Ok(result) => result,
        Err(_) if strict => Err(StepError::failed("Timeout waiting for SSH.")),
        Err(after) => {
            let last = match (dialer.waiting_for(), watch.last) {
                (Some(what), None) => format!("a connection, but not {what}"),
                (Some(what), Some(last)) => format!("{last}; then a connection, but not {what}"),
                (None, last) => last.unwrap_or_else(|| "nothing yet".into()),
            };
            Err(CommError::Timeout { what: "SSH".into(), after, last }.into())
        }
    }
}

/// What was seen while waiting.
struct Watch {
    last: Option<String>,
    attempts: u32,
    state: &'static str,
    told: Instant,
    refusals: u32,
    first_refusal: Option<Instant>,
}

impl Watch {
    fn new(started: Instant) -> Self {
        Self { last: None, attempts: 0, state: "", told: started, refusals: 0, first_refusal: None }
    }

    /// Notes what is seen when it changed: attempts are many. In words that people search Packer's logs for.
    fn note(&mut self, cx: &StepContext, error: &CommError) {
        let text = error.to_string();
        if self.last.as_ref() == Some(&text) {
            return;
        }
        let what = match error {
            CommError::NoAddress { .. } | CommError::NoRoute { .. } | CommError::PortClosed { .. } => {
                "TCP connection to SSH ip/port failed"
            }
            _ => "SSH handshake err",
        };
        cx.log(LogLevel::Debug, format!("{what}: {text} (attempt {})", self.attempts));
    }

    /// Says what is seen when it changed, but not for waits that are over soon and not often.
    fn hint(&mut self, cx: &StepContext, error: &CommError) {
        let state = state(error);
        if state != self.state && self.told.elapsed() >= HINT_PACE {
            self.state = state;
            self.told = Instant::now();
            cx.say(format!("Still waiting for SSH: {error}"));
        }
    }

    /// Counts a refused login; true when that is enough. The limit is as patient as Packer's: so many refusals, and as
    /// much time as Packer takes for them.
    fn refused(&mut self, patience: Patience) -> bool {
        self.refusals += 1;
        let first = *self.first_refusal.get_or_insert_with(Instant::now);
        patience.attempts.is_some_and(|limit| {
            self.refusals >= limit && first.elapsed() >= PACKER_REFUSED_PACE * (limit - 1)
        })
    }

    /// Quick at first, for guests that install the key a moment later; never so quick that a server shuts us out.
    fn refused_pace(&self) -> Duration {
        Duration::from_secs(1 << (self.refusals.min(3) - 1).min(2)).min(PACKER_REFUSED_PACE)
    }
}

fn state(error: &CommError) -> &'static str {
    match error {
        CommError::NoAddress { .. } => "no address",
        CommError::NoRoute { .. } => "no route",
        CommError::PortClosed { .. } => "port closed",
        CommError::NoBanner { .. } => "no banner",
        CommError::KeyExchange { .. } => "key exchange",
        CommError::Authentication { .. } => "authentication",
        CommError::HostKeyChanged { .. } => "host key changed",
        _ => "disconnected",
    }
}

fn facts(options: &CommunicatorOptions, address: &Address, key: Option<&KeyPair>) -> Facts {
    let mut facts = Facts::default();
    facts.set("Host", address.host.as_str());
    facts.set("Port", address.port);
    facts.set("User", options.ssh_username.as_str());
    facts.set("Password", options.ssh_password.expose());
    facts.set("ConnType", "ssh");
    facts.set("SSHPublicKey", key.map_or("", |key| key.public_openssh.as_str()));
    facts.set("SSHPrivateKey", key.map_or("", |key| key.private_openssh.expose()));
    let file = options.ssh_private_key_file.as_deref().map(|path| path.display().to_string());
    facts.set("SSHPrivateKeyFile", file.unwrap_or_default());
    facts.set("SSHAgentAuth", options.ssh_agent_auth);
    facts.set("WinRMPassword", "");
    facts
}
