//! Ctrl-C and its relatives: each one is more urgent than the last.

use karat_model::event::CancelLevel;
use karat_sdk::Canceller;
use tokio::signal::unix::{SignalKind, signal};

/// Cancels at each SIGINT, SIGTERM or SIGHUP: first a graceful stop, then a kill, then `leave`. `tell` hears of each first:
/// people see why before things begin to stop. Must be called inside the runtime.
pub(crate) fn listen(
    canceller: Canceller,
    tell: impl Fn(CancelLevel, &'static str) + Send + 'static,
    leave: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        for level in [CancelLevel::Stop, CancelLevel::Kill, CancelLevel::Leave] {
            let reason = tokio::select! {
                _ = interrupt.recv() => "interrupt",
                _ = terminate.recv() => "terminated",
                _ = hangup.recv() => "hangup",
            };
            tell(level, reason);
            canceller.cancel(level, reason);
        }
        leave();
    });
    Ok(())
}
