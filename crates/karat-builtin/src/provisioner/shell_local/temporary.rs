//! A script for one run.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use karat_sdk::{StepContext, StepError};
use tempfile::TempPath;

/// A script that exists as long as this value.
pub(super) struct TemporaryScript(TempPath);

impl TemporaryScript {
    /// Writes `text`, for the owner to read and run. `extension` may begin with a dot.
    pub(super) async fn write(cx: &StepContext, text: &str, extension: &str) -> Result<Self, StepError> {
        let suffix = match extension.strip_prefix('.').unwrap_or(extension) {
            "" => String::new(),
            extension => format!(".{extension}"),
        };
        let written = tempfile::Builder::new()
            .prefix("packer-shell")
            .suffix(&suffix)
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempfile_in(cx.scratch().await?)
            .and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file.into_temp_path()));
        written.map(Self).map_err(|error| StepError::io("cannot write the temporary script", error))
    }

    /// Where it is; absolute.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}
