//! A [`Host`] without an engine, for tests of components: it records what it is told, keeps the ledger in memory, and
//! runs the teardown list when the test says so.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use karat_model::event::{EventKind, Scope, Stream, Tone};
use karat_model::facts::Facts;
use karat_model::id::{BuildName, RunId};
use karat_model::resource::{Intent, ProcessHandle, ResourceId, Settled};
use karat_model::secret::Redactor;
use tempfile::TempDir;

use crate::cancel::{Cancellation, Canceller};
use crate::component::Guest;
use crate::context::{BuildContext, CheckContext, OnError, ReadContext, RunInfo, StepContext};
use crate::error::StepError;
use crate::host::{Host, Next, Teardown, TeardownId};

/// What is done in place of a build's provisioners.
pub type FakeProvisioners = Box<
    dyn for<'a> Fn(&'a dyn Guest, &'a Facts) -> futures::future::BoxFuture<'a, Result<(), StepError>>
        + Send
        + Sync,
>;

/// A host that records.
pub struct RecordingHost {
    this: Weak<Self>,
    steps: Mutex<Vec<&'static str>>,
    events: Mutex<Vec<(Scope, EventKind)>>,
    answers: Mutex<Vec<String>>,
    ledger: Mutex<Vec<(Intent, Option<Settled>)>>,
    teardown: Mutex<Vec<(TeardownId, Teardown)>>,
    next_teardown: AtomicU64,
    provisioners: Mutex<Option<FakeProvisioners>>,
    directory: TempDir,
    canceller: Canceller,
    cancellation: Cancellation,
}

/// What the tests of a component start from. Everything that a test writes belongs below
/// [`RecordingHost::directory`]; relative paths in configurations start there.
pub fn context() -> (StepContext, Arc<RecordingHost>) {
    context_with(Facts::default(), |_| {})
}

/// Like [`context`], with facts of the build and changes to what holds for it (`|info| info.strict = true`).
pub fn context_with(facts: Facts, change: impl FnOnce(&mut RunInfo)) -> (StepContext, Arc<RecordingHost>) {
    let host = RecordingHost::new();
    let info = host.info(change);
    let scope = Scope::build(&info.build);
    let context = StepContext::new(host.clone(), scope, Arc::new(info), facts, host.cancellation.clone());
    (context, host)
}

/// What a builder's test starts from; see [`RecordingHost::on_provision`].
pub fn build_context(change: impl FnOnce(&mut RunInfo)) -> (BuildContext, Arc<RecordingHost>) {
    let (step, host) = context_with(Facts::default(), change);
    (BuildContext::new(step), host)
}

/// What a test of a check starts from, with the common facts pending.
pub fn check_context(host: &RecordingHost) -> CheckContext {
    CheckContext { info: Arc::new(host.info(|_| {})), facts: Facts::pending([]) }
}

impl RecordingHost {
    /// With an empty directory of its own.
    #[expect(clippy::expect_used, reason = "a test without a temporary directory cannot run")]
    pub fn new() -> Arc<Self> {
        let (canceller, cancellation) = Cancellation::new();
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            steps: Mutex::default(),
            events: Mutex::default(),
            answers: Mutex::default(),
            ledger: Mutex::default(),
            teardown: Mutex::default(),
            next_teardown: AtomicU64::new(0),
            provisioners: Mutex::default(),
            directory: tempfile::tempdir().expect("a temporary directory"),
            canceller,
            cancellation,
        })
    }

    /// What holds for the build `null.test` of this host: not strict, everything below its directory.
    pub fn info(&self, change: impl FnOnce(&mut RunInfo)) -> RunInfo {
        let mut info = RunInfo {
            run: RunId("0192c0de-0000-7000-8000-000000000000".into()),
            build: BuildName("null.test".into()),
            source_name: "test".into(),
            builder_type: "null".into(),
            template_root: self.directory(),
            cwd: self.directory(),
            started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            packer_version: "1.16.0".into(),
            debug: false,
            force: false,
            on_error: OnError::Cleanup,
            strict: false,
            cache: self.directory().join("cache"),
            redactor: Redactor::default(),
            user_variables: None,
        };
        change(&mut info);
        info
    }

    /// What a test of a data source starts from.
    pub fn read_context(&self) -> ReadContext {
        ReadContext { info: Arc::new(self.info(|_| {})), cancellation: self.cancellation.clone() }
    }

    /// The directory of the test; removed when the host is dropped.
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_path_buf()
    }

    /// Stops the work.
    pub fn canceller(&self) -> &Canceller {
        &self.canceller
    }

    /// What [`Host::provision`] does; without it, nothing.
    pub fn on_provision(&self, work: FakeProvisioners) {
        *locked(&self.provisioners) = Some(work);
    }

    /// What the person at the terminal answers next.
    pub fn answer(&self, text: &str) {
        locked(&self.answers).push(text.to_string());
    }

    /// Everything that happened so far.
    pub fn events(&self) -> Vec<EventKind> {
        locked(&self.events).iter().map(|(_, kind)| kind.clone()).collect()
    }

    /// What people see, one line each: messages as they are (warnings and errors with `warn: ` and `error: ` before),
    /// command output with `out: ` and `err: `.
    pub fn lines(&self) -> Vec<String> {
        let shown = |kind: EventKind| match kind {
            EventKind::Message { tone: Tone::Say, text } => Some(text),
            EventKind::Message { tone: Tone::Warn, text } => Some(format!("warn: {text}")),
            EventKind::Message { tone: Tone::Error, text } => Some(format!("error: {text}")),
            EventKind::Output { stream: Stream::Stdout, line } => Some(format!("out: {line}")),
            EventKind::Output { stream: Stream::Stderr, line } => Some(format!("err: {line}")),
            _ => None,
        };
        self.events().into_iter().filter_map(shown).collect()
    }

    /// The lines of the log.
    pub fn log(&self) -> Vec<String> {
        let text = |kind| if let EventKind::Log { text, .. } = kind { Some(text) } else { None };
        self.events().into_iter().filter_map(text).collect()
    }

    /// The steps that a builder began, in order.
    pub fn steps(&self) -> Vec<&'static str> {
        locked(&self.steps).clone()
    }

    /// Ledger entries that are still open.
    pub fn open_resources(&self) -> Vec<Intent> {
        let ledger = locked(&self.ledger);
        ledger.iter().filter(|(_, settled)| settled.is_none()).map(|(intent, _)| intent.clone()).collect()
    }

    /// Every ledger entry with its end.
    pub fn ledger(&self) -> Vec<(Intent, Option<Settled>)> {
        locked(&self.ledger).clone()
    }

    /// Runs the teardown list, newest first, as the engine does; returns what failed.
    pub async fn tear_down(&self) -> Vec<StepError> {
        let mut failures = Vec::new();
        loop {
            let Some((_, teardown)) = locked(&self.teardown).pop() else { return failures };
            match (teardown.undo)().await {
                Ok(()) => {
                    if let Some(id) = teardown.resource {
                        self.close(id, Settled::Gone);
                    }
                }
                Err(error) => failures.push(error),
            }
        }
    }

    fn close(&self, id: ResourceId, how: Settled) {
        let mut ledger = locked(&self.ledger);
        if let Some(entry) = usize::try_from(id.0).ok().and_then(|index| ledger.get_mut(index)) {
            entry.1 = Some(how);
        }
    }
}

#[async_trait]
impl Host for RecordingHost {
    fn emit(&self, scope: &Scope, kind: EventKind) {
        locked(&self.events).push((scope.clone(), kind));
    }

    async fn ask(&self, scope: &Scope, question: &str) -> Result<String, StepError> {
        self.emit(scope, EventKind::Asked { question: question.to_string() });
        let mut answers = locked(&self.answers);
        if answers.is_empty() {
            return Err(StepError::failed("no available tty"));
        }
        Ok(answers.remove(0))
    }

    async fn intend(&self, _: &Scope, intent: Intent) -> Result<ResourceId, StepError> {
        let mut ledger = locked(&self.ledger);
        ledger.push((intent, None));
        Ok(ResourceId(ledger.len() as i64 - 1))
    }

    async fn acquired(&self, _: ResourceId, _: Option<ProcessHandle>) -> Result<(), StepError> {
        Ok(())
    }

    async fn settle(&self, id: ResourceId, how: Settled) -> Result<(), StepError> {
        self.close(id, how);
        Ok(())
    }

    fn defer(&self, teardown: Teardown) -> TeardownId {
        let id = TeardownId(self.next_teardown.fetch_add(1, Ordering::Relaxed));
        locked(&self.teardown).push((id, teardown));
        id
    }

    fn withdraw(&self, id: TeardownId) -> Option<Teardown> {
        let mut teardown = locked(&self.teardown);
        let at = teardown.iter().position(|(known, _)| *known == id)?;
        Some(teardown.remove(at).1)
    }

    async fn scratch(&self) -> Result<PathBuf, StepError> {
        let path = self.directory().join("scratch");
        tokio::fs::create_dir_all(&path)
            .await
            .map_err(|error| StepError::io("cannot make the scratch directory", error))?;
        Ok(path)
    }

    #[expect(clippy::expect_used, reason = "a host that is called is there")]
    fn begin_step(&self, name: &'static str) -> Arc<dyn Host> {
        locked(&self.steps).push(name);
        self.this.upgrade().expect("this host")
    }

    async fn end_step(&self, _: Option<&StepError>) -> Next {
        Next::GoOn
    }

    async fn provision(&self, guest: &dyn Guest, facts: &Facts) -> Result<(), StepError> {
        let work = locked(&self.provisioners).take();
        match work {
            Some(work) => {
                let outcome = work(guest, facts).await;
                *locked(&self.provisioners) = Some(work);
                outcome
            }
            None => Ok(()),
        }
    }

    async fn failed_after(&self, _: &dyn Guest, _: &Facts, error: StepError) -> StepError {
        error
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
