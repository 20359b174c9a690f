//! A store that forgets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use karat_model::event::Event;
use karat_model::id::{BuildName, RunId};
use karat_model::resource::{Intent, ProcessHandle, Resource, ResourceId, ResourceState, Settled};

use crate::error::StoreError;
use crate::run::{Recording, RunHeader, RunSummary};
use crate::store::{Ledger, RunLog};

/// A store in memory, for tests and for runs that must leave no trace.
///
/// It stands for one process; [`MemoryStore::another_process`] makes a second one that sees the same state. When a
/// "process" is dropped, its leases go with it, as those of a killed process do.
#[derive(Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    process: Arc<()>,
}

#[derive(Default)]
struct State {
    runs: BTreeMap<RunId, Run>,
    entries: BTreeMap<i64, (Resource, Option<Settled>)>,
}

struct Run {
    header: RunHeader,
    events: Vec<Event>,
    lease: Weak<()>,
}

impl MemoryStore {
    /// The same state as seen by another process.
    pub fn another_process(&self) -> Self {
        Self { state: self.state.clone(), process: Arc::default() }
    }

    /// How an entry was settled; `None` while it is open, or if there is no such entry.
    pub fn settlement(&self, id: ResourceId) -> Option<Settled> {
        self.state().entries.get(&id.0).and_then(|(_, settled)| *settled)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is a single insertion or assignment, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holds(&self, run: &Run) -> bool {
        Weak::ptr_eq(&run.lease, &Arc::downgrade(&self.process))
    }
}

impl Run {
    fn is_live(&self) -> bool {
        self.lease.strong_count() > 0
    }
}

#[async_trait]
impl RunLog for MemoryStore {
    async fn begin(&self, header: &RunHeader) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.runs.contains_key(&header.run) {
            return Err(StoreError::Exists(header.run.clone()));
        }
        let lease = Arc::downgrade(&self.process);
        state.runs.insert(header.run.clone(), Run { header: header.clone(), events: Vec::new(), lease });
        Ok(())
    }

    async fn append(&self, run: &RunId, events: &[Event]) -> Result<(), StoreError> {
        match self.state().runs.get_mut(run) {
            Some(found) if self.holds(found) => {
                found.events.extend_from_slice(events);
                Ok(())
            }
            _ => Err(StoreError::NotBegun(run.clone())),
        }
    }

    async fn end(&self, run: &RunId) -> Result<(), StoreError> {
        match self.state().runs.get_mut(run) {
            Some(found) if self.holds(found) => {
                found.lease = Weak::new();
                Ok(())
            }
            _ => Err(StoreError::NotBegun(run.clone())),
        }
    }

    async fn runs(&self) -> Result<Vec<RunSummary>, StoreError> {
        let state = self.state();
        let summaries = state.runs.values().rev().map(|run| {
            let mut summary = RunSummary::new(run.header.clone(), run.is_live());
            run.events.iter().for_each(|event| summary.note(event));
            summary
        });
        Ok(summaries.collect())
    }

    async fn read(&self, run: &RunId) -> Result<Recording, StoreError> {
        let state = self.state();
        let found = state.runs.get(run).ok_or_else(|| StoreError::NoRun(run.clone()))?;
        Ok(Recording { header: found.header.clone(), events: found.events.clone(), unreadable: 0 })
    }

    async fn is_live(&self, run: &RunId) -> Result<bool, StoreError> {
        Ok(self.state().runs.get(run).is_some_and(Run::is_live))
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    async fn intend(
        &self,
        run: &RunId,
        build: Option<&BuildName>,
        intent: &Intent,
    ) -> Result<ResourceId, StoreError> {
        let mut state = self.state();
        if !state.runs.get(run).is_some_and(|found| self.holds(found)) {
            return Err(StoreError::NotBegun(run.clone()));
        }
        let id = ResourceId(state.entries.last_key_value().map_or(1, |(last, _)| last + 1));
        let resource = Resource {
            id,
            run: run.clone(),
            build: build.cloned(),
            intent: intent.clone(),
            state: ResourceState::Intended,
            announced_ms: now_ms(),
        };
        state.entries.insert(id.0, (resource, None));
        Ok(id)
    }

    async fn acquired(&self, id: ResourceId, process: Option<ProcessHandle>) -> Result<(), StoreError> {
        match self.state().entries.get_mut(&id.0) {
            Some((resource, None)) => {
                resource.state = ResourceState::Acquired { process };
                Ok(())
            }
            _ => Err(StoreError::NoEntry(id)),
        }
    }

    async fn settle(&self, id: ResourceId, how: Settled) -> Result<(), StoreError> {
        match self.state().entries.get_mut(&id.0) {
            Some((_, settled)) => {
                settled.get_or_insert(how);
                Ok(())
            }
            None => Err(StoreError::NoEntry(id)),
        }
    }

    async fn outstanding(&self, run: &RunId) -> Result<Vec<Resource>, StoreError> {
        let state = self.state();
        let open =
            state.entries.values().rev().filter(|(entry, settled)| entry.run == *run && settled.is_none());
        Ok(open.map(|(entry, _)| entry.clone()).collect())
    }

    async fn unsettled_runs(&self) -> Result<Vec<RunId>, StoreError> {
        let state = self.state();
        let mut runs: Vec<_> = state
            .entries
            .values()
            .filter(|(_, how)| how.is_none())
            .map(|(entry, _)| entry.run.clone())
            .collect();
        runs.sort();
        runs.dedup();
        Ok(runs)
    }
}

/// The time, in milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn conforms() {
        let first = MemoryStore::default();
        crate::conformance::suite(|| Store::of_memory(first.another_process())).await;
    }
}
