//! What is to be done: the template after every expression that can be evaluated has been.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::Diagnostics;
use crate::facts::Facts;
use crate::id::BuildName;
use crate::span::{SourceMap, Span};
use crate::value::Value;

/// Everything that one invocation will do.
#[derive(Clone)]
pub struct Plan {
    /// The texts that spans point into.
    pub sources: Arc<SourceMap>,
    /// The template's path as the user gave it.
    pub template: String,
    /// Directory of the template (`path.root`), absolute.
    pub root: PathBuf,
    /// Selected builds, in the template's order.
    pub builds: Vec<Build>,
    /// Known texts that must never be shown.
    pub secrets: Vec<String>,
    /// One build after another: the template says `parallel = false`. Karat's own.
    pub sequential: bool,
    /// The variables of a legacy JSON template, rendered: what `{{user}}` in its Go templates gives. None for HCL2, whose
    /// variables are another thing.
    pub user_variables: Option<Arc<BTreeMap<String, String>>>,
}

/// One source brought to life by one build block.
#[derive(Clone)]
pub struct Build {
    /// The name that people see and select by.
    pub name: BuildName,
    /// Name of the referenced source: `PACKER_BUILD_NAME` for components (Packer 1.16 uses the source's own name even
    /// where the build block renames it).
    pub source_name: String,
    /// The builder and its configuration. Builders cannot see `build.*`, so this is evaluated already.
    pub source: Node<Value>,
    /// Provisioners in order.
    pub steps: Vec<Step>,
    /// The error-cleanup-provisioner.
    pub cleanup: Option<Step>,
    /// Chains of post-processors; each starts from the builder's artifact.
    pub post_processors: Vec<Vec<PostProcessing>>,
}

/// A use of a component: its type, its configuration, where it stands.
#[derive(Clone)]
pub struct Node<C> {
    /// Component type, such as `shell`.
    pub component: String,
    /// Its configuration.
    pub config: C,
    /// The block header, for problems with the whole block.
    pub span: Span,
    /// Where each argument stands, for problems with one.
    pub arguments: BTreeMap<String, Span>,
}

/// A configuration that may depend on what the build finds out: evaluated with pending facts when a plan is checked,
/// and again with real ones just before it is used.
pub trait LateConfig: Send + Sync {
    /// The configuration in the light of `facts`.
    fn evaluate(&self, facts: &Facts) -> Result<Value, Diagnostics>;
}

/// A provisioner in its place.
#[derive(Clone)]
pub struct Step {
    /// The template's name for it, else its type.
    pub name: String,
    /// What runs.
    pub node: Node<Arc<dyn LateConfig>>,
    /// How it is run.
    pub policy: StepPolicy,
}

/// How a step is run. Carried out by one loop in the engine, never by wrapping components.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepPolicy {
    /// Wait before each attempt; not counted by `timeout`.
    pub pause_before: Duration,
    /// Limit of each attempt. `None`: no limit.
    pub timeout: Option<Duration>,
    /// Further attempts after the first.
    pub max_retries: u32,
    /// A failure is reported and the build goes on.
    pub continue_on_error: bool,
}

/// A post-processor in its place.
#[derive(Clone)]
pub struct PostProcessing {
    /// The template's name for it; empty where it has none.
    pub name: String,
    /// What runs.
    pub node: Node<Arc<dyn LateConfig>>,
    /// `keep_input_artifact`, where the template says so.
    pub keep_input: Option<bool>,
}
