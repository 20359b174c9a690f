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
    let found = |verdict: Verdict| remembered(&cx, Path::new("/usr/bin/qemu"), async move { Ok(verdict) });
    assert_eq!(found(Verdict::Hangs).await.unwrap(), Verdict::Hangs);
    assert_eq!(found(Verdict::Works).await.unwrap(), Verdict::Hangs, "probed again");
    let file = host.directory().join("cache/karat/accelerator.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(&super::host(), "another boot")).unwrap();
    assert_eq!(found(Verdict::Works).await.unwrap(), Verdict::Works, "another boot's verdict was believed");
    std::fs::write(&file, "not JSON").unwrap();
    assert_eq!(found(Verdict::Hangs).await.unwrap(), Verdict::Hangs);
    let another = remembered(&cx, Path::new("/opt/qemu"), async { Ok(Verdict::Works) });
    assert_eq!(another.await.unwrap(), Verdict::Works, "another program's verdict was believed");
}
