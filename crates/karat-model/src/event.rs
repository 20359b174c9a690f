//! What happened, in order: the one stream that every view of a run is made from.
//!
//! Events are for people; correctness never depends on one. The recorded form is JSON lines: [`FORMAT`] names the
//! version, readers skip kinds they do not know, and fields are only ever added.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::artifact::Artifact;
use crate::id::{BuildName, RunId};

/// Version of the recorded form. Raised when a reader of the old form would misread the new one.
pub const FORMAT: u32 = 1;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the stream, from 0.
    pub seq: u64,
    /// Wall-clock time in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Whom it concerns.
    #[serde(default)]
    pub scope: Scope,
    /// What happened.
    pub kind: EventKind,
}

/// Whom an event concerns. Empty: the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildName>,
    /// The type of the post-processor that speaks, whose lines carry `BUILD (TYPE)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_processor: Option<String>,
}

impl Scope {
    /// The scope of one build.
    pub fn build(name: &BuildName) -> Self {
        Self { build: Some(name.clone()), post_processor: None }
    }
}

/// Which stream of a command a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How loud a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Normal.
    Say,
    /// Something is wrong, or will be.
    Warn,
    /// Something failed.
    Error,
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What only somebody who looks for a cause wants to know.
    Debug,
    /// What goes on.
    Info,
    /// Something is odd; the work goes on.
    Warn,
    /// Something failed, though perhaps only this attempt.
    Error,
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what the template says. The artifacts, in the order of the summary; may be empty.
    Succeeded {
        /// What it made.
        artifacts: Vec<Artifact>,
    },
    /// It failed.
    Failed {
        /// Why, as the summary shows it.
        error: String,
    },
    /// The user stopped it.
    Cancelled {
        /// What it said when it stopped.
        error: String,
    },
}

/// How far a cancellation has gone. Ordered: a level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelLevel {
    /// Nothing new starts; what runs goes on.
    Drain,
    /// Everything is asked to stop and is waited for. First Ctrl-C.
    Stop,
    /// Processes are killed; teardown is short. Second Ctrl-C.
    Kill,
    /// The process leaves at once. Third Ctrl-C.
    Leave,
}

/// What can happen. Closed: a new kind of event is a new variant here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// A run begins.
    RunStarted {
        /// Its identity.
        run: RunId,
        /// Version of Karat.
        version: String,
        /// The template's path as the user gave it.
        template: String,
        /// The builds that it will attempt, in order.
        builds: Vec<BuildName>,
    },
    /// A build begins.
    BuildStarted,
    /// Something worth telling, in a component's or the engine's words.
    Message {
        /// How loud.
        tone: Tone,
        /// May hold several lines.
        text: String,
    },
    /// A detail for whoever looks for a cause: in the log and in the recording, not on the screen.
    Log {
        /// How much it matters.
        level: LogLevel,
        /// May hold several lines.
        text: String,
    },
    /// A line of a command's output.
    Output {
        /// Which stream.
        stream: Stream,
        /// Without its line end.
        line: String,
    },
    /// A provisioner begins (again).
    StepStarted {
        /// Position among the build's provisioners, from 0.
        index: usize,
        /// Its name: the template's, else its type.
        step: String,
        /// 1 on the first try.
        attempt: u32,
    },
    /// A provisioner ended.
    StepFinished {
        /// Position among the build's provisioners, from 0.
        index: usize,
        /// Its name.
        step: String,
        /// Which try this was.
        attempt: u32,
        /// How long this try took.
        took: Duration,
        /// Why it failed, if it did.
        error: Option<String>,
    },
    /// Bytes are moving.
    Progress {
        /// What is moving.
        label: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
    /// A post-processor begins.
    PostProcessorStarted {
        /// The name that the template gives it; may be empty.
        name: String,
        /// Its type.
        component: String,
    },
    /// Somebody must answer before the run goes on.
    Asked {
        /// The question.
        question: String,
    },
    /// Nobody waits for an answer any more.
    Answered {
        /// Whether there is one; otherwise the question was withdrawn, because the run was cancelled.
        given: bool,
    },
    /// A cancellation begins or gets more urgent.
    CancelRequested {
        /// How urgent.
        level: CancelLevel,
        /// Why, such as `interrupt` or `terminated`.
        reason: String,
    },
    /// Something could not be cleaned up. It stays in the ledger.
    LeftBehind {
        /// What, and why.
        what: String,
    },
    /// A build ended, its teardown included.
    BuildFinished {
        /// How.
        outcome: Outcome,
        /// How long it took.
        took: Duration,
    },
    /// The run ended.
    RunFinished {
        /// Whether it was cancelled.
        cancelled: bool,
        /// How long it took.
        took: Duration,
    },
    /// A kind that this version does not know; seen only when a newer recording is read.
    #[serde(other)]
    Unknown,
}
