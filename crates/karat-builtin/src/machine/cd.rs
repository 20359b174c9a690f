//! A CD made for one build: `cd_files` and `cd_content`, for answer files and cloud-init.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use hadris_iso::joliet::JolietLevel;
use hadris_iso::read::PathSeparator;
use hadris_iso::write::options::{BaseIsoLevel, CreationFeatures, IsoFormatOptions};
use hadris_iso::write::{FileSource, InputEntry, InputEntryKind, InputMetadata, InputTree, IsoImageWriter};
use karat_sdk::config::{Config, Problems};
use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;

use crate::input_file::on_a_thread;

/// What the CD holds.
#[derive(Config, Clone, Debug)]
pub struct CdOptions {
    /// Files and directories (globs) that are copied to the root of a CD; directories with everything in them.
    pub cd_files: Vec<String>,
    /// Texts that are put on the CD, by path. They win over `cd_files`.
    pub cd_content: BTreeMap<String, String>,
    /// Label of the CD, such as `cidata`.
    #[config(default = "packer".to_string())]
    pub cd_label: String,
}

impl CdOptions {
    /// What is wrong with it.
    pub fn check(&self, cwd: &Path, problems: &mut Problems) {
        for pattern in self.cd_files.iter().filter(|pattern| !is_glob(pattern)) {
            if pattern == karat_sdk::config::UNKNOWN_TEXT {
                continue;
            }
            if let Err(error) = std::fs::metadata(cwd.join(pattern)) {
                problems.add("cd_files", format!("Bad CD disk file '{pattern}': {error}"));
            }
        }
        for path in self.cd_content.keys().filter(|path| parts(path).is_none()) {
            problems.add("cd_content", format!("cd_content: {path:?} is not a path on the CD"));
        }
    }

    /// Makes the CD below `scratch`, if it would hold anything.
    pub async fn make(&self, cx: &StepContext) -> Result<Option<PathBuf>, StepError> {
        if self.cd_files.is_empty() && self.cd_content.is_empty() {
            return Ok(None);
        }
        cx.say("Creating CD disk...");
        let path = cx.scratch().await?.join("packer.iso");
        let (options, target) = (self.clone(), path.clone());
        on_a_thread(cx, move |cx| {
            let tree = options.tree(&cx.info().cwd).map_err(StepError::failed)?;
            write(tree, &options.cd_label, &target)
                .map_err(|error| StepError::io(format!("cannot make the CD {}", target.display()), error))
        })
        .await?;
        cx.say("Done copying paths from CD_dirs");
        Ok(Some(path))
    }

    fn tree(&self, cwd: &Path) -> Result<Directory, String> {
        let mut root = Directory::default();
        for pattern in &self.cd_files {
            let found = expand(cwd, pattern).map_err(|error| format!("cd_files: {pattern}: {error}"))?;
            if found.is_empty() {
                return Err(format!("cd_files: {pattern} matches nothing"));
            }
            for path in found {
                root.add(&path).map_err(|error| format!("cd_files: {}: {error}", path.display()))?;
            }
        }
        for (path, text) in &self.cd_content {
            let wrong = || format!("cd_content: {path:?} is not a path on the CD");
            let parts = parts(path).ok_or_else(wrong)?;
            let (name, directories) = parts.split_last().ok_or_else(wrong)?;
            let mut place = &mut root;
            for directory in directories {
                let entry = place
                    .0
                    .entry((*directory).to_string())
                    .or_insert_with(|| Node::Directory(Directory::default()));
                if !matches!(entry, Node::Directory(_)) {
                    *entry = Node::Directory(Directory::default());
                }
                let Node::Directory(inner) = entry else { return Err(wrong()) };
                place = inner;
            }
            place.0.insert((*name).to_string(), Node::Text(text.clone()));
        }
        Ok(root)
    }
}

/// What a directory of the CD holds, by name.
#[derive(Debug, Default)]
struct Directory(BTreeMap<String, Node>);

#[derive(Debug)]
enum Node {
    Directory(Directory),
    File(PathBuf, Metadata),
    Text(String),
}

impl Directory {
    /// Adds a file or a directory under its own name. Links are followed.
    fn add(&mut self, path: &Path) -> io::Result<()> {
        let metadata = std::fs::metadata(path)?;
        let name = match path.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            // `.`, `..` and `dir/..` have no name of their own.
            None => {
                for entry in sorted(path)? {
                    self.add(&entry)?;
                }
                return Ok(());
            }
        };
        if !metadata.is_dir() {
            // Opened now, so that a file that cannot be read is named.
            File::open(path)?;
            self.0.insert(name, Node::File(path.to_path_buf(), metadata));
            return Ok(());
        }
        let entry = self.0.entry(name).or_insert_with(|| Node::Directory(Self::default()));
        if let Node::Directory(inner) = entry {
            for child in sorted(path)? {
                inner.add(&child)?;
            }
        }
        Ok(())
    }

    fn entries(self) -> io::Result<Vec<InputEntry>> {
        let entry = |(name, node): (String, Node)| {
            Ok(match node {
                Node::Directory(inner) => {
                    InputEntry::directory(name, inner.entries()?).with_metadata(mode(0o755))
                }
                Node::Text(text) => InputEntry::file(name, text).with_metadata(mode(0o644)),
                Node::File(path, metadata) => InputEntry {
                    name: std::sync::Arc::new(name),
                    kind: InputEntryKind::Source(FileSource::from_path(path)?),
                    metadata: file_metadata(&metadata),
                },
            })
        };
        self.0.into_iter().map(entry).collect()
    }
}

fn mode(mode: u32) -> InputMetadata {
    InputMetadata { mode: Some(mode), uid: Some(0), gid: Some(0), ..InputMetadata::default() }
}

fn file_metadata(metadata: &Metadata) -> InputMetadata {
    use std::os::unix::fs::PermissionsExt;
    let seconds = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    InputMetadata {
        modified: seconds.map(|since| since.as_secs() as i64),
        ..mode(metadata.permissions().mode() & 0o777)
    }
}

/// With Joliet for Windows and Rock Ridge for everybody else.
fn write(root: Directory, label: &str, target: &Path) -> io::Result<()> {
    let tree = InputTree::new(PathSeparator::ForwardSlash, root.entries()?);
    let options = IsoFormatOptions {
        volume_name: label.to_string(),
        system_id: None,
        volume_set_id: None,
        publisher_id: None,
        preparer_id: None,
        application_id: None,
        sector_size: 2048,
        path_separator: PathSeparator::ForwardSlash,
        features: CreationFeatures {
            filenames: BaseIsoLevel::Level1 { supports_lowercase: false, supports_rrip: true },
            joliet: Some(JolietLevel::Level3),
            ..CreationFeatures::extensions()
        },
        strict_charset: false,
    };
    let file = File::options().read(true).write(true).create_new(true).open(target)?;
    IsoImageWriter::create(file, tree, options).map_err(io::Error::other)?;
    Ok(())
}

/// The parts of a path on the CD; `None` if it has none, or leaves the CD.
fn parts(path: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.is_empty() && !parts.contains(&"..") && !path.ends_with('/')).then_some(parts)
}

fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

fn sorted(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths =
        std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// The paths that a glob matches, in order. `*` stops at slashes.
fn expand(cwd: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![cwd.join(if pattern.starts_with('/') { "/" } else { "" })];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        if !is_glob(part) {
            found = found.into_iter().map(|path| path.join(part)).collect();
            continue;
        }
        let glob = GlobBuilder::new(part)
            .literal_separator(true)
            .build()
            .map_err(io::Error::other)?
            .compile_matcher();
        let mut next = Vec::new();
        for directory in found.into_iter().filter(|path| path.is_dir()) {
            next.extend(
                sorted(&directory)?
                    .into_iter()
                    .filter(|path| path.file_name().is_some_and(|name| glob.is_match(name))),
            );
        }
        found = next;
    }
    if is_glob(pattern) {
        found.retain(|path| path.exists());
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
