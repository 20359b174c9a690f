//! What could outlive the process: the entries of the ledger.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::id::{BuildName, RunId};

/// Identity of a ledger entry; unique per store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceId(pub i64);

/// What is about to be created. Written to the ledger before it exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// A child process that would go on after us. Its environment carries [`MARK`]`=RUN/ID`, so that it is found even
    /// if we die between its start and the note of its pid.
    Process {
        /// Name of the program, for people.
        program: String,
    },
    /// A file or socket that did not exist when this was written.
    File {
        /// Absolute path.
        path: PathBuf,
    },
    /// A directory, with everything in it, that did not exist when this was written.
    Directory {
        /// Absolute path.
        path: PathBuf,
    },
}

/// Name of the environment variable that marks processes that Karat owns.
pub const MARK: &str = "KARAT_RESOURCE";

/// Where a process is found again.
///
/// The start time guards against a pid that the kernel has given to somebody else since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessHandle {
    /// Process id.
    pub pid: i32,
    /// Start time in clock ticks since boot (field 22 of `/proc/PID/stat`).
    pub started: u64,
}

/// How far the creation got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceState {
    /// Announced; it may or may not exist.
    Intended,
    /// It exists.
    Acquired {
        /// The handle of a process; paths need none.
        process: Option<ProcessHandle>,
    },
}

/// One open entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its identity.
    pub id: ResourceId,
    /// The run that made it.
    pub run: RunId,
    /// The build that made it, where it belongs to one.
    pub build: Option<BuildName>,
    /// What it is.
    pub intent: Intent,
    /// How far its creation got.
    pub state: ResourceState,
    /// When it was announced, in milliseconds since the Unix epoch: a path that was born at another time is not ours.
    pub announced_ms: u64,
}

/// How an entry left the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// Removed, or never made.
    Gone,
    /// It is part of what the user asked for (an artifact).
    Kept,
    /// Left in place because the user said so (`-on-error=abort`).
    Abandoned,
}
