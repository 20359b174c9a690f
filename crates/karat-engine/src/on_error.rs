//! What `-on-error` means when a builder fails.

use karat_model::event::Tone;
use karat_sdk::context::OnError;
use karat_sdk::error::StepError;

use crate::frame::Frame;

/// Packer's name for the step that runs the provisioners.
pub(crate) const PROVISION: &str = "StepProvision";

const QUESTION: &str = "[c] Clean up and exit, [a] abort without cleanup, or [r] retry step (build may fail even if \
                        retry succeeds)?";

/// What becomes of what a builder made besides its artifact.
pub(crate) enum Ending {
    /// Everything is taken down.
    CleanUp,
    /// Everything stays.
    Abandon(Notice),
}

/// What is said about things that stay.
pub(crate) struct Notice {
    /// The error, where nobody interrupted the build.
    pub(crate) error: Option<String>,
    /// Somebody interrupted the build.
    pub(crate) interrupted: bool,
    /// A step whose cleanup ran after all.
    pub(crate) except: Option<&'static str>,
}

/// What the user wants after a step failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    CleanUp,
    Abort,
    Retry,
}

impl Ending {
    /// Decides, once the builder has ended with `error` or without one.
    pub(crate) async fn of(frame: &Frame, error: Option<&StepError>) -> Self {
        let Some(error) = error else { return Self::CleanUp };
        if frame.answered() == Some(Answer::CleanUp) {
            return Self::CleanUp;
        }
        let interrupted = frame.job().is_stopped();
        let shown = if interrupted { None } else { Some(error.to_string()) };
        let notice = Notice { error: shown, interrupted, except: None };
        match frame.job().options.on_error {
            OnError::Cleanup => Self::CleanUp,
            OnError::Abort => Self::Abandon(notice),
            OnError::RunCleanupProvisioner => Self::Abandon(Notice { except: Some(PROVISION), ..notice }),
            OnError::Ask => {
                let answer = match frame.answered() {
                    _ if interrupted => Answer::CleanUp,
                    Some(Answer::Abort) => Answer::Abort,
                    // A retry went well, and then something else failed.
                    _ => ask_about_builder(frame, error).await,
                };
                match answer {
                    Answer::Abort => Self::Abandon(notice),
                    Answer::CleanUp | Answer::Retry => Self::CleanUp,
                }
            }
        }
    }
}

/// A builder is one piece: what it did before its failure cannot be repeated in part.
pub(crate) async fn ask_about_builder(frame: &Frame, error: &StepError) -> Answer {
    let step = frame.newest_step().unwrap_or(&frame.job().build().source.component);
    loop {
        match ask(frame, step, error).await {
            Answer::Retry => frame.job().tell(
                Tone::Say,
                format!(
                    "Step {step:?} cannot be retried; only provisioning can. Start the build again instead."
                ),
            ),
            answer => return answer,
        }
    }
}

/// Shows the failure and asks until there is an answer. Without one (nobody is there, or the run is cancelled while it
/// waits) everything is cleaned up.
pub(crate) async fn ask(frame: &Frame, step: &str, error: &StepError) -> Answer {
    let job = frame.job();
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
