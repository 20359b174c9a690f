//! The steps of a builder: what happens where one ends.

use karat_model::event::Tone;
use karat_sdk::context::OnError;
use karat_sdk::error::StepError;
use karat_sdk::host::Next;

use crate::frame::Frame;
use crate::job::Job;
use crate::on_error::{Answer, Failure, ask};

/// Packer's name for the step that runs the provisioners.
pub(crate) const PROVISION: &str = "StepProvision";

/// The step `name`, whose work is in `frame`, has done it or failed. Waits where a person is to say how to go on.
pub(crate) async fn end(frame: &Frame, name: &'static str, error: Option<&StepError>) -> Next {
    let job = frame.job();
    let Some(error) = error else {
        frame.set_done();
        pause(job, &format!("Pausing after run of step '{name}'. Press enter to continue.")).await;
        return Next::GoOn;
    };
    let asks = job.options.on_error == OnError::Ask;
    if job.is_stopped() {
        if job.options.strict && asks {
            job.tell(Tone::Say, format!("Step {name:?} failed"));
        }
        return Next::GoOn;
    }
    let answer = if asks { ask(job, name, error).await } else { Answer::None };
    if answer == Answer::Retry {
        frame.close().await;
        return Next::Again;
    }
    job.set_failure(Failure { error: error.to_string(), answer });
    Next::GoOn
}

/// With `-debug`, waits for the user. As in Packer 1.16: without a terminal the question fails and the build goes on.
pub(crate) async fn pause(job: &Job, question: &str) {
    if job.options.debug {
        let _ = job.ask(&job.scope, question).await;
    }
}
