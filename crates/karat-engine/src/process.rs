//! Finding and ending processes that a dead run left.

use std::fs;
use std::time::{Duration, Instant};

use karat_model::resource::{MARK, ProcessHandle, Resource};
use karat_sdk::owned::process_handle;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpgid, getpgrp};

/// How long killed processes may take to disappear; only a process that waits for a dead disk takes this long.
const DYING: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Kills the process behind an entry, its process group if it leads one, and everything that carries the entry's mark.
/// Whether there was anything to kill. Blocks until all of it is gone.
pub(crate) fn end(resource: &Resource, handle: Option<ProcessHandle>) -> Result<bool, String> {
    let mark = format!("{MARK}={}/{}", resource.run, resource.id.0);
    let deadline = Instant::now() + DYING;
    let mut found_any = false;
    loop {
        let found = find(&mark, handle);
        if found.is_empty() {
            return Ok(found_any);
        }
        found_any = true;
        for pid in &found {
            strike(*pid).map_err(|error| format!("cannot kill process {pid}: {error}"))?;
        }
        if Instant::now() > deadline {
            return Err(format!("process {} does not die", found[0]));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

fn strike(pid: Pid) -> nix::Result<()> {
    let leads_group = getpgid(Some(pid)) == Ok(pid) && pid != getpgrp();
    let struck = if leads_group { killpg(pid, Signal::SIGKILL) } else { kill(pid, Signal::SIGKILL) };
    match struck {
        // It ended by itself meanwhile.
        Err(nix::errno::Errno::ESRCH) => Ok(()),
        other => other,
    }
}

/// The process with this handle, and every process with this mark. Those that have ended and wait for their parent to
/// notice do not count; neither does this process.
fn find(mark: &str, handle: Option<ProcessHandle>) -> Vec<Pid> {
    let by_handle =
        handle.filter(|handle| process_handle(handle.pid) == Some(*handle)).map(|handle| handle.pid);
    let marked = fs::read_dir("/proc").into_iter().flatten().flatten();
    let marked = marked
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| has_mark(*pid, mark));
    let mut pids: Vec<i32> = by_handle.into_iter().chain(marked).collect();
    pids.sort_unstable();
    pids.dedup();
    pids.retain(|pid| *pid != std::process::id() as i32 && !has_ended(*pid));
    pids.into_iter().map(Pid::from_raw).collect()
}

/// Other users' environments cannot be read; their processes are not ours.
fn has_mark(pid: i32, mark: &str) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    })
}

fn has_ended(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    matches!(state, Some('Z' | 'X'))
}
