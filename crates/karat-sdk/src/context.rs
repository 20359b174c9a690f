//! What a component may ask for.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use karat_model::event::{EventKind, LogLevel, Scope, Stream, Tone};
use karat_model::facts::Facts;
use karat_model::id::{BuildName, RunId};
use karat_model::secret::Redactor;
use karat_model::value::Value;

use crate::cancel::Cancellation;
use crate::component::Guest;
use crate::config::{Config, Decoder, Problems};
use crate::error::StepError;
use crate::host::{Host, Next, Teardown, TeardownId};

/// What `-on-error` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Tear everything down.
    #[default]
    Cleanup,
    /// Leave everything as it is.
    Abort,
    /// Ask the person at the terminal.
    Ask,
    /// Run only the error-cleanup-provisioner.
    RunCleanupProvisioner,
}

/// What holds for a whole build.
#[derive(Clone)]
pub struct RunInfo {
    /// The run; `PACKER_RUN_UUID`.
    pub run: RunId,
    /// The build's full name.
    pub build: BuildName,
    /// `PACKER_BUILD_NAME`: the referenced source's name.
    pub source_name: String,
    /// `PACKER_BUILDER_TYPE`.
    pub builder_type: String,
    /// Directory of the template, absolute.
    pub template_root: PathBuf,
    /// Directory that the user started from; relative paths in configurations start here, as in Packer.
    pub cwd: PathBuf,
    /// When the run started.
    pub started: SystemTime,
    /// The Packer version whose templates this is compatible with.
    pub packer_version: String,
    /// `-debug`.
    pub debug: bool,
    /// `-force`.
    pub force: bool,
    /// `-on-error`.
    pub on_error: OnError,
    /// Exactly Packer, nothing better.
    pub strict: bool,
    /// Directory for downloads that later runs reuse.
    pub cache: PathBuf,
    /// Hides secrets.
    pub redactor: Redactor,
    /// The variables of a legacy JSON template: what `{{user}}` gives. None for HCL2.
    pub user_variables: Option<Arc<BTreeMap<String, String>>>,
}

/// What a component may ask for while its configuration is checked: knowledge only, no effects.
#[derive(Clone)]
pub struct CheckContext {
    /// What holds for the build.
    pub info: Arc<RunInfo>,
    /// What the build will offer (pending) or offers.
    pub facts: Facts,
}

impl CheckContext {
    /// Decodes a configuration.
    pub fn decode<C: Config>(&self, config: &Value) -> Result<C, Problems> {
        C::decode(config, &Decoder::new(&self.info, &self.facts))
    }
}

/// What a data source may ask for. There is no build yet: nothing is owned, nothing is undone.
#[derive(Clone)]
pub struct ReadContext {
    /// What holds for the run. The build is the data source itself, `data.TYPE.NAME`.
    pub info: Arc<RunInfo>,
    /// Who may stop it.
    pub cancellation: Cancellation,
}

impl ReadContext {
    /// Decodes a configuration.
    pub fn decode<C: Config>(&self, config: &Value) -> Result<C, Problems> {
        C::decode(config, &Decoder::before_builds(&self.info))
    }

    /// Runs `work` until it ends or the user stops it. Only for work that may be dropped half-way.
    pub async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, StepError> {
        unless_cancelled(&self.cancellation, work).await
    }
}

/// What a component may ask for while it works.
#[derive(Clone)]
pub struct StepContext {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) scope: Scope,
    info: Arc<RunInfo>,
    facts: Facts,
    cancellation: Cancellation,
}

impl StepContext {
    /// Made by whoever implements [`Host`].
    pub fn new(
        host: Arc<dyn Host>,
        scope: Scope,
        info: Arc<RunInfo>,
        facts: Facts,
        cancellation: Cancellation,
    ) -> Self {
        Self { host, scope, info, facts, cancellation }
    }

    /// What holds for the build.
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// What the build found out so far: `build.*`.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Decodes a configuration.
    pub fn decode<C: Config>(&self, config: &Value) -> Result<C, Problems> {
        C::decode(config, &self.decoder())
    }

    /// What renders Go templates in configurations; see [`Decoder::render_late`].
    pub fn decoder(&self) -> Decoder {
        Decoder::new(&self.info, &self.facts)
    }

    /// Tells the user something.
    pub fn say(&self, text: impl Into<String>) {
        self.emit(EventKind::Message { tone: Tone::Say, text: text.into() });
    }

    /// Warns the user.
    pub fn warn(&self, text: impl Into<String>) {
        self.emit(EventKind::Message { tone: Tone::Warn, text: text.into() });
    }

    /// Tells the user that something failed. Returning an error is something else: this is for failures that the work
    /// survives, and for what should be said before the error.
    pub fn complain(&self, text: impl Into<String>) {
        self.emit(EventKind::Message { tone: Tone::Error, text: text.into() });
    }

    /// Notes a detail for whoever looks for a cause. It is recorded and stands in the log (`PACKER_LOG`), not on the screen.
    pub fn log(&self, level: LogLevel, text: impl Into<String>) {
        self.emit(EventKind::Log { level, text: text.into() });
    }

    /// Shows a line of a command's output.
    pub fn output(&self, stream: Stream, line: impl Into<String>) {
        self.emit(EventKind::Output { stream, line: line.into() });
    }

    /// Tells what happened.
    pub fn emit(&self, kind: EventKind) {
        self.host.emit(&self.scope, kind);
    }

    /// Asks the person at the terminal.
    pub async fn ask(&self, question: &str) -> Result<String, StepError> {
        self.host.ask(&self.scope, question).await
    }

    /// Who may stop this work.
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Runs `work` until it ends or the user stops it. Only for work that may be dropped half-way.
    pub async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, StepError> {
        unless_cancelled(&self.cancellation, work).await
    }

    /// Sleeps, unless the user stops it.
    pub async fn pause(&self, time: Duration) -> Result<(), StepError> {
        self.unless_cancelled(tokio::time::sleep(time)).await
    }

    /// Puts an undo on the teardown list. It runs whatever happens, newest first.
    pub fn defer(
        &self,
        undo: impl FnOnce() -> BoxFuture<'static, Result<(), StepError>> + Send + 'static,
    ) -> TeardownId {
        self.host.defer(Teardown { resource: None, undo: Box::new(undo) })
    }

    /// Takes an undo off the list and runs it now.
    pub async fn undo_now(&self, id: TeardownId) -> Result<(), StepError> {
        let Some(teardown) = self.host.withdraw(id) else { return Ok(()) };
        (teardown.undo)().await?;
        if let Some(resource) = teardown.resource {
            self.host.settle(resource, karat_model::resource::Settled::Gone).await?;
        }
        Ok(())
    }

    /// A private directory for temporary files: made on first use, removed at teardown.
    pub async fn scratch(&self) -> Result<PathBuf, StepError> {
        self.host.scratch().await
    }

    /// `path` as the configuration means it: relative to where the user started.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        self.info.cwd.join(path)
    }

    /// `path` as people like to read it: relative to where the user started, if it is below.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.info.cwd).unwrap_or(path).display().to_string()
    }
}

/// What a builder may ask for: everything that a step may, and the provisioners.
#[derive(Clone)]
pub struct BuildContext {
    step: StepContext,
}

impl BuildContext {
    /// Made by whoever implements [`Host`].
    pub fn new(step: StepContext) -> Self {
        Self { step }
    }

    /// Does one step of the build. `name` is Packer's for it (`stepRun`, `StepHTTPServer`): people see it where `-debug`
    /// pauses, where `-on-error` asks, and where things are left as they are.
    ///
    /// What the step makes with the context that `work` is given stays until the build is taken down, newest step first.
    /// `work` begins anew, with everything that it made taken down, when somebody wants to try again.
    pub async fn step<T, Work>(
        &self,
        name: &'static str,
        mut work: impl FnMut(StepContext) -> Work,
    ) -> Result<T, StepError>
    where
        Work: Future<Output = Result<T, StepError>>,
    {
        loop {
            if let Some(cancel) = self.cancellation.current().filter(|_| self.cancellation.is_stopped()) {
                return Err(StepError::Cancelled(cancelled_text(&cancel.reason)));
            }
            let host = self.step.host.begin_step(name);
            // On the heap: all steps of a builder together are too much for a stack.
            let result = Box::pin(work(StepContext { host: host.clone(), ..self.step.clone() })).await;
            match host.end_step(result.as_ref().err()).await {
                Next::GoOn => return result,
                Next::Again => {}
            }
        }
    }

    /// Runs the template's provisioners on `guest`. The only door between a builder and the provisioners; retries,
    /// timeouts, pauses and the error-cleanup-provisioner are handled behind it.
    pub async fn provision(&self, guest: &dyn Guest, facts: &Facts) -> Result<(), StepError> {
        self.step.host.provision(guest, facts).await
    }

    /// What a builder does with `guest` after [`provision`](Self::provision): shut it down, make an image of it. If that
    /// fails, the error-cleanup-provisioner gets its turn while the guest may still be there (as in Packer 1.16).
    pub async fn finish<T>(
        &self,
        guest: &dyn Guest,
        facts: &Facts,
        work: impl Future<Output = Result<T, StepError>>,
    ) -> Result<T, StepError> {
        match work.await {
            Ok(done) => Ok(done),
            Err(error) => Err(self.step.host.failed_after(guest, facts, error).await),
        }
    }
}

impl Deref for BuildContext {
    type Target = StepContext;

    fn deref(&self) -> &StepContext {
        &self.step
    }
}

async fn unless_cancelled<T>(
    cancellation: &Cancellation,
    work: impl Future<Output = T>,
) -> Result<T, StepError> {
    tokio::select! {
        biased;
        cancel = cancellation.stopped() => Err(StepError::Cancelled(cancelled_text(&cancel.reason))),
        done = work => Ok(done),
    }
}

/// What a cancelled step says.
pub fn cancelled_text(reason: &str) -> String {
    format!("cancelled ({reason})")
}
