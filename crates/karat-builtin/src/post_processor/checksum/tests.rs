use karat_model::event::CancelLevel;
use karat_sdk::testing::{check_context, context};
use serde_json::json;

use super::*;
use crate::post_processor::testing::{artifact, config, names};

#[tokio::test]
async fn blt_18_lines_of_digest_tab_and_base_name() {
    let (cx, host) = context();
    let input = artifact(&host, &[("out/a.txt", b"hello"), ("b.bin", b"")]);
    let types = json!({ "checksum_types": ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] });
    let done = Checksum.process(&cx, &config(types), &input).await.unwrap();

    let read = |kind: &str| {
        std::fs::read_to_string(host.directory().join(format!("packer_test_null_{kind}.checksum"))).unwrap()
    };
    assert_eq!(
        read("md5"),
        "5d41402abc4b2a76b9719d911017c592\ta.txt\nd41d8cd98f00b204e9800998ecf8427e\tb.bin\n"
    );
    assert!(read("sha1").starts_with("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\ta.txt\n"));
    assert!(read("sha224").starts_with("ea09ae9cc6768c50fcee903ed054556e5bfc8347907f12598aa24193\ta.txt\n"));
    assert!(
        read("sha256")
            .starts_with("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\ta.txt\n")
    );
    assert!(read("sha384").starts_with("59e1748777448c69de6b800d7a33bbfb9ff1b463e44354c3553bcdb9c666fa90125a3c79f90397bdf5f6a13de828684f\ta.txt\n"));
    assert!(read("sha512").starts_with("9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043\ta.txt\n"));

    let output = done.output.unwrap();
    assert_eq!(done.input, InputFate::MustKeep);
    assert_eq!(output.builder_id, "packer.post-processor.checksum");
    assert_eq!(output.id, "");
    assert_eq!(output.files.len(), 8);
    assert!(output.description.starts_with(
        "Created artifact from files: out/a.txt, b.bin, packer_test_null_md5.checksum, packer_test_null_sha1.checksum"
    ));
    assert_eq!(host.lines(), [""; 0]);
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn blt_18_md5_is_the_default() {
    let (cx, host) = context();
    let input = artifact(&host, &[("a", b"hello")]);
    Checksum.process(&cx, &config(json!({})), &input).await.unwrap();
    assert_eq!(names(&host), ["a", "packer_test_null_md5.checksum"]);
}

#[tokio::test]
async fn blt_18_an_existing_file_is_appended_to_and_not_part_of_the_artifact() {
    let (cx, host) = context();
    let input = artifact(&host, &[("a", b"hello")]);
    std::fs::write(host.directory().join("sums"), "old\n").unwrap();
    let options = config(json!({ "output": "sums", "checksum_types": ["md5"] }));
    let done = Checksum.process(&cx, &options, &input).await.unwrap();
    let text = std::fs::read_to_string(host.directory().join("sums")).unwrap();
    assert_eq!(text, "old\n5d41402abc4b2a76b9719d911017c592\ta\n");
    assert_eq!(done.output.unwrap().files, [PathBuf::from("a")]);
}

#[tokio::test]
async fn blt_18_several_types_in_one_file_list_it_once() {
    let (cx, host) = context();
    let input = artifact(&host, &[("a", b"hello")]);
    let options = config(json!({ "output": "new/dir/sums", "checksum_types": ["md5", "sha1"] }));
    let done = Checksum.process(&cx, &options, &input).await.unwrap();
    let text = std::fs::read_to_string(host.directory().join("new/dir/sums")).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert_eq!(done.output.unwrap().files, [PathBuf::from("a"), PathBuf::from("new/dir/sums")]);
}

#[tokio::test]
async fn blt_18_every_unknown_type_is_reported() {
    let (_, host) = context();
    let options = config(json!({ "checksum_types": ["md4", "foo", "md5"] }));
    let problems = Checksum.check(&check_context(&host), &options).await.unwrap_err();
    assert_eq!(
        problems.to_string(),
        "2 error(s) occurred:\n\n* Unrecognized checksum type: md4\n* Unrecognized checksum type: foo"
    );
    let broken = config(json!({ "output": "{{.ChecksumType" }));
    let problems = Checksum.check(&check_context(&host), &broken).await.unwrap_err();
    assert!(problems.to_string().starts_with("output: in the template \"{{.ChecksumType\""), "{problems}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_leaves_nothing() {
    let (cx, host) = context();
    let mut input = artifact(&host, &[("a", b"hello")]);
    input.files.push("gone".into());
    let error = Checksum.process(&cx, &config(json!({})), &input).await.unwrap_err();
    assert!(error.to_string().starts_with("unable to compute md5 hash for gone: no such file"), "{error}");
    host.tear_down().await;
    assert_eq!(names(&host), ["a"]);
}

#[tokio::test]
async fn a_cancelled_build_stops_hashing() {
    let (cx, host) = context();
    let input = artifact(&host, &[("a", b"hello")]);
    host.canceller().cancel(CancelLevel::Stop, "interrupt");
    let error = Checksum.process(&cx, &config(json!({})), &input).await.unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.to_string(), "cancelled (interrupt)");
    assert_eq!(names(&host), ["a"]);
}

#[tokio::test]
async fn blt_18_without_files_there_is_nothing_to_write() {
    let (cx, host) = context();
    let done = Checksum.process(&cx, &config(json!({})), &artifact(&host, &[])).await.unwrap();
    let output = done.output.unwrap();
    assert_eq!(output.description, "Created artifact from files: ");
    assert!(output.files.is_empty());
    assert_eq!(names(&host), [""; 0]);
}
