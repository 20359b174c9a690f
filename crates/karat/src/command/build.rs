//! `karat build`.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use karat_engine::{BuildReport, Events, NoPrompter, Prompter, Run, RunOptions, RunReport};
use karat_model::event::{CancelLevel, Event, EventKind, FORMAT, Outcome, Scope};
use karat_model::plan::Plan;
use karat_sdk::{Cancellation, Canceller, OnError};
use karat_store::{RunHeader, Store};
use tokio::sync::mpsc;

use super::{End, block_on};
use crate::arguments::{Build, OnErrorArgument};
use crate::crash;
use crate::dispatch::{self, Recorder};
use crate::prompt::Terminal;
use crate::report::Console;
use crate::session::{Purpose, Session};
use crate::signals;

pub(super) fn run(arguments: &Build, console: Console, strict: bool) -> End {
    let end = build(arguments, console, strict).unwrap_or_else(|end| end);
    match end {
        End::PartlyFailed | End::Invalid | End::Cancelled if !arguments.detailed_exitcode => End::Failure,
        end => end,
    }
}

fn build(arguments: &Build, console: Console, strict: bool) -> Result<End, End> {
    let session = Session::new(console, strict)?;
    let loaded = session.load(&arguments.template, arguments.selection.config_type);
    let loaded = loaded.map_err(|_| End::Invalid)?;
    let purpose = Purpose {
        require_builds: true,
        syntax_only: false,
        warn_undeclared: arguments.warn_on_undeclared_var,
        read_data: true,
        sequential: arguments.use_sequential_evaluation,
    };
    let options = options(arguments, &session);
    let store = session.store()?;
    block_on(async {
        let stage = Stage::set(&session, &options)?;
        let plan = session.plan(&loaded, &arguments.selection, purpose, &options, &stage.cancellation);
        let planned = plan.await;
        if stage.cancellation.is_stopped() {
            return Err(End::Cancelled);
        }
        let (plan, has_errors) = planned.map_err(|_| End::Invalid)?;
        // Builds that nothing is wrong with run, as in Packer; the command fails all the same.
        let plan = plan.filter(|plan| !plan.builds.is_empty()).ok_or(End::Invalid)?;
        let end = carry_out(arguments, &session, store, options, plan, stage).await?;
        Ok(match end {
            End::Success if has_errors => End::PartlyFailed,
            end => end,
        })
    })
}

async fn carry_out(
    arguments: &Build,
    session: &Session,
    store: Store,
    options: RunOptions,
    plan: Plan,
    Stage { events, receiver, canceller, cancellation }: Stage,
) -> Result<End, End> {
    let console = session.console;
    if arguments.skip_enforcement {
        console.say("Skipping HCP Packer enforced provisioners (--skip-enforcement flag set)");
    }
    if options.debug {
        console.say("Debug mode enabled. Builds will not be parallelized.");
    }
    let header = header(&plan, &options);
    store.log.begin(&header).await.map_err(|error| {
        console.error(&format!("Error: cannot begin a run: {error}"));
        End::Failure
    })?;
    crash::watch(&options.run, &store);
    let recorder = Recorder { log: store.log.clone(), run: options.run.clone() };
    let reporter = console.reporter(arguments.timestamp_ui, true);
    let dispatch = dispatch::start(receiver, recorder, reporter, canceller, console);
    // Only people see questions.
    let prompter: Arc<dyn Prompter> =
        if console.machine || console.json { Arc::new(NoPrompter) } else { Arc::new(Terminal) };
    let run = options.run.clone();
    let report = karat_engine::run(Run {
        plan: Arc::new(plan),
        components: session.components.clone(),
        store: store.clone(),
        options,
        events,
        prompter,
        cancellation,
    })
    .await;
    if dispatch.await.is_err() {
        console.error("Error: showing the run failed; `karat runs show` has what was recorded.");
    }
    if let Err(error) = store.log.end(&run).await {
        console.error(&format!("Warning: cannot end the record of this run: {error}"));
    }
    Ok(end_of(&report))
}

fn end_of(report: &RunReport) -> End {
    let made = |build: &BuildReport| matches!(build.outcome, Some(Outcome::Succeeded { .. }));
    match report.succeeded() {
        true => End::Success,
        false if report.cancelled => End::Cancelled,
        false if report.builds.iter().any(made) => End::PartlyFailed,
        false => End::Failure,
    }
}

/// What is there before there is a plan: Ctrl-C also stops the reading of data sources.
struct Stage {
    events: Events,
    receiver: mpsc::UnboundedReceiver<Event>,
    canceller: Canceller,
    cancellation: Cancellation,
}

impl Stage {
    fn set(session: &Session, options: &RunOptions) -> Result<Self, End> {
        let console = session.console;
        let (sender, receiver) = mpsc::unbounded_channel();
        let events = Events::new(sender, options.redactor.clone());
        let (canceller, cancellation) = Cancellation::new();
        let told = events.clone();
        let strict = session.strict;
        let tell = move |level: CancelLevel, reason: &str| {
            // Packer listens to the first one only.
            if strict && level > CancelLevel::Stop {
                return;
            }
            told.emit(&Scope::default(), EventKind::CancelRequested { level, reason: reason.to_string() });
        };
        let leave = move || {
            console.error(
                "Left at once. What still runs or lies about is in the ledger: `karat gc` removes it.",
            );
            std::process::exit(1);
        };
        signals::listen(canceller.clone(), tell, leave).map_err(|error| {
            console.error(&format!("Error: cannot listen to signals: {error}"));
            End::Failure
        })?;
        Ok(Self { events, receiver, canceller, cancellation })
    }
}

fn options(arguments: &Build, session: &Session) -> RunOptions {
    RunOptions {
        parallel: usize::try_from(arguments.parallel_builds).ok().and_then(std::num::NonZeroUsize::new),
        on_error: match arguments.on_error {
            OnErrorArgument::Cleanup => OnError::Cleanup,
            OnErrorArgument::Abort => OnError::Abort,
            OnErrorArgument::Ask => OnError::Ask,
            OnErrorArgument::RunCleanupProvisioner => OnError::RunCleanupProvisioner,
        },
        force: arguments.force,
        debug: arguments.debug,
        fail_fast: arguments.fail_fast,
        ..session.run_options()
    }
}

fn header(plan: &Plan, options: &RunOptions) -> RunHeader {
    let started = options.started.duration_since(UNIX_EPOCH).unwrap_or_default();
    RunHeader {
        format: FORMAT,
        version: options.version.clone(),
        run: options.run.clone(),
        template: plan.template.clone(),
        started_ms: u64::try_from(started.as_millis()).unwrap_or(u64::MAX),
        // Secrets on the command line are known by now: the plan's variables brought them.
        command: std::env::args_os().map(|word| options.redactor.redact(&word.to_string_lossy())).collect(),
    }
}
