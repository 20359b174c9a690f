//! The one seam between components and whoever runs them.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use karat_model::event::{EventKind, Scope};
use karat_model::facts::Facts;
use karat_model::resource::{Intent, ProcessHandle, ResourceId, Settled};

use crate::component::Guest;
use crate::error::StepError;

/// What runs components. The engine implements it; the testkit has one that records.
///
/// A host serves one frame of work (a builder with its provisioners, one step of it, or one post-processor) and owns that
/// frame's teardown list.
#[async_trait]
pub trait Host: Send + Sync {
    /// Tells what happened. Never waits, never fails.
    fn emit(&self, scope: &Scope, kind: EventKind);

    /// Asks the person at the terminal. Fails where there is none.
    async fn ask(&self, scope: &Scope, question: &str) -> Result<String, StepError>;

    /// Writes down, durably, that something is about to be created.
    async fn intend(&self, scope: &Scope, intent: Intent) -> Result<ResourceId, StepError>;

    /// Notes that it exists.
    async fn acquired(&self, id: ResourceId, process: Option<ProcessHandle>) -> Result<(), StepError>;

    /// Notes that it is gone, kept or abandoned.
    async fn settle(&self, id: ResourceId, how: Settled) -> Result<(), StepError>;

    /// Puts an undo on the frame's teardown list (last in, first out).
    fn defer(&self, teardown: Teardown) -> TeardownId;

    /// Takes an undo off the list without running it: it ran early, or its resource is kept.
    fn withdraw(&self, id: TeardownId) -> Option<Teardown>;

    /// The frame's private directory: made on first use, owned, removed at teardown.
    async fn scratch(&self) -> Result<PathBuf, StepError>;

    /// Begins a step: a frame of work within this one, which is taken down when its turn comes. `name` is what people see
    /// it called, in Packer's words (`stepRun`, `StepHTTPServer`).
    fn begin_step(&self, name: &'static str) -> Arc<dyn Host>;

    /// The step that this host serves has done its work, or failed. Waits for the person at the terminal where `-debug` or
    /// `-on-error=ask` say so, and tells how to go on.
    async fn end_step(&self, error: Option<&StepError>) -> Next;

    /// Runs the build's provisioners on `guest`. Only builders may ask.
    async fn provision(&self, guest: &dyn Guest, facts: &Facts) -> Result<(), StepError>;

    /// A builder failed after its provisioners had worked on `guest`: runs the error-cleanup-provisioner, if the build
    /// has one and `-on-error` lets it. Gives back what the build fails with.
    async fn failed_after(&self, guest: &dyn Guest, facts: &Facts, error: StepError) -> StepError;
}

/// How a builder goes on after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// With what the step made, or with its error.
    GoOn,
    /// With the same step once more; what it made has been taken down.
    Again,
}

/// Names one entry of a teardown list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TeardownId(pub u64);

/// What takes one thing down again. Runs on success, failure and cancel alike, never under the cancelled token.
pub struct Teardown {
    /// Its ledger entry; settled by the engine when the undo succeeds.
    pub resource: Option<ResourceId>,
    /// The undo. Must be idempotent.
    pub undo: Box<dyn FnOnce() -> BoxFuture<'static, Result<(), StepError>> + Send>,
}
