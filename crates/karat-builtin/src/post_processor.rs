//! Post-processors.

pub mod artifice;
pub mod checksum;
pub mod compress;
pub mod manifest;
pub mod shell_local;
#[cfg(test)]
pub(crate) mod testing;

use std::path::PathBuf;

/// What Packer says about an artifact that is a list of files.
fn from_files(files: &[PathBuf]) -> String {
    format!("Created artifact from files: {}", list(files))
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}
