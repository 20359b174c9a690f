//! Asking the person at the terminal.

use std::sync::Arc;

use async_trait::async_trait;
use karat_model::event::{EventKind, Scope};
use karat_sdk::cancel::Cancellation;
use karat_sdk::context::cancelled_text;
use karat_sdk::error::StepError;
use tokio::sync::Mutex;

use crate::events::Events;

/// Hears what a person answers. The engine asks one question at a time, and shows it as an event
/// ([`EventKind::Asked`]).
#[async_trait]
pub trait Prompter: Send + Sync {
    /// Whether there is anybody to ask.
    fn is_there(&self) -> bool;

    /// The next answer, without its line end. The future is dropped when the run is cancelled or has no use for an answer
    /// any more; what the person types later then answers the next question.
    async fn answer(&self) -> Result<String, AskError>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is nobody to ask. Scripts look for Packer's words.
    #[error("no available tty")]
    NoTerminal,
    /// The person pressed Ctrl-C instead.
    #[error("interrupted")]
    Interrupted,
    /// The terminal failed.
    #[error("{0}")]
    Failed(String),
}

/// For runs that nobody watches: there is never a terminal.
pub struct NoPrompter;

#[async_trait]
impl Prompter for NoPrompter {
    fn is_there(&self) -> bool {
        false
    }

    async fn answer(&self) -> Result<String, AskError> {
        Err(AskError::NoTerminal)
    }
}

/// The queue in front of the prompter.
pub(crate) struct Questions {
    prompter: Arc<dyn Prompter>,
    turn: Mutex<()>,
}

/// A question that waits for its answer; its end is told even if it is dropped.
struct Open<'a> {
    events: &'a Events,
    scope: &'a Scope,
    given: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.events.emit(self.scope, EventKind::Answered { given: self.given });
    }
}

impl Questions {
    pub(crate) fn new(prompter: Arc<dyn Prompter>) -> Self {
        Self { prompter, turn: Mutex::new(()) }
    }

    /// Waits for its turn and asks. A cancelled run asks nothing.
    pub(crate) async fn ask(
        &self,
        events: &Events,
        scope: &Scope,
        cancellation: &Cancellation,
        question: &str,
    ) -> Result<String, StepError> {
        let ask = async {
            let _turn = self.turn.lock().await;
            if !self.prompter.is_there() {
                return Err(AskError::NoTerminal);
            }
            events.emit(scope, EventKind::Asked { question: question.to_string() });
            let mut open = Open { events, scope, given: false };
            let answer = self.prompter.answer().await;
            open.given = answer.is_ok();
            answer
        };
        tokio::select! {
            biased;
            cancel = cancellation.stopped() => Err(StepError::Cancelled(cancelled_text(&cancel.reason))),
            answer = ask => answer.map_err(|error| match error {
                AskError::Interrupted => StepError::Cancelled(error.to_string()),
                _ => StepError::failed(error.to_string()),
            }),
        }
    }
}
