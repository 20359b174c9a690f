//! One run: a plan, and everything it needs to become artifacts.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use karat_model::event::{EventKind, Outcome, Scope, Tone};
use karat_model::id::{BuildName, RunId};
use karat_model::plan::Plan;
use karat_model::secret::Redactor;
use karat_model::value::Value;
use karat_sdk::cancel::Cancellation;
use karat_sdk::component::Components;
use karat_sdk::context::{OnError, RunInfo};
use karat_store::Store;
use tokio::time::Instant;

use crate::events::Events;
use crate::job::Job;
use crate::patience;
use crate::prompt::{Prompter, Questions};
use crate::reclaim::reclaim;
use crate::schedule::schedule;

/// What the user chose for a whole run, and what it needs to know of the world.
#[derive(Clone)]
pub struct RunOptions {
    /// The run; `PACKER_RUN_UUID`.
    pub run: RunId,
    /// Builds that may go on at the same time; `None`: all of them (`-parallel-builds`).
    pub parallel: Option<NonZeroUsize>,
    /// `-on-error`.
    pub on_error: OnError,
    /// `-force`.
    pub force: bool,
    /// `-debug`: one build at a time, with a pause before each step.
    pub debug: bool,
    /// The first build that fails stops the others. Karat's own.
    pub fail_fast: bool,
    /// Exactly Packer, nothing better.
    pub strict: bool,
    /// Version of Karat, for the record.
    pub version: String,
    /// The Packer version whose templates this is compatible with.
    pub packer_version: String,
    /// Directory that the user started from.
    pub cwd: PathBuf,
    /// Directory for downloads that later runs reuse.
    pub cache: PathBuf,
    /// Directory in which scratch directories are made.
    pub temp: PathBuf,
    /// When the run started.
    pub started: SystemTime,
    /// Hides secrets; the same one that [`Events`] was made with.
    pub redactor: Redactor,
}

impl RunOptions {
    /// What a component is told: the choices of this run, and for whom it works.
    pub fn info(
        &self,
        build: BuildName,
        source_name: &str,
        builder_type: &str,
        template_root: &Path,
    ) -> RunInfo {
        RunInfo {
            run: self.run.clone(),
            build,
            source_name: source_name.to_owned(),
            builder_type: builder_type.to_owned(),
            template_root: template_root.to_owned(),
            cwd: self.cwd.clone(),
            started: self.started,
            packer_version: self.packer_version.clone(),
            debug: self.debug,
            force: self.force,
            on_error: self.on_error,
            strict: self.strict,
            cache: self.cache.clone(),
            redactor: self.redactor.clone(),
            user_variables: None,
        }
    }

    /// Hides whatever is marked sensitive in a configuration from now on.
    pub(crate) fn redactor_learns(&self, config: &Value) {
        config.sensitive_strings().iter().for_each(|secret| self.redactor.add(secret));
    }
}

/// Everything that a run needs.
pub struct Run {
    /// What is to be done. Only the builds that passed [`crate::check`].
    pub plan: Arc<Plan>,
    /// Who does it.
    pub components: Arc<dyn Components>,
    /// What is remembered. The run has begun there ([`karat_store::RunLog::begin`]).
    pub store: Store,
    /// What the user chose.
    pub options: RunOptions,
    /// Where to tell what happens.
    pub events: Events,
    /// Whom to ask.
    pub prompter: Arc<dyn Prompter>,
    /// Who may stop it.
    pub cancellation: Cancellation,
}

/// How a run ended. Texts are not redacted: show the events instead.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    /// Every build of the plan, in its order.
    pub builds: Vec<BuildReport>,
    /// Whether somebody stopped the run.
    pub cancelled: bool,
    /// What could not be cleaned up.
    pub left_behind: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// How one build ended.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildReport {
    /// Its name.
    pub name: BuildName,
    /// How it ended; `None`: the run was cancelled before it started.
    pub outcome: Option<Outcome>,
    /// What it could not clean up.
    pub left_behind: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl RunReport {
    /// Whether every build succeeded.
    pub fn succeeded(&self) -> bool {
        !self.cancelled
            && self.builds.iter().all(|build| matches!(build.outcome, Some(Outcome::Succeeded { .. })))
    }
}

/// Carries out a plan. Returns when every build has ended and has been cleaned up; after
/// [`karat_model::event::CancelLevel::Leave`] it returns at once, and what is left stands in the ledger.
pub async fn run(run: Run) -> RunReport {
    let begun = Instant::now();
    let everything = Scope::default();
    let Run { plan, components, store, options, events, prompter, cancellation } = run;
    plan.secrets.iter().for_each(|secret| options.redactor.add(secret));
    events.emit(
        &everything,
        EventKind::RunStarted {
            run: options.run.clone(),
            version: options.version.clone(),
            template: plan.template.clone(),
            builds: plan.builds.iter().map(|build| build.name.clone()).collect(),
        },
    );
    if let Some((tone, text)) = reclaim_quietly(&store).await {
        events.emit(&everything, EventKind::Message { tone, text });
    }

    let options = Arc::new(options);
    let questions = Arc::new(Questions::new(prompter));
    // Builds hear of one that failed; what the run itself hears is left as it is.
    let (failure, cancellation_of_builds) = cancellation.child();
    let jobs = (0..plan.builds.len()).map(|index| {
        let parts = (plan.clone(), components.clone(), store.ledger.clone());
        Arc::new(Job::new(
            parts,
            index,
            &options,
            events.clone(),
            questions.clone(),
            cancellation_of_builds.clone(),
        ))
    });
    let one_at_a_time = options.debug || plan.sequential;
    let at_once = if one_at_a_time { NonZeroUsize::new(1) } else { options.parallel };
    let jobs: Vec<_> = jobs.collect();
    let on_failure = options.fail_fast.then_some(&failure);
    let waits = async {
        if options.strict {
            std::future::pending().await
        }
        patience::tell(&jobs, &events, &cancellation).await;
    };
    let mut builds = Vec::new();
    tokio::select! {
        biased;
        done = schedule(&jobs, at_once, &cancellation_of_builds, on_failure) => builds = done,
        () = waits => {}
    }

    let report = RunReport {
        cancelled: cancellation.is_stopped(),
        left_behind: builds.iter().flat_map(|build| build.left_behind.clone()).collect(),
        builds,
        took: begun.elapsed(),
    };
    events.emit(&everything, EventKind::RunFinished { cancelled: report.cancelled, took: report.took });
    report
}

/// Removes what dead runs left; one message when there was something.
async fn reclaim_quietly(store: &Store) -> Option<(Tone, String)> {
    match reclaim(store).await {
        Ok(report) if !report.left.is_empty() => {
            let all: Vec<_> = report.left.iter().map(|left| format!("{}: {}", left.what, left.why)).collect();
            Some((
                Tone::Warn,
                format!(
                    "an earlier run left things that cannot be removed; mend the cause and run `karat gc`:\n{}",
                    all.join("\n")
                ),
            ))
        }
        Ok(report) if !report.reclaimed.is_empty() => {
            let all: Vec<_> = report.reclaimed.iter().map(|gone| gone.what.as_str()).collect();
            Some((Tone::Say, format!("Removed what an earlier run left: {}", all.join(", "))))
        }
        Ok(_) => None,
        Err(error) => Some((Tone::Warn, format!("cannot look for what earlier runs left: {error}"))),
    }
}
