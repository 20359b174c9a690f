//! How a step is run: pauses, tries, limits. One loop, and no wrapping of components.

use std::sync::Arc;
use std::time::Duration;

use karat_model::diagnostic::Diagnostics;
use karat_model::duration::Go;
use karat_model::event::{CancelLevel, EventKind, Tone};
use karat_model::facts::Facts;
use karat_model::plan::{LateConfig, Step};
use karat_model::value::Value;
use karat_sdk::cancel::{Cancellation, Canceller};
use karat_sdk::component::Guest;
use karat_sdk::context::{CheckContext, StepContext, cancelled_text};
use karat_sdk::error::StepError;
use tokio::time::{Instant, sleep, timeout};

use crate::frame::Frame;
use crate::job::{Job, guarded};

/// How long an attempt that ran out of time may take to stop before it is dropped.
const TIMEOUT_GRACE: Duration = Duration::from_secs(10);

/// The tries of one step.
pub(crate) struct Attempts<'a> {
    /// The frame that the attempts are made in.
    pub(crate) frame: &'a Arc<Frame>,
    /// Position among the build's provisioners.
    pub(crate) index: usize,
    pub(crate) step: &'a Step,
    pub(crate) guest: &'a dyn Guest,
    pub(crate) facts: &'a Facts,
    pub(crate) cancellation: &'a Cancellation,
}

impl Attempts<'_> {
    /// Tries until it works or no try is left.
    pub(crate) async fn run(&self) -> Result<(), StepError> {
        let policy = &self.step.policy;
        let error = match self.tries().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if policy.continue_on_error && !self.cancellation.is_stopped() {
            let text = format!(
                "Provisioner failed with {:?}, but continue_on_error is set; continuing the build.",
                error.to_string()
            );
            self.job().tell(Tone::Warn, text);
            return Ok(());
        }
        Err(error)
    }

    async fn tries(&self) -> Result<(), StepError> {
        let job = self.job();
        let tries = self.step.policy.max_retries;
        let mut first = None;
        for attempt in 1.. {
            if let Some(cancel) =
                self.cancellation.current().filter(|cancel| cancel.level >= CancelLevel::Stop)
            {
                return Err(StepError::Cancelled(cancelled_text(&cancel.reason)));
            }
            let error = match self.once(attempt).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if self.cancellation.is_stopped() {
                return Err(error);
            }
            if attempt > tries {
                if tries > 0 {
                    job.tell(Tone::Say, "retry limit reached.");
                }
                return Err(self.summed_up(first, error));
            }
            // Packer 1.16 shows the first failure before every retry.
            let shown = match &first {
                Some(first) if job.options.strict => first,
                _ => &error,
            };
            let left = tries - (attempt - 1);
            let text =
                format!("Provisioner failed with {:?}, retrying with {left} trie(s) left", shown.to_string());
            job.tell(Tone::Say, text);
            first.get_or_insert(error);
        }
        Ok(())
    }

    /// The error of a step that failed for good. Packer 1.16 reports only the first failure.
    fn summed_up(&self, first: Option<StepError>, last: StepError) -> StepError {
        match first {
            None => last,
            Some(first) if self.job().options.strict || first.to_string() == last.to_string() => first,
            Some(first) => {
                let retries = self.step.policy.max_retries;
                let what = format!("{first}; after {retries} more trie(s) the last failure was");
                StepError::because(what, last)
            }
        }
    }

    async fn once(&self, attempt: u32) -> Result<(), StepError> {
        let (job, policy) = (self.job(), &self.step.policy);
        let pause = policy.pause_before;
        if !pause.is_zero() {
            job.tell(Tone::Say, format!("Pausing {} before the next provisioner...", Go(pause)));
            self.context(self.frame.clone(), self.cancellation.clone()).pause(pause).await?;
        }
        // Packer 1.16 forgets the timeout where there is a pause.
        let limit = policy.timeout.filter(|_| pause.is_zero() || !job.options.strict);
        if let Some(limit) = limit {
            job.tell(Tone::Say, format!("Setting a {} timeout for the next provisioner...", Go(limit)));
        }
        let (index, step) = (self.index, self.step.name.clone());
        job.emit(EventKind::StepStarted { index, step: step.clone(), attempt });
        let begun = Instant::now();
        let (canceller, cancellation) = self.cancellation.child();
        let (frame, hung) = self.frame.of_attempt();
        let who = format!("the provisioner `{}`", self.step.node.component);
        job.now(who.clone());
        let work = guarded(&who, self.provision(self.context(frame.clone(), cancellation)));
        let result = match limit {
            Some(limit) => self.within(limit, canceller, work).await,
            None => work.await,
        };
        frame.close().await;
        self.frame.forget(hung);
        let error = result.as_ref().err().map(ToString::to_string);
        job.emit(EventKind::StepFinished { index, step, attempt, took: begun.elapsed(), error });
        result
    }

    /// Waits for `work`; asks it to stop when its time is over; gives it up when it does not.
    async fn within(
        &self,
        limit: Duration,
        canceller: Canceller,
        work: impl Future<Output = Result<(), StepError>>,
    ) -> Result<(), StepError> {
        tokio::pin!(work);
        tokio::select! {
            biased;
            result = &mut work => return result,
            () = sleep(limit) => {}
        }
        self.job().tell(Tone::Error, "Cancelling provisioner after a timeout...");
        canceller.cancel(CancelLevel::Stop, "timeout");
        match timeout(TIMEOUT_GRACE, work).await {
            Ok(Ok(())) => Ok(()),
            // What a stopped provisioner says does not mean that the user stopped the build.
            Ok(Err(error)) if self.job().options.strict && error.is_cancelled() => {
                Err(StepError::failed("context canceled"))
            }
            Ok(Err(error)) if self.job().options.strict => Err(StepError::failed(error.to_string())),
            Ok(Err(error)) => Err(StepError::because(
                format!("the provisioner was stopped after its timeout of {}", Go(limit)),
                error,
            )),
            Err(_) => Err(StepError::failed(format!(
                "the provisioner went on after its timeout of {} and was given up {} later",
                Go(limit),
                Go(TIMEOUT_GRACE)
            ))),
        }
    }

    async fn provision(&self, context: StepContext) -> Result<(), StepError> {
        let name = &self.step.node.component;
        let Some(provisioner) = self.job().components.provisioner(name) else {
            return Err(StepError::failed(format!("the provisioner `{name}` does not exist")));
        };
        let config = evaluate(self.job(), &*self.step.node.config, self.facts)?;
        let check = CheckContext { info: self.job().info.clone(), facts: self.facts.clone() };
        provisioner.check(&check, &config).await?;
        provisioner.provision(&context, &config, self.guest).await
    }

    fn context(&self, frame: Arc<Frame>, cancellation: Cancellation) -> StepContext {
        let job = self.job();
        StepContext::new(frame, job.scope.clone(), job.info.clone(), self.facts.clone(), cancellation)
    }

    fn job(&self) -> &Arc<Job> {
        self.frame.job()
    }
}

/// A late configuration in the light of what the build found out.
pub(crate) fn evaluate(job: &Job, config: &dyn LateConfig, facts: &Facts) -> Result<Value, StepError> {
    let value = config.evaluate(facts).map_err(|problems| StepError::failed(in_words(problems)))?;
    job.options.redactor_learns(&value);
    Ok(value)
}

fn in_words(problems: Diagnostics) -> String {
    let errors = problems.into_sorted().into_iter().filter(|problem| problem.is_error());
    let texts = errors.map(|problem| match problem.detail {
        Some(detail) => format!("{}: {detail}", problem.title),
        None => problem.title,
    });
    texts.collect::<Vec<_>>().join("\n")
}
