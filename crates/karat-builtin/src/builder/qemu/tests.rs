use karat_model::facts::Facts;
use karat_sdk::testing::{RecordingHost, check_context, context};
use serde_json::{Value as Json, json};

use super::*;

fn config(more: Json) -> Value {
    let mut config = json!({ "iso_url": "a.iso", "iso_checksum": "none", "ssh_username": "root", "output_directory": "out" });
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    Value::from_json(&config)
}

#[tokio::test]
async fn qem_11_an_output_directory_that_exists_is_a_problem_of_the_check() {
    let host = RecordingHost::new();
    let cx = check_context(&host);
    let checked = Qemu.check(&cx, &config(json!({}))).await.unwrap();
    assert!(checked.warnings[0].starts_with("A checksum of 'none'"), "{:?}", checked.warnings);
    std::fs::create_dir(host.directory().join("out")).unwrap();
    let problems = Qemu.check(&cx, &config(json!({}))).await.unwrap_err().to_string();
    assert_eq!(
        problems,
        "Output directory 'out' already exists. It must not exist. Remove it, or build with -force"
    );
    let forced = CheckContext { info: std::sync::Arc::new(host.info(|info| info.force = true)), ..cx };
    assert!(Qemu.check(&forced, &config(json!({}))).await.is_ok());
}

#[tokio::test]
async fn qem_01_problems_of_every_group_are_told_together() {
    let host = RecordingHost::new();
    let more =
        json!({ "ssh_username": "", "format": "x", "qemu_binary": "no-such-qemu", "http_port_min": 9001 });
    let problems = Qemu.check(&check_context(&host), &config(more)).await.unwrap_err();
    let told: Vec<_> = problems.0.iter().filter_map(|problem| problem.argument.as_deref()).collect();
    assert_eq!(told, ["ssh_username", "qemu_binary", "http_port_min", "format"]);
}

#[tokio::test]
async fn qem_11_an_artifact_is_its_directory() {
    let (cx, host) = context();
    let directory = host.directory().join("out");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("disk"), "").unwrap();
    let artifact = |files| Artifact {
        origin: Origin { kind: ComponentKind::Builder, component: "qemu".to_string() },
        builder_id: BUILDER_ID.to_string(),
        id: "VM".to_string(),
        description: "VM files in directory: out".to_string(),
        files,
        facts: Facts::default(),
    };
    let elsewhere = artifact(vec![host.directory().join("other/disk")]);
    assert!(Qemu.destroy(&cx, &elsewhere).await.is_err(), "a directory that is not the artifact's stays");
    assert!(directory.exists());
    Qemu.destroy(&cx, &artifact(vec![directory.join("disk")])).await.unwrap();
    assert!(!directory.exists());
}
