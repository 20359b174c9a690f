//! What is sent: local files with their modes, and trees of them.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Mode of a file whose own is not known (Packer 1.16).
const UNKNOWN_MODE: u32 = 0o644;

/// One file to send.
pub(super) struct LocalFile<'a> {
    pub(super) content: Content<'a>,
    /// Permission bits.
    pub(super) mode: u32,
    pub(super) size: u64,
}

pub(super) enum Content<'a> {
    Bytes(&'a [u8]),
    File(PathBuf),
    /// A copy of something that has no size of its own, such as a pipe.
    Copy(NamedTempFile),
}

impl<'a> LocalFile<'a> {
    pub(super) fn bytes(data: &'a [u8], mode: u32) -> Self {
        Self { content: Content::Bytes(data), mode: mode & 0o777, size: data.len() as u64 }
    }

    pub(super) async fn open(path: &Path) -> Result<LocalFile<'static>, String> {
        let path = path.to_path_buf();
        blocking(move || {
            let problem = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
            let metadata = fs::metadata(&path).map_err(problem)?;
            if metadata.is_dir() {
                return Err(format!("{} is a directory", path.display()));
            }
            if metadata.is_file() {
                let (mode, size) = (metadata.permissions().mode() & 0o777, metadata.len());
                return Ok(LocalFile { content: Content::File(path), mode, size });
            }
            let mut copy = NamedTempFile::new().map_err(problem)?;
            let size = fs::File::open(&path)
                .and_then(|mut file| std::io::copy(&mut file, &mut copy))
                .map_err(problem)?;
            copy.flush().map_err(problem)?;
            Ok(LocalFile { content: Content::Copy(copy), mode: UNKNOWN_MODE, size })
        })
        .await
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match &self.content {
            Content::Bytes(_) => None,
            Content::File(path) => Some(path),
            Content::Copy(copy) => Some(copy.path()),
        }
    }

    pub(super) fn name(&self) -> String {
        match &self.content {
            Content::Bytes(data) => format!("{} bytes", data.len()),
            Content::File(path) => path.display().to_string(),
            Content::Copy(_) => "a stream".to_string(),
        }
    }
}

/// A directory with everything in it, parents before their children. Links are followed, as Packer does.
pub(super) struct Tree {
    root: PathBuf,
    /// Name under the target; `None` sends only what is inside.
    pub(super) base: Option<OsString>,
    /// Permission bits of the directory itself.
    pub(super) mode: u32,
    pub(super) entries: Vec<Entry>,
}

/// A file or directory below the root.
pub(super) struct Entry {
    /// Below the root.
    pub(super) path: PathBuf,
    pub(super) mode: u32,
    pub(super) kind: EntryKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    Directory,
    File { size: u64 },
}

impl Tree {
    pub(super) async fn read(path: &Path, contents_only: bool) -> Result<Self, String> {
        let path = path.to_path_buf();
        blocking(move || {
            let metadata =
                fs::metadata(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let base = if contents_only { None } else { Some(base_name(&path)?) };
            let mut tree = Self {
                root: path.clone(),
                base,
                mode: metadata.permissions().mode() & 0o777,
                entries: Vec::new(),
            };
            let mut above = vec![fs::canonicalize(&path).unwrap_or(path)];
            tree.descend(Path::new(""), &mut above)?;
            Ok(tree)
        })
        .await
    }

    fn descend(&mut self, below: &Path, above: &mut Vec<PathBuf>) -> Result<(), String> {
        let directory = self.root.join(below);
        let problem = |error: std::io::Error| format!("cannot read {}: {error}", directory.display());
        let mut names = fs::read_dir(&directory)
            .and_then(|entries| {
                entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<Vec<_>, _>>()
            })
            .map_err(problem)?;
        names.sort();
        for name in names {
            let path = below.join(&name);
            let full = self.root.join(&path);
            let metadata =
                fs::metadata(&full).map_err(|error| format!("cannot read {}: {error}", full.display()))?;
            let mode = metadata.permissions().mode() & 0o777;
            if metadata.is_file() {
                self.entries.push(Entry { path, mode, kind: EntryKind::File { size: metadata.len() } });
            } else if metadata.is_dir() {
                let real = fs::canonicalize(&full).unwrap_or(full.clone());
                if above.contains(&real) {
                    return Err(format!(
                        "{} is a link to a directory that it is in; the copy would never end",
                        full.display()
                    ));
                }
                self.entries.push(Entry { path: path.clone(), mode, kind: EntryKind::Directory });
                above.push(real);
                self.descend(&path, above)?;
                above.pop();
            } else {
                return Err(format!(
                    "{} is neither a file nor a directory, so it cannot be sent",
                    full.display()
                ));
            }
        }
        Ok(())
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn bytes(&self) -> u64 {
        self.entries
            .iter()
            .map(|entry| if let EntryKind::File { size } = entry.kind { size } else { 0 })
            .sum()
    }

    /// Names that a line-based protocol would misread.
    pub(super) fn has_line_feeds(&self) -> bool {
        self.entries.iter().any(|entry| entry.path.as_os_str().as_bytes().contains(&b'\n'))
    }
}

/// The last part of the path, of the real directory where the path ends in `.` or `..`.
fn base_name(path: &Path) -> Result<OsString, String> {
    if let Some(name) = path.file_name() {
        return Ok(name.to_os_string());
    }
    let real = fs::canonicalize(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(real.file_name().unwrap_or_default().to_os_string())
}

/// Runs file system work where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.to_string()))
}

/// A local file for what is fetched, with Packer's mode.
pub(super) async fn create(path: &Path) -> std::io::Result<tokio::fs::File> {
    tokio::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(path).await
}
