use karat_sdk::testing::context;
use serde_json::{Value as Json, json};

use super::super::options::tests::settings;
use super::*;

fn text(words: Vec<OsString>) -> String {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn qem_06_the_words_of_qemu_img() {
    let disk = Path::new("output-x/packer-x");
    let image = Path::new("/i/small.qcow2");
    let plain = settings(json!({}));
    assert_eq!(text(create(&plain, None, disk, "40960M")), "create -f qcow2 output-x/packer-x 40960M");
    let backed = settings(json!({ "disk_image": true, "use_backing_file": true }));
    assert_eq!(
        text(create(&backed, Some(image), disk, &backed.disk_size)),
        "create -f qcow2 -b /i/small.qcow2 -F qcow2 output-x/packer-x 40960M"
    );
    let extra = settings(json!({
        "disk_image": true, "disk_size": "50M", "disk_compression": true,
        "qemu_img_args": { "convert": ["-o", "x"], "create": ["-o", "y"], "resize": ["--shrink"] },
    }));
    assert_eq!(text(create(&extra, None, disk, "1")), "create -f qcow2 -o y output-x/packer-x 1");
    assert_eq!(text(import(&extra, image, disk)), "convert -o x -O qcow2 /i/small.qcow2 output-x/packer-x");
    assert_eq!(text(resize(&extra, disk)), "resize -f qcow2 --shrink output-x/packer-x 50M");
    assert_eq!(
        text(compact(&extra, disk, Path::new("d.convert"))),
        "convert -c -o x -O qcow2 output-x/packer-x d.convert"
    );
    let raw = settings(json!({ "format": "raw", "disk_compression": true }));
    assert_eq!(
        text(compact(&raw, disk, Path::new("d.convert"))),
        "convert -O raw output-x/packer-x d.convert"
    );
}

#[test]
fn qem_06_an_image_is_copied_only_where_its_name_says_that_it_fits() {
    let origin = |options: Json, image: &str| Origin::of(&settings(options), Path::new(image));
    assert_eq!(origin(json!({}), "a.iso"), Origin::Empty);
    assert_eq!(origin(json!({ "disk_image": true }), "a.qcow2"), Origin::Copied);
    assert_eq!(origin(json!({ "disk_image": true }), "a.img"), Origin::Converted);
    assert_eq!(origin(json!({ "disk_image": true, "format": "raw" }), "a.qcow2"), Origin::Converted);
    let with_words = json!({ "disk_image": true, "qemu_img_args": { "convert": ["-p"] } });
    assert_eq!(origin(with_words, "a.qcow2"), Origin::Converted);
    assert_eq!(origin(json!({ "disk_image": true, "use_backing_file": true }), "a.qcow2"), Origin::Backed);
}

/// A program that stands for `qemu-img`: notes how it is called, then runs `body`.
fn fake(directory: &Path, body: &str) -> Programs {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join("qemu-img");
    std::fs::write(&path, format!("#!/bin/sh\necho \"$*\" >> calls\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Programs { qemu: path.clone(), qemu_img: path }
}

/// A machine whose disk is `./d`.
fn disk() -> Json {
    json!({ "output_directory": ".", "vm_name": "d" })
}

#[tokio::test]
async fn qem_10_a_conversion_waits_for_the_lock() {
    let (cx, host) = context();
    let held = "n=$(wc -l < calls); [ $n -ge 3 ] || { echo 'qemu-img: Failed to get shared \"write\" lock' >&2; exit 1; }; touch d.convert";
    let programs = fake(&host.directory(), held);
    make_compact(&cx, &programs, &settings(disk())).await.unwrap();
    assert_eq!(host.lines(), ["Converting hard drive..."]);
    let calls = std::fs::read_to_string(host.directory().join("calls")).unwrap();
    assert_eq!(calls, "convert -O qcow2 ./d ./d.convert\n".repeat(3));
    assert!(host.directory().join("d").exists() && host.open_resources().is_empty());
}

#[tokio::test]
async fn qem_10_a_failed_conversion_tells_what_qemu_img_said() {
    let (cx, host) = context();
    let programs =
        fake(&host.directory(), "echo 'qemu-img: error while writing: No space left on device' >&2; exit 1");
    let error = make_compact(&cx, &programs, &settings(disk())).await.unwrap_err().to_string();
    assert!(
        error.starts_with("qemu-img convert -O qcow2 ./d ./d.convert failed (exit status: 1):\n"),
        "{error}"
    );
    assert!(error.ends_with("No space left on device\nMake room on the disk and build again."), "{error}");
}

#[tokio::test]
async fn qem_10_nothing_is_converted_where_nobody_wants_it() {
    let (cx, host) = context();
    let programs = fake(&host.directory(), "exit 1");
    make_compact(&cx, &programs, &settings(json!({ "skip_compaction": true }))).await.unwrap();
    assert!(host.lines().is_empty());
}
