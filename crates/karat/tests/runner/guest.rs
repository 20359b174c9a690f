//! Builds in a real guest.

use std::process::Command;

use karat_testkit::Sandbox;

use crate::template::{nothing_left, tiny};

#[test]
fn qem_11_an_image_is_built_and_nothing_else_is_left() {
    let sandbox = Sandbox::new();
    sandbox.write("site/index.html", "hello");
    sandbox.write("site/deep/er.txt", "deep");
    sandbox.write(
        "t.pkr.hcl",
        tiny(
            "",
            r#"
  provisioner "shell" {
    environment_vars = ["WHO=it's me"]
    inline           = ["mkdir -p up", "echo \"$WHO on ${build.ConnType}\" > up/who"]
  }
  provisioner "file" {
    source      = "site"
    destination = "up/"
  }
  provisioner "shell" { inline = ["cat up/who up/site/deep/er.txt; sync"] }
  provisioner "file" {
    direction   = "download"
    source      = "up/who"
    destination = "who"
  }
  post-processor "checksum" {
    checksum_types = ["sha256"]
    output         = "out.{{ .ChecksumType }}"
  }
  post-processor "manifest" { output = "manifest.json" }"#,
        ),
    );
    let run = sandbox.karat(["build", "t.pkr.hcl"]).success();
    assert!(run.stdout.contains("==> qemu.web: it's me on ssh\n"), "{run}");
    assert!(run.stdout.contains("==> qemu.web: deep"), "{run}");
    assert!(run.stdout.contains("--> qemu.web: VM files in directory: out\n"), "{run}");
    assert_eq!(sandbox.read("who"), "it's me on ssh\n");
    let image = sandbox.work().join("out/web.qcow2");
    let check = Command::new("qemu-img").arg("check").arg(&image).output().unwrap();
    assert!(check.status.success(), "{check:?}");
    let sum = Command::new("sha256sum").arg(&image).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    assert_eq!(sandbox.read("out.sha256"), format!("{}\tweb.qcow2\n", sum.split(' ').next().unwrap()));
    assert!(sandbox.read("manifest.json").contains("\"artifact_id\": \"VM\""));
    let files: Vec<_> = std::fs::read_dir(sandbox.work().join("out")).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    nothing_left(&sandbox);
}

#[test]
fn a_step_that_fails_in_the_guest_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        tiny(
            "",
            r#"
  provisioner "shell" { inline = ["echo about to fail; exit 7"] }
  error-cleanup-provisioner "shell" { inline = ["echo cleanup ran in the guest"] }"#,
        ),
    );
    let run = sandbox.karat(["build", "t.pkr.hcl"]).exits(1);
    for text in
        ["about to fail", "cleanup ran in the guest", "exit status: 7", "Deleting output directory..."]
    {
        assert!(run.stdout.contains(text), "{text}\n{run}");
    }
    assert!(!sandbox.work().join("out").exists());
    nothing_left(&sandbox);
}

#[test]
fn cli_18_force_replaces_an_output_directory_that_is_in_the_way() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", tiny("skip_compaction = true", ""));
    sandbox.write("out/old", "somebody's");
    for command in ["validate", "build"] {
        let run = sandbox.karat([command, "t.pkr.hcl"]).exits(1);
        assert!(run.stdout.contains("Output directory 'out' already exists"), "{run}");
        assert_eq!(sandbox.read("out/old"), "somebody's");
    }
    let run = sandbox.karat(["build", "-force", "t.pkr.hcl"]).success();
    assert!(run.stdout.contains("==> qemu.web: Deleting previous output directory...\n"), "{run}");
    let files: Vec<_> = std::fs::read_dir(sandbox.work().join("out"))
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(files, ["web.qcow2"]);
    nothing_left(&sandbox);
}
