//! What people hear while a cancelled run still waits: for what, and how to stop it harder.

use std::sync::Arc;
use std::time::Duration;

use karat_model::event::{CancelLevel, EventKind, Scope, Tone};
use karat_sdk::cancel::Cancellation;
use tokio::time::timeout;

use crate::events::Events;
use crate::job::Job;

/// When it is looked again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Says it once the run is cancelled, when the cancellation gets more urgent, and whenever something else is waited for
/// later. Never ends.
pub(crate) async fn tell(jobs: &[Arc<Job>], events: &Events, cancellation: &Cancellation) {
    let cancel = cancellation.stopped().await;
    let signal = if cancel.reason == "interrupt" { "Press Ctrl-C" } else { "Signal" };
    let kill = format!("{signal} again to kill what does not stop");
    let leave = format!("{signal} again to leave at once; `karat gc` then removes what is left");
    for (level, harder) in [(CancelLevel::Kill, kill), (CancelLevel::Leave, leave)] {
        let mut said = String::new();
        loop {
            let waits = waits(jobs);
            if !waits.is_empty() && waits != said {
                let text = format!("Waiting for {waits}. {harder}.");
                events.emit(&Scope::default(), EventKind::Message { tone: Tone::Say, text });
                said = waits;
            }
            if timeout(LOOK_AGAIN, cancellation.reached(level)).await.is_ok() {
                break;
            }
        }
    }
    std::future::pending().await
}

/// `null.a (the provisioner `shell-local`), null.b (step StepConnect)`; empty when nothing goes on any more.
fn waits(jobs: &[Arc<Job>]) -> String {
    let busy = jobs.iter().filter_map(|job| Some(format!("{} ({})", job.build().name, job.doing()?)));
    busy.collect::<Vec<_>>().join(", ")
}
