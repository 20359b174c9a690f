//! `karat runs`: what happened before.

use std::time::Duration;

use karat_store::{RunSummary, Store, StoreError, Verdict};

use super::{End, runtime};
use crate::arguments::{Runs, RunsAction};
use crate::directories::Directories;
use crate::report::{Console, Reporter, rfc3339, words};

pub(super) fn run(arguments: &Runs, console: Console) -> End {
    let runtime = match runtime(false) {
        Ok(runtime) => runtime,
        Err(end) => return end,
    };
    let store = Store::disk(Directories::from_env().state);
    let shown = match &arguments.action {
        None => runtime.block_on(list(&store, console)),
        Some(RunsAction::Show { id, timestamp_ui, log, json }) => {
            let reporter = if *log { console.log_reporter() } else { console.reporter(*timestamp_ui, false) };
            runtime.block_on(show(&store, console, id, reporter, *json))
        }
    };
    match shown {
        Ok(end) => end,
        Err(error) => {
            console.error(&format!("Error: {error}"));
            End::Failure
        }
    }
}

async fn list(store: &Store, console: Console) -> Result<End, StoreError> {
    let runs = store.log.runs().await?;
    if runs.is_empty() {
        console.say("No runs yet.");
    }
    for run in &runs {
        console.say(&line(run));
    }
    Ok(End::Success)
}

/// `ID  WHEN  HOW  TEMPLATE  BUILDS`.
fn line(run: &RunSummary) -> String {
    let count = |verdict| run.builds.iter().filter(|build| build.verdict == verdict).count();
    let failed = count(Verdict::Failed);
    let how = match run.ended {
        None if run.live => "running".to_string(),
        None => "killed".to_string(),
        Some(end) if end.cancelled => "cancelled".to_string(),
        Some(_) if failed > 0 => format!("{failed} failed"),
        Some(_) => "succeeded".to_string(),
    };
    let took = run.ended.map(|end| format!(" after {}", words(rounded(end.took)))).unwrap_or_default();
    let when = rfc3339(run.header.started_ms / 1000);
    format!("{}  {when}  {}: {how}{took}", run.header.run, run.header.template)
}

/// Whole seconds, unless there are none.
fn rounded(time: Duration) -> Duration {
    if time.as_secs() == 0 { time } else { Duration::from_secs(time.as_secs()) }
}

async fn show(
    store: &Store,
    console: Console,
    id: &str,
    mut reporter: Box<dyn Reporter>,
    json: bool,
) -> Result<End, StoreError> {
    let runs = store.log.runs().await?;
    let fitting: Vec<_> = runs
        .iter()
        .map(|run| &run.header.run)
        .filter(|run| id == "latest" || run.0.starts_with(id) || run.0.ends_with(id))
        .collect();
    let run = match fitting.as_slice() {
        [only] => *only,
        [newest, ..] if id == "latest" => newest,
        [] => {
            console.error(&format!(
                "Error: no run has an id that begins or ends with {id}. `karat runs` lists them."
            ));
            return Ok(End::Failure);
        }
        many => {
            let ids = many.iter().map(|run| format!("\n  {run}")).collect::<String>();
            console
                .error(&format!("Error: {} runs have an id that begins or ends with {id}:{ids}", many.len()));
            return Ok(End::Failure);
        }
    };
    let recording = store.log.read(run).await?;
    for event in &recording.events {
        if json {
            console.raw(&format!("{}\n", serde_json::to_string(event).unwrap_or_default()));
        } else if reporter.event(event).is_err() {
            break;
        }
    }
    if recording.unreadable > 0 {
        console.error(&format!("{} damaged lines of the recording were left out.", recording.unreadable));
    }
    Ok(End::Success)
}
