//! Runs scripts in the guest.

mod options;
mod run;

use async_trait::async_trait;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::{
    About, CheckContext, Checked, Component, Config, Guest, Problems, Provisioner, StepContext, StepError,
};

use options::ShellOptions;

/// The `shell` provisioner.
pub struct Shell;

impl Component for Shell {
    fn about(&self) -> About {
        About { kind: ComponentKind::Provisioner, name: "shell", summary: "Runs shell scripts in the guest." }
    }

    fn schema(&self) -> Schema {
        ShellOptions::schema()
    }
}

#[async_trait]
impl Provisioner for Shell {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        let options: ShellOptions = cx.decode(config)?;
        let warnings = options.warnings().filter(|_| !cx.info.strict).into_iter().collect();
        options.check(&cx.info.cwd).or(Checked { warnings, ..Checked::default() })
    }

    async fn provision(&self, cx: &StepContext, config: &Value, guest: &dyn Guest) -> Result<(), StepError> {
        let options: ShellOptions = cx.decode(config)?;
        options.check(&cx.info().cwd).or(())?;
        run::run(cx, &options, guest.communicator()).await
    }
}
