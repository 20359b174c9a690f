//! Templates that several tests use.

use karat_testkit::{Guest, Sandbox};

/// A build without a machine: one source, one local step.
pub(crate) fn local(step: &str) -> String {
    format!(
        "source \"null\" \"a\" {{\n  communicator = \"none\"\n}}\n\n\
         build {{\n  sources = [\"null.a\"]\n  provisioner \"shell-local\" {{\n    inline = [{step:?}]\n  }}\n}}\n"
    )
}

/// A qemu build of the tiny guest with more arguments for the source and more blocks for the build.
pub(crate) fn tiny(arguments: &str, blocks: &str) -> String {
    let guest = Guest::tiny();
    format!(
        r#"
source "qemu" "web" {{
  disk_image           = true
  iso_url              = "{image}"
  iso_checksum         = "sha256:{sha256}"
  disk_size            = "256M"
  output_directory     = "out"
  vm_name              = "web.qcow2"
  accelerator          = "tcg"
  headless             = true
  ssh_username         = "{user}"
  ssh_private_key_file = "{identity}"
  ssh_timeout          = "2m"
  shutdown_command     = "echo {password} | sudo -S -p '' poweroff"
  {arguments}
}}
build {{
  sources = ["qemu.web"]
  {blocks}
}}
"#,
        image = guest.image.display(),
        sha256 = guest.sha256,
        user = guest.user,
        password = guest.password,
        identity = guest.identity.display(),
    )
}

/// What must be true after every run, however it ended: no process of ours runs, nothing is left in the temporary
/// directory, and `karat gc` has nothing to do.
#[track_caller]
pub(crate) fn nothing_left(sandbox: &Sandbox) {
    assert_eq!(owned_processes(sandbox), Vec::<String>::new(), "processes are left");
    let left: Vec<_> = std::fs::read_dir(sandbox.tmp()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, Vec::<std::path::PathBuf>::new(), "temporary files are left");
    let gc = sandbox.karat(["gc"]).success();
    assert_eq!(gc.stdout, "Nothing to reclaim.\n", "the ledger is not empty: {gc}");
}

/// The command lines of the processes that carry this sandbox's mark: started by Karat, with this home.
pub(crate) fn owned_processes(sandbox: &Sandbox) -> Vec<String> {
    let home = format!("HOME={}", sandbox.home().display());
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let path = entry.ok()?.path();
        let environment = std::fs::read(path.join("environ")).ok()?;
        let variables: Vec<_> = environment.split(|byte| *byte == 0).collect();
        let ours = variables.iter().any(|variable| variable.starts_with(b"KARAT_RESOURCE="));
        let here = variables.contains(&home.as_bytes());
        let command = std::fs::read(path.join("cmdline")).ok()?;
        (ours && here && !command.is_empty()).then(|| String::from_utf8_lossy(&command).replace('\0', " "))
    });
    processes.collect()
}
