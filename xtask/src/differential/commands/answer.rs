//! What a program answers to a command line, in a sandbox of its own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::case::File;
use super::mask::Mask;
use crate::Result;

/// Seconds that a command line may take.
const LONGEST: &str = "60";

/// What somebody sees of a command line, without what differs from run to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// Files that it made or changed, with their permissions and content.
    pub(super) files: BTreeMap<String, String>,
}

/// What `packer` is in a command line.
pub(super) struct Program {
    /// A directory with nothing but it.
    bin: TempDir,
}

impl Program {
    /// `path`, called `packer`.
    pub(super) fn new(path: &Path) -> Result<Self> {
        let bin = TempDir::with_prefix("karat-commands-")?;
        symlink(path.canonicalize()?, bin.path().join("packer"))?;
        Ok(Self { bin })
    }

    /// Runs a command line beside copies of `files`; of the caller's environment it sees nothing.
    pub(super) fn answer(&self, files: &[File], line: &str) -> Result<Answer> {
        let sandbox = TempDir::with_prefix("karat-commands-")?;
        let [work, home, tmp] = ["work", "home", "tmp"].map(|name| sandbox.path().join(name));
        for directory in [&work, &home, &tmp] {
            fs::create_dir(directory)?;
        }
        for File { name, text } in files {
            let path = work.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&work))?;
            fs::write(&path, text)?;
            if name.ends_with(".sh") {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
        }
        let output = Command::new("timeout")
            .args(["--kill-after=5", LONGEST, "sh", "-c", line])
            .current_dir(&work)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin.path().display()))
            .envs([("HOME", &home), ("TMPDIR", &tmp)])
            .envs([("CHECKPOINT_DISABLE", "1"), ("LC_ALL", "C.UTF-8")])
            .output()?;
        let mask = Mask::new(&[(&work, "WORK"), (&home, "HOME"), (&tmp, "TMP")])?;
        let mut made = BTreeMap::new();
        collect(&work, &work, &mut made)?;
        // What was there before and is as it was.
        made.retain(|name, (_, content)| {
            !files.iter().any(|file| file.name == *name && file.text.as_bytes() == content.as_slice())
        });
        let shown = |(mode, content)| match String::from_utf8(content) {
            Ok(text) if !text.contains('\0') => format!("{mode:o}\n{}", mask.apply(&text)),
            _ => format!("{mode:o}\n(no text)"),
        };
        Ok(Answer {
            code: output.status.code(),
            stdout: mask.apply(&String::from_utf8_lossy(&output.stdout)),
            stderr: mask.apply(&String::from_utf8_lossy(&output.stderr)),
            files: made.into_iter().map(|(name, file)| (name, shown(file))).collect(),
        })
    }
}

/// The regular files below a directory: permissions and content.
fn collect(root: &Path, directory: &Path, files: &mut BTreeMap<String, (u32, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path: PathBuf = entry?.path();
        let metadata = path.symlink_metadata()?;
        if metadata.is_dir() {
            collect(root, &path, files)?;
        } else if metadata.is_file() {
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            files.insert(name, (metadata.permissions().mode() & 0o777, fs::read(&path)?));
        }
    }
    Ok(())
}
