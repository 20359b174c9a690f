//! Feeds the one stream of events to whoever wants it: first the recorder, then the log, then the view.

use std::io;
use std::sync::Arc;

use karat_model::event::{CancelLevel, Event, EventKind};
use karat_model::id::RunId;
use karat_sdk::Canceller;
use karat_store::RunLog;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use crate::report::{self, Console, Reporter, log};

/// Where a run's events are written down.
pub(crate) struct Recorder {
    /// The log.
    pub(crate) log: Arc<dyn RunLog>,
    /// The run.
    pub(crate) run: RunId,
}

/// Consumes `events` up to the end of the run.
///
/// Recording failures warn once and never fail the run. A reader of our output that went away (`| head`) stops it: nobody
/// could see any more what it does.
pub(crate) fn start(
    mut events: UnboundedReceiver<Event>,
    recorder: Recorder,
    mut reporter: Box<dyn Reporter>,
    canceller: Canceller,
    console: Console,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut batch = Vec::new();
        let (mut recording, mut showing) = (true, true);
        let mut log = log::View::default();
        while events.recv_many(&mut batch, 256).await > 0 {
            if recording && let Err(error) = recorder.log.append(&recorder.run, &batch).await {
                recording = false;
                console.error(&format!("Warning: this run is not recorded any further: {error}"));
            }
            for event in batch.drain(..) {
                let is_last = matches!(event.kind, EventKind::RunFinished { .. });
                // The log cannot fail: nobody could be told.
                let _ = log.event(&event);
                if let Err(error) = reporter.event(&event)
                    && std::mem::take(&mut showing)
                {
                    unseen(&error, &canceller);
                }
                if is_last {
                    return;
                }
            }
        }
    })
}

/// What is shown gets lost. A full disk under it is no reason to stop the run; `karat runs show` will have it.
fn unseen(error: &io::Error, canceller: &Canceller) {
    log::info(format_args!("cannot write to standard output: {error}"));
    match error.kind() {
        io::ErrorKind::BrokenPipe => {
            canceller.cancel(CancelLevel::Stop, "the reader of our output went away")
        }
        _ => report::early_error(&format!("Warning: cannot write to standard output: {error}")),
    }
}
