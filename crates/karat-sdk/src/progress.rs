//! Progress that people can bear: nothing for the first second, then a few times a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use karat_model::event::EventKind;

use crate::context::StepContext;

/// Transfers that end within this time are not worth telling.
const QUIET: Duration = Duration::from_secs(1);
/// Time between two reports.
const PACE: Duration = Duration::from_millis(250);

/// Turns every moved byte into an occasional event.
pub struct ProgressMeter<'a> {
    cx: &'a StepContext,
    label: String,
    next: Mutex<Instant>,
}

impl<'a> ProgressMeter<'a> {
    /// A meter for one transfer, from now.
    pub fn new(cx: &'a StepContext, label: impl Into<String>) -> Self {
        Self { cx, label: label.into(), next: Mutex::new(Instant::now() + QUIET) }
    }

    /// Bytes so far, and in all where known.
    pub fn moved(&self, done: u64, total: Option<u64>) {
        let Ok(mut next) = self.next.try_lock() else { return };
        let now = Instant::now();
        if now >= *next {
            *next = now + PACE;
            self.cx.emit(EventKind::Progress { label: self.label.clone(), done, total });
        }
    }
}
