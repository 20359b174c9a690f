//! Proving who we are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use karat_builtin::communicator::connect::{Address, connect};
use karat_builtin::communicator::options::CommunicatorOptions;
use karat_builtin::communicator::ssh::key::KeyPair;
use karat_model::facts::Facts;
use karat_sdk::testing::{context, context_with};
use karat_testkit::Sshd;
use russh::keys::{Algorithm, PrivateKey, key::safe_rng};
use russh::server::{self, Auth, Server};

use crate::guest::{address, options, options_of};

/// A server that knows passwords, as the private sshd (which has no password file of its own) cannot.
#[derive(Clone)]
struct Passwords {
    /// Whether it asks for the password as a question.
    asks: bool,
    attempts: Arc<AtomicUsize>,
}

impl server::Server for Passwords {
    type Handler = Self;

    fn new_client(&mut self, _: Option<std::net::SocketAddr>) -> Self {
        self.clone()
    }
}

impl server::Handler for Passwords {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        Ok(if !self.asks && (user, password) == ("packer", "sesame") { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<server::Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        if !self.asks {
            return Ok(Auth::reject());
        }
        let Some(answers) = response else {
            let prompts = vec![("Password: ".into(), false), ("Again: ".into(), false)];
            return Ok(Auth::Partial { name: "".into(), instructions: "".into(), prompts: prompts.into() });
        };
        let answers: Vec<String> =
            answers.map(|answer| String::from_utf8_lossy(&answer).into_owned()).collect();
        Ok(if answers == ["sesame", "sesame"] { Auth::Accept } else { Auth::reject() })
    }
}

/// The server's port, and how often it was asked for a password.
async fn password_server(asks: bool) -> (Address, Arc<AtomicUsize>) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let config = server::Config {
        keys: vec![PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap()],
        auth_rejection_time: std::time::Duration::from_millis(1),
        auth_rejection_time_initial: Some(std::time::Duration::ZERO),
        ..server::Config::default()
    };
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let mut passwords = Passwords { asks, attempts: attempts.clone() };
    tokio::spawn(async move { passwords.run_on_socket(Arc::new(config), &socket).await });
    (Address { host: "127.0.0.1".into(), port }, attempts)
}

fn password(text: &str, more: &[(&str, &str)]) -> CommunicatorOptions {
    let mut pairs = vec![("ssh_username", "packer"), ("ssh_password", text)];
    pairs.extend_from_slice(more);
    options_of(&pairs)
}

#[tokio::test]
async fn com_01_a_password_lets_us_in() {
    let (cx, _host) = context();
    let (address, _) = password_server(false).await;
    connect(&cx, &password("sesame", &[]), &address, None).await.unwrap();
}

#[tokio::test]
async fn com_01_the_password_answers_every_question() {
    let (cx, _host) = context();
    let (address, _) = password_server(true).await;
    connect(&cx, &password("sesame", &[]), &address, None).await.unwrap();
}

#[tokio::test]
async fn com_01_a_wrong_password_is_told_with_what_was_tried() {
    let (cx, _host) = context();
    let (address, attempts) = password_server(false).await;
    let error = connect(&cx, &password("guess", &[("ssh_handshake_attempts", "1")]), &address, None)
        .await
        .err()
        .unwrap();
    let text = error.to_string();
    assert!(text.starts_with("Error waiting for SSH: "), "{text}");
    assert!(text.contains("refused user `packer`: tried password, keyboard-interactive"), "{text}");
    assert!(!text.contains("guess"), "{text}");
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn com_02_a_wrong_key_is_told_with_its_fingerprint() {
    let server = Sshd::start();
    let other = Sshd::start();
    let (cx, _host) = context();
    let identity = other.identity();
    let more = [("ssh_private_key_file", identity.to_str().unwrap()), ("ssh_handshake_attempts", "1")];
    let error = connect(&cx, &options(&server, &more), &address(&server), None).await.err().unwrap();
    let text = error.to_string();
    assert!(text.contains("tried ssh-ed25519 key SHA256:"), "{text}");
    assert!(text.contains("the server accepts publickey"), "{text}");
}

#[tokio::test]
async fn com_02_no_credential_at_all_is_said() {
    let server = Sshd::start();
    let (cx, _host) = context();
    let options = options_of(&[("ssh_username", server.user()), ("ssh_handshake_attempts", "1")]);
    let error = connect(&cx, &options, &address(&server), None).await.err().unwrap();
    assert!(error.to_string().contains("tried nothing: no key and no password is set"), "{error}");
}

#[tokio::test]
async fn com_02_an_encrypted_key_is_told_apart_from_a_broken_one() {
    let (cx, host) = context();
    let path = host.directory().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "secret", "-f"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let pairs = [("ssh_username", "x"), ("ssh_private_key_file", path.to_str().unwrap())];
    let address = Address { host: "127.0.0.1".into(), port: 1 };
    let error = connect(&cx, &options_of(&pairs), &address, None).await.err().unwrap();
    assert!(error.to_string().starts_with("ssh_private_key_file is invalid: "), "{error}");
    assert!(error.to_string().contains("has a passphrase"), "{error}");
    std::fs::write(&path, "no key").unwrap();
    let error = connect(&cx, &options_of(&pairs), &address, None).await.err().unwrap();
    assert!(error.to_string().contains("not a private key"), "{error}");
}

#[tokio::test]
async fn com_02_a_certificate_lets_us_in() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let run = |arguments: &[&str]| {
        assert!(std::process::Command::new("ssh-keygen").args(arguments).status().unwrap().success());
    };
    run(&["-q", "-t", "ed25519", "-N", "", "-f", &path("ca")]);
    run(&["-q", "-t", "ed25519", "-N", "", "-f", &path("user")]);
    let user = Sshd::start().user().to_string();
    run(&["-q", "-s", &path("ca"), "-I", "test", "-n", &user, &path("user.pub")]);
    let server = Sshd::start_with(&format!("TrustedUserCAKeys {}\nAuthorizedKeysFile none", path("ca.pub")));
    let (cx, _host) = context();
    let pairs = [
        ("ssh_username", user.as_str()),
        ("ssh_private_key_file", &path("user")),
        ("ssh_certificate_file", &path("user-cert.pub")),
    ];
    connect(&cx, &options_of(&pairs), &address(&server), None).await.unwrap();
}

#[tokio::test]
async fn com_04_temporary_keys_of_every_kind_let_us_in() {
    for (kind, bits, algorithm) in [
        ("", "0", "ssh-ed25519"),
        ("ed25519", "9999", "ssh-ed25519"),
        ("ecdsa", "0", "ecdsa-sha2-nistp521"),
        ("ecdsa", "256", "ecdsa-sha2-nistp256"),
        ("ecdsa", "384", "ecdsa-sha2-nistp384"),
        ("rsa", "1024", "ssh-rsa"),
    ] {
        let server = Sshd::start_with("RequiredRSASize 1024");
        let options = options_of(&[
            ("ssh_username", server.user()),
            ("temporary_key_pair_type", kind),
            ("temporary_key_pair_bits", bits),
            ("ssh_handshake_attempts", "1"),
        ]);
        let key = KeyPair::temporary(&options, "packer_1234").unwrap();
        assert!(key.public_openssh.starts_with(&format!("{algorithm} ")), "{}", key.public_openssh);
        assert!(key.public_openssh.ends_with(" packer_1234"), "{}", key.public_openssh);
        server.authorize(&key.public_openssh);
        let (cx, _host) = context_with(Facts::default(), |_| {});
        let connection = connect(&cx, &options, &address(&server), Some(&key)).await.unwrap();
        assert_eq!(connection.facts().text("SSHPublicKey"), Some(key.public_openssh.as_str()));
    }
}

#[test]
fn com_04_impossible_temporary_keys_are_refused() {
    for (kind, bits, reason) in [
        ("rsa", "512", "an rsa key has 1024"),
        ("ecdsa", "100", "256, 384 or 521"),
        ("dsa", "0", "stopped accepting"),
        ("x", "0", "is invalid"),
    ] {
        let options = options_of(&[("temporary_key_pair_type", kind), ("temporary_key_pair_bits", bits)]);
        let error = KeyPair::temporary(&options, "c").unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn com_04_keys_hide_their_private_half() {
    let key = KeyPair::temporary(&options_of(&[]), "c").unwrap();
    assert!(key.private_openssh.expose().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
    assert!(!format!("{key:?}").contains("PRIVATE"));
}
