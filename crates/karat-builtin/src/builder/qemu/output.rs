//! The output directory: ours until it is the artifact.

use std::path::{Path, PathBuf};

use karat_model::artifact::Artifact;
use karat_sdk::context::{RunInfo, StepContext};
use karat_sdk::error::StepError;
use karat_sdk::owned::OwnedPath;

use super::options::Settings;

/// What the description of an artifact begins with; the directory follows.
const DESCRIPTION: &str = "VM files in directory: ";
/// Name of the EFI variables.
pub(super) const EFI_VARS: &str = "efivars.fd";

/// Fails if there is something already: also `validate` does.
pub(super) fn check(settings: &Settings, info: &RunInfo) -> Result<(), String> {
    if std::fs::symlink_metadata(info.cwd.join(&settings.output_directory)).is_ok() {
        return Err(format!(
            "Output directory '{}' already exists. It must not exist. Remove it, or build with -force",
            settings.output_directory.display()
        ));
    }
    Ok(())
}

/// Makes the directory; under `-force` what was there goes first.
pub(super) async fn make(cx: &StepContext, settings: &Settings) -> Result<OwnedPath, StepError> {
    let path = cx.resolve(&settings.output_directory);
    if cx.info().force && tokio::fs::symlink_metadata(&path).await.is_ok() {
        cx.say("Deleting previous output directory...");
        tokio::fs::remove_dir_all(&path).await.map_err(|error| {
            StepError::io(format!("cannot remove {}", settings.output_directory.display()), error)
        })?;
    }
    check(settings, cx.info()).map_err(StepError::failed)?;
    cx.own_directory(&path, Some("Deleting output directory...")).await
}

/// The text of the summary.
pub(super) fn described(settings: &Settings) -> String {
    format!("{DESCRIPTION}{}", settings.output_directory.display())
}

/// Every file of the artifact, in order, named as the template names the directory.
pub(super) async fn files(cx: &StepContext, settings: &Settings) -> Result<Vec<PathBuf>, StepError> {
    let root = cx.resolve(&settings.output_directory);
    let mut files = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        let unreadable = |error| StepError::io(format!("cannot list {}", cx.shown(&directory)), error);
        let mut entries = tokio::fs::read_dir(&directory).await.map_err(unreadable)?;
        while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
            if entry.file_type().await.map_err(unreadable)?.is_dir() {
                open.push(entry.path());
            } else {
                let path = entry.path();
                files.push(settings.output_directory.join(path.strip_prefix(&root).unwrap_or(&path)));
            }
        }
    }
    if settings.options.efi_drop_efivars {
        files.retain(|file| *file != settings.output_directory.join(EFI_VARS));
    }
    files.sort();
    Ok(files)
}

/// Removes the directory of a finished artifact.
pub(super) async fn destroy(cx: &StepContext, artifact: &Artifact) -> Result<(), StepError> {
    let named = artifact.description.strip_prefix(DESCRIPTION).map(|path| cx.resolve(Path::new(path)));
    // Only the directory that holds what the artifact lists is its own.
    let Some(directory) =
        named.filter(|directory| artifact.files.iter().all(|file| cx.resolve(file).starts_with(directory)))
    else {
        return Err(StepError::failed(format!(
            "cannot tell the directory of the artifact {:?}",
            artifact.description
        )));
    };
    match tokio::fs::remove_dir_all(&directory).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StepError::io(format!("cannot remove {}", cx.shown(&directory)), error))
        }
        _ => Ok(()),
    }
}
