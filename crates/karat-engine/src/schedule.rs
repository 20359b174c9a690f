//! When each build starts.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use karat_model::event::{CancelLevel, Outcome};
use karat_sdk::cancel::{Cancellation, Canceller};
use tokio::sync::Semaphore;

use crate::build::build;
use crate::job::Job;
use crate::run::BuildReport;

/// Starts the builds in order, `at_once` at a time, and waits for all of them. A build that fails does not concern the
/// others, unless it shall stop them through `on_failure`; a cancelled run starts no more.
pub(crate) async fn schedule(
    jobs: &[Arc<Job>],
    at_once: Option<NonZeroUsize>,
    cancellation: &Cancellation,
    on_failure: Option<&Canceller>,
) -> Vec<BuildReport> {
    let permits = at_once.map_or(jobs.len(), NonZeroUsize::get).min(Semaphore::MAX_PERMITS);
    let permits = Arc::new(Semaphore::new(permits));
    let mut tasks = Vec::new();
    for job in jobs {
        let name = job.build().name.clone();
        let permit = tokio::select! {
            biased;
            _ = cancellation.reached(CancelLevel::Drain) => None,
            permit = permits.clone().acquire_owned() => permit.ok(),
        };
        let on_failure = on_failure.cloned();
        let task = permit.map(|permit| {
            let job = job.clone();
            tokio::spawn(async move {
                // Given back last: who waits for it must not start after a failure.
                let _permit = permit;
                let report = build(job).await;
                if let (Some(others), Some(Outcome::Failed { .. })) = (on_failure, &report.outcome) {
                    others.cancel(CancelLevel::Stop, &format!("{} failed", report.name));
                }
                report
            })
        });
        tasks.push((name, task));
    }
    let mut reports = Vec::new();
    for (name, task) in tasks {
        let lost = |outcome| BuildReport { name, outcome, left_behind: Vec::new(), took: Duration::ZERO };
        reports.push(match task {
            None => lost(None),
            Some(task) => match task.await {
                Ok(report) => report,
                Err(error) => {
                    lost(Some(Outcome::Failed { error: format!("the build's task ended: {error}") }))
                }
            },
        });
    }
    reports
}
