//! Asking the person at the terminal.

use std::sync::Arc;

use async_trait::async_trait;
use karat_model::event::{EventKind, Scope};
use karat_sdk::cancel::Cancellation;
use karat_sdk::context::cancelled_text;
use karat_sdk::error::StepError;
use tokio::sync::Mutex;

use crate::events::Events;

/// Asks a person. The engine asks one question at a time.
#[async_trait]
pub trait Prompter: Send + Sync {
    /// The answer, without its line end. The future is dropped when the run is cancelled.
    async fn ask(&self, question: &str) -> Result<String, AskError>;
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
    async fn ask(&self, _: &str) -> Result<String, AskError> {
        Err(AskError::NoTerminal)
    }
}

/// The queue in front of the prompter.
pub(crate) struct Questions {
    prompter: Arc<dyn Prompter>,
    turn: Mutex<()>,
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
            events.emit(scope, EventKind::Asked { question: question.to_string() });
            self.prompter.ask(question).await
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
