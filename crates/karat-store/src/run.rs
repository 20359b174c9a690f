//! What is remembered of a run.

use std::time::Duration;

use karat_model::event::{Event, EventKind, Outcome};
use karat_model::id::{BuildName, RunId};
use serde::{Deserialize, Serialize};

/// A new identity: a version-7 UUID, so ids sort by the time at which runs began.
pub fn new_run_id() -> RunId {
    RunId(uuid::Uuid::now_v7().to_string())
}

/// What is known about a run when it begins: the first line of its event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHeader {
    /// [`karat_model::event::FORMAT`] of the events that follow.
    pub format: u32,
    /// Version of Karat.
    pub version: String,
    /// The run.
    pub run: RunId,
    /// The template's path as the user gave it.
    pub template: String,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// The command line, program first. Secrets are already replaced in it: this is written as it is.
    pub command: Vec<String>,
}

/// A run in a list of runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// What was known when it began.
    pub header: RunHeader,
    /// Whether it is running now.
    pub live: bool,
    /// How it ended; `None` if it runs, or stopped without saying so.
    pub ended: Option<Ended>,
    /// Its builds in the order in which they ended.
    pub builds: Vec<BuildSummary>,
}

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whether the user stopped it.
    pub cancelled: bool,
    /// How long it took.
    pub took: Duration,
}

/// A build in a list of runs.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildSummary {
    /// Its name.
    pub name: BuildName,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// How a build ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did what the template says.
    Succeeded,
    /// It failed.
    Failed,
    /// The user stopped it.
    Cancelled,
}

/// Everything that was recorded of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What was known when it began.
    pub header: RunHeader,
    /// What happened, in order. Kinds that this version does not know are [`EventKind::Unknown`].
    pub events: Vec<Event>,
    /// Lines that could not be read: torn by a crash, or damaged.
    pub unreadable: usize,
}

impl RunSummary {
    /// A run that has no events yet.
    pub(crate) fn new(header: RunHeader, live: bool) -> Self {
        Self { header, live, ended: None, builds: Vec::new() }
    }

    /// Takes in one event.
    pub(crate) fn note(&mut self, event: &Event) {
        match &event.kind {
            EventKind::BuildFinished { outcome, took } => {
                let verdict = match outcome {
                    Outcome::Succeeded { .. } => Verdict::Succeeded,
                    Outcome::Failed { .. } => Verdict::Failed,
                    Outcome::Cancelled { .. } => Verdict::Cancelled,
                };
                if let Some(name) = event.scope.build.clone() {
                    self.builds.push(BuildSummary { name, verdict, took: *took });
                }
            }
            EventKind::RunFinished { cancelled, took } => {
                self.ended = Some(Ended { cancelled: *cancelled, took: *took });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The header of a new run.
    pub(crate) fn header() -> RunHeader {
        RunHeader {
            format: karat_model::event::FORMAT,
            version: "0.1.0".into(),
            run: new_run_id(),
            template: "web.pkr.hcl".into(),
            started_ms: 1_790_000_000_000,
            command: vec!["karat".into(), "build".into(), "web.pkr.hcl".into()],
        }
    }

    #[test]
    fn run_ids_sort_by_age() {
        let ids: Vec<_> = (0..100).map(|_| new_run_id()).collect();
        assert!(ids.is_sorted());
    }
}
