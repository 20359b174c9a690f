//! Ctrl-C and its relatives: each one is more urgent than the last.

use karat_model::event::CancelLevel;
use karat_sdk::{Cancellation, Canceller};
use tokio::signal::unix::{SignalKind, signal};

use crate::report::Console;

/// Cancels at each SIGINT, SIGTERM or SIGHUP: first a graceful stop, then a kill, then `leave`. `tell` hears of each first:
/// people see why before things begin to stop. Must be called inside the runtime.
pub(crate) fn listen(
    canceller: Canceller,
    tell: impl Fn(CancelLevel, &'static str) + Send + 'static,
    leave: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // `nohup` and the like: whoever started us wants us to go on when the terminal goes away.
    let mut hangup = if is_ignored(HANGUP) { None } else { Some(signal(SignalKind::hangup())?) };
    tokio::spawn(async move {
        for level in [CancelLevel::Stop, CancelLevel::Kill, CancelLevel::Leave] {
            let reason = tokio::select! {
                _ = interrupt.recv() => "interrupt",
                _ = terminate.recv() => "terminated",
                Some(_) = async { hangup.as_mut()?.recv().await } => "hangup",
            };
            tell(level, reason);
            canceller.cancel(level, reason);
        }
        leave();
    });
    Ok(())
}

/// The number of SIGHUP.
const HANGUP: u32 = 1;

/// Whether this process was started with a signal ignored; as far as the system tells.
fn is_ignored(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Ends the process at the first SIGINT, SIGTERM or SIGHUP, with a line and exit code 1: for commands that wait and make
/// nothing that would have to be undone. Must be called inside the runtime.
pub(crate) fn leave_at_once(console: Console) -> std::io::Result<()> {
    let (canceller, cancellation) = Cancellation::new();
    listen(canceller, |_, _| {}, || {})?;
    tokio::spawn(async move {
        let reason = cancellation.stopped().await.reason;
        console.error(&format!("Error: cancelled ({reason})"));
        std::process::exit(1);
    });
    Ok(())
}
