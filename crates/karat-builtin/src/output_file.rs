//! A file that the user asked for, while it is made: it appears under its name only when it is whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use karat_sdk::{OwnedPath, StepContext, StepError};

/// The file is written to [`OutputFile::path`] by the caller and gets its name in [`OutputFile::finish`].
///
/// Until then it belongs to the build: on failure, cancel or a crash it is removed, and what stood under the name before
/// is still there. A file that existed before is replaced, as Packer does, but never counted as ours.
pub(crate) struct OutputFile {
    cx: StepContext,
    target: PathBuf,
    /// The name itself, where nothing stood there before.
    claim: Option<OwnedPath>,
    /// The file that is written; `None` where the name is a device or a pipe, which is written directly.
    partial: Option<OwnedPath>,
}

/// Tells apart the partial files of builds that write to the same name at the same time.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl OutputFile {
    /// Announces the file. `path` is relative to where the user started.
    pub(crate) async fn begin(cx: &StepContext, path: impl AsRef<Path>) -> Result<Self, StepError> {
        let path = path.as_ref();
        if path.as_os_str().is_empty() {
            return Err(StepError::failed("cannot write a file without a name"));
        }
        let target = cx.resolve(path);
        let cannot_write = |error| StepError::io(format!("cannot write {}", path.display()), error);
        let (target, claim) = match tokio::fs::metadata(&target).await {
            Ok(found) if found.is_dir() => {
                return Err(StepError::failed(format!("cannot write {}: it is a directory", path.display())));
            }
            Ok(found) if !found.is_file() => {
                return Ok(Self { cx: cx.clone(), target, claim: None, partial: None });
            }
            // Through links, so that the file changes and not the link.
            Ok(_) => (tokio::fs::canonicalize(&target).await.map_err(cannot_write)?, None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let claim = cx.own_file(&target).await?;
                (target, Some(claim))
            }
            Err(error) => return Err(cannot_write(error)),
        };
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let partial = target.with_file_name(format!(".{name}.{}-{number}.partial", cx.info().run));
        let partial = Some(cx.own_file(&partial).await?);
        Ok(Self { cx: cx.clone(), target, claim, partial })
    }

    /// Where to write; absolute.
    pub(crate) fn path(&self) -> &Path {
        self.partial.as_ref().map_or(&self.target, OwnedPath::path)
    }

    /// Gives the file its name and keeps it. A file that is replaced passes on its permissions.
    pub(crate) async fn finish(self) -> Result<(), StepError> {
        let shown = self.cx.shown(&self.target);
        let cannot_write = |error| StepError::io(format!("cannot write {shown}"), error);
        if let Some(partial) = self.partial {
            if self.claim.is_none()
                && let Ok(replaced) = tokio::fs::metadata(&self.target).await
            {
                tokio::fs::set_permissions(partial.path(), replaced.permissions())
                    .await
                    .map_err(cannot_write)?;
            }
            tokio::fs::rename(partial.path(), &self.target).await.map_err(cannot_write)?;
            partial.remove().await?;
        }
        match self.claim {
            Some(claim) => claim.keep().await,
            None => Ok(()),
        }
    }
}
