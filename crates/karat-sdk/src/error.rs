//! Why a step did not do what it was asked.

use std::io;

use karat_model::resource::Intent;

use crate::communicator::CommError;
use crate::config::Problems;

/// Why a builder, provisioner or post-processor stopped. Its text is what the user reads after `errored after …: `, so it
/// names the thing, the cause and, where there is one, the fix.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The work failed.
    #[error("{message}")]
    Failed {
        /// The whole story, for people.
        message: String,
        /// What it came from.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The run, the build or this attempt was cancelled.
    #[error("{0}")]
    Cancelled(String),
    /// The guest could not be talked to.
    #[error(transparent)]
    Comm(#[from] CommError),
    /// The configuration does not make sense in the light of what the build found out.
    #[error(transparent)]
    Config(#[from] Problems),
    /// The ledger could not be written, so the thing was not created.
    #[error("cannot note {intent:?} in the ledger, so it was not created: {message}")]
    Ledger {
        /// What was to be created.
        intent: Intent,
        /// Why the ledger refused.
        message: String,
    },
}

impl StepError {
    /// A failure with a complete text.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), source: None }
    }

    /// A failure of an operation on this host: `what` (without a full stop), then the cause as scripts know it from
    /// Packer: `open x: no such file or directory`.
    pub fn io(what: impl std::fmt::Display, error: io::Error) -> Self {
        Self::Failed { message: format!("{what}: {}", in_words(&error)), source: Some(Box::new(error)) }
    }

    /// A failure that came from another error: `what`, then the cause.
    pub fn because(
        what: impl std::fmt::Display,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Failed { message: format!("{what}: {error}"), source: Some(Box::new(error)) }
    }

    /// Whether somebody asked for the stop.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }
}

/// What the system says, without its number and in lower case, as Go's programs show it; any other error as it is.
pub fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(number) = error.raw_os_error() else { return text };
    let words = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blt_01_system_errors_read_as_in_packer() {
        let error = StepError::io("open nope.txt", std::fs::File::open("/nowhere/nope.txt").unwrap_err());
        assert_eq!(error.to_string(), "open nope.txt: no such file or directory");
        let error = StepError::io("read x", io::Error::other("The disk (os error 5) is odd"));
        assert_eq!(error.to_string(), "read x: The disk (os error 5) is odd");
    }
}
