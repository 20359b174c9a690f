//! Moves files into the guest, or out of it.

use std::path::Path;

use async_trait::async_trait;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::config::UNKNOWN_TEXT;
use karat_sdk::progress::ProgressMeter;
use karat_sdk::{
    About, CheckContext, Checked, CommError, Communicator, Component, Config, Download, Guest, Problems,
    Provisioner, StepContext, StepError, Transfer, Upload,
};

/// The `file` provisioner.
pub struct FileProvisioner;

/// What moves where.
#[derive(Config, Clone, Debug)]
struct FileOptions {
    /// A file or directory; a directory that ends in `/` means what is in it.
    #[config(settled)]
    source: Option<String>,
    /// Further files and directories.
    #[config(settled)]
    sources: Vec<String>,
    /// The content of the destination, instead of a source.
    content: Option<String>,
    /// Where it goes; ends in `/` to keep the source's name.
    #[config(settled)]
    destination: String,
    /// `upload` or `download`.
    #[config(default = "upload".to_string())]
    direction: String,
    /// Whether the source comes to be during the build, so that it is looked for only then.
    generated: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Upload,
    Download,
}

impl FileOptions {
    fn direction(&self) -> Result<Direction, String> {
        match self.direction.as_str() {
            "" | "upload" => Ok(Direction::Upload),
            "download" => Ok(Direction::Download),
            _ => Err("Direction must be one of: download, upload.".to_string()),
        }
    }

    fn check(&self, cwd: &Path) -> Problems {
        let mut problems = Problems::new();
        if self.destination.is_empty() {
            problems.add("destination", "Destination must be specified.");
        }
        if self.content.as_ref().is_some_and(|content| !content.is_empty()) && self.sources().next().is_some()
        {
            problems.add("content", "source(s) conflicts with content.");
        }
        match self.direction() {
            Err(message) => problems.add("direction", message),
            Ok(Direction::Upload) if !self.generated => {
                for source in self.sources().filter(|source| *source != UNKNOWN_TEXT) {
                    if let Err(error) = std::fs::metadata(cwd.join(source)) {
                        problems.add("source", format!("Bad source '{source}': {error}"));
                    }
                }
            }
            Ok(_) => {}
        }
        problems
    }

    fn sources(&self) -> impl Iterator<Item = &str> {
        let source = self.source.as_deref().filter(|source| !source.is_empty());
        self.sources.iter().map(String::as_str).chain(source)
    }
}

impl Component for FileProvisioner {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::Provisioner,
            name: "file",
            summary: "Uploads files and directories to the guest, or downloads them from it.",
        }
    }

    fn schema(&self) -> Schema {
        FileOptions::schema()
    }
}

#[async_trait]
impl Provisioner for FileProvisioner {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        let options: FileOptions = cx.decode(config)?;
        options.check(&cx.info.cwd).or(Checked::default())
    }

    async fn provision(&self, cx: &StepContext, config: &Value, guest: &dyn Guest) -> Result<(), StepError> {
        let options: FileOptions = cx.decode(config)?;
        let moving = Moving { cx, options: &options, communicator: guest.communicator() };
        match options.direction().map_err(StepError::failed)? {
            Direction::Upload => moving.upload().await,
            Direction::Download => moving.download().await,
        }
    }
}

struct Moving<'a> {
    cx: &'a StepContext,
    options: &'a FileOptions,
    communicator: &'a dyn Communicator,
}

impl Moving<'_> {
    async fn upload(&self) -> Result<(), StepError> {
        let to = self.options.destination.as_str();
        if let Some(content) = self.options.content.as_deref().filter(|content| !content.is_empty()) {
            if to.ends_with('/') {
                return Err(StepError::failed(format!(
                    "destination is {to}, which names a directory, and content has no name of its own; add a file name"
                )));
            }
            self.cx.say(format!("Uploading content => {to}"));
            let what = Upload::Bytes { data: content.as_bytes(), mode: 0o600 };
            return self.send(what, "content", to).await;
        }
        for source in self.options.sources() {
            self.cx.say(format!("Uploading {source} => {to}"));
            let path = self.cx.resolve(source);
            let metadata = tokio::fs::metadata(&path)
                .await
                .map_err(|error| StepError::io(format!("Bad source '{source}'"), error))?;
            if metadata.is_dir() {
                let what = Upload::Directory { path: &path, contents_only: source.ends_with('/') };
                self.send(what, source, to).await?;
            } else {
                self.send(Upload::File(&path), source, &named(to, source)).await?;
            }
        }
        Ok(())
    }

    async fn send(&self, what: Upload<'_>, label: &str, to: &str) -> Result<(), StepError> {
        let meter = ProgressMeter::new(self.cx, label);
        let report = |done, total| meter.moved(done, total);
        let sent = self
            .cx
            .unless_cancelled(self.communicator.upload(what, to, Transfer::reporting(&report)))
            .await?;
        self.told("Upload failed", sent)
    }

    async fn download(&self) -> Result<(), StepError> {
        let destination = self.options.destination.as_str();
        for source in self.options.sources() {
            let is_directory = source.ends_with('/') || source.contains(['*', '?', '[']);
            // Packer takes a pattern for a name unless it ends in `*`.
            let nameless = source.ends_with(['/', '*']) || (is_directory && !self.cx.info().strict);
            let target = if nameless { destination.to_string() } else { named(destination, source) };
            self.cx.say(format!("Downloading {source} => {target}"));
            let path = self.cx.resolve(&target);
            let whole = is_directory || target.ends_with('/');
            let directory = if whole { Some(path.as_path()) } else { path.parent() };
            if let Some(directory) = directory {
                tokio::fs::create_dir_all(directory).await.map_err(|error| {
                    StepError::io(format!("cannot make {}", self.cx.shown(directory)), error)
                })?;
            }
            let into = if is_directory { Download::Directory(&path) } else { Download::File(&path) };
            let meter = ProgressMeter::new(self.cx, source);
            let report = |done, total| meter.moved(done, total);
            let got = self
                .cx
                .unless_cancelled(self.communicator.download(source, into, Transfer::reporting(&report)))
                .await?;
            self.told("Download failed", got)?;
            if is_directory {
                // Packer stops here, whatever other sources there are.
                return Ok(());
            }
        }
        Ok(())
    }

    /// Packer's line before the error itself.
    fn told(&self, line: &str, outcome: Result<(), CommError>) -> Result<(), StepError> {
        outcome.map_err(|error| {
            self.cx.complain(format!("{line}: {error}"));
            error.into()
        })
    }
}

/// The path with the source's name, if it asks for one by ending in `/`.
fn named(destination: &str, source: &str) -> String {
    if !destination.ends_with('/') {
        return destination.to_string();
    }
    let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
    format!("{destination}{name}")
}
