//! What can be asked of a store.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use karat_model::event::Event;
use karat_model::id::{BuildName, RunId};
use karat_model::resource::{Intent, ProcessHandle, Resource, ResourceId, Settled};

use crate::disk::DiskStore;
use crate::error::StoreError;
use crate::memory::MemoryStore;
use crate::run::{Recording, RunHeader, RunSummary};

/// What happened, run by run.
#[async_trait]
pub trait RunLog: Send + Sync {
    /// Begins a run: its header is written and its lease is taken. Until [`RunLog::end`], or until the process is gone,
    /// the run is live.
    async fn begin(&self, header: &RunHeader) -> Result<(), StoreError>;

    /// Adds events to a run that has begun here.
    async fn append(&self, run: &RunId, events: &[Event]) -> Result<(), StoreError>;

    /// Ends a run that has begun here: its lease is released, and old runs that nothing depends on are forgotten.
    async fn end(&self, run: &RunId) -> Result<(), StoreError>;

    /// The remembered runs, newest first. Runs whose log cannot be read are left out.
    async fn runs(&self) -> Result<Vec<RunSummary>, StoreError>;

    /// Everything that was recorded of one run.
    async fn read(&self, run: &RunId) -> Result<Recording, StoreError>;

    /// Whether a process that is alive holds the run's lease.
    async fn is_live(&self, run: &RunId) -> Result<bool, StoreError>;
}

/// Everything that could outlive the process. Each call returns when its note is durable.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Notes that something is about to be created. The run must have begun here.
    async fn intend(
        &self,
        run: &RunId,
        build: Option<&BuildName>,
        intent: &Intent,
    ) -> Result<ResourceId, StoreError>;

    /// Notes that it exists.
    async fn acquired(&self, id: ResourceId, process: Option<ProcessHandle>) -> Result<(), StoreError>;

    /// Closes an entry. The first settlement of an entry counts; a later one changes nothing.
    async fn settle(&self, id: ResourceId, how: Settled) -> Result<(), StoreError>;

    /// The open entries of one run, newest first.
    async fn outstanding(&self, run: &RunId) -> Result<Vec<Resource>, StoreError>;

    /// Every run that has open entries, oldest first; live ones too.
    async fn unsettled_runs(&self) -> Result<Vec<RunId>, StoreError>;
}

/// A log and a ledger that belong together.
#[derive(Clone)]
pub struct Store {
    /// What happened.
    pub log: Arc<dyn RunLog>,
    /// What could outlive the process.
    pub ledger: Arc<dyn Ledger>,
}

impl Store {
    /// The store in a directory. Nothing is opened or created before it is needed.
    pub fn disk(state: impl Into<PathBuf>) -> Self {
        let store = Arc::new(DiskStore::new(state));
        Self { log: store.clone(), ledger: store }
    }

    /// A store that forgets everything with the last of its handles.
    pub fn memory() -> Self {
        Self::of_memory(MemoryStore::default())
    }

    /// The same, from a memory store that is shared with others.
    pub fn of_memory(store: MemoryStore) -> Self {
        let store = Arc::new(store);
        Self { log: store.clone(), ledger: store }
    }
}
