//! The shapes of components: schema · check · run.

use std::sync::Arc;

use async_trait::async_trait;
use karat_model::artifact::Artifact;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::schema_set::SchemaSet;
use karat_model::value::Value;

use crate::communicator::Communicator;
use crate::config::Problems;
use crate::context::{BuildContext, CheckContext, ReadContext, StepContext};
use crate::error::StepError;

/// Who a component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// What it does.
    pub kind: ComponentKind,
    /// The name that templates use, such as `qemu`.
    pub name: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
}

/// What every component has. Components hold no state between calls.
pub trait Component: Send + Sync {
    /// Who it is.
    fn about(&self) -> About;
    /// What its configuration looks like.
    fn schema(&self) -> Schema;
}

/// What a check found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Things that the user should know and that do not stop the build.
    pub warnings: Vec<String>,
    /// Names of the facts (`build.KEY`) that a builder will offer beyond the common ones.
    pub facts: Vec<String>,
}

/// Makes a machine, lets the provisioners work on it, and turns it into an artifact.
#[async_trait]
pub trait Builder: Component {
    /// Whether the configuration makes sense. No side effects; values may be unknown.
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems>;

    /// Drives the machine. Calls [`BuildContext::provision`] when it answers. `None`: nothing was made, on purpose.
    ///
    /// Everything that could outlive the process is made through the context, so that it is in the ledger first and is
    /// taken down whatever happens.
    async fn build(&self, cx: &BuildContext, config: &Value) -> Result<Option<Artifact>, StepError>;

    /// Deletes a finished artifact: no post-processor kept its input.
    async fn destroy(&self, cx: &StepContext, artifact: &Artifact) -> Result<(), StepError> {
        remove_files(cx, artifact).await
    }
}

/// Changes a running machine.
#[async_trait]
pub trait Provisioner: Component {
    /// Whether the configuration makes sense. No side effects; values may be unknown.
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems>;

    /// Does the work through the guest's communicator.
    async fn provision(&self, cx: &StepContext, config: &Value, guest: &dyn Guest) -> Result<(), StepError>;
}

/// Turns one artifact into another.
#[async_trait]
pub trait PostProcessor: Component {
    /// Whether the configuration makes sense. No side effects; values may be unknown.
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems>;

    /// Does the work.
    async fn process(
        &self,
        cx: &StepContext,
        config: &Value,
        input: &Artifact,
    ) -> Result<Processed, StepError>;

    /// Deletes an artifact that it made: a later post-processor did not keep its input.
    async fn destroy(&self, cx: &StepContext, artifact: &Artifact) -> Result<(), StepError> {
        remove_files(cx, artifact).await
    }
}

/// Looks something up that a template wants to know. Read before the builds are planned, several at a time; one that
/// nothing needs is not read at all, so reading must change nothing.
#[async_trait]
pub trait DataSource: Component {
    /// What `data.TYPE.NAME` offers: the attributes of the value that [`DataSource::read`] returns.
    fn output(&self) -> Schema;

    /// Whether the configuration makes sense. No side effects; values may be unknown.
    async fn check(&self, cx: &ReadContext, config: &Value) -> Result<Checked, Problems>;

    /// Looks it up.
    async fn read(&self, cx: &ReadContext, config: &Value) -> Result<Reading, StepError>;
}

/// What a data source found.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The value, in the shape of [`DataSource::output`].
    pub value: Value,
    /// Things that the user should know about it.
    pub warnings: Vec<String>,
}

/// What a post-processor gives back.
#[derive(Clone, Debug, PartialEq)]
pub struct Processed {
    /// The new artifact; `None` ends the chain silently.
    pub output: Option<Artifact>,
    /// What becomes of the input.
    pub input: InputFate,
}

/// What becomes of a post-processor's input when the template does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFate {
    /// Destroyed, unless the template keeps it.
    Discard,
    /// Kept, unless the template discards it.
    Keep,
    /// Kept, whatever the template says.
    MustKeep,
}

/// A machine that provisioners can work on.
pub trait Guest: Send + Sync {
    /// How to talk to it.
    fn communicator(&self) -> &dyn Communicator;

    /// Whether there is a machine at all. Without one there are no facts about it, and when provisioning fails there is
    /// nothing to clean up, to keep or to ask about: no error-cleanup-provisioner, whatever `-on-error` says. So it is
    /// with Packer 1.16's `file` builder.
    fn is_machine(&self) -> bool {
        true
    }
}

async fn remove_files(cx: &StepContext, artifact: &Artifact) -> Result<(), StepError> {
    for file in &artifact.files {
        match tokio::fs::remove_file(cx.resolve(file)).await {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(StepError::io(
                    format!("cannot remove {} of the artifact", cx.shown(file)),
                    error,
                ));
            }
        }
    }
    Ok(())
}

/// Every component that can be named, by name. The engine asks; the session decides what stands behind (built in, or a
/// plugin).
pub trait Components: Send + Sync {
    /// A builder.
    fn builder(&self, name: &str) -> Option<Arc<dyn Builder>>;
    /// A provisioner.
    fn provisioner(&self, name: &str) -> Option<Arc<dyn Provisioner>>;
    /// A post-processor.
    fn post_processor(&self, name: &str) -> Option<Arc<dyn PostProcessor>>;
    /// A data source.
    fn data_source(&self, name: &str) -> Option<Arc<dyn DataSource>>;
    /// What each looks like.
    fn schemas(&self) -> SchemaSet;
}
