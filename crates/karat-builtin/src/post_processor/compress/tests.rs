use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use karat_model::event::CancelLevel;
use karat_sdk::testing::{RecordingHost, check_context, context};
use serde_json::json;

use super::*;
use crate::post_processor::testing::{artifact, config, names};

fn read(host: &RecordingHost, name: &str) -> Vec<u8> {
    std::fs::read(host.directory().join(name)).unwrap()
}

fn all(mut reader: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Names and contents of a tar.
fn members(reader: impl Read) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(reader);
    let members = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.path().unwrap().display().to_string(), all(entry))
    });
    members.collect()
}

#[tokio::test]
async fn blt_19_tar_holds_base_names_without_times() {
    let (cx, host) = context();
    let long = format!("deep/{}", "x".repeat(150));
    let input = artifact(&host, &[("out/a.txt", b"hello"), ("b", b""), (long.as_str(), b"long")]);
    std::fs::set_permissions(host.directory().join("b"), PermissionsExt::from_mode(0o750)).unwrap();
    let done = Compress.process(&cx, &config(json!({ "output": "o/x.tar" })), &input).await.unwrap();

    let bytes = read(&host, "o/x.tar");
    let expected = [("a.txt", "hello"), ("b", ""), (&long[5..], "long")];
    let expected = expected.map(|(name, content)| (name.to_string(), content.as_bytes().to_vec()));
    assert_eq!(members(&bytes[..]), expected);
    let mut archive = tar::Archive::new(&bytes[..]);
    for (entry, file) in archive.entries().unwrap().zip(&input.files) {
        let entry = entry.unwrap();
        let metadata = std::fs::metadata(host.directory().join(file)).unwrap();
        let header = entry.header();
        assert_eq!(header.mtime().unwrap(), 0);
        assert_eq!(header.mode().unwrap(), metadata.permissions().mode() & 0o7777);
        assert_eq!(header.uid().unwrap(), u64::from(std::os::unix::fs::MetadataExt::uid(&metadata)));
        assert!(header.as_gnu().is_some());
    }

    assert_eq!(host.lines(), ["Tarring o/x.tar with no compression", "Archive o/x.tar completed"]);
    let output = done.output.unwrap();
    assert_eq!(done.input, InputFate::Discard);
    assert_eq!((output.builder_id.as_str(), output.id.as_str()), ("packer.post-processor.compress", ""));
    assert_eq!(output.description, "compressed artifacts in: o/x.tar");
    assert_eq!(output.files, [PathBuf::from("o/x.tar")]);
    assert!(host.open_resources().is_empty());
}

#[tokio::test]
async fn blt_19_the_default_is_a_tar_with_gzip() {
    let (cx, host) = context();
    let input = artifact(&host, &[("a", b"hello")]);
    Compress.process(&cx, &config(json!({})), &input).await.unwrap();
    let tar = all(flate2::read::GzDecoder::new(&read(&host, "packer_test_null")[..]));
    assert_eq!(members(&tar[..]), [("a".to_string(), b"hello".to_vec())]);
    let cores = std::thread::available_parallelism().unwrap();
    assert_eq!(
        host.lines(),
        [
            format!("Using pgzip compression with {cores} cores for packer_test_null"),
            "Tarring packer_test_null with pgzip".to_string(),
            "Archive packer_test_null completed".to_string(),
        ]
    );
}

#[tokio::test]
async fn blt_19_zip_holds_paths_without_times() {
    let (cx, host) = context();
    let mut input = artifact(&host, &[("out/a.txt", b"hello"), ("c", b"content")]);
    input.files[1] = host.directory().join("c");
    Compress.process(&cx, &config(json!({ "output": "x.zip" })), &input).await.unwrap();
    let mut archive = ::zip::ZipArchive::new(std::io::Cursor::new(read(&host, "x.zip"))).unwrap();
    let found: Vec<_> = (0..archive.len())
        .map(|index| {
            let entry = archive.by_index(index).unwrap();
            assert_eq!(entry.compression(), ::zip::CompressionMethod::Deflated);
            assert_eq!(entry.last_modified(), Some(::zip::DateTime::DEFAULT));
            (entry.name().unwrap().to_string(), all(entry))
        })
        .collect();
    let absolute = host.directory().join("c").display().to_string();
    assert_eq!(found, [("out/a.txt".to_string(), b"hello".to_vec()), (absolute, b"content".to_vec())]);
    assert_eq!(host.lines(), ["Zipping x.zip", "Archive x.zip completed"]);
}

#[tokio::test]
async fn blt_19_one_file_in_every_compression() {
    let content = b"golden ".repeat(100_000);
    for (name, said) in [
        ("gz", "pgzip compression with N cores for x.gz"),
        ("bgzf", "bgzf compression with N cores for x.bgzf"),
        ("lz4", "lz4 compression with 1 core for x.lz4"),
        ("xz", "xz compression with 1 core for x.xz (library does not support MT)"),
        ("bzip2", "bzip2 compression with 1 core for x.bzip2 (library does not support MT)"),
    ] {
        let (cx, host) = context();
        let input = artifact(&host, &[("disk.raw", &content)]);
        let output = format!("x.{name}");
        Compress.process(&cx, &config(json!({ "output": output })), &input).await.unwrap();
        let packed = read(&host, &output);
        let unpacked = match name {
            "gz" => all(flate2::read::GzDecoder::new(&packed[..])),
            "bgzf" => all(flate2::read::MultiGzDecoder::new(&packed[..])),
            "lz4" => all(lz4_flex::frame::FrameDecoder::new(&packed[..])),
            "xz" => all(lzma_rust2::XzReader::new(&packed[..], false)),
            _ => all(bzip2::read::BzDecoder::new(&packed[..])),
        };
        assert!(unpacked == content, "{name}");
        assert!(packed.len() < content.len() / 50, "{name}: {}", packed.len());
        let cores = std::thread::available_parallelism().unwrap();
        let kind = if name == "gz" { "pgzip" } else { name };
        assert_eq!(
            host.lines(),
            [
                format!("Using {}", said.replace('N', &cores.to_string())),
                format!("Archiving disk.raw with {kind}"),
                format!("Archive {output} completed"),
            ]
        );
    }
}

#[tokio::test]
async fn blt_19_levels_change_the_size() {
    let (cx, host) = context();
    // Words in no order: the harder one looks, the more one finds.
    let mut state = 7u32;
    let text: String = (0..50_000)
        .map(|_| {
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            ["gold ", "silver ", "image ", "guest ", "disk "][(state >> 16) as usize % 5]
        })
        .collect();
    let input = artifact(&host, &[("a", text.as_bytes())]);
    let mut sizes = Vec::new();
    for level in [1, 9, 99] {
        let options = config(json!({ "output": format!("x{level}.gz"), "compression_level": level }));
        Compress.process(&cx, &options, &input).await.unwrap();
        sizes.push(read(&host, &format!("x{level}.gz")).len());
    }
    assert!(sizes[1] < sizes[0], "{sizes:?}");
    assert_eq!(sizes[1], sizes[2], "above 9 is 9");
}

#[tokio::test]
async fn blt_19_variables_come_after_detection() {
    let (cx, host) = context();
    let input = artifact(&host, &[("a", b"hello")]);
    let options = config(json!({ "output": "{{.BuildName}}.{{.BuilderType}}", "format": "gz" }));
    let done = Compress.process(&cx, &options, &input).await.unwrap();
    assert_eq!(done.output.unwrap().files, [PathBuf::from("test.null")]);
    assert_eq!(all(flate2::read::GzDecoder::new(&read(&host, "test.null")[..])), b"hello");
}

#[tokio::test]
async fn blt_19_several_files_need_an_archive() {
    let (cx, host) = context();
    let input = artifact(&host, &[("a", b""), ("b", b"")]);
    let error = Compress.process(&cx, &config(json!({ "output": "x.gz" })), &input).await.unwrap_err();
    assert_eq!(error.to_string(), "Can only have 1 input file when not using tar/zip. Found 2 files: [a b]");
    host.tear_down().await;
    assert_eq!(names(&host), ["a", "b"]);
}

#[tokio::test]
async fn a_directory_is_refused_and_nothing_stays() {
    for output in ["x.tar", "x.zip", "x.gz"] {
        let (cx, host) = context();
        let mut input = artifact(&host, &[("a/b", b"")]);
        input.files = vec!["a".into()];
        let error = Compress.process(&cx, &config(json!({ "output": output })), &input).await.unwrap_err();
        assert!(error.to_string().to_lowercase().contains("is a directory"), "{error}");
        host.tear_down().await;
        assert_eq!(names(&host), ["a/b"], "{output}");
        assert!(host.open_resources().is_empty());
    }
}

#[tokio::test]
async fn an_existing_output_is_replaced_when_the_new_one_is_whole() {
    let (cx, host) = context();
    let input = artifact(&host, &[("a", b"hello")]);
    std::fs::write(host.directory().join("x.gz"), "old").unwrap();

    let mut broken = input.clone();
    broken.files = vec!["gone".into()];
    let error = Compress.process(&cx, &config(json!({ "output": "x.gz" })), &broken).await.unwrap_err();
    assert!(error.to_string().starts_with("Failed to open source file gone for reading"), "{error}");
    host.tear_down().await;
    assert_eq!(read(&host, "x.gz"), b"old");
    assert_eq!(names(&host), ["a", "x.gz"]);

    Compress.process(&cx, &config(json!({ "output": "x.gz" })), &input).await.unwrap();
    assert_eq!(all(flate2::read::GzDecoder::new(&read(&host, "x.gz")[..])), b"hello");
    assert_eq!(names(&host), ["a", "x.gz"]);
}

#[tokio::test]
async fn a_cancelled_build_leaves_no_archive() {
    let (cx, host) = context();
    let input = artifact(&host, &[("a", b"hello")]);
    host.canceller().cancel(CancelLevel::Stop, "interrupt");
    let error = Compress.process(&cx, &config(json!({})), &input).await.unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    host.tear_down().await;
    assert_eq!(names(&host), ["a"]);
}

#[tokio::test]
async fn blt_19_levels_are_checked() {
    let (_, host) = context();
    let check = async |options| Compress.check(&check_context(&host), &config(options)).await;
    let problems = check(json!({ "compression_level": -2 })).await.unwrap_err();
    assert_eq!(problems.to_string(), "Invalid compression level. Expected an integer from -1 to 9.");
    assert_eq!(check(json!({ "compression_level": 99 })).await.unwrap().warnings, [""; 0]);
    let warned = check(json!({ "compression_level": 9, "output": "x.lz4" })).await.unwrap();
    assert_eq!(warned.warnings, ["compression_level has no effect: lz4 is written at its fast level only"]);
}
