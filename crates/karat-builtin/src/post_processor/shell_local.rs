//! `shell-local`: runs scripts on this host after the build, and passes the artifact on.

use async_trait::async_trait;
use karat_model::artifact::Artifact;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::{
    About, CheckContext, Checked, Component, Config, InputFate, PostProcessor, Problems, Processed,
    StepContext, StepError,
};

use crate::provisioner::shell_local::{Options, run};

/// Runs scripts on this host when a build is done.
pub struct ShellLocal;

impl Component for ShellLocal {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::PostProcessor,
            name: "shell-local",
            summary: "Runs scripts on this host and passes the artifact on.",
        }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl PostProcessor for ShellLocal {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        cx.decode::<Options>(config)?.checked(cx, config)
    }

    async fn process(
        &self,
        cx: &StepContext,
        config: &Value,
        input: &Artifact,
    ) -> Result<Processed, StepError> {
        run(cx, &cx.decode::<Options>(config)?.with_shell()).await?;
        Ok(Processed { output: Some(input.clone()), input: InputFate::MustKeep })
    }
}

#[cfg(test)]
mod tests {
    use karat_sdk::testing::{check_context, context};
    use serde_json::json;

    use super::*;
    use crate::post_processor::testing::{artifact, config, names};

    #[tokio::test]
    async fn blt_08_the_artifact_is_passed_on_and_always_kept() {
        let (cx, host) = context();
        let input = artifact(&host, &[("a", b"")]);
        let options = config(
            json!({ "inline": ["echo \"$PACKER_BUILD_NAME $PACKER_BUILDER_TYPE $X\""], "env": { "X": "y" } }),
        );
        let done = ShellLocal.process(&cx, &options, &input).await.unwrap();
        assert_eq!(host.lines()[1..], ["out: test null y"]);
        assert_eq!(done, Processed { output: Some(input), input: InputFate::MustKeep });
        assert_eq!(names(&host), ["a"]);
    }

    #[tokio::test]
    async fn blt_08_one_element_is_a_command_line() {
        let (cx, host) = context();
        let input = artifact(&host, &[]);
        let options = config(
            json!({ "inline": ["echo script"], "execute_command": ["echo line; {{.Vars}} {{.Script}}"] }),
        );
        ShellLocal.process(&cx, &options, &input).await.unwrap();
        assert_eq!(host.lines()[1..], ["out: line", "out: script"]);
    }

    #[tokio::test]
    async fn blt_08_failures_and_checks_are_those_of_the_provisioner() {
        let (cx, host) = context();
        let input = artifact(&host, &[]);
        let error =
            ShellLocal.process(&cx, &config(json!({ "inline": ["exit 7"] })), &input).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "Script exited with non-zero exit status: 7. Allowed exit codes are: [0]"
        );
        let problems = ShellLocal.check(&check_context(&host), &config(json!({}))).await.unwrap_err();
        assert_eq!(problems.to_string(), "Command, Inline, Script and Scripts options cannot all be empty.");
    }
}
