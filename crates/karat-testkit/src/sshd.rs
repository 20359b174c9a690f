//! A private, real OpenSSH server on a loopback port of its own.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use tempfile::TempDir;

use crate::wait_for;

const BINARY: &str = "/usr/sbin/sshd";

/// A running sshd that lets the current user in with [`identity`](Sshd::identity), and ends when dropped.
///
/// Its sessions see an empty `HOME`, so that nobody's shell start-up files slow a test down or change what it sees;
/// they start in the user's real home directory all the same.
#[derive(Debug)]
pub struct Sshd {
    directory: TempDir,
    port: u16,
    user: String,
    child: Option<Child>,
}

impl Sshd {
    /// Starts a server with OpenSSH's defaults, scp and sftp.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts a server whose configuration begins with `settings`. sshd keeps the first value that it reads, so these
    /// win: `"Subsystem sftp /bin/false"`, `"MaxSessions 1"`, `"PubkeyAuthentication no"`.
    pub fn start_with(settings: &str) -> Self {
        assert!(Path::new(BINARY).exists(), "{BINARY} is missing: run scripts/need openssh-server");
        let directory = TempDir::with_prefix("karat-sshd-").expect("a temporary directory");
        let user = User::from_uid(geteuid()).ok().flatten().expect("the current user has a name").name;
        if geteuid().is_root() {
            fs::create_dir_all("/run/sshd").expect("sshd's privilege separation directory /run/sshd");
        }
        fs::create_dir(directory.path().join("home")).expect("a home");
        for key in ["host_key", "identity"] {
            keygen(&directory.path().join(key));
        }
        let mut server = Self { directory, port: 0, user, child: None };
        fs::copy(server.path("identity.pub"), server.path("authorized_keys")).expect("authorized_keys");
        // The port is free when we ask and may be taken when sshd binds it: then try another one.
        for _ in 0..5 {
            server.port = free_port();
            server.configure(settings);
            if server.launch() {
                return server;
            }
        }
        panic!("sshd does not start:\n{}", server.log());
    }

    fn configure(&self, settings: &str) {
        let directory = self.directory.path().display();
        let sftp =
            ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server"]
                .into_iter()
                .find(|path| Path::new(path).exists())
                .unwrap_or("internal-sftp");
        let config = format!(
            "{settings}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {directory}/host_key\n\
             AuthorizedKeysFile {directory}/authorized_keys\nPidFile none\nStrictModes no\nUsePAM no\nUseDNS no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPrintMotd no\n\
             MaxStartups 100\nLogLevel DEBUG1\nSetEnv HOME={directory}/home\nSubsystem sftp {sftp}\n",
            port = self.port
        );
        fs::write(self.path("sshd_config"), config).expect("sshd_config");
    }

    /// True once the server greets; false if it ended before.
    fn launch(&mut self) -> bool {
        let log =
            fs::OpenOptions::new().create(true).append(true).open(self.path("log")).expect("sshd's log");
        let child = Command::new(BINARY)
            .args(["-D", "-e", "-f"])
            .arg(self.path("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("sshd runs");
        self.child = Some(child);
        wait_for("sshd's greeting", Duration::from_secs(20), || {
            if self.child.as_mut().is_some_and(|child| child.try_wait().ok().flatten().is_some()) {
                return Some(false);
            }
            greets(self.port).then_some(true)
        })
    }

    /// Where it listens; always 127.0.0.1.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port, the same after a [`restart`](Sshd::restart).
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Who may log in: the user that runs the test.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The private key (ed25519, no passphrase) that is let in.
    pub fn identity(&self) -> PathBuf {
        self.path("identity")
    }

    /// The server's public host key, `ssh-ed25519 AAAA… comment`.
    pub fn host_key(&self) -> String {
        fs::read_to_string(self.path("host_key.pub")).expect("the host key").trim().to_owned()
    }

    /// Replaces the host key; the next start uses it.
    pub fn change_host_key(&self) {
        for file in ["host_key", "host_key.pub"] {
            fs::remove_file(self.path(file)).expect("the old host key");
        }
        keygen(&self.path("host_key"));
    }

    /// Adds a public key line to those that are let in.
    pub fn authorize(&self, public_key: &str) {
        let path = self.path("authorized_keys");
        let keys = fs::read_to_string(&path).expect("authorized_keys");
        fs::write(path, format!("{keys}{}\n", public_key.trim())).expect("authorized_keys");
    }

    /// Everything sshd has logged so far, at level DEBUG1.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// How many logins the log shows.
    pub fn logins(&self) -> usize {
        self.log().lines().filter(|line| line.starts_with("Accepted publickey for ")).count()
    }

    /// A directory of its own on the server's side, for uploads.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Cuts every open connection, as a network or a crash would, and goes on listening.
    pub fn cut_connections(&self) {
        let Some(child) = &self.child else { return };
        for process in descendants(child.id()) {
            signal(process, Signal::SIGKILL);
        }
    }

    /// Ends the server and every connection.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let connections = descendants(child.id());
        signal(child.id(), Signal::SIGKILL);
        for process in connections {
            signal(process, Signal::SIGKILL);
        }
        drop(child.wait());
    }

    /// Starts it again on the same port, as a rebooted machine does.
    pub fn restart(&mut self) {
        self.stop();
        assert!(self.launch(), "sshd does not start again:\n{}", self.log());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn keygen(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "karat-testkit", "-f"])
        .arg(path)
        .status()
        .expect("ssh-keygen is missing: run scripts/need openssh-client");
    assert!(made.success(), "ssh-keygen failed for {}", path.display());
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
    listener.local_addr().expect("its address").port()
}

fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut greeting = [0; 4];
    stream.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
        && stream.read_exact(&mut greeting).is_ok()
        && &greeting == b"SSH-"
}

fn signal(process: u32, signal: Signal) {
    if let Ok(process) = i32::try_from(process) {
        // It may have ended since we looked.
        let _ = kill(Pid::from_raw(process), signal);
    }
}

/// The processes below `process`, deepest last.
fn descendants(process: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let children: Vec<u32> = children.split_whitespace().filter_map(|id| id.parse().ok()).collect();
    children.into_iter().flat_map(|child| std::iter::once(child).chain(descendants(child))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssh(server: &Sshd, command: &str) -> std::process::Output {
        Command::new("ssh")
            .args([
                "-F",
                "none",
                "-o",
                "BatchMode=yes",
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "LogLevel=ERROR",
            ])
            .args(["-o", "UserKnownHostsFile=/dev/null", "-p", &server.port().to_string(), "-i"])
            .arg(server.identity())
            .arg(format!("{}@{}", server.user(), server.host()))
            .arg(command)
            .output()
            .expect("ssh runs")
    }

    #[test]
    fn lets_the_current_user_in_and_logs_it() {
        let server = Sshd::start();
        let output = ssh(&server, "echo $HOME; exit 7");
        assert_eq!(output.status.code(), Some(7));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), server.path("home").to_string_lossy());
        assert_eq!(server.logins(), 1, "{}", server.log());
    }

    #[test]
    fn cuts_connections_and_goes_on_listening() {
        let server = Sshd::start();
        let client = std::thread::scope(|scope| {
            let client = scope.spawn(|| ssh(&server, "sleep 60"));
            wait_for("the login", Duration::from_secs(20), || (server.logins() == 1).then_some(()));
            server.cut_connections();
            client.join().expect("the client")
        });
        assert_eq!(client.status.code(), Some(255), "the client saw its connection break");
        assert!(ssh(&server, "true").status.success());
    }

    #[test]
    fn restarts_on_the_same_port_with_a_new_host_key() {
        let mut server = Sshd::start();
        let (port, key) = (server.port(), server.host_key());
        server.change_host_key();
        server.restart();
        assert_eq!(server.port(), port);
        assert_ne!(server.host_key(), key);
        assert!(ssh(&server, "true").status.success());
    }

    #[test]
    fn first_settings_win() {
        let server = Sshd::start_with("PubkeyAuthentication no");
        assert_eq!(ssh(&server, "true").status.code(), Some(255));
    }
}
