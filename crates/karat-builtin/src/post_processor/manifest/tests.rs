use karat_model::facts::Facts;
use karat_model::id::RunId;
use karat_sdk::testing::{context, context_with};
use serde_json::json;

use super::*;
use crate::post_processor::testing::{artifact, config, names};

const RUN: &str = "0192c0de-0000-7000-8000-000000000000";

fn read(path: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn blt_20_the_manifest_has_packers_schema_and_layout() {
    let (cx, host) = context();
    let input = artifact(&host, &[("out/a.txt", b"hello")]);
    let options = config(json!({ "strip_time": true, "custom_data": { "b": "x", "a": "{{build_name}}" } }));
    let done = Manifest.process(&cx, &options, &input).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(host.directory().join("packer-manifest.json")).unwrap(),
        r#"{
  "builds": [
    {
      "name": "test",
      "builder_type": "null",
      "files": [
        {
          "name": "out/a.txt",
          "size": 5
        }
      ],
      "artifact_id": "File",
      "packer_run_uuid": "0192c0de-0000-7000-8000-000000000000",
      "custom_data": {
        "a": "test",
        "b": "x"
      }
    }
  ],
  "last_run_uuid": "0192c0de-0000-7000-8000-000000000000"
}"#
    );
    assert_eq!(done, Processed { output: Some(input), input: InputFate::MustKeep });
    assert_eq!(names(&host), ["out/a.txt", "packer-manifest.json"]);
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn blt_20_time_paths_and_missing_files() {
    let (cx, host) = context();
    let mut input = artifact(&host, &[("out/a.txt", b"hello")]);
    input.files.push("gone/b".into());
    Manifest.process(&cx, &config(json!({ "output": "m.json", "strip_path": true })), &input).await.unwrap();
    input.files.clear();
    Manifest.process(&cx, &config(json!({ "output": "m.json" })), &input).await.unwrap();
    let manifest = read(&host.directory().join("m.json"));
    let builds = manifest["builds"].as_array().unwrap();
    assert_eq!(builds[0]["files"], json!([{ "name": "a.txt", "size": 5 }, { "name": "b", "size": 0 }]));
    assert_eq!(builds[1]["files"], Json::Null);
    assert_eq!(builds[1]["custom_data"], Json::Null);
    assert!(builds[0]["build_time"].as_u64().unwrap() > 1_700_000_000);
    let keys: Vec<_> = builds[0].as_object().unwrap().keys().map(String::as_str).collect();
    let packers =
        ["name", "builder_type", "build_time", "files", "artifact_id", "packer_run_uuid", "custom_data"];
    assert_eq!(keys, packers);
}

#[tokio::test]
async fn blt_20_an_existing_manifest_is_extended_and_its_unknown_parts_stay() {
    let (cx, host) = context();
    let input = artifact(&host, &[]);
    let path = host.directory().join("m.json");
    std::fs::write(&path, r#"{"team":"x","builds":[{"name":"old","extra":1}],"last_run_uuid":"other"}"#)
        .unwrap();
    Manifest.process(&cx, &config(json!({ "output": "m.json" })), &input).await.unwrap();
    let manifest = read(&path);
    assert_eq!(manifest["team"], "x");
    assert_eq!(manifest["builds"][0], json!({ "name": "old", "extra": 1 }));
    assert_eq!(manifest["builds"][1]["name"], "test");
    assert_eq!(manifest["last_run_uuid"], RUN);
}

#[tokio::test]
async fn blt_20_force_starts_over_once_per_run() {
    let (cx, host) = context_with(Facts::default(), |info| info.force = true);
    let input = artifact(&host, &[]);
    let path = host.directory().join("packer-manifest.json");
    std::fs::write(&path, r#"{"builds":[{"name":"old"}],"last_run_uuid":"other"}"#).unwrap();
    for builds in 1..=2 {
        Manifest.process(&cx, &config(json!({})), &input).await.unwrap();
        assert_eq!(read(&path)["builds"].as_array().unwrap().len(), builds);
    }
    assert_eq!(cx.info().run, RunId(RUN.to_string()));
}

#[tokio::test]
async fn blt_20_a_file_that_is_no_manifest_is_left_alone() {
    for content in ["source \"x\"", "[]", r#"{"builds":3}"#] {
        let (cx, host) = context();
        let input = artifact(&host, &[("t.pkr.hcl", content.as_bytes())]);
        let error =
            Manifest.process(&cx, &config(json!({ "output": "t.pkr.hcl" })), &input).await.unwrap_err();
        assert!(error.to_string().starts_with("Unable to parse content from t.pkr.hcl: "), "{error}");
        assert_eq!(std::fs::read_to_string(host.directory().join("t.pkr.hcl")).unwrap(), content);
        assert_eq!(names(&host), ["t.pkr.hcl"]);
    }
}

#[tokio::test]
async fn blt_20_builds_that_end_together_are_all_recorded() {
    let (cx, host) = context();
    let input = artifact(&host, &[]);
    let options = config(json!({}));
    let writers = (0..20).map(|_| Manifest.process(&cx, &options, &input));
    for written in futures::future::join_all(writers).await {
        written.unwrap();
    }
    let manifest = read(&host.directory().join("packer-manifest.json"));
    assert_eq!(manifest["builds"].as_array().unwrap().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn blt_20_a_lock_that_was_left_behind_is_passed_over() {
    let (cx, host) = context();
    let input = artifact(&host, &[("packer-manifest.json.lock", b"")]);
    Manifest.process(&cx, &config(json!({})), &input).await.unwrap();
    assert_eq!(
        host.lines(),
        [
            "warn: packer-manifest.json.lock is held by another process or was left behind; the manifest is written all \
          the same. Remove it if nothing else is writing the manifest."
        ]
    );
    assert_eq!(names(&host), ["packer-manifest.json", "packer-manifest.json.lock"]);
}

#[tokio::test]
async fn blt_20_text_is_escaped_as_in_packer() {
    let (cx, host) = context();
    let options = config(json!({ "custom_data": { "a": "<unknown> & \u{2028}é" } }));
    Manifest.process(&cx, &options, &artifact(&host, &[])).await.unwrap();
    let path = host.directory().join("packer-manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""a": "\u003cunknown\u003e \u0026 \u2028é""#), "{text}");
    assert_eq!(read(&path)["builds"][0]["custom_data"]["a"], "<unknown> & \u{2028}é");
}
