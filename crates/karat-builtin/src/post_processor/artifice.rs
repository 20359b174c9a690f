//! `artifice`: replaces the files of the artifact, so that later post-processors work on what the build made beside it.

mod pattern;

use std::path::PathBuf;

use async_trait::async_trait;
use karat_model::artifact::{Artifact, Origin};
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::{
    About, CheckContext, Checked, Component, Config, InputFate, PostProcessor, Problems, Processed,
    StepContext, StepError,
};

use super::{from_files, list};

/// Makes an artifact of files that something else made.
pub struct Artifice;

#[derive(Config)]
struct Options {
    /// The files of the new artifact: paths in which `*`, `?`, `[a-z]` and `[^a-z]` match within a name. Required. A
    /// path that matches nothing adds nothing.
    files: Vec<String>,
}

impl Component for Artifice {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::PostProcessor,
            name: "artifice",
            summary: "Replaces the artifact's files by others.",
        }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl PostProcessor for Artifice {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        let options: Options = cx.decode(config)?;
        let mut problems = Problems::new();
        // A list that is not known yet decodes as an empty one.
        let known = config.get("files").is_none_or(Value::is_known);
        if options.files.is_empty() && known {
            problems.add("files", "No files specified in artifice configuration");
        }
        for file in &options.files {
            if let Err(error) = pattern::check(file) {
                problems.add("files", error);
            }
        }
        problems.or(Checked::default())
    }

    async fn process(
        &self,
        cx: &StepContext,
        config: &Value,
        input: &Artifact,
    ) -> Result<Processed, StepError> {
        let options: Options = cx.decode(config)?;
        if !input.files.is_empty() {
            cx.say(format!("Discarding files from artifact: {}", list(&input.files)));
        }
        let mut files: Vec<PathBuf> = Vec::new();
        for file in &options.files {
            files.extend(pattern::expand(&cx.info().cwd, file).map_err(StepError::failed)?);
        }
        cx.say(format!("Using these artifact files: {}", list(&files)));
        let output = Artifact {
            origin: Origin { kind: ComponentKind::PostProcessor, component: "artifice".to_string() },
            builder_id: "packer.post-processor.artifice".to_string(),
            id: String::new(),
            description: from_files(&files),
            files,
            facts: input.facts.clone(),
        };
        Ok(Processed { output: Some(output), input: InputFate::Keep })
    }
}

#[cfg(test)]
mod tests;
