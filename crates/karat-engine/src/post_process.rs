//! What becomes of a builder's artifact.

use std::sync::Arc;

use karat_model::artifact::Artifact;
use karat_model::event::{EventKind, Scope};
use karat_model::facts::Facts;
use karat_model::id::ComponentKind;
use karat_model::plan::PostProcessing;
use karat_sdk::cancel::Cancellation;
use karat_sdk::component::{InputFate, Processed};
use karat_sdk::context::{CheckContext, StepContext, cancelled_text};
use karat_sdk::error::StepError;

use crate::attempt::evaluate;
use crate::facts::{complete, unknown};
use crate::frame::Frame;
use crate::job::Job;

/// Runs every chain of post-processors, each from the builder's artifact. The artifacts of the summary, in order.
///
/// A failure ends its chain and not the others; in the end the build has failed all the same, and shows no artifacts.
pub(crate) async fn post_process(job: &Arc<Job>, original: Artifact) -> Result<Vec<Artifact>, StepError> {
    let chains = &job.build().post_processors;
    let mut keep_original = chains.iter().all(Vec::is_empty);
    let mut artifacts = Vec::new();
    let mut errors = Vec::new();
    for chain in chains {
        let mut prior = original.clone();
        for (position, step) in chain.iter().enumerate() {
            let processed = match process(job, step, &prior, &original).await {
                Ok(processed) => processed,
                // What is there stays: whoever stops a build may want to look at it.
                Err(error) if job.is_stopped() => return Err(error),
                Err(error) => {
                    errors.push(format!("Post-processor failed: {error}"));
                    break;
                }
            };
            // Nothing was made, on purpose: the chain ends without a word, and adds nothing.
            let Some(output) = processed.output else { break };
            let keep = keeps_input(processed.input, step.keep_input);
            if position == 0 {
                keep_original |= keep;
            } else if keep {
                artifacts.push(prior);
            } else if let Err(error) = destroy(job, &prior).await {
                errors.push(format!("Failed cleaning up prior artifact: {error}"));
            }
            prior = output;
            if position + 1 == chain.len() {
                artifacts.push(prior);
                break;
            }
        }
    }
    if keep_original {
        artifacts.insert(0, original);
    } else if let Err(error) = destroy(job, &original).await {
        errors.push(format!("Failed destroying builder artifact: {error}"));
    }
    match errors.len() {
        0 => Ok(artifacts),
        count => {
            let points: Vec<_> = errors.iter().map(|error| format!("* {error}")).collect();
            Err(StepError::failed(format!("{count} error(s) occurred:\n\n{}", points.join("\n"))))
        }
    }
}

/// Whether the input of a post-processor stays: its own wish, unless the template has another and may.
fn keeps_input(fate: InputFate, template: Option<bool>) -> bool {
    match fate {
        InputFate::MustKeep => true,
        InputFate::Keep => template.unwrap_or(true),
        InputFate::Discard => template.unwrap_or(false),
    }
}

async fn process(
    job: &Arc<Job>,
    step: &PostProcessing,
    input: &Artifact,
    original: &Artifact,
) -> Result<Processed, StepError> {
    if let Some(cancel) = job.cancellation.current().filter(|_| job.is_stopped()) {
        return Err(StepError::Cancelled(cancelled_text(&cancel.reason)));
    }
    let component = &step.node.component;
    job.emit(EventKind::PostProcessorStarted { name: step.name.clone(), component: component.clone() });
    let who = format!("the post-processor `{component}`");
    job.now(who.clone());
    let Some(processor) = job.components.post_processor(component) else {
        return Err(StepError::failed(format!("{who} does not exist")));
    };
    let facts = facts_for(job, input, original);
    let frame = Frame::of_post_processor(job);
    let context = StepContext::new(
        frame.clone(),
        Scope { post_processor: Some(component.clone()), ..job.scope.clone() },
        job.info.clone(),
        facts.clone(),
        job.cancellation.clone(),
    );
    let work = async {
        let config = evaluate(job, &*step.node.config, &facts)?;
        let check = CheckContext { info: job.info.clone(), facts: facts.clone() };
        processor.check(&check, &config).await?;
        processor.process(&context, &config, input).await
    };
    let result = job.supervise(&who, work).await;
    frame.close().await;
    result
}

/// What `build.*` means to a post-processor: what its input knows of the build. In Packer 1.16 most post-processors
/// forget it, so that later ones of the chain see `<unknown>`; only strict does the same.
fn facts_for(job: &Job, input: &Artifact, original: &Artifact) -> Facts {
    let known = |artifact: &Artifact| artifact.facts.iter().next().is_some();
    let source = if known(input) || job.options.strict { input } else { original };
    if known(source) { complete(&source.facts, &job.info.run) } else { unknown() }
}

/// Deletes an artifact that nobody kept.
async fn destroy(job: &Arc<Job>, artifact: &Artifact) -> Result<(), StepError> {
    let frame = Frame::of_post_processor(job);
    let origin = &artifact.origin;
    let scope = job.scope.clone();
    let context = StepContext::new(
        frame.clone(),
        scope,
        job.info.clone(),
        artifact.facts.clone(),
        Cancellation::never(),
    );
    let unknown = || StepError::failed(format!("the {} `{}` does not exist", origin.kind, origin.component));
    let work = async {
        match origin.kind {
            ComponentKind::Builder => {
                job.components
                    .builder(&origin.component)
                    .ok_or_else(unknown)?
                    .destroy(&context, artifact)
                    .await
            }
            _ => {
                job.components
                    .post_processor(&origin.component)
                    .ok_or_else(unknown)?
                    .destroy(&context, artifact)
                    .await
            }
        }
    };
    let result = job.supervise("the removal of an artifact", work).await;
    frame.close().await;
    result
}
