//! Waiting for a guest, losing it, finding it again.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use karat_builtin::communicator::connect::{Address, connect};
use karat_model::event::CancelLevel;
use karat_model::facts::Facts;
use karat_sdk::testing::{context, context_with};
use karat_sdk::{CommError, Exit, Guest, RemoteCommand, StepError};
use karat_testkit::Sshd;

use crate::guest::{Lab, address, options, options_of};

fn last_seen(error: &StepError) -> String {
    match error {
        StepError::Comm(CommError::Timeout { last, .. }) => last.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn com_07_connecting_says_packers_lines() {
    let lab = Lab::new().await;
    let lines = lab.host.lines();
    assert_eq!(
        lines,
        [
            "Using SSH communicator to connect: 127.0.0.1",
            "Waiting for SSH to become available...",
            "Connected to SSH!"
        ]
    );
    assert_eq!(lab.run("echo hello; echo oops >&2; exit 3").await.1, Exit::Code(3));
    let facts = lab.connection.facts();
    assert_eq!(facts.text("Host"), Some("127.0.0.1"));
    assert_eq!(facts.get("Port"), Some(&serde_json::json!(lab.server.port())));
    assert_eq!(facts.text("User"), Some(lab.server.user()));
    assert_eq!(facts.text("ConnType"), Some("ssh"));
    assert!(facts.text("SSHPublicKey").unwrap().starts_with("ssh-ed25519 "));
}

#[tokio::test]
async fn cli_29_the_log_has_attempts_commands_and_files() {
    let lab = Lab::new().await;
    lab.run("echo hello; exit 3").await;
    lab.run("true").await;
    let bytes = karat_sdk::Upload::Bytes { data: b"x", mode: 0o644 };
    let target = lab.target().join("x").display().to_string();
    let communicator = lab.connection.communicator();
    communicator.upload(bytes, &target, karat_sdk::Transfer::quiet()).await.unwrap();
    communicator.upload(bytes, "/no/such/x", karat_sdk::Transfer::quiet()).await.unwrap_err();
    let log = lab.host.log();
    let upload = format!("Upload 1 bytes to '{target}', mode 644");
    for (line, wanted) in log.iter().zip([
        &format!("Attempting SSH connection to {}...", address(&lab.server)),
        "SSH handshake complete after ",
        "starting remote command: echo hello; exit 3",
        "Remote command exited with '3': echo hello; exit 3",
        "starting remote command: true",
        "Remote command exited with '0': true",
        &upload,
        &format!("{upload}: done after "),
        "Upload 1 bytes to '/no/such/x', mode 644",
        "Upload 1 bytes to '/no/such/x', mode 644: ",
    ]) {
        assert!(line.starts_with(wanted), "{wanted}\n{log:#?}");
    }
    assert_eq!(log.len(), 10, "{log:#?}");
    // Nothing of it is for the screen.
    assert_eq!(lab.host.lines().len(), 3);
}

#[tokio::test]
async fn com_07_a_closed_port_is_named_when_time_is_up() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (cx, host) = context();
    let options = options_of(&[("ssh_username", "x"), ("ssh_password", "y"), ("ssh_timeout", "400ms")]);
    let address = Address { host: "127.0.0.1".into(), port: free };
    let error = connect(&cx, &options, &address, None).await.err().unwrap();
    // Each state once, however often it is seen.
    let log = host.log();
    assert!(
        log.len() == 2 && log[1].starts_with("TCP connection to SSH ip/port failed: port closed"),
        "{log:?}"
    );
    assert!(last_seen(&error).starts_with(&format!("port closed at 127.0.0.1:{free}: ")), "{error}");
    assert!(error.to_string().starts_with("Timeout waiting for SSH after 400ms."), "{error}");
}

#[tokio::test]
async fn com_07_strict_says_nothing_more_than_packer() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (cx, _host) = context_with(Facts::default(), |info| info.strict = true);
    let options = options_of(&[("ssh_username", "x"), ("ssh_password", "y"), ("ssh_timeout", "200ms")]);
    let address = Address { host: "127.0.0.1".into(), port: free };
    let error = connect(&cx, &options, &address, None).await.err().unwrap();
    assert_eq!(error.to_string(), "Timeout waiting for SSH.");
}

#[tokio::test]
async fn com_07_a_server_of_another_kind_has_no_banner() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let web = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that has gone already is the next one's business.
            let _ = stream.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let (cx, _host) = context();
    let options = options_of(&[("ssh_username", "x"), ("ssh_password", "y"), ("ssh_timeout", "600ms")]);
    let error =
        connect(&cx, &options, &Address { host: "127.0.0.1".into(), port }, None).await.err().unwrap();
    let seen = last_seen(&error);
    assert!(seen.starts_with("no SSH banner from") && seen.contains("HTTP/1.1 400 Bad Request"), "{seen}");
    web.abort();
}

#[tokio::test]
async fn com_07_a_silent_listener_does_not_hide_a_server_that_comes_later() {
    // As QEMU's user network does: the connection is accepted before the guest can answer, and stays silent.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let server = Sshd::start();
    let target = (server.host(), server.port());
    let proxy = tokio::spawn(async move {
        let (_first, _) = silent.accept().await.unwrap();
        loop {
            let (mut client, _) = silent.accept().await.unwrap();
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(target).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    let (cx, _host) = context();
    let started = Instant::now();
    let address = Address { host: "127.0.0.1".into(), port };
    connect(&cx, &options(&server, &[]), &address, None).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(15), "the silent connection was waited for to its end");
    proxy.abort();
}

#[tokio::test]
async fn com_07_a_name_without_an_address_is_named() {
    let (cx, _host) = context();
    let options = options_of(&[("ssh_username", "x"), ("ssh_password", "y"), ("ssh_timeout", "500ms")]);
    let address = Address { host: "nowhere.invalid".into(), port: 22 };
    let error = connect(&cx, &options, &address, None).await.err().unwrap();
    let text = error.to_string();
    // A slow resolver may not have answered in time.
    assert!(
        text.contains("cannot find the address of nowhere.invalid") || text.contains("nothing yet"),
        "{text}"
    );
}

#[tokio::test]
async fn com_07_cancelling_ends_the_wait_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (cx, host) = context();
    let options = options_of(&[("ssh_username", "x"), ("ssh_password", "y"), ("ssh_timeout", "10m")]);
    let address = Address { host: "127.0.0.1".into(), port: free };
    let waiting = tokio::spawn(async move { connect(&cx, &options, &address, None).await.err().unwrap() });
    host.canceller().cancel(CancelLevel::Stop, "interrupt");
    let error = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert!(error.is_cancelled(), "{error}");
}

#[tokio::test]
async fn com_07_unknown_algorithms_and_no_common_ones_are_errors() {
    let server = Sshd::start_with("Ciphers aes256-ctr");
    let (cx, _host) = context();
    let more = [("ssh_ciphers", "chacha20-poly1305@openssh.com"), ("ssh_timeout", "300ms")];
    let error = connect(&cx, &options(&server, &more), &address(&server), None).await.err().unwrap();
    assert!(last_seen(&error).starts_with("key exchange with 127.0.0.1:"), "{error}");
    let more = [("ssh_ciphers", "rot13")];
    let error = connect(&cx, &options(&server, &more), &address(&server), None).await.err().unwrap();
    assert_eq!(error.to_string(), "ssh_ciphers: the cipher `rot13` is unknown");
    let more = [("ssh_ciphers", "aes256-ctr"), ("ssh_key_exchange_algorithms", "curve25519-sha256")];
    connect(&cx, &options(&server, &more), &address(&server), None).await.unwrap();
}

#[tokio::test]
async fn com_09_a_lost_connection_is_made_again() {
    let lab = Lab::new().await;
    assert_eq!(lab.run("echo one").await, ("one\n".into(), Exit::Code(0)));
    lab.server.cut_connections();
    assert_eq!(lab.run("echo two").await, ("two\n".into(), Exit::Code(0)));
    assert_eq!(lab.server.logins(), 2);
}

#[tokio::test]
async fn com_09_one_connection_serves_everything() {
    let lab = Lab::new().await;
    for index in 0..12 {
        assert_eq!(lab.run(&format!("echo {index}")).await.0, format!("{index}\n"));
    }
    lab.connection
        .communicator()
        .upload(
            karat_sdk::Upload::Bytes { data: b"x", mode: 0o644 },
            lab.target().join("x").to_str().unwrap(),
            karat_sdk::Transfer::quiet(),
        )
        .await
        .unwrap();
    assert_eq!(lab.server.logins(), 1);
}

#[tokio::test]
async fn com_09_a_command_that_loses_its_connection_is_not_one_that_failed() {
    let lab = Lab::new().await;
    let mut process =
        lab.connection.communicator().start(RemoteCommand::new("echo started; exec sleep 60")).await.unwrap();
    assert_eq!(process.output().await.unwrap().bytes, "started\n");
    lab.server.cut_connections();
    assert_eq!(process.wait().await.unwrap(), Exit::Disconnected);
    assert_eq!(lab.run("kill -9 $$").await.1, Exit::Signal);
    assert_eq!(lab.run("exit 255").await.1, Exit::Code(255));
}

#[tokio::test]
async fn com_09_a_changed_host_key_ends_the_build() {
    let mut lab = Lab::new().await;
    lab.server.change_host_key();
    lab.server.restart();
    let error = lab.connection.communicator().start(RemoteCommand::new("true")).await.err().unwrap();
    let CommError::HostKeyChanged { known, found, .. } = &error else { panic!("{error:?}") };
    assert!(known.starts_with("SHA256:") && found.starts_with("SHA256:") && known != found, "{error}");

    // Packer never looks at host keys.
    let mut lab = Lab::strict().await;
    lab.server.change_host_key();
    lab.server.restart();
    assert_eq!(lab.run("echo in").await.0, "in\n");
}

#[tokio::test]
async fn com_09_resetting_makes_a_new_login() {
    let lab = Lab::new().await;
    lab.connection.communicator().reset().await.unwrap();
    assert_eq!(lab.server.logins(), 2);
}

#[tokio::test]
async fn com_09_commands_get_a_terminal_where_the_template_asks() {
    let lab = Lab::with(&[("ssh_pty", "true")], false).await;
    let (text, exit) =
        lab.run("tty >/dev/null && stty size && stty -a | grep -o -e '-echo ' && echo $TERM").await;
    assert_eq!((text.replace('\r', "").as_str(), exit), ("40 80\n-echo \nxterm\n", Exit::Code(0)));
    // Files are not mangled by it.
    let target = lab.target().join("f");
    let data: &[u8] = b"\x04\x03\x00\r\n";
    let upload = karat_sdk::Upload::Bytes { data, mode: 0o600 };
    lab.connection
        .communicator()
        .upload(upload, target.to_str().unwrap(), karat_sdk::Transfer::quiet())
        .await
        .unwrap();
    assert_eq!(std::fs::read(target).unwrap(), data);
    let lab = Lab::new().await;
    assert_eq!(lab.run("tty").await.1, Exit::Code(1));
}

#[tokio::test]
async fn com_09_silence_breaks_a_connection_that_is_not_answered() {
    let server = crate::guest::server("");
    // A network that swallows everything once it is told to.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (swallow, swallowing) = tokio::sync::watch::channel(false);
    let target = (server.host(), server.port());
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut swallowing = swallowing.clone();
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(target).await.unwrap();
                let told = async { drop(swallowing.wait_for(|on| *on).await) };
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    () = told => {}
                }
                // Both connections stay open and nothing passes.
                std::future::pending::<()>().await;
            });
        }
    });
    let (cx, _host) = context();
    let more = [("ssh_keep_alive_interval", "200ms"), ("ssh_read_write_timeout", "1s")];
    let address = Address { host: "127.0.0.1".into(), port };
    let connection = connect(&cx, &options(&server, &more), &address, None).await.unwrap();
    let mut process =
        connection.communicator().start(RemoteCommand::new("echo up; exec sleep 600")).await.unwrap();
    assert!(process.output().await.is_some());
    // Longer than the limit: keep-alives hold an idle connection.
    assert!(tokio::time::timeout(Duration::from_secs(2), process.output()).await.is_err());
    swallow.send(true).unwrap();
    let exit = tokio::time::timeout(Duration::from_secs(20), process.wait()).await.unwrap().unwrap();
    assert_eq!(exit, Exit::Disconnected);
}

#[tokio::test]
async fn com_08_pausing_before_connecting_connects_twice() {
    let server = Sshd::start();
    let (cx, host) = context();
    let more = [("pause_before_connecting", "50ms")];
    connect(&cx, &options(&server, &more), &address(&server), None).await.unwrap();
    assert_eq!(
        host.lines(),
        [
            "Using SSH communicator to connect: 127.0.0.1",
            "Waiting for SSH to become available...",
            "Pausing 50ms before connecting...",
            "Waiting for SSH to become available...",
            "Connected to SSH!"
        ]
    );
    assert_eq!(server.logins(), 2);
}
