//! Ctrl-C and its relatives: each one is more urgent than the last.

use karat_engine::Events;
use karat_model::event::{CancelLevel, EventKind, Scope};
use karat_sdk::Canceller;
use tokio::signal::unix::{SignalKind, signal};

/// Cancels at each SIGINT, SIGTERM or SIGHUP: first a graceful stop, then a kill, then `leave`. Must be called inside the
/// runtime.
pub(crate) fn listen(
    canceller: Canceller,
    events: Events,
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
            // Told first: people see why before the builds begin to stop.
            events.emit(&Scope::default(), EventKind::CancelRequested { level, reason: reason.to_string() });
            canceller.cancel(level, reason);
        }
        leave();
    });
    Ok(())
}
