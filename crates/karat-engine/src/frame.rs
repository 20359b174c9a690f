//! A frame of work: a builder, one step of it, one attempt of a provisioner, one post-processor. It owns what the work
//! makes, frames within it included, and takes it down again.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use karat_model::event::{CancelLevel, EventKind, Scope};
use karat_model::facts::Facts;
use karat_model::resource::{Intent, ProcessHandle, ResourceId, Settled};
use karat_sdk::component::Guest;
use karat_sdk::error::StepError;
use karat_sdk::host::{Host, Next, Teardown, TeardownId};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use crate::job::{Job, guarded};
use crate::on_error::Ending;
use crate::provision::{failed_after, provision};
use crate::step::{self, pause};

/// How long one undo may take.
const ITEM_LIMIT: Duration = Duration::from_secs(30);
/// The same after a second Ctrl-C.
const ITEM_LIMIT_KILLED: Duration = Duration::from_secs(5);
/// How long all undos of a frame may take together; what comes after has [`ITEM_LIMIT_KILLED`].
const TOTAL_LIMIT: Duration = Duration::from_secs(300);

pub(crate) struct Frame {
    this: Weak<Frame>,
    job: Arc<Job>,
    role: Role,
    list: Mutex<List>,
    scratch: OnceCell<PathBuf>,
}

/// Whose work a frame holds.
enum Role {
    /// A builder's: it has a door to the provisioners.
    Builder,
    /// That of one step of a builder.
    Step { name: &'static str, done: AtomicBool },
    /// That of one attempt of a provisioner, or of a post-processor.
    Other,
}

/// What is to be taken down, oldest first.
#[derive(Default)]
struct List {
    next: u64,
    items: Vec<(TeardownId, Item)>,
    closed: bool,
}

enum Item {
    Undo(Teardown),
    /// A frame within this one.
    Frame(Arc<Frame>),
}

impl Item {
    fn is_step(&self, wanted: &str) -> bool {
        matches!(self, Self::Frame(frame) if frame.step() == Some(wanted))
    }
}

impl Frame {
    /// The frame of a build's builder.
    pub(crate) fn of_builder(job: &Arc<Job>) -> Arc<Self> {
        Self::new(job, Role::Builder)
    }

    /// The frame of a post-processor.
    pub(crate) fn of_post_processor(job: &Arc<Job>) -> Arc<Self> {
        Self::new(job, Role::Other)
    }

    /// A frame within this one for the step `name`. It is taken down when its turn comes, even if its work is dropped.
    pub(crate) fn begin(&self, name: &'static str) -> Arc<Self> {
        self.job.now(format!("step {name}"));
        let frame = Self::new(&self.job, Role::Step { name, done: AtomicBool::new(false) });
        self.hang(Item::Frame(frame.clone()));
        frame
    }

    /// A frame within this one for one attempt of a provisioner. Whoever closes it withdraws it, with the id.
    pub(crate) fn of_attempt(&self) -> (Arc<Self>, TeardownId) {
        let frame = Self::new(&self.job, Role::Other);
        let id = self.hang(Item::Frame(frame.clone()));
        (frame, id)
    }

    fn new(job: &Arc<Job>, role: Role) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            job: job.clone(),
            role,
            list: Mutex::default(),
            scratch: OnceCell::new(),
        })
    }

    pub(crate) fn job(&self) -> &Arc<Job> {
        &self.job
    }

    /// The name of the step, where it is one's frame.
    fn step(&self) -> Option<&'static str> {
        match self.role {
            Role::Step { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The step has done its work: with `-debug` its cleanup is announced.
    pub(crate) fn set_done(&self) {
        if let Role::Step { done, .. } = &self.role {
            done.store(true, Ordering::Relaxed);
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // Every change is a single push or pop, so a panic elsewhere leaves nothing half done.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hang(&self, item: Item) -> TeardownId {
        let mut list = self.list();
        let id = TeardownId(list.next);
        list.next += 1;
        if !list.closed {
            list.items.push((id, item));
            return id;
        }
        drop(list);
        // Too late for the list: stray work of a build that has ended. Undone on the spot; a frame has nothing yet.
        if let (Some(frame), Item::Undo(teardown)) = (self.this.upgrade(), item) {
            tokio::spawn(async move { frame.undo(teardown, ITEM_LIMIT_KILLED).await });
        }
        id
    }

    fn take(&self, id: TeardownId) -> Option<Item> {
        let mut list = self.list();
        let at = list.items.iter().position(|(found, _)| *found == id)?;
        Some(list.items.remove(at).1)
    }

    /// Takes a frame that is closed off the list.
    pub(crate) fn forget(&self, id: TeardownId) {
        self.take(id);
    }

    /// Takes the newest item, unless it is the step `but`; without any, the frame is closed for good.
    fn pop(&self, but: Option<&str>) -> Option<Item> {
        let mut list = self.list();
        let item = list.items.pop_if(|(_, item)| but.is_none_or(|step| !item.is_step(step)));
        list.closed = list.items.is_empty() && item.is_none();
        item.map(|(_, item)| item)
    }

    /// Takes the newest item if it is the step `name`.
    pub(crate) async fn pop_step(&self, name: &'static str) -> Option<Arc<Frame>> {
        let newest = self.list().items.pop_if(|(_, item)| item.is_step(name));
        let Some((_, Item::Frame(frame))) = newest else { return None };
        frame.pause_before().await;
        Some(frame)
    }

    /// Undoes everything, newest first. Never fails: what cannot be undone is reported, and the next item is next.
    pub(crate) async fn close(&self) {
        self.take_down(&Ending::CleanUp, None).await;
    }

    /// Takes everything down that is newer than the step `but`, newest first, or leaves it as it is and says so.
    pub(crate) async fn take_down(&self, ending: &Ending, but: Option<&'static str>) {
        let mut spent = Duration::ZERO;
        self.take_down_within(ending, but, &mut spent).await;
    }

    async fn take_down_within(&self, ending: &Ending, but: Option<&'static str>, spent: &mut Duration) {
        while !self.is_left() {
            let Some(item) = self.pop(but) else { return };
            match (item, ending) {
                // What was made outside of steps never stays.
                (Item::Undo(teardown), _)
                    if matches!(ending, Ending::CleanUp) || matches!(self.role, Role::Builder) =>
                {
                    let begun = Instant::now();
                    let limit = if *spent < TOTAL_LIMIT { ITEM_LIMIT } else { ITEM_LIMIT_KILLED };
                    self.undo(teardown, limit).await;
                    *spent += begun.elapsed();
                }
                (Item::Undo(_), _) => {}
                // That of a step that was tried again.
                (Item::Frame(frame), _) if frame.list().closed => {}
                (Item::Frame(frame), _) => {
                    frame.pause_before().await;
                    if let Some(name) = frame.step() {
                        match ending {
                            Ending::CleanUp => self.job.now(format!("the cleanup of step {name}")),
                            Ending::Abandon(notice) => notice.tell(&self.job, name),
                        }
                    }
                    Box::pin(frame.take_down_within(ending, None, spent)).await;
                }
            }
        }
    }

    /// With `-debug`, waits before the cleanup of a step; not of one that failed, as in Packer 1.16.
    async fn pause_before(&self) {
        if let Role::Step { name, done } = &self.role
            && done.load(Ordering::Relaxed)
        {
            let question = format!("Pausing before cleanup of step '{name}'. Press enter to continue.");
            pause(&self.job, &question).await;
        }
    }

    async fn undo(&self, item: Teardown, limit: Duration) {
        let Teardown { resource, undo } = item;
        let what = match resource {
            Some(id) => self.job.describe(id),
            None => format!("what {} made", self.step().unwrap_or("a step")),
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
        self.hang(Item::Undo(teardown))
    }

    fn withdraw(&self, id: TeardownId) -> Option<Teardown> {
        match self.take(id)? {
            Item::Undo(teardown) => Some(teardown),
            Item::Frame(_) => None,
        }
    }

    fn begin_step(&self, name: &'static str) -> Arc<dyn Host> {
        self.begin(name)
    }

    async fn end_step(&self, error: Option<&StepError>) -> Next {
        match self.step() {
            Some(name) => step::end(self, name, error).await,
            None => Next::GoOn,
        }
    }

    async fn scratch(&self) -> Result<PathBuf, StepError> {
        self.scratch.get_or_try_init(|| self.make_scratch()).await.cloned()
    }

    async fn provision(&self, guest: &dyn Guest, facts: &Facts) -> Result<(), StepError> {
        match self.this.upgrade() {
            Some(this) if matches!(self.role, Role::Builder) => provision(&this, guest, facts).await,
            _ => Err(StepError::failed("only a builder can run provisioners")),
        }
    }

    async fn failed_after(&self, guest: &dyn Guest, facts: &Facts, error: StepError) -> StepError {
        match self.this.upgrade() {
            Some(this) if matches!(self.role, Role::Builder) => {
                failed_after(&this, guest, facts, error).await
            }
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
        self.defer(Teardown { resource: Some(resource), undo: Box::new(undo) });
        std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(|error| {
            StepError::io(format!("cannot make the scratch directory {}", path.display()), error)
        })?;
        self.acquired(resource, None).await?;
        Ok(path)
    }
}
