//! `compress`: one archive, or one compressed file, of the artifact's files.

mod archive;
mod format;
mod gzip;

use std::num::NonZero;
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

use crate::input_file::on_a_thread;
use crate::output_file::OutputFile;
use format::{Archive, Compression, Format};

/// Archives and compresses.
pub struct Compress;

const DEFAULT_OUTPUT: &str = "packer_{{.BuildName}}_{{.BuilderType}}";

#[derive(Config)]
struct Options {
    /// Where to write; variables `BuildName` and `BuilderType`. Its ending says the format, as written here, before
    /// variables are put in: `.tar`, `.zip`, or `.gz`, `.lz4`, `.bgzf`, `.xz`, `.bzip2`, each also after `.tar`.
    /// Anything else is a tar with gzip. Without `tar` or `zip` the artifact must have exactly one file.
    #[config(late, default = DEFAULT_OUTPUT.to_string())]
    output: String,
    /// The format, where the ending of `output` shall not say it, such as `tar.gz`.
    format: String,
    /// From 1, fast, to 9, small. 0 and -1 mean the default of the format. `xz` and `lz4` have only one level.
    compression_level: i32,
}

impl Options {
    fn output(&self) -> &str {
        if self.output.is_empty() { DEFAULT_OUTPUT } else { &self.output }
    }

    fn format(&self) -> Format {
        Format::detect(self.output(), &self.format)
    }

    fn level(&self) -> Option<u32> {
        u32::try_from(self.compression_level).ok().filter(|level| *level > 0).map(|level| level.min(9))
    }
}

impl Component for Compress {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::PostProcessor,
            name: "compress",
            summary: "Makes one archive or compressed file of the artifact.",
        }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl PostProcessor for Compress {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        let options: Options = cx.decode(config)?;
        if options.compression_level < -1 {
            let message = "Invalid compression level. Expected an integer from -1 to 9.";
            return Err(Problems::one("compression_level", message));
        }
        let mut checked = Checked::default();
        if let (Some(_), Some(Compression::Lz4)) = (options.level(), options.format().compression) {
            checked
                .warnings
                .push("compression_level has no effect: lz4 is written at its fast level only".to_string());
        }
        Ok(checked)
    }

    async fn process(
        &self,
        cx: &StepContext,
        config: &Value,
        input: &Artifact,
    ) -> Result<Processed, StepError> {
        let options: Options = cx.decode(config)?;
        let format = options.format();
        let target = {
            let variables = [
                ("BuildName", cx.info().source_name.as_str().into()),
                ("BuilderType", cx.info().builder_type.as_str().into()),
            ];
            let target = cx.decoder().render_late(options.output(), variables);
            target.map_err(|message| Problems::one("output", format!("output: {message}")))?
        };
        let output = OutputFile::begin(cx, &target).await?;

        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        announce(cx, format, &target, cores, &input.files)?;
        let (files, path, level) = (input.files.clone(), output.path().to_path_buf(), options.level());
        on_a_thread(cx, move |cx| archive::write(cx, &files, &path, format, level, cores)).await?;
        output.finish().await?;
        cx.say(format!("Archive {target} completed"));

        let output = Artifact {
            origin: Origin { kind: ComponentKind::PostProcessor, component: "compress".to_string() },
            builder_id: "packer.post-processor.compress".to_string(),
            id: String::new(),
            description: format!("compressed artifacts in: {target}"),
            files: vec![PathBuf::from(target)],
            facts: input.facts.clone(),
        };
        Ok(Processed { output: Some(output), input: InputFate::Discard })
    }
}

/// Says what is about to be done.
fn announce(
    cx: &StepContext,
    format: Format,
    target: &str,
    cores: usize,
    files: &[PathBuf],
) -> Result<(), StepError> {
    let name = format.compression.map_or("no compression", Compression::name);
    match format.compression {
        Some(Compression::Pgzip | Compression::Bgzf) => {
            cx.say(format!("Using {name} compression with {cores} cores for {target}"));
        }
        // Packer 1.16 says that it uses all of them.
        Some(Compression::Lz4) if cx.info().strict => {
            cx.say(format!("Using {name} compression with {cores} cores for {target}"));
        }
        Some(Compression::Lz4) => cx.say(format!("Using {name} compression with 1 core for {target}")),
        Some(Compression::Xz | Compression::Bzip2) => {
            cx.say(format!(
                "Using {name} compression with 1 core for {target} (library does not support MT)"
            ));
        }
        None => {}
    }
    match (format.archive, files) {
        (Some(Archive::Tar), _) => cx.say(format!("Tarring {target} with {name}")),
        (Some(Archive::Zip), _) => cx.say(format!("Zipping {target}")),
        (None, [file]) => cx.say(format!("Archiving {} with {name}", file.display())),
        (None, _) => return Err(StepError::failed(archive::only_one(files))),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
