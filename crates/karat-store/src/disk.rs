//! The store in a directory.
//!
//! ```text
//! STATE/karat.db                 the ledger (SQLite)
//! STATE/karat.db.lock            held for the moment of opening it
//! STATE/runs/RUN/events.jsonl    a run's log: its header, then one event per line
//! STATE/runs/RUN/lease           locked by the process that runs it
//! STATE/console_history          what was typed into the console; its editor writes it
//! ```

mod database;
mod logs;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use karat_model::event::Event;
use karat_model::id::{BuildName, RunId};
use karat_model::resource::{Intent, ProcessHandle, Resource, ResourceId, Settled};

use crate::disk::database::Database;
use crate::disk::logs::{Held, Logs};
use crate::error::StoreError;
use crate::run::{Recording, RunHeader, RunSummary};
use crate::store::{Ledger, RunLog};

/// How many runs are remembered at least. An older one is forgotten when a run ends, unless it is live or has open
/// entries in the ledger.
pub const KEPT_RUNS: usize = 200;

/// The file with the lines that were typed into the console.
pub fn console_history(state: &Path) -> PathBuf {
    state.join("console_history")
}

/// The store in a directory, shared with every other process that uses the directory.
///
/// Making one is free: nothing is opened or created before it is needed.
pub struct DiskStore {
    inner: Arc<Inner>,
}

struct Inner {
    logs: Logs,
    database_path: PathBuf,
    database: Mutex<Option<Database>>,
    /// The runs that have begun here and not ended. Dropping one releases its lease.
    held: Mutex<HashMap<RunId, Held>>,
    kept: usize,
}

impl DiskStore {
    /// The store in `state`.
    pub fn new(state: impl Into<PathBuf>) -> Self {
        Self::keeping(state, KEPT_RUNS)
    }

    fn keeping(state: impl Into<PathBuf>, kept: usize) -> Self {
        let state = state.into();
        let inner = Inner {
            logs: Logs::new(state.join("runs")),
            database_path: state.join("karat.db"),
            database: Mutex::new(None),
            held: Mutex::default(),
            kept,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Runs `work` where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.inner.clone();
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(error) => Err(StoreError::Worker(error.to_string())),
        }
    }
}

impl Inner {
    /// Runs `work` on the database, which is made if it is not there.
    fn with_database<T>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut slot = lock(&self.database);
        let database = match slot.take() {
            Some(open) => open,
            None => Database::open(&self.database_path)?,
        };
        work(slot.insert(database))
    }

    /// Runs `work` on the database if there is one; without it nothing was ever noted.
    fn with_existing_database<T: Default>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.database_path.exists() { self.with_database(work) } else { Ok(T::default()) }
    }

    fn is_live(&self, run: &RunId) -> Result<bool, StoreError> {
        if lock(&self.held).contains_key(run) { Ok(true) } else { self.logs.is_leased(run) }
    }

    fn forget_old(&self) -> Result<(), StoreError> {
        for run in self.logs.runs()?.into_iter().skip(self.kept) {
            let unsettled = !self.with_existing_database(|database| database.outstanding(&run))?.is_empty();
            if !unsettled && !self.is_live(&run)? {
                self.logs.forget(&run)?;
                self.with_existing_database(|database| database.forget(&run))?;
            }
        }
        Ok(())
    }
}

/// Every use leaves what it guards whole even if it panics, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl RunLog for DiskStore {
    async fn begin(&self, header: &RunHeader) -> Result<(), StoreError> {
        let header = header.clone();
        self.blocking(move |inner| {
            let held = inner.logs.begin(&header)?;
            lock(&inner.held).insert(header.run, held);
            Ok(())
        })
        .await
    }

    async fn append(&self, run: &RunId, events: &[Event]) -> Result<(), StoreError> {
        let (run, events) = (run.clone(), events.to_vec());
        self.blocking(move |inner| match lock(&inner.held).get_mut(&run) {
            Some(held) => held.append(&events),
            None => Err(StoreError::NotBegun(run)),
        })
        .await
    }

    async fn end(&self, run: &RunId) -> Result<(), StoreError> {
        let run = run.clone();
        self.blocking(move |inner| {
            let held = lock(&inner.held).remove(&run).ok_or(StoreError::NotBegun(run))?;
            drop(held);
            inner.forget_old()
        })
        .await
    }

    async fn runs(&self) -> Result<Vec<RunSummary>, StoreError> {
        self.blocking(|inner| {
            let mut summaries = Vec::new();
            for run in inner.logs.runs()? {
                if let Ok(summary) = inner.logs.summary(&run, inner.is_live(&run)?) {
                    summaries.push(summary);
                }
            }
            Ok(summaries)
        })
        .await
    }

    async fn read(&self, run: &RunId) -> Result<Recording, StoreError> {
        let run = run.clone();
        self.blocking(move |inner| inner.logs.read(&run)).await
    }

    async fn is_live(&self, run: &RunId) -> Result<bool, StoreError> {
        let run = run.clone();
        self.blocking(move |inner| inner.is_live(&run)).await
    }
}

#[async_trait]
impl Ledger for DiskStore {
    async fn intend(
        &self,
        run: &RunId,
        build: Option<&BuildName>,
        intent: &Intent,
    ) -> Result<ResourceId, StoreError> {
        let (run, build, intent) = (run.clone(), build.cloned(), intent.clone());
        self.blocking(move |inner| {
            if !lock(&inner.held).contains_key(&run) {
                return Err(StoreError::NotBegun(run));
            }
            inner.with_database(|database| database.intend(&run, build.as_ref(), &intent))
        })
        .await
    }

    async fn acquired(&self, id: ResourceId, process: Option<ProcessHandle>) -> Result<(), StoreError> {
        self.blocking(move |inner| inner.with_database(|database| database.acquired(id, process))).await
    }

    async fn settle(&self, id: ResourceId, how: Settled) -> Result<(), StoreError> {
        self.blocking(move |inner| inner.with_database(|database| database.settle(id, how))).await
    }

    async fn outstanding(&self, run: &RunId) -> Result<Vec<Resource>, StoreError> {
        let run = run.clone();
        self.blocking(move |inner| inner.with_existing_database(|database| database.outstanding(&run))).await
    }

    async fn unsettled_runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.blocking(|inner| inner.with_existing_database(Database::unsettled_runs)).await
    }
}

#[cfg(test)]
mod tests;
