//! One build from its start to its end.

use std::sync::Arc;

use karat_model::artifact::Artifact;
use karat_model::event::{CancelLevel, EventKind, Outcome};
use karat_model::facts::Facts;
use karat_sdk::context::{BuildContext, StepContext, cancelled_text};
use karat_sdk::error::StepError;
use tokio::time::Instant;

use crate::frame::Frame;
use crate::job::Job;
use crate::on_error::Ending;
use crate::post_process::post_process;
use crate::run::BuildReport;

pub(crate) async fn build(job: Arc<Job>) -> BuildReport {
    let begun = Instant::now();
    job.emit(EventKind::BuildStarted);
    job.now(format!("the builder `{}`", job.build().source.component));
    let result = match make(&job).await {
        Ok(Some(artifact)) => post_process(&job, artifact).await,
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    if !left(&job) {
        job.sweep().await;
    }
    let outcome = match result {
        Ok(artifacts) => Outcome::Succeeded { artifacts },
        // Packer 1.16 says neither who nor what was stopped; unless it had failed before, and somebody was asked.
        Err(_) if job.is_stopped() && job.options.strict && job.failure().is_none() => {
            Outcome::Cancelled { error: "context canceled".to_string() }
        }
        Err(error) if job.is_stopped() => Outcome::Cancelled { error: error.to_string() },
        Err(error) => Outcome::Failed { error: error.to_string() },
    };
    let took = begun.elapsed();
    job.emit(EventKind::BuildFinished { outcome: outcome.clone(), took });
    job.now(None);
    let left_behind = job.take_left_behind();
    BuildReport { name: job.build().name.clone(), outcome: Some(outcome), left_behind, took }
}

/// Whether everybody is to go at once.
fn left(job: &Job) -> bool {
    job.cancellation.current().is_some_and(|cancel| cancel.level >= CancelLevel::Leave)
}

/// Runs the builder, and cleans up after it.
async fn make(job: &Arc<Job>) -> Result<Option<Artifact>, StepError> {
    let node = &job.build().source;
    let who = format!("the builder `{}`", node.component);
    let Some(builder) = job.components.builder(&node.component) else {
        return Err(StepError::failed(format!("{who} does not exist")));
    };
    job.options.redactor_learns(&node.config);
    let frame = Frame::of_builder(job);
    let step = StepContext::new(
        frame.clone(),
        job.scope.clone(),
        job.info.clone(),
        Facts::default(),
        job.cancellation.clone(),
    );
    let context = BuildContext::new(step);
    let result = job.supervise(&who, builder.build(&context, &node.config)).await;
    let ending = job.ending(result.is_err());
    job.now("its cleanup".to_owned());
    frame.take_down(ending, None).await;
    if matches!(ending, Ending::Abandon(_)) {
        job.abandon_entries().await;
    }
    let artifact = result?;
    match job.cancellation.current() {
        Some(cancel) if cancel.level >= CancelLevel::Stop => {
            Err(StepError::Cancelled(cancelled_text(&cancel.reason)))
        }
        _ => Ok(artifact),
    }
}
