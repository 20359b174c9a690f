//! The qemu builder with real machines: `testbed/make tiny tiny-menu tiny-installer` makes their disks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test reports by panicking")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use karat_builtin::builder::qemu::Qemu;
use karat_model::artifact::Artifact;
use karat_model::event::Stream;
use karat_model::value::Value;
use karat_sdk::component::{Builder, Guest};
use karat_sdk::context::RunInfo;
use karat_sdk::error::StepError;
use karat_sdk::testing::{FakeProvisioners, RecordingHost, build_context};
use karat_sdk::{Exit, RemoteCommand};
use serde_json::{Value as Json, json};

/// What a build left, and what it said.
struct Built {
    host: Arc<RecordingHost>,
    result: Result<Artifact, StepError>,
    /// What the commands in the guest said.
    output: Arc<Mutex<String>>,
}

impl Built {
    fn artifact(&self) -> &Artifact {
        match &self.result {
            Ok(artifact) => artifact,
            Err(error) => panic!("{error}\n{}", self.host.lines().join("\n")),
        }
    }

    fn error(&self) -> String {
        match &self.result {
            Ok(_) => panic!("the build succeeded:\n{}", self.host.lines().join("\n")),
            Err(error) => error.to_string(),
        }
    }

    fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// Each line in order, other lines may stand between.
    fn says(&self, expected: &[&str]) {
        let lines = self.host.lines();
        let mut rest = lines.iter();
        for line in expected {
            assert!(
                rest.any(|said| said.starts_with(line)),
                "no {line:?} (in order) in\n{}",
                lines.join("\n")
            );
        }
    }
}

/// What every build of these tests starts from.
fn template(image: &Path, sha256: &str, more: Json) -> Json {
    let identity = karat_testkit::Guest::tiny().identity;
    let mut config = json!({
        "iso_url": image,
        "iso_checksum": format!("sha256:{sha256}"),
        "ssh_username": "root",
        "ssh_private_key_file": identity,
        "headless": true,
        "accelerator": "tcg",
        "output_directory": "out",
        "vm_name": "made",
    });
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
}

fn tiny(more: Json) -> Json {
    let guest = karat_testkit::Guest::tiny();
    let mut config = template(&guest.image, &guest.sha256, more);
    config["disk_image"] = json!(true);
    config
}

/// Runs a build whose provisioner is this command in the guest, then takes it down.
async fn build(config: Json, command: &'static str, change: impl FnOnce(&mut RunInfo)) -> Built {
    let (cx, host) = build_context(change);
    let output = Arc::new(Mutex::new(String::new()));
    host.on_provision(run_in_guest(command, output.clone()));
    let config = Value::from_json(&config);
    let result = Qemu.build(&cx, &config).await.map(|made| made.expect("an artifact"));
    let failures = host.tear_down().await;
    assert!(failures.is_empty(), "{failures:?}");
    assert!(host.open_resources().is_empty(), "left behind: {:?}", host.open_resources());
    Built { host, result, output }
}

fn run_in_guest(command: &'static str, output: Arc<Mutex<String>>) -> FakeProvisioners {
    Box::new(move |guest: &dyn Guest, _| {
        let output = output.clone();
        Box::pin(async move {
            let mut process = guest.communicator().start(RemoteCommand::new(command)).await?;
            while let Some(piece) = process.output().await {
                if piece.stream == Stream::Stdout {
                    output.lock().unwrap().push_str(&String::from_utf8_lossy(&piece.bytes));
                }
            }
            match process.wait().await? {
                Exit::Code(0) => Ok(()),
                other => Err(StepError::failed(format!("the command ended with {other:?}"))),
            }
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qem_11_an_image_is_made_from_a_disk_image_and_boots() {
    let first = build(
        tiny(json!({
            "shutdown_command": "poweroff",
            "disk_size": "300M",
            "http_content": { "/answer": "from the web server" },
            "qemuargs": [["-m", "512"], ["-smp", "2"]],
        })),
        "echo golden > /golden",
        |_| {},
    )
    .await;
    let artifact = first.artifact();
    assert_eq!((artifact.builder_id.as_str(), artifact.id.as_str()), ("transcend.qemu", "VM"));
    assert_eq!(artifact.description, "VM files in directory: out");
    assert_eq!(artifact.files, [std::path::PathBuf::from("out/made")]);
    assert_eq!(artifact.facts.text("ID"), Some("ERR_ID_NOT_IMPLEMENTED_BY_BUILDER"));
    assert_eq!(artifact.facts.text("PackerHTTPIP"), Some("10.0.2.2"));
    first.says(&[
        "Retrieving ISO",
        "File extension already matches desired output format. Skipping qemu-img convert step",
        "Resizing hard drive...",
        "Starting HTTP server on port ",
        "Found port for communicator (SSH, WinRM, etc): ",
        "Using existing SSH private key",
        "Looking for available port between 5900 and 6000 on 127.0.0.1",
        "Starting VM, booting disk image",
        "The VM will be run headless, without a GUI.",
        "Overriding default Qemu arguments with qemuargs template option...",
        "Using SSH communicator to connect: 127.0.0.1",
        "Waiting for SSH to become available...",
        "Connected to SSH!",
        "Gracefully halting virtual machine...",
        "Converting hard drive...",
    ]);
    let lines = first.host.lines();
    assert!(
        !lines.iter().any(|line| line.contains("for boot...") || line.contains("VNC (")),
        "nothing to type: {lines:?}"
    );

    // The finished image boots, is converted to another format, and is switched off instead of shut down.
    let made = first.host.directory().join(&artifact.files[0]);
    let second = build(
        template(
            &made,
            "",
            json!({
                "disk_image": true,
                "iso_checksum": "none",
                "format": "raw",
                "disk_size": "400M",
                "net_device": "virtio-net-pci",
                "disk_interface": "virtio-scsi",
            }),
        ),
        "cat /golden; cat /proc/partitions; sync",
        |_| {},
    )
    .await;
    let made = second.artifact();
    second.says(&["Copying hard drive...", "Resizing hard drive...", "Halting the virtual machine..."]);
    assert!(second.output().starts_with("golden\n"), "{}", second.output());
    assert!(second.output().contains("409600 sda"), "{}", second.output());
    assert_eq!(std::fs::metadata(second.host.directory().join(&made.files[0])).unwrap().len(), 400 << 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qem_07_an_installer_is_typed_to_and_fetches_its_answers() {
    let installer = karat_testkit::Guest::tiny_installer();
    let script = "set -e\n\
        tiny-install\n\
        mkdir -p /seed\n\
        for cd in /dev/sr1 /dev/sr0; do mount -t iso9660 -o ro $cd /seed && [ -f /seed/seed.txt ] && break; umount /seed; done\n\
        cp /seed/seed.txt /target/seeded\n\
        cat /seed/deep/content >> /target/seeded\n\
        sed 's/.*name=//' /proc/cmdline >> /target/seeded\n";
    let config = template(
        &installer.image,
        &installer.sha256,
        json!({
            "disk_size": "220M",
            "http_content": { "/script": script },
            "cd_files": ["seed.txt"],
            "cd_content": { "deep/content": "from a text\n" },
            "cd_label": "seed",
            "boot_key_interval": "30ms",
            "boot_command": ["install url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/script", " name={{ .Name }}<enter>"],
            "shutdown_command": "poweroff",
            "memory": 512,
            "vnc_use_password": true,
            "qmp_enable": true,
            "ssh_timeout": "3m",
        }),
    );
    let (cx, host) = build_context(|_| {});
    std::fs::write(host.directory().join("seed.txt"), "from a file\n").unwrap();
    let output = Arc::default();
    host.on_provision(run_in_guest("cat /seeded", Arc::clone(&output)));
    let result = Qemu.build(&cx, &Value::from_json(&config)).await.map(|made| made.expect("an artifact"));
    host.tear_down().await;
    let built = Built { host, result, output };
    assert_eq!(built.artifact().files.len(), 1, "{:?}", built.artifact().files);
    assert_eq!(built.output(), "from a file\nfrom a text\nmade\n");
    built.says(&[
        "Creating CD disk...",
        "Starting VM, booting from CD-ROM",
        "QMP socket at: out/made.monitor",
        "Waiting 10s for boot...",
        "Connecting to VM via VNC (127.0.0.1:",
        "Typing the boot commands over VNC...",
        "Connected to SSH!",
    ]);
    assert!(built.host.open_resources().is_empty(), "{:?}", built.host.open_resources());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qem_10_a_guest_that_powers_off_by_itself_is_told_apart() {
    let built = build(tiny(json!({ "skip_compaction": true })), "poweroff -f; sleep 60", |_| {}).await;
    let error = built.error();
    assert!(error.starts_with("the guest powered off by itself while provisioning"), "{error}");
    assert!(!built.host.directory().join("out").exists(), "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qem_08_a_qemu_that_does_not_start_says_why() {
    let built = build(tiny(json!({ "qemuargs": [["-device", "no-such-device"]] })), "true", |_| {}).await;
    let error = built.error();
    assert!(error.starts_with("Error launching VM: Qemu failed to start."), "{error}");
    assert!(error.contains("'no-such-device' is not a valid device model name"), "{error}");
    assert!(!error.contains("PACKER_LOG"), "{error}");
    assert!(!built.host.directory().join("out").exists(), "nothing is left");
    built.says(&["Deleting output directory..."]);
}
