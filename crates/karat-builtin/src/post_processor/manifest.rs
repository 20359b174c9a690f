//! `manifest`: a JSON file that says what every build made, for whatever comes after.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use karat_model::artifact::Artifact;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::{
    About, CheckContext, Checked, Component, Config, InputFate, OwnedPath, PostProcessor, Problems,
    Processed, StepContext, StepError,
};
use serde_json::{Map, Value as Json, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Mutex, MutexGuard};

use crate::output_file::OutputFile;

/// Records artifacts in a manifest file.
pub struct Manifest;

const DEFAULT_OUTPUT: &str = "packer-manifest.json";

#[derive(Config)]
struct Options {
    /// The manifest; builds that it lists already stay in it.
    #[config(default = DEFAULT_OUTPUT.to_string())]
    output: String,
    /// Lists files by their base names.
    strip_path: bool,
    /// Leaves the time of the build out.
    strip_time: bool,
    /// Anything that should be recorded with the build.
    #[config(settled)]
    custom_data: BTreeMap<String, String>,
}

impl Component for Manifest {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::PostProcessor,
            name: "manifest",
            summary: "Records what the builds made in a JSON file.",
        }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl PostProcessor for Manifest {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        cx.decode::<Options>(config)?;
        Ok(Checked::default())
    }

    async fn process(
        &self,
        cx: &StepContext,
        config: &Value,
        input: &Artifact,
    ) -> Result<Processed, StepError> {
        let options: Options = cx.decode(config)?;
        let path = PathBuf::from(if options.output.is_empty() { DEFAULT_OUTPUT } else { &options.output });
        let entry = entry(cx, &options, input).await;
        let lock = Lock::take(cx, &path).await?;
        let written = record(cx, &path, entry).await;
        lock.release().await?;
        written?;
        Ok(Processed { output: Some(input.clone()), input: InputFate::MustKeep })
    }
}

/// What the manifest says about one build.
async fn entry(cx: &StepContext, options: &Options, input: &Artifact) -> Json {
    let mut files = Vec::new();
    for file in &input.files {
        let name = if options.strip_path { file.file_name().map(Path::new).unwrap_or(file) } else { file };
        // A file that is gone is listed without a size, as Packer does.
        let size = tokio::fs::metadata(cx.resolve(file)).await.map_or(0, |metadata| metadata.len());
        files.push(json!({ "name": name.display().to_string(), "size": size }));
    }
    let mut entry = Map::new();
    entry.insert("name".into(), json!(cx.info().source_name));
    entry.insert("builder_type".into(), json!(cx.info().builder_type));
    if !options.strip_time {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        entry.insert("build_time".into(), json!(now.as_secs()));
    }
    entry.insert("files".into(), if files.is_empty() { Json::Null } else { Json::Array(files) });
    entry.insert("artifact_id".into(), json!(input.id));
    entry.insert("packer_run_uuid".into(), json!(cx.info().run));
    let custom = if options.custom_data.is_empty() { Json::Null } else { json!(options.custom_data) };
    entry.insert("custom_data".into(), custom);
    Json::Object(entry)
}

/// Adds `entry` to the manifest, which is replaced in one go.
async fn record(cx: &StepContext, path: &Path, entry: Json) -> Result<(), StepError> {
    let shown = path.display();
    let unreadable =
        |cause: String| StepError::failed(format!("Unable to parse content from {shown}: {cause}"));
    let mut manifest = match tokio::fs::read(cx.resolve(path)).await {
        Ok(content) if content.is_empty() => Map::new(),
        Ok(content) => match serde_json::from_slice(&content) {
            Ok(Json::Object(manifest)) => manifest,
            Ok(_) => {
                return Err(unreadable(
                    "it is not an object; remove it or choose another `output`".to_string(),
                ));
            }
            Err(error) => return Err(unreadable(error.to_string())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
        Err(error) => return Err(StepError::io(format!("Unable to read {shown}"), error)),
    };
    let run = json!(cx.info().run);
    // With -force a run starts over, but keeps what its own builds have recorded.
    if cx.info().force && manifest.get("last_run_uuid") != Some(&run) {
        manifest.clear();
    }
    match manifest.entry("builds").or_insert(Json::Null) {
        Json::Array(builds) => builds.push(entry),
        builds @ Json::Null => *builds = Json::Array(vec![entry]),
        _ => return Err(unreadable("`builds` is not a list".to_string())),
    }
    manifest.insert("last_run_uuid".into(), run);

    let text = serde_json::to_string_pretty(&manifest)
        .map(|text| escaped(&text))
        .map_err(|error| StepError::because(format!("Unable to write {shown}"), error))?;
    let output = OutputFile::begin(cx, path).await?;
    write(output.path(), text.as_bytes())
        .await
        .map_err(|error| StepError::io(format!("Unable to write {shown}"), error))?;
    output.finish().await
}

/// Go's JSON has no character that would mean something to a browser.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text += &format!("\\u{:04x}", u32::from(letter)),
            _ => text.push(letter),
        }
    }
    text
}

async fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file =
        tokio::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o664).open(path).await?;
    file.write_all(content).await?;
    // The name must not be given to a file whose content a power cut could still lose.
    file.sync_all().await
}

/// One writer at a time: within this process by a mutex, among processes (Packer's too) by a file beside the manifest.
struct Lock {
    file: Option<OwnedPath>,
    _ours: MutexGuard<'static, ()>,
}

static WRITING: Mutex<()> = Mutex::const_new(());

/// How long the second and third look at the lock of another process wait.
const WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(400)];

impl Lock {
    /// Takes the lock. One that is not released in time was left behind, and is passed over with a warning: Packer does
    /// so too, and a manifest is not worth a build.
    async fn take(cx: &StepContext, manifest: &Path) -> Result<Self, StepError> {
        let ours = WRITING.lock().await;
        let mut name = manifest.as_os_str().to_os_string();
        name.push(".lock");
        let path = cx.resolve(name);
        for wait in WAITS {
            cx.pause(wait).await?;
            if tokio::fs::symlink_metadata(&path).await.is_ok() {
                continue;
            }
            let file = cx.own_file(&path).await?;
            match tokio::fs::OpenOptions::new().write(true).create_new(true).open(&path).await {
                Ok(_) => return Ok(Self { file: Some(file), _ours: ours }),
                // Somebody was faster: the file is theirs.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => file.keep().await?,
                Err(error) => return Err(StepError::io(format!("cannot make {}", cx.shown(&path)), error)),
            }
        }
        cx.warn(format!(
            "{} is held by another process or was left behind; the manifest is written all the same. Remove it if \
             nothing else is writing the manifest.",
            cx.shown(&path)
        ));
        Ok(Self { file: None, _ours: ours })
    }

    async fn release(self) -> Result<(), StepError> {
        match self.file {
            Some(file) => file.remove().await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
