//! `checksum`: digests of the artifact's files, in files that `sha256sum -c` almost reads (Packer's form: tab, base name).

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use karat_model::artifact::{Artifact, Origin};
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::{
    About, CheckContext, Checked, Component, Config, InputFate, OwnedPath, PostProcessor, Problems,
    Processed, StepContext, StepError,
};
use sha2::digest::DynDigest;

use crate::input_file::{InputFile, on_a_thread};

/// Writes checksum files next to the build.
pub struct Checksum;

const DEFAULT_OUTPUT: &str = "packer_{{.BuildName}}_{{.BuilderType}}_{{.ChecksumType}}.checksum";

#[derive(Config)]
struct Options {
    /// Which digests to make: `md5`, `sha1`, `sha224`, `sha256`, `sha384`, `sha512`.
    #[config(default = vec!["md5".to_string()])]
    checksum_types: Vec<String>,
    /// Where to write; variables `BuildName`, `BuilderType` and `ChecksumType`. An existing file is appended to.
    #[config(late, default = DEFAULT_OUTPUT.to_string())]
    output: String,
}

/// A digest that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Kind {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn hasher(self) -> Box<dyn DynDigest> {
        match self {
            Self::Md5 => Box::new(md5::Md5::default()),
            Self::Sha1 => Box::new(sha1::Sha1::default()),
            Self::Sha224 => Box::new(sha2::Sha224::default()),
            Self::Sha256 => Box::new(sha2::Sha256::default()),
            Self::Sha384 => Box::new(sha2::Sha384::default()),
            Self::Sha512 => Box::new(sha2::Sha512::default()),
        }
    }
}

impl Options {
    fn kinds(&self) -> Result<Vec<Kind>, Problems> {
        let mut problems = Problems::new();
        let mut kinds = Vec::new();
        for name in &self.checksum_types {
            match Kind::parse(name) {
                Some(kind) => kinds.push(kind),
                None if name == karat_sdk::config::UNKNOWN_TEXT => {}
                None => problems.add("checksum_types", format!("Unrecognized checksum type: {name}")),
            }
        }
        problems.or(kinds)
    }
}

impl Component for Checksum {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::PostProcessor,
            name: "checksum",
            summary: "Writes checksums of the artifact's files.",
        }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl PostProcessor for Checksum {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        cx.decode::<Options>(config)?.kinds()?;
        Ok(Checked::default())
    }

    async fn process(
        &self,
        cx: &StepContext,
        config: &Value,
        input: &Artifact,
    ) -> Result<Processed, StepError> {
        let options: Options = cx.decode(config)?;
        let kinds = options.kinds()?;
        let sums = {
            let (inputs, kinds) = (input.files.clone(), kinds.clone());
            on_a_thread(cx, move |cx| {
                inputs.iter().map(|file| digests(cx, file, &kinds)).collect::<Result<Vec<_>, _>>()
            })
            .await?
        };

        let mut files = input.files.clone();
        let mut made = Vec::new();
        // A file without a line is not made.
        for (index, kind) in kinds.iter().enumerate().filter(|_| !input.files.is_empty()) {
            let path = PathBuf::from(output(cx, &options, *kind)?);
            let lines = input.files.iter().zip(&sums).map(|(file, sums)| {
                let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
                format!("{}\t{name}\n", sums[index])
            });
            if let Some(new) = append(cx, &path, &lines.collect::<String>()).await? {
                made.push(new);
                files.push(path);
            }
        }
        for file in made {
            file.keep().await?;
        }
        Ok(Processed { output: Some(artifact(files, input)), input: InputFate::MustKeep })
    }
}

fn artifact(files: Vec<PathBuf>, input: &Artifact) -> Artifact {
    Artifact {
        origin: Origin { kind: ComponentKind::PostProcessor, component: "checksum".to_string() },
        builder_id: "packer.post-processor.checksum".to_string(),
        id: String::new(),
        description: super::from_files(&files),
        files,
        facts: input.facts.clone(),
    }
}

fn output(cx: &StepContext, options: &Options, kind: Kind) -> Result<String, StepError> {
    let template = if options.output.is_empty() { DEFAULT_OUTPUT } else { &options.output };
    let variables = [
        ("BuildName", cx.info().source_name.as_str().into()),
        ("BuilderType", cx.info().builder_type.as_str().into()),
        ("ChecksumType", kind.name().into()),
    ];
    let path = cx.decoder().render_late(template, variables);
    path.map_err(|message| Problems::one("output", format!("output: {message}")).into())
}

/// Every digest of one file, read once.
fn digests(cx: &StepContext, path: &Path, kinds: &[Kind]) -> Result<Vec<String>, StepError> {
    let names = || kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" and ");
    let failed =
        |error| StepError::io(format!("unable to compute {} hash for {}", names(), path.display()), error);
    let mut file = InputFile::open(cx, path, "Checksumming").map_err(failed)?;
    let mut hashers: Vec<_> = kinds.iter().map(|kind| kind.hasher()).collect();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            break;
        }
        hashers.iter_mut().for_each(|hasher| hasher.update(&buffer[..count]));
    }
    Ok(hashers.into_iter().map(|hasher| hex(&hasher.finalize())).collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds `lines` to the file in one write; the file if it is a new one.
async fn append(cx: &StepContext, path: &Path, lines: &str) -> Result<Option<OwnedPath>, StepError> {
    let exists = tokio::fs::symlink_metadata(cx.resolve(path)).await.is_ok();
    let new = if exists { None } else { Some(cx.own_file(path).await?) };
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(cx.resolve(path))
        .and_then(|mut file| file.write_all(lines.as_bytes()))
        .map_err(|error| {
            StepError::io(format!("cannot write the checksum file {}", path.display()), error)
        })?;
    Ok(new)
}

#[cfg(test)]
mod tests;
