//! A build's provisioners, one after the other.

use std::sync::Arc;

use karat_model::event::Tone;
use karat_model::facts::Facts;
use karat_sdk::component::Guest;
use karat_sdk::context::OnError;
use karat_sdk::error::StepError;
use karat_sdk::host::{Host, Teardown};

use crate::attempt::Attempts;
use crate::facts::{complete, unknown};
use crate::frame::Frame;
use crate::on_error::{Answer, PROVISION, ask, ask_about_builder};

/// What stands behind [`karat_sdk::BuildContext::provision`].
pub(crate) async fn provision(
    frame: &Arc<Frame>,
    guest: &dyn Guest,
    offered: &Facts,
) -> Result<(), StepError> {
    let job = frame.job();
    if !guest.is_machine() {
        // There is nothing that anybody could want to keep.
        frame.set_answered(Answer::CleanUp);
        return all_steps(frame, guest, &unknown()).await;
    }
    let facts = complete(offered, &job.info.run);
    if let Some(key) = offered.text("SSHPrivateKey") {
        job.options.redactor.add(key);
    }
    // Stands for provisioning in the order of teardown: `-on-error=abort` names it.
    frame.defer(Teardown { step: PROVISION, resource: None, undo: Box::new(|| Box::pin(async { Ok(()) })) });
    let error = loop {
        let Err(error) = all_steps(frame, guest, &facts).await else {
            pause(frame, &format!("Pausing after run of step '{PROVISION}'. Press enter to continue.")).await;
            return Ok(());
        };
        if job.is_stopped() {
            if job.options.strict && job.options.on_error == OnError::Ask {
                job.tell(Tone::Say, format!("Step {PROVISION:?} failed"));
            }
            return Err(error);
        }
        match job.options.on_error {
            OnError::Cleanup | OnError::RunCleanupProvisioner => break error,
            OnError::Abort => return Err(error),
            OnError::Ask => {
                let answer = ask(frame, PROVISION, &error).await;
                frame.set_answered(answer);
                match answer {
                    Answer::CleanUp => break error,
                    Answer::Abort => return Err(error),
                    Answer::Retry => {}
                }
            }
        }
    };
    Err(clean_up(frame, guest, &facts, error).await)
}

/// What stands behind [`karat_sdk::BuildContext::finish`]: the builder failed after its provisioners were done.
pub(crate) async fn failed_after(
    frame: &Arc<Frame>,
    guest: &dyn Guest,
    offered: &Facts,
    error: StepError,
) -> StepError {
    let job = frame.job();
    if job.is_stopped() || !guest.is_machine() {
        return error;
    }
    let cleans_up = match job.options.on_error {
        OnError::Cleanup | OnError::RunCleanupProvisioner => true,
        OnError::Abort => false,
        OnError::Ask => {
            let answer = ask_about_builder(frame, &error).await;
            frame.set_answered(answer);
            answer == Answer::CleanUp
        }
    };
    if cleans_up { clean_up(frame, guest, &complete(offered, &job.info.run), error).await } else { error }
}

/// Runs the error-cleanup-provisioner; what the build fails with in the end.
async fn clean_up(frame: &Arc<Frame>, guest: &dyn Guest, facts: &Facts, error: StepError) -> StepError {
    let job = frame.job();
    if job.is_stopped() {
        return error;
    }
    job.tell(Tone::Say, "Provisioning step had errors: Running the cleanup provisioner, if present...");
    let Some(step) = &job.build().cleanup else { return error };
    let index = job.build().steps.len();
    match (Attempts { frame, index, step, guest, facts }).run().await {
        Ok(()) => error,
        Err(cleanup) => {
            StepError::because(format!("Cleanup failed: {cleanup}. Original Provisioning error"), error)
        }
    }
}

async fn all_steps(frame: &Arc<Frame>, guest: &dyn Guest, facts: &Facts) -> Result<(), StepError> {
    for (index, step) in frame.job().build().steps.iter().enumerate() {
        pause(frame, "Pausing before the next provisioner . Press enter to continue.").await;
        Attempts { frame, index, step, guest, facts }.run().await?;
    }
    Ok(())
}

/// With `-debug`, waits for the user. As in Packer 1.16: without a terminal the question fails and the build goes on.
async fn pause(frame: &Frame, question: &str) {
    if frame.job().options.debug {
        let _ = frame.job().ask(&frame.job().scope, question).await;
    }
}
