//! Giving a file that belongs to the user another text.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use tempfile::NamedTempFile;

/// Gives a file another text, all of it or none. It keeps its permissions and owner, and a symbolic link stays one.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    // Who may not write into a file may not put another in its place either.
    let old = File::options().write(true).open(&path)?.metadata()?;
    match stand_in(&path, &old, text) {
        // The other names of a file would keep the old text.
        Ok(new) if old.nlink() == 1 => Ok(new.persist(&path).map(drop)?),
        // A directory in which nothing can be made, an owner that cannot be given.
        _ => fs::write(&path, text),
    }
}

fn stand_in(path: &Path, old: &fs::Metadata, text: &str) -> io::Result<NamedTempFile> {
    let mut new = NamedTempFile::new_in(path.parent().unwrap_or(path))?;
    new.write_all(text.as_bytes())?;
    fchown(new.as_file(), Some(old.uid()), Some(old.gid()))?;
    new.as_file().set_permissions(old.permissions())?;
    Ok(new)
}
