//! A build at work: what holds for it from its start to its end.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures::FutureExt;
use karat_model::event::{CancelLevel, EventKind, Scope, Tone};
use karat_model::plan::{Build, Plan};
use karat_model::resource::{Intent, Resource, ResourceId, Settled};
use karat_sdk::cancel::Cancellation;
use karat_sdk::component::Components;
use karat_sdk::context::{RunInfo, cancelled_text};
use karat_sdk::error::StepError;
use karat_store::Ledger;

use crate::events::Events;
use crate::on_error::{Ending, Failure};
use crate::prompt::Questions;
use crate::reclaim::{describe, remove};
use crate::run::RunOptions;

pub(crate) struct Job {
    plan: Arc<Plan>,
    index: usize,
    pub(crate) components: Arc<dyn Components>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) options: Arc<RunOptions>,
    pub(crate) events: Events,
    pub(crate) questions: Arc<Questions>,
    pub(crate) cancellation: Cancellation,
    pub(crate) info: Arc<RunInfo>,
    pub(crate) scope: Scope,
    notes: Mutex<Notes>,
    doing: Mutex<Option<String>>,
    failure: Mutex<Option<Failure>>,
    ending: OnceLock<Ending>,
}

/// What a build has written into the ledger, and what became of it.
#[derive(Default)]
struct Notes {
    /// Whether there may be entries at all: without any, a build never opens the ledger.
    wrote: bool,
    intents: HashMap<ResourceId, Intent>,
    /// Entries whose undo failed: they stay open.
    stuck: Vec<ResourceId>,
    left_behind: Vec<String>,
}

impl Job {
    pub(crate) fn new(
        (plan, components, ledger): (Arc<Plan>, Arc<dyn Components>, Arc<dyn Ledger>),
        index: usize,
        options: &Arc<RunOptions>,
        events: Events,
        questions: Arc<Questions>,
        cancellation: Cancellation,
    ) -> Self {
        let info = Arc::new(info(&plan, &plan.builds[index], options));
        let scope = Scope::build(&plan.builds[index].name);
        let options = options.clone();
        Self {
            plan,
            index,
            components,
            ledger,
            options,
            events,
            questions,
            cancellation,
            info,
            scope,
            notes: Mutex::default(),
            doing: Mutex::default(),
            failure: Mutex::default(),
            ending: OnceLock::new(),
        }
    }

    pub(crate) fn build(&self) -> &Build {
        &self.plan.builds[self.index]
    }

    pub(crate) fn emit(&self, kind: EventKind) {
        self.events.emit(&self.scope, kind);
    }

    pub(crate) fn tell(&self, tone: Tone, text: impl Into<String>) {
        self.emit(EventKind::Message { tone, text: text.into() });
    }

    pub(crate) async fn ask(&self, scope: &Scope, question: &str) -> Result<String, StepError> {
        self.questions.ask(&self.events, scope, &self.cancellation, question).await
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.cancellation.is_stopped()
    }

    /// What it does from now on, for those who wait for it.
    pub(crate) fn now(&self, what: impl Into<Option<String>>) {
        *locked(&self.doing) = what.into();
    }

    /// What it does; `None` before its start and after its end.
    pub(crate) fn doing(&self) -> Option<String> {
        locked(&self.doing).clone()
    }

    /// The step that failed for good.
    pub(crate) fn failure(&self) -> Option<Failure> {
        locked(&self.failure).clone()
    }

    pub(crate) fn set_failure(&self, failure: Failure) {
        *locked(&self.failure) = Some(failure);
    }

    /// What becomes of what the builder made; decided once.
    pub(crate) fn ending(&self, failed: bool) -> &Ending {
        self.ending.get_or_init(|| if failed { Ending::of_failed(self) } else { Ending::CleanUp })
    }

    /// Runs a component's work: a second Ctrl-C drops it, and a panic in it is an error like any other.
    pub(crate) async fn supervise<T>(
        &self,
        who: &str,
        work: impl Future<Output = Result<T, StepError>>,
    ) -> Result<T, StepError> {
        tokio::select! {
            biased;
            result = guarded(who, work) => result,
            cancel = self.cancellation.reached(CancelLevel::Kill) => {
                Err(StepError::Cancelled(cancelled_text(&cancel.reason)))
            }
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        locked(&self.notes)
    }

    /// Before an entry is written.
    pub(crate) fn note_intending(&self) {
        self.notes().wrote = true;
    }

    pub(crate) fn note_intent(&self, id: ResourceId, intent: Intent) {
        self.notes().intents.insert(id, intent);
    }

    /// What an entry is, for people.
    pub(crate) fn describe(&self, id: ResourceId) -> String {
        self.notes().intents.get(&id).map_or_else(|| format!("entry {}", id.0), describe)
    }

    /// Something could not be cleaned up: said at once, and reported at the end. Its entry stays open.
    pub(crate) fn left_behind(&self, resource: Option<ResourceId>, what: String) {
        self.emit(EventKind::LeftBehind { what: what.clone() });
        let mut notes = self.notes();
        notes.stuck.extend(resource);
        notes.left_behind.push(what);
    }

    pub(crate) fn take_left_behind(&self) -> Vec<String> {
        std::mem::take(&mut self.notes().left_behind)
    }

    /// Settles an entry whose thing is gone already. If the ledger refuses, `karat gc` will find nothing and settle it.
    pub(crate) async fn settle(&self, id: ResourceId, how: Settled) {
        if let Err(error) = self.ledger.settle(id, how).await {
            self.tell(
                Tone::Warn,
                format!("cannot note in the ledger what became of {}: {error}", self.describe(id)),
            );
        }
    }

    /// The open entries of this build, except those that are known to be stuck.
    async fn open_entries(&self) -> Vec<Resource> {
        if !self.notes().wrote {
            return Vec::new();
        }
        let mut open = self.ledger.outstanding(&self.info.run).await.unwrap_or_else(|error| {
            self.tell(
                Tone::Warn,
                format!("cannot read the ledger: {error}; run `karat gc` when this run has ended"),
            );
            Vec::new()
        });
        let notes = self.notes();
        open.retain(|entry| {
            entry.build.as_ref() == self.scope.build.as_ref() && !notes.stuck.contains(&entry.id)
        });
        open
    }

    /// Removes what has an entry and no undo: work that was dropped between its intent and its undo.
    pub(crate) async fn sweep(&self) {
        for entry in self.open_entries().await {
            match remove(&entry).await {
                Ok(_) => self.settle(entry.id, Settled::Gone).await,
                Err(why) => self.left_behind(Some(entry.id), format!("{}: {why}", describe(&entry.intent))),
            }
        }
    }

    /// Leaves everything as it is, because the user said so.
    pub(crate) async fn abandon_entries(&self) {
        for entry in self.open_entries().await {
            self.settle(entry.id, Settled::Abandoned).await;
        }
    }
}

/// Every change is a single insertion, so a panic elsewhere leaves nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What components are told about a build.
pub(crate) fn info(plan: &Plan, build: &Build, options: &RunOptions) -> RunInfo {
    let info = options.info(build.name.clone(), &build.source_name, &build.source.component, &plan.root);
    RunInfo { user_variables: plan.user_variables.clone(), ..info }
}

/// Runs `work`; a panic in it becomes its error.
pub(crate) async fn guarded<T>(
    who: &str,
    work: impl Future<Output = Result<T, StepError>>,
) -> Result<T, StepError> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(result) => result,
        Err(panic) => {
            Err(StepError::failed(format!("{who} panicked: {}; this is a bug", panic_text(&*panic))))
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
