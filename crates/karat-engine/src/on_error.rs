//! What `-on-error` means when a step of a builder fails. What a builder does outside of steps is always cleaned up.

use std::sync::atomic::{AtomicBool, Ordering};

use karat_model::event::Tone;
use karat_sdk::context::OnError;
use karat_sdk::error::StepError;

use crate::job::Job;

const QUESTION: &str = "[c] Clean up and exit, [a] abort without cleanup, or [r] retry step (build may fail even if \
                        retry succeeds)?";

/// A step that failed for good.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: String,
    pub(crate) answer: Answer,
}

/// What the user wants after a step failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nobody was asked.
    None,
    CleanUp,
    Abort,
    Retry,
}

/// What becomes of what a builder made besides its artifact.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Everything is taken down.
    CleanUp,
    /// Everything stays.
    Abandon(Notice),
}

/// What is said about things that stay.
#[derive(Debug)]
pub(crate) struct Notice {
    /// The error; `None` where somebody interrupted the build.
    error: Option<String>,
    begun: AtomicBool,
}

impl Ending {
    /// Decides about a build that failed.
    pub(crate) fn of_failed(job: &Job) -> Self {
        let failure = job.failure();
        let error = match job.options.on_error {
            OnError::Cleanup => return Self::CleanUp,
            OnError::Abort | OnError::RunCleanupProvisioner if job.is_stopped() => None,
            OnError::Abort | OnError::RunCleanupProvisioner => failure.map(|failure| failure.error),
            OnError::Ask => match failure {
                Some(failure) if failure.answer == Answer::Abort && job.is_stopped() => None,
                Some(failure) if failure.answer == Answer::Abort => Some(failure.error),
                _ => return Self::CleanUp,
            },
        };
        if error.is_none() && !job.is_stopped() {
            return Self::CleanUp;
        }
        Self::Abandon(Notice { error, begun: AtomicBool::new(false) })
    }
}

impl Notice {
    /// Says, in Packer's words, that what `step` made stays.
    pub(crate) fn tell(&self, job: &Job, step: &str) {
        if self.begun.swap(true, Ordering::Relaxed) {
            job.tell(Tone::Error, format!("aborted: skipping cleanup of step {step:?}"));
            return;
        }
        match &self.error {
            None => job.tell(Tone::Error, "Interrupted, aborting..."),
            Some(error) => {
                job.tell(Tone::Error, error);
                job.tell(Tone::Error, format!("Step {step:?} failed, aborting..."));
            }
        }
    }
}

/// Shows the failure and asks until there is an answer. Without one (nobody is there, or the run is cancelled while it
/// waits) everything is cleaned up.
pub(crate) async fn ask(job: &Job, step: &str, error: &StepError) -> Answer {
    job.tell(Tone::Error, error.to_string());
    job.tell(Tone::Say, format!("Step {step:?} failed"));
    loop {
        let Ok(line) = job.ask(&job.scope, QUESTION).await else { return Answer::CleanUp };
        match line.trim().chars().next().map(|first| first.to_ascii_lowercase()) {
            None | Some('c') => return Answer::CleanUp,
            Some('a') => return Answer::Abort,
            Some('r') => return Answer::Retry,
            Some(_) => job.tell(Tone::Say, format!("Incorrect input: {line:?}")),
        }
    }
}
