//! What executes the guest. That `/dev/kvm` opens proves little: on some hosts a guest then hangs at its first
//! instruction. So a machine that only says "I run" is booted, once per host, kernel and boot.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// A boot that works takes a fraction of a second. Some hosts do get there after four: as good as never.
const LIMIT: Duration = Duration::from_secs(2);
/// The boot sector writes this to QEMU's exit device.
const MAGIC: u8 = 0x15;
/// The status that QEMU then ends with.
const RUNS: i32 = ((MAGIC as i32) << 1) | 1;
/// `mov dx, 0x501; mov al, MAGIC; out dx, al`, then halt for ever.
const CODE: [u8; 9] = [0xBA, 0x01, 0x05, 0xB0, MAGIC, 0xEE, 0xF4, 0xEB, 0xFD];

/// What a probe found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// The guest ran.
    Works,
    /// The guest did not get as far as its first instructions.
    Hangs,
    /// QEMU refused, and said this.
    Fails(String),
}

/// What is remembered.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    /// Boot and kernel that it was found out under.
    host: String,
    /// QEMU's program.
    program: PathBuf,
    /// What was found out.
    kvm: Verdict,
}

/// The accelerator to use: the template's, else KVM where a guest runs under it, else software emulation.
pub(super) async fn choose(cx: &StepContext, wanted: &str, qemu: &Path) -> Result<String, StepError> {
    match wanted {
        "" => {}
        "kvm" => {
            if let Some(Verdict::Hangs) = kvm(cx, qemu).await? {
                cx.warn(
                    "accelerator = \"kvm\": a probe that booted under KVM hung on this host, and this guest probably \
                     will. Leave `accelerator` out, or set it to \"tcg\"",
                );
            }
            return Ok(wanted.to_string());
        }
        _ => return Ok(wanted.to_string()),
    }
    let verdict = kvm(cx, qemu).await?;
    let reason = match &verdict {
        Some(Verdict::Works) => return Ok("kvm".to_string()),
        Some(Verdict::Hangs) => "a guest hangs under KVM here".to_string(),
        Some(Verdict::Fails(cause)) => format!("KVM fails: {cause}"),
        None => "there is no usable /dev/kvm".to_string(),
    };
    if !cx.info().strict {
        cx.say(format!("Using software emulation (accelerator tcg), which is slow: {reason}"));
    }
    Ok("tcg".to_string())
}

/// Whether KVM works; `None` where it cannot.
async fn kvm(cx: &StepContext, qemu: &Path) -> Result<Option<Verdict>, StepError> {
    if !is_native(qemu) || std::fs::File::options().read(true).write(true).open("/dev/kvm").is_err() {
        return Ok(None);
    }
    remembered(cx, qemu, probe(cx, qemu, "kvm", LIMIT)).await.map(Some)
}

/// What an earlier probe found out, else what `probe` finds out now. Kept in the cache: it can be found out again.
async fn remembered(
    cx: &StepContext,
    qemu: &Path,
    probe: impl Future<Output = Result<Verdict, StepError>>,
) -> Result<Verdict, StepError> {
    let directory = cx.info().cache.join("karat");
    let file = directory.join("accelerator.json");
    let host = host();
    let known =
        tokio::fs::read(&file).await.ok().and_then(|bytes| serde_json::from_slice::<Memory>(&bytes).ok());
    if let Some(memory) = known.filter(|memory| memory.host == host && memory.program == qemu) {
        return Ok(memory.kvm);
    }
    let verdict = probe.await?;
    let memory = Memory { host, program: qemu.to_path_buf(), kvm: verdict.clone() };
    // A memory that cannot be written costs a probe next time, no more.
    if let Ok(text) = serde_json::to_vec_pretty(&memory)
        && tokio::fs::create_dir_all(&directory).await.is_ok()
    {
        let partial = file.with_extension(format!("{}.partial", cx.info().run));
        if tokio::fs::write(&partial, text).await.is_ok() {
            let _ = tokio::fs::rename(&partial, &file).await;
        }
    }
    Ok(verdict)
}

/// Whether the program emulates a PC on a PC: the boot sector is one's.
fn is_native(qemu: &Path) -> bool {
    let name = qemu.file_name().unwrap_or_default().to_string_lossy();
    cfg!(target_arch = "x86_64") && (name.contains("x86_64") || name.contains("i386") || name.contains("kvm"))
}

/// This boot of this kernel.
fn host() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default().trim().to_string();
    format!("{} {}", read("/proc/sys/kernel/random/boot_id"), read("/proc/sys/kernel/osrelease"))
}

/// Boots the probe under `accelerator`.
pub(super) async fn probe(
    cx: &StepContext,
    qemu: &Path,
    accelerator: &str,
    limit: Duration,
) -> Result<Verdict, StepError> {
    let disk = cx.scratch().await?.join(format!("probe-{accelerator}.img"));
    tokio::fs::write(&disk, boot_sector())
        .await
        .map_err(|error| StepError::io(format!("cannot write {}", disk.display()), error))?;
    let mut command = Command::new(qemu);
    command
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-m", "16"])
        .args(["-machine", &format!("type=pc,accel={accelerator}"), "-device", "isa-debug-exit"])
        .arg("-drive")
        .arg(format!("file={},format=raw,if=ide", disk.display().to_string().replace(',', ",,")))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut process = cx.own_process(command).await?;
    let ended = cx.unless_cancelled(tokio::time::timeout(limit, process.wait())).await?;
    let Ok(status) = ended else {
        // A process that is stuck in the kernel may not even die.
        let _ = tokio::time::timeout(Duration::from_secs(1), process.kill()).await;
        return Ok(Verdict::Hangs);
    };
    let mut complaint = String::new();
    if let Some(mut stderr) = process.stderr.take() {
        let _ = stderr.read_to_string(&mut complaint).await;
    }
    process.finished().await?;
    if status.code() == Some(RUNS) {
        return Ok(Verdict::Works);
    }
    let cause = complaint.lines().last().unwrap_or_default().trim();
    Ok(Verdict::Fails(if cause.is_empty() { status.to_string() } else { cause.to_string() }))
}

/// A disk whose first sector runs the probe.
fn boot_sector() -> Vec<u8> {
    let mut sector = vec![0; 512];
    sector[..CODE.len()].copy_from_slice(&CODE);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    sector
}

#[cfg(test)]
mod tests;
