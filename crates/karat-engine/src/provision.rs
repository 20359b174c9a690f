//! A build's provisioners, one after the other.

use std::sync::Arc;

use karat_model::event::{CancelLevel, Tone};
use karat_model::facts::Facts;
use karat_sdk::component::Guest;
use karat_sdk::context::OnError;
use karat_sdk::error::StepError;
use karat_sdk::host::Next;

use crate::attempt::Attempts;
use crate::facts::{complete, unknown};
use crate::frame::Frame;
use crate::on_error::Ending;
use crate::step::{self, PROVISION, pause};

/// What stands behind [`karat_sdk::BuildContext::provision`].
pub(crate) async fn provision(
    builder: &Arc<Frame>,
    guest: &dyn Guest,
    offered: &Facts,
) -> Result<(), StepError> {
    let job = builder.job();
    if !guest.is_machine() {
        // Without a machine it is no step: there is nothing that anybody could want to keep.
        return all_steps(builder, guest, &unknown()).await;
    }
    let facts = complete(offered, &job.info.run);
    if let Some(key) = offered.text("SSHPrivateKey") {
        job.options.redactor.add(key);
    }
    loop {
        let frame = builder.begin(PROVISION);
        let result = all_steps(&frame, guest, &facts).await;
        match step::end(&frame, PROVISION, result.as_ref().err()).await {
            Next::Again => {}
            Next::GoOn => match result {
                Ok(()) => return Ok(()),
                Err(error) => return Err(clean_up(builder, guest, &facts, error).await),
            },
        }
    }
}

/// What stands behind [`karat_sdk::BuildContext::finish`]: the builder failed after its provisioners were done.
pub(crate) async fn failed_after(
    builder: &Arc<Frame>,
    guest: &dyn Guest,
    offered: &Facts,
    error: StepError,
) -> StepError {
    if !guest.is_machine() {
        return error;
    }
    clean_up(builder, guest, &complete(offered, &builder.job().info.run), error).await
}

/// Takes down what came after the provisioners, and then, while the guest is still there, runs the
/// error-cleanup-provisioner. What the build fails with in the end.
async fn clean_up(builder: &Arc<Frame>, guest: &dyn Guest, facts: &Facts, error: StepError) -> StepError {
    let job = builder.job();
    let ending = job.ending(true);
    builder.take_down(ending, Some(PROVISION)).await;
    let Some(frame) = builder.pop_step(PROVISION).await else { return error };
    let cleans_up =
        matches!(ending, Ending::CleanUp) || job.options.on_error == OnError::RunCleanupProvisioner;
    match ending {
        Ending::Abandon(notice) if !cleans_up => notice.tell(job, PROVISION),
        _ => {}
    }
    // Not where the failure is an interrupt. A question that was interrupted has been answered, though: clean up.
    let failed = job.failure().is_some() || !job.is_stopped();
    let error = if cleans_up && failed { mop(&frame, guest, facts, error).await } else { error };
    frame.take_down(ending, None).await;
    error
}

/// Runs the error-cleanup-provisioner.
async fn mop(frame: &Arc<Frame>, guest: &dyn Guest, facts: &Facts, error: StepError) -> StepError {
    let job = frame.job();
    job.tell(Tone::Say, "Provisioning step had errors: Running the cleanup provisioner, if present...");
    let Some(step) = &job.build().cleanup else { return error };
    let index = job.build().steps.len();
    let least = if job.is_stopped() { CancelLevel::Kill } else { CancelLevel::Stop };
    let cancellation = &job.cancellation.from_level(least);
    match (Attempts { frame, index, step, guest, facts, cancellation }).run().await {
        Ok(()) => error,
        Err(cleanup) => {
            StepError::because(format!("Cleanup failed: {cleanup}. Original Provisioning error"), error)
        }
    }
}

async fn all_steps(frame: &Arc<Frame>, guest: &dyn Guest, facts: &Facts) -> Result<(), StepError> {
    for (index, step) in frame.job().build().steps.iter().enumerate() {
        pause(frame.job(), "Pausing before the next provisioner . Press enter to continue.").await;
        let cancellation = &frame.job().cancellation;
        Attempts { frame, index, step, guest, facts, cancellation }.run().await?;
    }
    Ok(())
}
