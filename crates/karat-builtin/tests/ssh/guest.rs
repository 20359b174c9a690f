//! A guest to test with: a private sshd, and a connection to it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use karat_builtin::communicator::connect::{Address, Connection, connect};
use karat_builtin::communicator::options::CommunicatorOptions;
use karat_model::facts::Facts;
use karat_model::schema::Schema;
use karat_model::value::{Type, Value};
use karat_sdk::testing::{RecordingHost, context_with};
use karat_sdk::{Config, Exit, Guest, Provisioner, RemoteCommand, StepContext, StepError};
use karat_testkit::Sshd;

/// A configuration as templates write it: numbers, truths and lists from their text.
pub(crate) fn config(schema: &Schema, pairs: &[(&str, &str)]) -> Value {
    let attributes: BTreeMap<String, Value> = pairs
        .iter()
        .map(|(name, text)| {
            let attribute = schema.attributes.get(*name).unwrap_or_else(|| panic!("no option {name}"));
            (name.to_string(), value(&attribute.ty, text))
        })
        .collect();
    Value::object(attributes)
}

fn value(ty: &Type, text: &str) -> Value {
    match ty {
        Type::Bool => Value::bool(text == "true"),
        Type::Number => Value::number(text.parse::<i64>().unwrap()),
        Type::List(element) => {
            let items = text.split('|').map(|item| value(element, item)).collect();
            Value::list(element.as_ref().clone(), items)
        }
        Type::Map(element) => {
            let entries = text.split('|').map(|item| item.split_once('=').unwrap());
            let entries = entries.map(|(key, item)| (key.to_string(), value(element, item))).collect();
            Value::map(element.as_ref().clone(), entries)
        }
        _ => Value::string(text),
    }
}

/// Options that get into `server`, and more.
pub(crate) fn options(server: &Sshd, more: &[(&str, &str)]) -> CommunicatorOptions {
    let identity = server.identity().display().to_string();
    let mut pairs = vec![("ssh_username", server.user()), ("ssh_private_key_file", identity.as_str())];
    pairs.extend_from_slice(more);
    options_of(&pairs)
}

/// A server whose own log stays out of its sessions' output.
pub(crate) fn server(settings: &str) -> Sshd {
    Sshd::start_with(&format!("LogLevel INFO\n{settings}"))
}

/// Options from their texts.
pub(crate) fn options_of(pairs: &[(&str, &str)]) -> CommunicatorOptions {
    let (cx, _host) = context_with(Facts::default(), |_| {});
    cx.decode(&config(&CommunicatorOptions::schema(), pairs)).unwrap()
}

pub(crate) fn address(server: &Sshd) -> Address {
    Address { host: server.host().into(), port: server.port() }
}

/// A context, its host, a server, and a connection from the one to the other.
pub(crate) struct Lab {
    pub(crate) cx: StepContext,
    pub(crate) host: Arc<RecordingHost>,
    pub(crate) server: Sshd,
    pub(crate) connection: Connection,
    pub(crate) commands: PathBuf,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(&[], false).await
    }

    /// Exactly Packer.
    pub(crate) async fn strict() -> Self {
        Self::with(&[], true).await
    }

    /// With more options. The server notes every command that it is asked to run.
    pub(crate) async fn with(more: &[(&str, &str)], strict: bool) -> Self {
        let (cx, host) = context_with(Facts::default(), |info| info.strict = strict);
        let commands = host.directory().join("commands");
        let noted = format!(
            "LogLevel INFO\nForceCommand if [ \"$SSH_ORIGINAL_COMMAND\" = {sftp} ]; then exec {sftp}; fi; \
             printf '%s|\\n' \"$SSH_ORIGINAL_COMMAND\" >> {log}; exec sh -c \"$SSH_ORIGINAL_COMMAND\"",
            sftp = "/usr/lib/openssh/sftp-server",
            log = commands.display()
        );
        Self::on(Sshd::start_with(&noted), cx, host, commands, more).await
    }

    /// With a server of its own.
    pub(crate) async fn at(server: Sshd, more: &[(&str, &str)], strict: bool) -> Self {
        let (cx, host) = context_with(Facts::default(), |info| info.strict = strict);
        let commands = host.directory().join("commands");
        Self::on(server, cx, host, commands, more).await
    }

    async fn on(
        server: Sshd,
        cx: StepContext,
        host: Arc<RecordingHost>,
        commands: PathBuf,
        more: &[(&str, &str)],
    ) -> Self {
        let connection = connect(&cx, &options(&server, more), &address(&server), None).await.unwrap();
        Self { cx, host, server, connection, commands }
    }

    /// Commands that the server ran; the last part of `|`-ended lines is their end.
    pub(crate) fn commands(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.commands).unwrap_or_default();
        text.split("|\n").filter(|line| !line.is_empty()).map(String::from).collect()
    }

    /// Runs a command: its output and its end.
    pub(crate) async fn run(&self, line: &str) -> (String, Exit) {
        let mut process = self.connection.communicator().start(RemoteCommand::new(line)).await.unwrap();
        let mut text = Vec::new();
        while let Some(output) = process.output().await {
            text.extend_from_slice(&output.bytes);
        }
        (String::from_utf8(text).unwrap(), process.wait().await.unwrap())
    }

    /// Runs a provisioner.
    pub(crate) async fn provision(
        &self,
        provisioner: &dyn Provisioner,
        pairs: &[(&str, &str)],
    ) -> Result<(), StepError> {
        let config = config(&provisioner.schema(), pairs);
        provisioner.provision(&self.cx, &config, &self.connection).await
    }

    /// A directory for the guest's files.
    pub(crate) fn target(&self) -> PathBuf {
        let path = self.host.directory().join("target");
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Writes a file of ours.
    pub(crate) fn local(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.host.directory().join("local").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// What people have seen since the connection was there.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.host.lines();
        let start = lines.iter().position(|line| line == "Connected to SSH!").map_or(0, |at| at + 1);
        lines[start..].to_vec()
    }
}
