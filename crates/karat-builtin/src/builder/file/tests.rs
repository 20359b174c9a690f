use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use karat_sdk::testing::{build_context, check_context, context};
use serde_json::json;

use super::*;
use crate::post_processor::testing::{config, names};

#[tokio::test]
async fn blt_01_content_is_stored_for_its_owner() {
    let (cx, host) = build_context(|_| {});
    let options = config(json!({ "content": "hello", "target": "new/dir/a.txt" }));
    let artifact = FileBuilder.build(&cx, &options).await.unwrap().unwrap();
    assert_eq!(artifact.builder_id, "packer.file");
    assert_eq!(artifact.id, "File");
    assert_eq!(artifact.description, "Stored file: new/dir/a.txt");
    assert_eq!(artifact.files, [PathBuf::from("new/dir/a.txt")]);
    assert_eq!(artifact.facts, Facts::default());
    let path = host.directory().join("new/dir/a.txt");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(host.lines(), [""; 0]);
    assert!(host.open_resources().is_empty());

    FileBuilder.destroy(&cx, &artifact).await.unwrap();
    assert_eq!(names(&host), [""; 0]);
}

#[tokio::test]
async fn blt_01_a_source_is_copied() {
    let (cx, host) = build_context(|_| {});
    std::fs::write(host.directory().join("s"), "0123456789").unwrap();
    let options = config(json!({ "source": "s", "target": "t" }));
    FileBuilder.build(&cx, &options).await.unwrap();
    assert_eq!(host.lines(), ["Copying s to t", "Copied 10 bytes"]);
    assert_eq!(std::fs::read_to_string(host.directory().join("t")).unwrap(), "0123456789");
    // What a file gets here that is created with 0666, whatever the umask.
    let plain = std::fs::File::create(host.directory().join("plain")).unwrap().metadata().unwrap();
    let copied = host.directory().join("t").metadata().unwrap();
    assert_eq!(copied.permissions(), plain.permissions());
}

#[tokio::test]
async fn blt_01_an_existing_target_is_replaced() {
    let (cx, host) = build_context(|_| {});
    std::fs::write(host.directory().join("t"), "much longer than before").unwrap();
    FileBuilder.build(&cx, &config(json!({ "content": "new", "target": "t" }))).await.unwrap();
    assert_eq!(std::fs::read_to_string(host.directory().join("t")).unwrap(), "new");
    assert_eq!(names(&host), ["t"]);
}

#[tokio::test]
async fn blt_01_a_missing_source_makes_nothing() {
    let (cx, host) = build_context(|_| {});
    let error =
        FileBuilder.build(&cx, &config(json!({ "source": "nope", "target": "t" }))).await.unwrap_err();
    assert!(error.to_string().starts_with("open nope: no such file or directory"), "{error}");
    assert_eq!(names(&host), [""; 0]);
    assert_eq!(host.lines(), [""; 0]);
}

#[tokio::test]
async fn blt_01_options_are_checked() {
    let (_, host) = context();
    let check = async |options| FileBuilder.check(&check_context(&host), &config(options)).await;
    let problems = check(json!({ "source": "s", "content": "c" })).await.unwrap_err();
    assert_eq!(
        problems.to_string(),
        "2 error(s) occurred:\n\n* target required\n* Cannot specify source file AND content"
    );
    let empty = check(json!({ "target": "t" })).await.unwrap();
    assert_eq!(empty.warnings, ["Both source file and contents are blank; target will have no content"]);
    assert_eq!(check(json!({ "target": "t", "content": "c" })).await, Ok(Checked::default()));
}

/// Also CORE-19: provisioners of a build without a machine run against something that accepts everything.
#[tokio::test]
async fn blt_01_provisioners_run_after_the_file_is_written_against_nothing() {
    let (cx, host) = build_context(|_| {});
    let seen = Arc::new(Mutex::new(None));
    let (directory, written) = (host.directory(), seen.clone());
    host.on_provision(Box::new(move |guest, facts| {
        let (directory, written) = (directory.clone(), written.clone());
        Box::pin(async move {
            assert_eq!(*facts, Facts::default());
            *written.lock().unwrap() = std::fs::read_to_string(directory.join("t")).ok();
            let communicator = guest.communicator();
            let mut process = communicator.start(RemoteCommand::new("false")).await?;
            assert_eq!(process.output().await, None);
            assert_eq!(process.wait().await?, Exit::Code(0));
            let bytes = Upload::Bytes { data: b"x", mode: 0o644 };
            communicator.upload(bytes, "/x", Transfer::quiet()).await?;
            let into = directory.join("down");
            communicator.download("/x", Download::File(&into), Transfer::quiet()).await?;
            assert_eq!(std::fs::read(&into).unwrap(), b"");
            Ok(())
        })
    }));
    FileBuilder.build(&cx, &config(json!({ "content": "hello", "target": "t" }))).await.unwrap();
    assert_eq!(seen.lock().unwrap().as_deref(), Some("hello"));
}

#[tokio::test]
async fn blt_01_a_failing_provisioner_leaves_the_file() {
    let (cx, host) = build_context(|_| {});
    host.on_provision(Box::new(|_, _| Box::pin(async { Err(StepError::failed("no")) })));
    let error =
        FileBuilder.build(&cx, &config(json!({ "content": "hello", "target": "t" }))).await.unwrap_err();
    assert_eq!(error.to_string(), "no");
    host.tear_down().await;
    assert_eq!(names(&host), ["t"]);
}
