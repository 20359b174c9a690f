//! A frame of work: a builder, one attempt of a provisioner, one post-processor. It owns what the work makes, and takes
//! it down again.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use karat_model::event::{CancelLevel, EventKind, Scope, Tone};
use karat_model::facts::Facts;
use karat_model::resource::{Intent, ProcessHandle, ResourceId, Settled};
use karat_sdk::component::Guest;
use karat_sdk::error::StepError;
use karat_sdk::host::{Host, Teardown, TeardownId};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use crate::job::{Job, guarded};
use crate::on_error::{Answer, Notice};
use crate::provision::{failed_after, provision};

/// How long one undo may take.
const ITEM_LIMIT: Duration = Duration::from_secs(30);
/// The same after a second Ctrl-C.
const ITEM_LIMIT_KILLED: Duration = Duration::from_secs(5);
/// How long all undos of a frame may take together; what comes after has [`ITEM_LIMIT_KILLED`].
const TOTAL_LIMIT: Duration = Duration::from_secs(300);

pub(crate) struct Frame {
    this: Weak<Frame>,
    job: Arc<Job>,
    /// Whether there is a door to the provisioners.
    is_builder: bool,
    list: Mutex<List>,
    scratch: OnceCell<PathBuf>,
    answered: Mutex<Option<Answer>>,
}

/// What is to be taken down, oldest first.
#[derive(Default)]
struct List {
    next: u64,
    items: Vec<(TeardownId, Teardown)>,
    closed: bool,
}

impl Frame {
    /// The frame of a build's builder.
    pub(crate) fn of_builder(job: &Arc<Job>) -> Arc<Self> {
        Self::new(job, true)
    }

    /// The frame of a post-processor.
    pub(crate) fn of_post_processor(job: &Arc<Job>) -> Arc<Self> {
        Self::new(job, false)
    }

    /// The frame of one attempt of a provisioner. It hangs in the builder's list under the id, so that it is taken down
    /// even if the attempt is dropped; whoever closes it withdraws that.
    pub(crate) fn of_attempt(builder: &Frame) -> (Arc<Self>, TeardownId) {
        let frame = Self::new(&builder.job, false);
        let undo = {
            let frame = frame.clone();
            move || -> BoxFuture<'static, Result<(), StepError>> {
                Box::pin(async move {
                    frame.close().await;
                    Ok(())
                })
            }
        };
        let id = builder.defer(Teardown { step: "", resource: None, undo: Box::new(undo) });
        (frame, id)
    }

    fn new(job: &Arc<Job>, is_builder: bool) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            job: job.clone(),
            is_builder,
            list: Mutex::default(),
            scratch: OnceCell::new(),
            answered: Mutex::new(None),
        })
    }

    pub(crate) fn job(&self) -> &Arc<Job> {
        &self.job
    }

    /// What the user wanted when provisioning failed.
    pub(crate) fn answered(&self) -> Option<Answer> {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_answered(&self, answer: Answer) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    /// The step that made the newest thing.
    pub(crate) fn newest_step(&self) -> Option<&'static str> {
        self.list().items.iter().rev().map(|(_, item)| item.step).find(|step| !step.is_empty())
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // Every change is a single push or pop, so a panic elsewhere leaves nothing half done.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the newest item; without one, the frame is closed for good.
    fn pop(&self) -> Option<Teardown> {
        let mut list = self.list();
        let item = list.items.pop();
        list.closed = item.is_none();
        item.map(|(_, teardown)| teardown)
    }

    /// Undoes everything, newest first. Never fails: what cannot be undone is reported, and the next item is next.
    pub(crate) async fn close(&self) {
        let mut spent = Duration::ZERO;
        let mut paused_for = "";
        while !self.is_left() {
            let Some(item) = self.pop() else { return };
            if self.job.options.debug && self.is_builder && !item.step.is_empty() && item.step != paused_for {
                paused_for = item.step;
                let question =
                    format!("Pausing before cleanup of step '{paused_for}'. Press enter to continue.");
                // As in Packer 1.16: without a terminal the question fails and the cleanup goes on.
                let _ = self.job.ask(&self.job.scope, &question).await;
            }
            let begun = Instant::now();
            self.undo(item, if spent < TOTAL_LIMIT { ITEM_LIMIT } else { ITEM_LIMIT_KILLED }).await;
            spent += begun.elapsed();
        }
    }

    async fn undo(&self, item: Teardown, limit: Duration) {
        let Teardown { step, resource, undo } = item;
        let what = match resource {
            Some(id) => self.job.describe(id),
            None => format!("what {} made", if step.is_empty() { "a step" } else { step }),
        };
        let cancellation = &self.job.cancellation;
        let hurried = async {
            cancellation.reached(CancelLevel::Kill).await;
            sleep(ITEM_LIMIT_KILLED).await;
        };
        let result = tokio::select! {
            biased;
            result = guarded("its cleanup", async { undo().await }) => result,
            () = sleep(limit) => Err(StepError::failed(format!("its cleanup did not end within {limit:?}"))),
            () = hurried => Err(StepError::failed(format!("its cleanup was given up {ITEM_LIMIT_KILLED:?} after the kill"))),
            _ = cancellation.reached(CancelLevel::Leave) => Err(StepError::failed("its cleanup was cut short")),
        };
        match (result, resource) {
            (Ok(()), Some(id)) => self.job.settle(id, Settled::Gone).await,
            (Ok(()), None) => {}
            (Err(error), _) => self.job.left_behind(resource, format!("{what}: {error}")),
        }
    }

    /// Whether everybody is to go at once. What is left stands in the ledger.
    fn is_left(&self) -> bool {
        self.job.cancellation.current().is_some_and(|cancel| cancel.level >= CancelLevel::Leave)
    }

    /// Leaves everything as it is, and says so in Packer's words.
    pub(crate) async fn abandon(&self, notice: Notice) {
        let mut last = "";
        while let Some(Teardown { step, .. }) = self.pop() {
            if step.is_empty() || step == last || Some(step) == notice.except {
                continue;
            }
            let text = match (last, notice.interrupted) {
                ("", true) => "Interrupted, aborting...".to_string(),
                ("", false) => format!("Step {step:?} failed, aborting..."),
                _ => format!("aborted: skipping cleanup of step {step:?}"),
            };
            if last.is_empty()
                && let Some(error) = &notice.error
            {
                self.job.tell(Tone::Error, error);
            }
            self.job.tell(Tone::Error, text);
            last = step;
        }
        self.job.abandon_entries().await;
    }
}

#[async_trait]
impl Host for Frame {
    fn emit(&self, scope: &Scope, kind: EventKind) {
        self.job.events.emit(scope, kind);
    }

    async fn ask(&self, scope: &Scope, question: &str) -> Result<String, StepError> {
        self.job.ask(scope, question).await
    }

    async fn intend(&self, _: &Scope, intent: Intent) -> Result<ResourceId, StepError> {
        if self.list().closed {
            return Err(StepError::Cancelled("the build has ended, so nothing more is made for it".into()));
        }
        self.job.note_intending();
        match self.job.ledger.intend(&self.job.info.run, self.job.scope.build.as_ref(), &intent).await {
            Ok(id) => {
                self.job.note_intent(id, intent);
                Ok(id)
            }
            Err(error) => Err(StepError::Ledger { intent, message: error.to_string() }),
        }
    }

    async fn acquired(&self, id: ResourceId, process: Option<ProcessHandle>) -> Result<(), StepError> {
        let noted = self.job.ledger.acquired(id, process).await;
        noted.map_err(|error| {
            StepError::because(format!("cannot note {} in the ledger", self.job.describe(id)), error)
        })
    }

    async fn settle(&self, id: ResourceId, how: Settled) -> Result<(), StepError> {
        let noted = self.job.ledger.settle(id, how).await;
        noted.map_err(|error| {
            StepError::because(format!("cannot note {} in the ledger", self.job.describe(id)), error)
        })
    }

    fn defer(&self, teardown: Teardown) -> TeardownId {
        let mut list = self.list();
        let id = TeardownId(list.next);
        list.next += 1;
        if !list.closed {
            list.items.push((id, teardown));
            return id;
        }
        drop(list);
        // Too late for the list: stray work of a build that has ended. Undone on the spot.
        if let Some(frame) = self.this.upgrade() {
            tokio::spawn(async move { frame.undo(teardown, ITEM_LIMIT_KILLED).await });
        }
        id
    }

    fn withdraw(&self, id: TeardownId) -> Option<Teardown> {
        let mut list = self.list();
        let at = list.items.iter().position(|(found, _)| *found == id)?;
        Some(list.items.remove(at).1)
    }

    async fn scratch(&self) -> Result<PathBuf, StepError> {
        self.scratch.get_or_try_init(|| self.make_scratch()).await.cloned()
    }

    async fn provision(&self, guest: &dyn Guest, facts: &Facts) -> Result<(), StepError> {
        match self.this.upgrade() {
            Some(this) if self.is_builder => provision(&this, guest, facts).await,
            _ => Err(StepError::failed("only a builder can run provisioners")),
        }
    }

    async fn failed_after(&self, guest: &dyn Guest, facts: &Facts, error: StepError) -> StepError {
        match self.this.upgrade() {
            Some(this) if self.is_builder => failed_after(&this, guest, facts, error).await,
            _ => error,
        }
    }
}

impl Frame {
    async fn make_scratch(&self) -> Result<PathBuf, StepError> {
        let path = self.job.options.temp.join(format!("karat-{}", uuid::Uuid::new_v4().simple()));
        let resource = self.intend(&self.job.scope, Intent::Directory { path: path.clone() }).await?;
        // On the list before it exists, so that it is removed even if this work is dropped now.
        let undo = {
            let path = path.clone();
            move || -> BoxFuture<'static, Result<(), StepError>> {
                Box::pin(async move {
                    match tokio::fs::remove_dir_all(&path).await {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            Err(StepError::io("cannot remove it", error))
                        }
                        _ => Ok(()),
                    }
                })
            }
        };
        self.defer(Teardown { step: "", resource: Some(resource), undo: Box::new(undo) });
        std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(|error| {
            StepError::io(format!("cannot make the scratch directory {}", path.display()), error)
        })?;
        self.acquired(resource, None).await?;
        Ok(path)
    }
}
