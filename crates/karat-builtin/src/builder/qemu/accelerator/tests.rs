use karat_sdk::testing::context;

use super::*;

fn qemu() -> PathBuf {
    "/usr/bin/qemu-system-x86_64".into()
}

#[tokio::test]
async fn the_probe_runs_under_software_emulation() {
    let (cx, host) = context();
    let verdict = probe(&cx, &qemu(), "tcg", Duration::from_secs(60)).await.unwrap();
    assert_eq!(verdict, Verdict::Works);
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn an_accelerator_that_qemu_refuses_fails_in_its_words() {
    let (cx, _host) = context();
    let verdict = probe(&cx, &qemu(), "no-such", Duration::from_secs(60)).await.unwrap();
    let Verdict::Fails(cause) = verdict else { panic!("{verdict:?}") };
    assert!(cause.contains("no-such"), "{cause}");
}

#[tokio::test]
async fn a_guest_that_hangs_is_noticed_and_ended() {
    let (cx, host) = context();
    let program = host.directory().join("qemu");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let verdict = probe(&cx, &program, "kvm", Duration::from_millis(100)).await.unwrap();
    assert_eq!(verdict, Verdict::Hangs);
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn what_the_template_says_is_used() {
    let (cx, host) = context();
    for accelerator in ["tcg", "xen", "none", "hvf"] {
        assert_eq!(choose(&cx, accelerator, &qemu()).await.unwrap(), accelerator);
    }
    assert!(host.lines().is_empty());
    // No KVM for another processor than the host's.
    assert_eq!(choose(&cx, "", Path::new("/usr/bin/qemu-system-riscv64")).await.unwrap(), "tcg");
    assert!(host.lines()[0].starts_with("Using software emulation (accelerator tcg)"), "{:?}", host.lines());
}

#[tokio::test]
async fn a_verdict_is_remembered_until_the_host_boots_again() {
    let (cx, host) = context();
    let file = host.directory().join("state/accelerator.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let remember = |host: String| {
        let memory = Memory { host, program: qemu(), kvm: Verdict::Fails("as remembered".to_string()) };
        std::fs::write(&file, serde_json::to_vec(&memory).unwrap()).unwrap();
    };
    remember(super::host());
    let found = kvm(&cx, &qemu()).await.unwrap();
    if found.is_none() {
        return; // Without /dev/kvm there is nothing to remember.
    }
    assert_eq!(found, Some(Verdict::Fails("as remembered".to_string())));
    remember("another boot".to_string());
    assert_ne!(kvm(&cx, &qemu()).await.unwrap(), Some(Verdict::Fails("as remembered".to_string())));
    let kept: Memory = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept.host, super::host());
}
