use karat_model::value::Type;
use karat_sdk::testing::{check_context, context};
use serde_json::json;

use super::*;
use crate::post_processor::testing::{artifact, config};

#[tokio::test]
async fn blt_17_files_of_the_artifact_are_replaced() {
    let (cx, host) = context();
    let input = artifact(&host, &[("out/a.txt", b""), ("out/b.txt", b""), ("log", b"")]);
    let options = config(json!({ "files": ["log", "out/*.txt", "none*"] }));
    let done = Artifice.process(&cx, &options, &input).await.unwrap();
    assert_eq!(
        host.lines(),
        [
            "Discarding files from artifact: out/a.txt, out/b.txt, log",
            "Using these artifact files: log, out/a.txt, out/b.txt",
        ]
    );
    let output = done.output.unwrap();
    assert_eq!(done.input, InputFate::Keep);
    assert_eq!((output.builder_id.as_str(), output.id.as_str()), ("packer.post-processor.artifice", ""));
    assert_eq!(output.description, "Created artifact from files: log, out/a.txt, out/b.txt");
}

#[tokio::test]
async fn blt_17_no_match_is_an_empty_artifact() {
    let (cx, host) = context();
    let input = artifact(&host, &[]);
    let done = Artifice.process(&cx, &config(json!({ "files": ["none*"] })), &input).await.unwrap();
    assert_eq!(host.lines(), ["Using these artifact files: "]);
    assert!(done.output.unwrap().files.is_empty());
}

#[tokio::test]
async fn blt_17_files_are_required() {
    let (_, host) = context();
    for options in [json!({}), json!({ "files": [] })] {
        let problems = Artifice.check(&check_context(&host), &config(options)).await.unwrap_err();
        assert_eq!(problems.to_string(), "No files specified in artifice configuration");
    }
    let bad = config(json!({ "files": ["[a"] }));
    let problems = Artifice.check(&check_context(&host), &bad).await.unwrap_err();
    assert_eq!(problems.to_string(), "bad pattern \"[a\": a `[` without its `]`");
}

#[tokio::test]
async fn files_that_are_not_known_yet_are_not_missing() {
    let (_, host) = context();
    let files = Value::unknown(Type::list(Type::String));
    let options = Value::object([("files".to_string(), files)].into());
    assert_eq!(Artifice.check(&check_context(&host), &options).await, Ok(Checked::default()));
}
