//! The options with which a template says how to get into a guest.

use std::path::PathBuf;
use std::time::Duration;

use karat_model::duration;
use karat_model::secret::Secret;
use karat_model::value::{Type, Value};
use karat_sdk::config::{Field, UNKNOWN_TEXT};
use karat_sdk::{CheckContext, Config, Problems};

use super::ssh::algorithms;
use super::ssh::key::{KeyKind, KeyPair};

/// Attempts at authentication when the template limits neither attempts nor time (Packer 1.16).
pub const DEFAULT_ATTEMPTS: u32 = 10;
/// How long SSH is waited for when the template limits neither attempts nor time (Packer 1.16).
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How to get into the guest.
#[derive(Config, Clone, Debug)]
#[config(unsupported(
    ssh_bastion_host = "jumping through a bastion host is not supported yet; forward a local port with `ssh -L` and connect to it",
    ssh_bastion_port = "jumping through a bastion host is not supported yet",
    ssh_bastion_username = "jumping through a bastion host is not supported yet",
    ssh_bastion_password = "jumping through a bastion host is not supported yet",
    ssh_bastion_interactive = "jumping through a bastion host is not supported yet",
    ssh_bastion_agent_auth = "jumping through a bastion host is not supported yet",
    ssh_bastion_private_key_file = "jumping through a bastion host is not supported yet",
    ssh_bastion_certificate_file = "jumping through a bastion host is not supported yet",
    ssh_proxy_host = "connecting through a SOCKS proxy is not supported yet",
    ssh_proxy_port = "connecting through a SOCKS proxy is not supported yet",
    ssh_proxy_username = "connecting through a SOCKS proxy is not supported yet",
    ssh_proxy_password = "connecting through a SOCKS proxy is not supported yet",
    ssh_remote_tunnels = "tunnels are not supported yet",
    ssh_local_tunnels = "tunnels are not supported yet",
    winrm_username = "the winrm communicator is not supported yet",
    winrm_password = "the winrm communicator is not supported yet",
    winrm_host = "the winrm communicator is not supported yet",
    winrm_port = "the winrm communicator is not supported yet",
    winrm_timeout = "the winrm communicator is not supported yet",
    winrm_use_ssl = "the winrm communicator is not supported yet",
    winrm_insecure = "the winrm communicator is not supported yet",
    winrm_use_ntlm = "the winrm communicator is not supported yet",
    winrm_no_proxy = "the winrm communicator is not supported yet",
))]
pub struct CommunicatorOptions {
    /// How to talk to the guest: `ssh`, or `none` for a build without a connection.
    #[config(default = "ssh".to_string())]
    pub communicator: String,
    /// How long to wait between a first and a second, final connection: for guests that reboot once they are up.
    pub pause_before_connecting: Duration,
    /// Name or address of the guest. Builders that know it find it themselves.
    pub ssh_host: String,
    /// Port of the guest's SSH server.
    #[config(default = 22)]
    pub ssh_port: u16,
    /// User to log in as.
    pub ssh_username: String,
    /// Password, also given as the answer to every question of keyboard-interactive authentication.
    pub ssh_password: Secret,
    /// Name of a key pair that the cloud knows.
    pub ssh_keypair_name: String,
    /// Name of the temporary key pair: the comment of its public key.
    pub temporary_key_pair_name: String,
    /// Kind of the temporary key: `ed25519` (the default), `ecdsa` or `rsa`.
    pub temporary_key_pair_type: String,
    /// Size of the temporary key in bits: rsa from 1024 (4096 by default), ecdsa 256, 384 or 521 (the default).
    pub temporary_key_pair_bits: u32,
    /// Ciphers to offer, in order.
    pub ssh_ciphers: Vec<String>,
    /// Key exchange methods to offer, in order.
    pub ssh_key_exchange_algorithms: Vec<String>,
    /// Whether to remove the temporary key from the guest's `authorized_keys` files at the end.
    pub ssh_clear_authorized_keys: bool,
    /// Private key to log in with; `~` is the home directory.
    pub ssh_private_key_file: Option<PathBuf>,
    /// OpenSSH certificate that belongs to the private key.
    pub ssh_certificate_file: Option<PathBuf>,
    /// Whether commands get a terminal.
    pub ssh_pty: bool,
    /// How long SSH is waited for; `0s` means for ever. `5m` unless `ssh_handshake_attempts` is set.
    pub ssh_timeout: Option<Duration>,
    /// How long SSH is waited for.
    #[config(deprecated = "use ssh_timeout")]
    pub ssh_wait_timeout: Option<Duration>,
    /// How often the guest may refuse us before we give up; 0 means for ever. 10 unless `ssh_timeout` is set.
    pub ssh_handshake_attempts: Option<u32>,
    /// Whether to log in with the keys of the SSH agent at `SSH_AUTH_SOCK`.
    pub ssh_agent_auth: bool,
    /// Whether to keep the SSH agent at `SSH_AUTH_SOCK` from the guest.
    pub ssh_disable_agent_forwarding: bool,
    /// How files travel: `scp` or `sftp`. Without it the fastest way that the guest offers is taken.
    pub ssh_file_transfer_method: Option<String>,
    /// How often the guest is asked whether it still lives, `5s` by default; negative means never.
    #[config(default = KeepAlive::Every(Duration::from_secs(5)))]
    pub ssh_keep_alive_interval: KeepAlive,
    /// How long the connection may be silent before it counts as broken; `1m` by default where keep-alives are on.
    pub ssh_read_write_timeout: Option<Duration>,
}

/// The ways into a guest that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommunicatorKind {
    /// SSH.
    Ssh,
    /// None at all.
    None,
}

/// How often the guest is asked whether it still lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepAlive {
    /// Never.
    #[default]
    Off,
    /// After this much silence.
    Every(Duration),
}

impl Field for KeepAlive {
    fn ty() -> Type {
        Type::String
    }

    fn read(value: &Value, text: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        let text = String::read(value, text)?;
        if text.is_empty() || text == UNKNOWN_TEXT {
            return Ok(Self::Every(Duration::from_secs(5)));
        }
        match duration::parse_signed(&text).map_err(|error| error.to_string())? {
            (true, _) => Ok(Self::Off),
            (false, Duration::ZERO) => Ok(Self::Every(Duration::from_secs(5))),
            (false, interval) => Ok(Self::Every(interval)),
        }
    }
}

/// How files travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferMethod {
    /// The fastest way that the guest offers.
    Fastest,
    /// The scp program on both ends.
    Scp,
    /// The sftp subsystem.
    Sftp,
}

/// What ends the wait for SSH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Time in all; `None` is for ever.
    pub timeout: Option<Duration>,
    /// Refused attempts; `None` is for ever.
    pub attempts: Option<u32>,
}

impl CommunicatorOptions {
    /// Which way into the guest is asked for.
    pub fn kind(&self) -> Result<CommunicatorKind, String> {
        match self.communicator.as_str() {
            "" | "ssh" => Ok(CommunicatorKind::Ssh),
            "none" => Ok(CommunicatorKind::None),
            known @ ("winrm" | "docker" | "dockerWindowsContainer") => {
                Err(format!("the communicator `{known}` is not supported yet; use `ssh` or `none`"))
            }
            other => Err(format!("Communicator type {other} is invalid; use `ssh` or `none`")),
        }
    }

    /// Packer's rules for a configuration that will be used to connect.
    pub fn check(&self, cx: &CheckContext, problems: &mut Problems) {
        match self.kind() {
            Ok(CommunicatorKind::Ssh) => self.check_ssh(cx, problems),
            Ok(CommunicatorKind::None) => {}
            Err(message) => problems.add("communicator", message),
        }
    }

    fn check_ssh(&self, cx: &CheckContext, problems: &mut Problems) {
        if self.ssh_username.is_empty() {
            problems.add(
                "ssh_username",
                "An ssh_username must be specified\n  Note: some builders used to default ssh_username to \"root\".",
            );
        }
        if let Some(path) = self.private_key_path()
            && let Err(message) = KeyPair::load(&cx.info.cwd.join(path))
        {
            problems.add("ssh_private_key_file", format!("ssh_private_key_file is invalid: {message}"));
        }
        if let Some(path) = &self.ssh_certificate_file
            && path.as_os_str() != UNKNOWN_TEXT
        {
            if self.ssh_private_key_file.is_none() {
                problems.add(
                    "ssh_certificate_file",
                    "ssh_certificate_file needs the private key that it certifies: set ssh_private_key_file",
                );
            } else if let Err(error) = super::ssh::key::load_certificate(&cx.info.cwd.join(expand_home(path)))
            {
                problems.add("ssh_certificate_file", format!("ssh_certificate_file is invalid: {error}"));
            }
        }
        if let Err(message) = self.transfer_method(false) {
            problems.add("ssh_file_transfer_method", message);
        }
        if let Err(message) = KeyKind::of(self) {
            problems.add("temporary_key_pair_type", message);
        }
        if let Err(message) = algorithms::preferred(self) {
            problems.add_general(message);
        }
    }

    /// How files travel; under `strict` scp unless the template says otherwise, as in Packer.
    pub fn transfer_method(&self, strict: bool) -> Result<TransferMethod, String> {
        match self.ssh_file_transfer_method.as_deref() {
            None | Some("") if strict => Ok(TransferMethod::Scp),
            None | Some("") => Ok(TransferMethod::Fastest),
            Some("scp") => Ok(TransferMethod::Scp),
            Some("sftp") => Ok(TransferMethod::Sftp),
            Some(UNKNOWN_TEXT) => Ok(TransferMethod::Fastest),
            Some(other) => {
                Err(format!("ssh_file_transfer_method ('{other}') is invalid, valid methods: sftp, scp"))
            }
        }
    }

    /// What ends the wait. Both defaults hold only when the template limits neither; the old `ssh_wait_timeout` replaces
    /// the time afterwards, so it leaves the attempts limited.
    pub fn patience(&self) -> Patience {
        let (timeout, attempts) = match (self.ssh_timeout, self.ssh_handshake_attempts) {
            (None, None) => (DEFAULT_TIMEOUT, DEFAULT_ATTEMPTS),
            (timeout, attempts) => (timeout.unwrap_or_default(), attempts.unwrap_or_default()),
        };
        let timeout = self.ssh_wait_timeout.filter(|old| !old.is_zero()).unwrap_or(timeout);
        Patience {
            timeout: Some(timeout).filter(|t| !t.is_zero()),
            attempts: Some(attempts).filter(|a| *a > 0),
        }
    }

    /// How long the connection may be silent, keep-alives included.
    pub fn silence(&self) -> Option<Duration> {
        match (self.ssh_read_write_timeout.filter(|limit| !limit.is_zero()), self.ssh_keep_alive_interval) {
            (Some(limit), _) => Some(limit),
            (None, KeepAlive::Every(interval)) => Some(Duration::from_secs(60).max(interval * 4)),
            (None, KeepAlive::Off) => None,
        }
    }

    /// The private key file, with `~` expanded; `None` where it is not given or not known yet.
    pub fn private_key_path(&self) -> Option<PathBuf> {
        self.ssh_private_key_file
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty() && path.as_os_str() != UNKNOWN_TEXT)
            .map(expand_home)
    }
}

/// `~` and `~/…` as the user's home directory.
pub(crate) fn expand_home(path: &std::path::Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use karat_model::value::Value;
    use karat_sdk::testing::{RecordingHost, check_context};

    use super::*;

    pub(crate) fn options(pairs: &[(&str, &str)]) -> CommunicatorOptions {
        try_options(pairs).unwrap()
    }

    fn try_options(pairs: &[(&str, &str)]) -> Result<CommunicatorOptions, Problems> {
        let host = RecordingHost::new();
        let object = pairs.iter().map(|(key, text)| (key.to_string(), value(key, text))).collect();
        check_context(&host).decode(&Value::object(object))
    }

    fn value(key: &str, text: &str) -> Value {
        match CommunicatorOptions::schema().attributes[key].ty {
            Type::Number => Value::number(text.parse::<i64>().unwrap()),
            Type::Bool => Value::bool(text == "true"),
            _ => Value::string(text),
        }
    }

    fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
        let host = RecordingHost::new();
        let mut problems = Problems::new();
        options(pairs).check(&check_context(&host), &mut problems);
        problems.0.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn com_07_time_and_attempts_default_only_together() {
        let limits = |pairs: &[(&str, &str)]| {
            let patience = options(pairs).patience();
            (patience.timeout.map(|t| t.as_secs()), patience.attempts)
        };
        assert_eq!(limits(&[]), (Some(300), Some(10)));
        assert_eq!(limits(&[("ssh_timeout", "1m")]), (Some(60), None));
        assert_eq!(limits(&[("ssh_handshake_attempts", "3")]), (None, Some(3)));
        assert_eq!(limits(&[("ssh_wait_timeout", "1m")]), (Some(60), Some(10)));
        assert_eq!(limits(&[("ssh_timeout", "0s"), ("ssh_handshake_attempts", "0")]), (None, None));
    }

    #[test]
    fn com_01_a_user_name_is_needed() {
        let found = problems(&[]);
        assert!(found[0].starts_with("An ssh_username must be specified\n"), "{found:?}");
        assert!(problems(&[("ssh_username", "root")]).is_empty());
        assert!(problems(&[("communicator", "none")]).is_empty());
    }

    #[test]
    fn com_11_transfer_methods_are_scp_and_sftp() {
        let found = problems(&[("ssh_username", "root"), ("ssh_file_transfer_method", "ftp")]);
        assert_eq!(found, ["ssh_file_transfer_method ('ftp') is invalid, valid methods: sftp, scp"]);
        assert_eq!(options(&[]).transfer_method(true), Ok(TransferMethod::Scp));
        assert_eq!(options(&[]).transfer_method(false), Ok(TransferMethod::Fastest));
        assert_eq!(
            options(&[("ssh_file_transfer_method", "sftp")]).transfer_method(true),
            Ok(TransferMethod::Sftp)
        );
    }

    #[test]
    fn what_is_not_supported_yet_is_named() {
        assert!(problems(&[("communicator", "winrm")])[0].contains("`winrm` is not supported yet"));
        assert!(problems(&[("communicator", "telnet")])[0].contains("Communicator type telnet is invalid"));
        assert!(CommunicatorOptions::schema().attributes["ssh_bastion_host"].unsupported.is_some());
    }

    #[test]
    fn com_02_a_missing_key_file_is_a_problem() {
        let found = problems(&[("ssh_username", "root"), ("ssh_private_key_file", "nowhere/key")]);
        assert!(found[0].starts_with("ssh_private_key_file is invalid: "), "{found:?}");
        assert!(found[0].contains("nowhere/key"), "{found:?}");
    }

    #[test]
    fn com_09_keep_alive_may_be_off() {
        assert_eq!(options(&[]).ssh_keep_alive_interval, KeepAlive::Every(Duration::from_secs(5)));
        assert_eq!(options(&[]).silence(), Some(Duration::from_secs(60)));
        let off = options(&[("ssh_keep_alive_interval", "-1s")]);
        assert_eq!((off.ssh_keep_alive_interval, off.silence()), (KeepAlive::Off, None));
        assert_eq!(options(&[("ssh_read_write_timeout", "7s")]).silence(), Some(Duration::from_secs(7)));
    }
}
