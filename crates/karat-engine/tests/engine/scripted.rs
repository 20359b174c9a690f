//! Components whose work is a closure, and a bench to run plans on.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures::future::BoxFuture;
use karat_engine::{AskError, Events, Prompter, Run, RunOptions, RunReport, run};
use karat_model::artifact::{Artifact, Origin};
use karat_model::diagnostic::Diagnostics;
use karat_model::event::{Event, EventKind, Outcome};
use karat_model::facts::Facts;
use karat_model::id::{BuildName, ComponentKind};
use karat_model::plan::{Build, LateConfig, Node, Plan, PostProcessing, Step, StepPolicy};
use karat_model::schema::Schema;
use karat_model::schema_set::SchemaSet;
use karat_model::secret::Redactor;
use karat_model::span::{SourceMap, Span};
use karat_model::value::Value;
use karat_sdk::*;
use karat_store::{Ledger, MemoryStore, RunHeader, Store, new_run_id};
use tokio::sync::mpsc::unbounded_channel;

type Work<C, T> = Arc<dyn for<'a> Fn(&'a C, Value) -> BoxFuture<'a, Result<T, StepError>> + Send + Sync>;
type CheckResult = Result<Checked, Problems>;

/// A component of any kind. What it is not asked to do does nothing.
#[derive(Clone)]
struct Scripted {
    kind: ComponentKind,
    name: &'static str,
    check: Arc<dyn Fn(&Value) -> CheckResult + Send + Sync>,
    build: Option<Work<BuildContext, Option<Artifact>>>,
    provision: Option<Work<StepContext, ()>>,
    process: Option<Work<StepContext, Processed>>,
    destroyed: Arc<Mutex<Vec<String>>>,
    destroy_fails: bool,
}

impl Component for Scripted {
    fn about(&self) -> About {
        About { kind: self.kind, name: self.name, summary: "A script of the tests." }
    }

    fn schema(&self) -> Schema {
        Schema::default()
    }
}

impl Scripted {
    async fn destroyed(&self, artifact: &Artifact) -> Result<(), StepError> {
        self.destroyed.lock().unwrap().push(artifact.id.clone());
        if self.destroy_fails { Err(StepError::failed("it is stuck")) } else { Ok(()) }
    }
}

#[async_trait]
impl Builder for Scripted {
    async fn check(&self, _: &CheckContext, config: &Value) -> CheckResult {
        (self.check)(config)
    }
    async fn build(&self, cx: &BuildContext, config: &Value) -> Result<Option<Artifact>, StepError> {
        self.build.as_ref().unwrap()(cx, config.clone()).await
    }
    async fn destroy(&self, _: &StepContext, artifact: &Artifact) -> Result<(), StepError> {
        self.destroyed(artifact).await
    }
}

#[async_trait]
impl Provisioner for Scripted {
    async fn check(&self, _: &CheckContext, config: &Value) -> CheckResult {
        (self.check)(config)
    }
    async fn provision(&self, cx: &StepContext, config: &Value, _: &dyn Guest) -> Result<(), StepError> {
        self.provision.as_ref().unwrap()(cx, config.clone()).await
    }
}

#[async_trait]
impl PostProcessor for Scripted {
    async fn check(&self, _: &CheckContext, config: &Value) -> CheckResult {
        (self.check)(config)
    }
    async fn process(&self, cx: &StepContext, config: &Value, _: &Artifact) -> Result<Processed, StepError> {
        self.process.as_ref().unwrap()(cx, config.clone()).await
    }
    async fn destroy(&self, _: &StepContext, artifact: &Artifact) -> Result<(), StepError> {
        self.destroyed(artifact).await
    }
}

/// The scripted components of one bench.
#[derive(Clone, Default)]
struct Cast(BTreeMap<(ComponentKind, String), Scripted>);

impl Cast {
    fn find(&self, kind: ComponentKind, name: &str) -> Option<Arc<Scripted>> {
        self.0.get(&(kind, name.to_string())).cloned().map(Arc::new)
    }
}

impl Components for Cast {
    fn builder(&self, name: &str) -> Option<Arc<dyn Builder>> {
        self.find(ComponentKind::Builder, name).map(|found| found as _)
    }
    fn provisioner(&self, name: &str) -> Option<Arc<dyn Provisioner>> {
        self.find(ComponentKind::Provisioner, name).map(|found| found as _)
    }
    fn post_processor(&self, name: &str) -> Option<Arc<dyn PostProcessor>> {
        self.find(ComponentKind::PostProcessor, name).map(|found| found as _)
    }
    fn data_source(&self, _: &str) -> Option<Arc<dyn DataSource>> {
        None
    }
    fn schemas(&self) -> SchemaSet {
        SchemaSet::default()
    }
}

/// A guest that nobody talks to.
pub(crate) struct Nobody;

impl Guest for Nobody {
    fn communicator(&self) -> &dyn Communicator {
        &NoCommunicator
    }
}

/// What a builder without a machine has.
pub(crate) struct NoMachine;

impl Guest for NoMachine {
    fn communicator(&self) -> &dyn Communicator {
        &NoCommunicator
    }
    fn is_machine(&self) -> bool {
        false
    }
}

/// A configuration that is a function of the facts.
struct Late<F>(F);

impl<F: Fn(&Facts) -> Result<Value, Diagnostics> + Send + Sync> LateConfig for Late<F> {
    fn evaluate(&self, facts: &Facts) -> Result<Value, Diagnostics> {
        (self.0)(facts)
    }
}

pub(crate) fn late(
    of: impl Fn(&Facts) -> Result<Value, Diagnostics> + Send + Sync + 'static,
) -> Arc<dyn LateConfig> {
    Arc::new(Late(of))
}

pub(crate) fn node<C>(component: &str, config: C) -> Node<C> {
    Node { component: component.into(), config, span: Span::default(), arguments: BTreeMap::new() }
}

/// A step of component `name`.
pub(crate) fn step(name: &str) -> Step {
    let config = late(|_| Ok(Value::object(BTreeMap::new())));
    Step { name: name.into(), node: node(name, config), policy: StepPolicy::default() }
}

pub(crate) fn post_processing(component: &str) -> PostProcessing {
    PostProcessing { name: String::new(), node: step(component).node, keep_input: None }
}

/// An artifact called `id`.
pub(crate) fn artifact(kind: ComponentKind, component: &str, id: &str) -> Artifact {
    Artifact {
        origin: Origin { kind, component: component.into() },
        builder_id: "karat.test".into(),
        id: id.into(),
        description: format!("made {id}"),
        files: Vec::new(),
        facts: Facts::default(),
    }
}

/// Answers in turn; `None`, or no answer left: there is no terminal.
#[derive(Default)]
struct Answers(Mutex<Vec<&'static str>>);

#[async_trait]
impl Prompter for Answers {
    fn is_there(&self) -> bool {
        !self.0.lock().unwrap().is_empty()
    }

    async fn answer(&self) -> Result<String, AskError> {
        let mut answers = self.0.lock().unwrap();
        if answers.is_empty() { Err(AskError::NoTerminal) } else { Ok(answers.remove(0).to_string()) }
    }
}

/// A plan, its components, and the world that they run in.
pub(crate) struct Bench {
    cast: Cast,
    pub(crate) plan: Plan,
    pub(crate) options: RunOptions,
    pub(crate) memory: MemoryStore,
    pub(crate) canceller: Canceller,
    pub(crate) cancellation: Cancellation,
    pub(crate) destroyed: Arc<Mutex<Vec<String>>>,
    pub(crate) temp: tempfile::TempDir,
    answers: Arc<Answers>,
    prompter: Option<Arc<dyn Prompter>>,
    /// Instead of the memory store.
    pub(crate) store: Option<Store>,
}

/// What a run was seen to do.
pub(crate) struct Seen {
    pub(crate) report: RunReport,
    pub(crate) events: Vec<Event>,
    pub(crate) memory: MemoryStore,
    pub(crate) temp: tempfile::TempDir,
}

impl Bench {
    /// A bench with one build, `null.a`, whose builder only provisions.
    pub(crate) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let (canceller, cancellation) = Cancellation::new();
        let dir = |name: &str| temp.path().join(name);
        std::fs::create_dir(dir("temp")).unwrap();
        let options = RunOptions {
            run: new_run_id(),
            parallel: None,
            on_error: OnError::Cleanup,
            force: false,
            debug: false,
            fail_fast: false,
            strict: false,
            version: "0".into(),
            packer_version: "1.16.0".into(),
            cwd: dir("cwd"),
            cache: dir("cache"),
            temp: dir("temp"),
            started: SystemTime::UNIX_EPOCH,
            redactor: Redactor::default(),
        };
        let plan = Plan {
            sources: Arc::new(SourceMap::new()),
            template: "test.pkr.hcl".into(),
            root: PathBuf::from("/"),
            builds: Vec::new(),
            secrets: Vec::new(),
            sequential: false,
            user_variables: None,
        };
        let memory = MemoryStore::default();
        let (destroyed, answers) = (Arc::default(), Arc::default());
        let mut bench = Self {
            cast: Cast::default(),
            plan,
            options,
            memory,
            canceller,
            cancellation,
            destroyed,
            temp,
            answers,
            prompter: None,
            store: None,
        };
        bench.add_build("null.a", "null");
        bench.builder("null", |cx, _| {
            Box::pin(async move {
                cx.provision(&Nobody, &Facts::default()).await?;
                Ok(Some(artifact(ComponentKind::Builder, "null", "original")))
            })
        });
        bench
    }

    pub(crate) fn add_build(&mut self, name: &str, builder: &str) -> &mut Build {
        self.plan.builds.push(Build {
            name: BuildName(name.into()),
            source_name: name.rsplit('.').next().unwrap().into(),
            source: node(builder, Value::object(BTreeMap::new())),
            steps: Vec::new(),
            cleanup: None,
            post_processors: Vec::new(),
        });
        self.plan.builds.last_mut().unwrap()
    }

    /// The first build.
    pub(crate) fn build(&mut self) -> &mut Build {
        &mut self.plan.builds[0]
    }

    fn add(&mut self, kind: ComponentKind, name: &'static str, change: impl FnOnce(&mut Scripted)) {
        let fresh = || Scripted {
            kind,
            name,
            check: Arc::new(|_| Ok(Checked::default())),
            build: None,
            provision: None,
            process: None,
            destroyed: self.destroyed.clone(),
            destroy_fails: false,
        };
        change(self.cast.0.entry((kind, name.to_string())).or_insert_with(fresh));
    }

    pub(crate) fn builder(
        &mut self,
        name: &'static str,
        work: impl for<'a> Fn(&'a BuildContext, Value) -> BoxFuture<'a, Result<Option<Artifact>, StepError>>
        + Send
        + Sync
        + 'static,
    ) {
        self.add(ComponentKind::Builder, name, |scripted| scripted.build = Some(Arc::new(work)));
    }

    pub(crate) fn provisioner(
        &mut self,
        name: &'static str,
        work: impl for<'a> Fn(&'a StepContext, Value) -> BoxFuture<'a, Result<(), StepError>>
        + Send
        + Sync
        + 'static,
    ) {
        self.add(ComponentKind::Provisioner, name, |scripted| scripted.provision = Some(Arc::new(work)));
    }

    pub(crate) fn post_processor(
        &mut self,
        name: &'static str,
        work: impl for<'a> Fn(&'a StepContext, Value) -> BoxFuture<'a, Result<Processed, StepError>>
        + Send
        + Sync
        + 'static,
    ) {
        self.add(ComponentKind::PostProcessor, name, |scripted| scripted.process = Some(Arc::new(work)));
    }

    pub(crate) fn check(
        &mut self,
        kind: ComponentKind,
        name: &'static str,
        check: impl Fn(&Value) -> CheckResult + Send + Sync + 'static,
    ) {
        self.add(kind, name, |scripted| scripted.check = Arc::new(check));
    }

    /// The component's artifacts cannot be destroyed.
    pub(crate) fn destroy_fails(&mut self, kind: ComponentKind, name: &'static str) {
        self.add(kind, name, |scripted| scripted.destroy_fails = true);
    }

    /// A provisioner that does what each of `results` says, in turn; the last one again and again.
    pub(crate) fn results(&mut self, name: &'static str, results: &'static [Result<(), &'static str>]) {
        let turn = Mutex::new(0);
        self.provisioner(name, move |cx, _| {
            let mut turn = turn.lock().unwrap();
            let result = results[(*turn).min(results.len() - 1)];
            *turn += 1;
            let name = name.to_string();
            Box::pin(async move {
                cx.say(format!("{name} runs"));
                result.map_err(StepError::failed)
            })
        });
    }

    pub(crate) fn answers(&mut self, answers: &[&'static str]) {
        *self.answers.0.lock().unwrap() = answers.to_vec();
    }

    pub(crate) fn prompter(&mut self, prompter: impl Prompter + 'static) {
        self.prompter = Some(Arc::new(prompter));
    }

    pub(crate) fn parallel(&mut self, at_once: usize) {
        self.options.parallel = NonZeroUsize::new(at_once);
    }

    pub(crate) fn components(&self) -> Arc<dyn Components> {
        Arc::new(self.cast.clone())
    }

    pub(crate) async fn run(self) -> Seen {
        let store = self.store.unwrap_or_else(|| Store::of_memory(self.memory.another_process()));
        let header = RunHeader {
            format: karat_model::event::FORMAT,
            version: "0".into(),
            run: self.options.run.clone(),
            template: self.plan.template.clone(),
            started_ms: 0,
            command: Vec::new(),
        };
        store.log.begin(&header).await.unwrap();
        let (sender, mut receiver) = unbounded_channel();
        let report = run(Run {
            components: Arc::new(self.cast),
            plan: Arc::new(self.plan),
            store,
            events: Events::new(sender, self.options.redactor.clone()),
            options: self.options,
            prompter: self.prompter.unwrap_or(self.answers),
            cancellation: self.cancellation,
        })
        .await;
        let mut events = Vec::new();
        while let Ok(event) = receiver.try_recv() {
            events.push(event);
        }
        assert!(events.iter().enumerate().all(|(at, event)| event.seq == at as u64));
        Seen { report, events, memory: self.memory, temp: self.temp }
    }
}

impl Seen {
    /// What was said, in order, with what is not a message in brackets.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.events.iter().filter_map(|event| line(&event.kind)).collect()
    }

    /// The same, of one build.
    pub(crate) fn lines_of(&self, build: &str) -> Vec<String> {
        let of = |event: &&Event| event.scope.build.as_ref().is_some_and(|name| name.0 == build);
        self.events.iter().filter(of).filter_map(|event| line(&event.kind)).collect()
    }

    /// How the first build ended: the ids of its artifacts, or its error.
    pub(crate) fn outcome(&self) -> Result<Vec<String>, String> {
        match self.report.builds[0].outcome.clone().unwrap() {
            Outcome::Succeeded { artifacts } => {
                Ok(artifacts.into_iter().map(|artifact| artifact.id).collect())
            }
            Outcome::Failed { error } => Err(error),
            Outcome::Cancelled { error } => Err(format!("cancelled: {error}")),
        }
    }

    /// How many entries of the ledger are open.
    pub(crate) async fn open_entries(&self) -> usize {
        let mut open = 0;
        for run in self.memory.unsettled_runs().await.unwrap() {
            open += self.memory.outstanding(&run).await.unwrap().len();
        }
        open
    }

    /// What is left in the directory for temporary files.
    pub(crate) fn left_in_temp(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.temp.path().join("temp")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

fn line(kind: &EventKind) -> Option<String> {
    Some(match kind {
        // When it comes among the others is nobody's business but the test's that asks for it.
        EventKind::Message { text, .. } if text.starts_with("Waiting for ") => return None,
        EventKind::Message { text, .. } => text.clone(),
        EventKind::StepStarted { index, step, attempt } => format!("[{index} {step} #{attempt}]"),
        EventKind::StepFinished { took, error: None, .. } => format!("[done after {}s]", took.as_secs()),
        EventKind::StepFinished { took, error: Some(error), .. } => {
            format!("[failed after {}s: {error}]", took.as_secs())
        }
        EventKind::PostProcessorStarted { component, .. } => format!("[post-processor {component}]"),
        EventKind::Asked { question } => format!("? {question}"),
        EventKind::LeftBehind { what } => format!("[left behind {what}]"),
        _ => return None,
    })
}

/// `n` seconds.
pub(crate) fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}
