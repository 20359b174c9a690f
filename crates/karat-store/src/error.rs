//! Why something could not be remembered.

use std::io;
use std::path::PathBuf;

use karat_model::id::RunId;
use karat_model::resource::ResourceId;

/// A failure of the store. Names the file and, where there is one, the fix.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or directory of the state could not be used.
    #[error("cannot {action} {}: {source}; check its permissions and free space, or choose another directory with KARAT_STATE_DIR", path.display())]
    Io {
        /// What was tried, such as `write`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The database refused.
    #[error("the ledger {} cannot be used: {source}", path.display())]
    Database {
        /// Where it is.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A newer version of Karat wrote the database.
    #[error(
        "the ledger {} was written by a newer Karat (format {found}; this one knows up to {known}); use that version, or choose another directory with KARAT_STATE_DIR",
        path.display()
    )]
    Newer {
        /// Where it is.
        path: PathBuf,
        /// Format of the database.
        found: i64,
        /// Newest format that this version reads.
        known: i64,
    },
    /// What was read is not what was written.
    #[error("{what} is damaged: {cause}")]
    Damaged {
        /// The file or entry.
        what: String,
        /// What is wrong with it.
        cause: String,
    },
    /// No such run.
    #[error("there is no run `{0}`; `karat runs` lists those that are remembered")]
    NoRun(RunId),
    /// A run with this id has begun already.
    #[error("run `{0}` has begun already")]
    Exists(RunId),
    /// Only a run that has begun here may write.
    #[error("run `{0}` has not begun in this process, or has ended, so nothing can be noted for it")]
    NotBegun(RunId),
    /// No such entry.
    #[error("the ledger has no open entry {}", .0.0)]
    NoEntry(ResourceId),
    /// The worker thread ended without an answer.
    #[error("the store's worker stopped: {0}")]
    Worker(String),
}

impl StoreError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
