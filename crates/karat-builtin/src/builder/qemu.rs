//! The qemu builder: a disk image made in a virtual machine on this host. Behaves as Packer 1.16's plugin does.

use async_trait::async_trait;
use karat_model::artifact::{Artifact, Origin};
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::component::{About, Builder, Checked, Component};
use karat_sdk::config::{Config, Problems};
use karat_sdk::context::{BuildContext, CheckContext, StepContext};
use karat_sdk::error::StepError;

mod accelerator;
mod arguments;
mod boot;
mod build;
mod image;
mod launch;
mod machine;
mod options;
mod output;
mod program;
mod qmp;
mod shutdown;

use build::Build;
use options::{QemuOptions, Settings};
use program::Programs;

/// What scripts know the artifact by.
const BUILDER_ID: &str = "transcend.qemu";

/// The `qemu` builder.
pub struct Qemu;

impl Component for Qemu {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::Builder,
            name: "qemu",
            summary: "Makes a disk image with QEMU, from an installation medium or from another disk image.",
        }
    }

    fn schema(&self) -> Schema {
        QemuOptions::schema()
    }
}

#[async_trait]
impl Builder for Qemu {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        let options: QemuOptions = cx.decode(config)?;
        let mut problems = Problems::new();
        options.communicator.check(cx, &mut problems);
        if let Err(missing) = Programs::find(&options.qemu_binary, &cx.info) {
            problems.add("qemu_binary", missing);
        }
        let settled = problems.keep(Settings::new(options, &cx.info));
        if let Some((settings, _)) = &settled
            && !cx.info.force
            && let Err(exists) = output::check(settings, &cx.info)
        {
            problems.add("output_directory", exists);
        }
        let warnings = settled.map(|(_, warnings)| warnings).unwrap_or_default();
        problems.or(Checked { warnings, facts: Vec::new() })
    }

    async fn build(&self, cx: &BuildContext, config: &Value) -> Result<Option<Artifact>, StepError> {
        let options: QemuOptions = cx.decode(config)?;
        let (settings, _) = Settings::new(options, cx.info())?;
        let programs = Programs::find(&settings.options.qemu_binary, cx.info()).map_err(StepError::failed)?;
        let build = Build { cx, settings: &settings, programs: &programs };
        let made = build.run().await?;
        Ok(Some(Artifact {
            origin: Origin { kind: ComponentKind::Builder, component: "qemu".to_string() },
            builder_id: BUILDER_ID.to_string(),
            id: "VM".to_string(),
            description: output::described(&settings),
            files: made.files,
            facts: made.facts,
        }))
    }

    async fn destroy(&self, cx: &StepContext, artifact: &Artifact) -> Result<(), StepError> {
        output::destroy(cx, artifact).await
    }
}

#[cfg(test)]
mod tests;
