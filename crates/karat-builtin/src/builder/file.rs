//! `file`: an artifact that is one file, without any machine. For pipelines that start from a file, and for trying out
//! templates.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use karat_model::artifact::{Artifact, Origin};
use karat_model::facts::Facts;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::{
    About, BuildContext, Builder, CheckContext, Checked, CommError, Communicator, Component, Config,
    Download, Exit, Guest, Output, Problems, RemoteCommand, RemoteProcess, StepContext, StepError, Transfer,
    Upload,
};

use crate::input_file::{InputFile, on_a_thread};
use crate::output_file::OutputFile;

/// Writes or copies a file.
pub struct FileBuilder;

#[derive(Config)]
struct Options {
    /// The file to write. Required. One that exists is replaced.
    target: String,
    /// The file to copy. Excludes `content`; without both the target is empty.
    source: String,
    /// What to write. The target can then be read by its owner only.
    content: String,
}

impl Options {
    fn problems(&self) -> Problems {
        let mut problems = Problems::new();
        if self.target.is_empty() {
            problems.add("target", "target required");
        }
        if !self.source.is_empty() && !self.content.is_empty() {
            problems.add_general("Cannot specify source file AND content");
        }
        problems
    }
}

impl Component for FileBuilder {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::Builder,
            name: "file",
            summary: "Makes an artifact of one file, without a machine.",
        }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl Builder for FileBuilder {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        let options: Options = cx.decode(config)?;
        let mut checked = Checked::default();
        if options.source.is_empty() && options.content.is_empty() {
            checked
                .warnings
                .push("Both source file and contents are blank; target will have no content".to_string());
        }
        options.problems().or(checked)
    }

    async fn build(&self, cx: &BuildContext, config: &Value) -> Result<Option<Artifact>, StepError> {
        let options: Options = cx.decode(config)?;
        options.problems().or(())?;
        write(cx, &options).await?;
        // There is no machine: as with Packer, provisioners run against nothing, after the file is written, and their
        // failure leaves it in place. No facts come of it.
        cx.provision(&Nothing, &Facts::default()).await?;
        Ok(Some(Artifact {
            origin: Origin { kind: ComponentKind::Builder, component: "file".to_string() },
            builder_id: "packer.file".to_string(),
            id: "File".to_string(),
            description: format!("Stored file: {}", options.target),
            files: vec![PathBuf::from(options.target)],
            facts: Facts::default(),
        }))
    }
}

async fn write(cx: &StepContext, options: &Options) -> Result<(), StepError> {
    // Looked at first: without a source nothing is made.
    let source = PathBuf::from(&options.source);
    if !options.source.is_empty() {
        cx.unless_cancelled(tokio::fs::File::open(cx.resolve(&source)))
            .await?
            .map_err(|error| StepError::io(format!("open {}", options.source), error))?;
    }
    let target = OutputFile::begin(cx, &options.target).await?;
    let path = target.path().to_path_buf();
    if options.source.is_empty() {
        let (shown, content) = (options.target.clone(), options.content.clone());
        on_a_thread(cx, move |_| {
            create(&path, 0o600)
                .and_then(|mut file| file.write_all(content.as_bytes()))
                .map_err(|error| StepError::io(format!("cannot write {shown}"), error))
        })
        .await?;
    } else {
        cx.say(format!("Copying {} to {}", options.source, options.target));
        let failed = format!("cannot copy {} to {}", options.source, options.target);
        let size = on_a_thread(cx, move |cx| {
            InputFile::open(cx, &source, "Copying")
                .and_then(|mut input| io::copy(&mut input, &mut create(&path, 0o666)?))
                .map_err(|error| StepError::io(failed, error))
        })
        .await?;
        cx.say(format!("Copied {size} bytes"));
    }
    target.finish().await
}

fn create(path: &Path, mode: u32) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)
}

/// The machine that is not there: commands succeed without doing anything, uploads vanish, downloads are empty.
struct Nothing;

impl Guest for Nothing {
    fn communicator(&self) -> &dyn Communicator {
        self
    }

    fn is_machine(&self) -> bool {
        false
    }
}

#[async_trait]
impl Communicator for Nothing {
    async fn start(&self, _: RemoteCommand) -> Result<Box<dyn RemoteProcess>, CommError> {
        Ok(Box::new(Self))
    }

    async fn upload(&self, _: Upload<'_>, _: &str, _: Transfer<'_>) -> Result<(), CommError> {
        Ok(())
    }

    async fn download(&self, from: &str, into: Download<'_>, _: Transfer<'_>) -> Result<(), CommError> {
        match into {
            Download::Directory(_) => Ok(()),
            Download::File(path) => tokio::fs::write(path, "").await.map_err(|error| CommError::Transfer {
                what: format!("{from} to {}", path.display()),
                cause: error.to_string(),
            }),
        }
    }

    async fn reset(&self) -> Result<(), CommError> {
        Ok(())
    }
}

#[async_trait]
impl RemoteProcess for Nothing {
    async fn output(&mut self) -> Option<Output> {
        None
    }

    async fn wait(&mut self) -> Result<Exit, CommError> {
        Ok(Exit::Code(0))
    }

    async fn terminate(&mut self) {}
}

#[cfg(test)]
mod tests;
