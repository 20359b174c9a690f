//! What one run of a command costs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::{Value, json};

use crate::Result;

/// Wall time and processor time in seconds, peak memory in megabytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measurement {
    pub(super) wall: f64,
    /// Of the command and of all processes that it started and waited for.
    pub(super) cpu: f64,
    /// Of the command and of all processes below it but QEMU: the sum of each one's own peak.
    pub(super) memory: f64,
}

impl Measurement {
    /// Runs `command` in a process of its own (`cargo xtask measure`), because the kernel adds the costs of all
    /// children of one process up. The command must succeed.
    pub(super) fn of(command: &Command) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let (report, log) = (directory.path().join("report"), directory.path().join("log"));
        let output = fs::File::create(&log)?;
        let mut wrapper = Command::new(std::env::current_exe()?);
        wrapper.arg("measure").arg(&report).arg(command.get_program()).args(command.get_args()).env_clear();
        wrapper.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(directory) = command.get_current_dir() {
            wrapper.current_dir(directory);
        }
        let status = wrapper.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).status()?;
        if !status.success() {
            return Err(format!("{command:?}: {status}\n{}", fs::read_to_string(&log)?).into());
        }
        let report: Value = serde_json::from_str(&fs::read_to_string(&report)?)?;
        let number = |name: &str| report[name].as_f64().ok_or_else(|| format!("no {name} in {report}"));
        Ok(Self { wall: number("wall")?, cpu: number("cpu")?, memory: number("memory")? })
    }

    /// The best of `runs`, each figure for itself: noise only ever adds. `prepare` runs before each one, unmeasured.
    pub(super) fn best(runs: usize, mut command: impl FnMut() -> Result<Command>) -> Result<Self> {
        let mut best: Option<Self> = None;
        for _ in 0..runs.max(1) {
            let new = Self::of(&command()?)?;
            best = Some(best.map_or(new, |old| Self {
                wall: old.wall.min(new.wall),
                cpu: old.cpu.min(new.cpu),
                memory: old.memory.min(new.memory),
            }));
        }
        best.ok_or_else(|| "nothing was measured".into())
    }
}

/// `cargo xtask measure REPORT COMMAND…`: runs the command, writes what it cost, and fails if it failed.
pub(crate) fn measure(report: &Path, command: &[&str]) -> Result<()> {
    let [program, arguments @ ..] = command else { return Err("measure needs a command".into()) };
    let started = Instant::now();
    let mut child = Command::new(program).args(arguments).spawn()?;
    let mut peaks: Vec<(u32, f64)> = vec![];
    let mut has_guest = false;
    let status = loop {
        for (process, peak) in memory_peaks(child.id(), &mut has_guest) {
            match peaks.iter_mut().find(|(known, _)| *known == process) {
                Some(entry) => entry.1 = peak,
                None => peaks.push((process, peak)),
            }
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let wall = started.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let used = usage.user_time() + usage.system_time();
    let cpu = Duration::from_micros(used.num_microseconds().unsigned_abs()).as_secs_f64();
    let sampled: f64 = peaks.iter().map(|(_, peak)| peak).sum();
    // The kernel knows the largest process also where every sample came too early. With a guest, that one is QEMU.
    let largest = if has_guest { 0.0 } else { usage.max_rss() as f64 / 1024.0 };
    let memory = sampled.max(largest);
    fs::write(report, json!({ "wall": wall, "cpu": cpu, "memory": memory }).to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}").into()) }
}

/// Each process at and below `process` with its peak memory in megabytes, QEMU left out: it is the guest's.
fn memory_peaks(process: u32, has_guest: &mut bool) -> Vec<(u32, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let Some(name) = field("Name:") else { return vec![] };
    if name.starts_with("qemu") {
        *has_guest = true;
        return vec![];
    }
    let kilobytes = field("VmHWM:").and_then(|value| value.split_whitespace().next()?.parse::<f64>().ok());
    let mut peaks: Vec<(u32, f64)> =
        kilobytes.map(|kilobytes| (process, kilobytes / 1024.0)).into_iter().collect();
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    for thread in threads {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|id| id.parse().ok());
        peaks.extend(children.flat_map(|child| memory_peaks(child, has_guest)));
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_a_command_and_reports_its_failure() {
        let directory = tempfile::tempdir().unwrap();
        let report = directory.path().join("report");
        measure(&report, &["sh", "-c", "sleep 0.05"]).unwrap();
        let value: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
        assert!(value["wall"].as_f64().unwrap() >= 0.05, "{value}");
        assert!(value["memory"].as_f64().unwrap() > 0.0, "{value}");
        assert!(measure(&report, &["false"]).is_err());
    }
}
