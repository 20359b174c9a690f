//! Makes nothing: runs the provisioners on a machine that is there already.

use async_trait::async_trait;
use karat_model::artifact::{Artifact, Origin};
use karat_model::facts::Facts;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::{
    About, BuildContext, Builder, CheckContext, Checked, Component, Config, Problems, StepContext, StepError,
};

use crate::communicator::connect::{Address, connect};
use crate::communicator::options::{CommunicatorKind, CommunicatorOptions};

/// Identifies this builder's artifacts (Packer 1.16).
const BUILDER_ID: &str = "fnoeding.null";
const NAME: &str = "null";

/// The `null` builder.
pub struct Null;

/// Options of the `null` builder: only how to get in.
#[derive(Config, Clone, Debug)]
struct NullOptions {
    #[config(flatten)]
    communicator: CommunicatorOptions,
}

impl Component for Null {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::Builder,
            name: NAME,
            summary: "Runs provisioners on a machine that is there already, and makes no artifact.",
        }
    }

    fn schema(&self) -> Schema {
        NullOptions::schema()
    }
}

#[async_trait]
impl Builder for Null {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        let options: NullOptions = cx.decode(config)?;
        let mut problems = Problems::new();
        options.communicator.check(cx, &mut problems);
        if options.communicator.kind() == Ok(CommunicatorKind::Ssh) {
            check_access(&options.communicator, &mut problems);
        }
        problems.or(Checked::default())
    }

    async fn build(&self, cx: &BuildContext, config: &Value) -> Result<Option<Artifact>, StepError> {
        let options: NullOptions = cx.decode(config)?;
        let options = options.communicator;
        let address = Address { host: options.ssh_host.clone(), port: options.ssh_port };
        let (options, address) = (&options, &address);
        let connect = |cx| async move { connect(&cx, options, address, None).await };
        let connection = cx.step("StepConnect", connect).await?;
        let mut facts = Facts::default();
        facts.set("ID", "Null");
        facts.extend(&connection.facts());
        cx.provision(&connection, &facts).await?;
        Ok(Some(Artifact {
            origin: Origin { kind: ComponentKind::Builder, component: NAME.into() },
            builder_id: BUILDER_ID.into(),
            id: "Null".into(),
            description: "Did not export anything. This is the null builder".into(),
            files: Vec::new(),
            facts,
        }))
    }

    async fn destroy(&self, _: &StepContext, _: &Artifact) -> Result<(), StepError> {
        Ok(())
    }
}

/// Packer's rules for a machine that nobody made a key for.
fn check_access(options: &CommunicatorOptions, problems: &mut Problems) {
    if options.ssh_host.is_empty() {
        problems
            .add("ssh_host", "a Host must be specified, please reference your communicator documentation");
    }
    if options.ssh_username.is_empty() {
        problems.add(
            "ssh_username",
            "a Username must be specified, please reference your communicator documentation",
        );
    }
    let key_file = options.ssh_private_key_file.as_ref().is_some_and(|path| !path.as_os_str().is_empty());
    let ways = [options.ssh_agent_auth, !options.ssh_password.is_empty(), key_file];
    match ways.into_iter().filter(|given| *given).count() {
        0 => problems.add_general(
            "one authentication method must be specified, please reference your communicator documentation",
        ),
        1 => {}
        _ => problems.add_general(
            "only one of ssh_agent_auth, ssh_password, and ssh_private_key_file must be specified",
        ),
    }
}
