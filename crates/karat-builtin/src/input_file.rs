//! Reading local files that may be large, on a thread of their own: cancel is heard and progress told.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use karat_sdk::progress::ProgressMeter;
use karat_sdk::{Cancellation, StepContext, StepError};

/// A file that is read from its start to its end.
pub(crate) struct InputFile<'a> {
    file: File,
    metadata: Metadata,
    done: u64,
    meter: ProgressMeter<'a>,
    cancellation: &'a Cancellation,
}

impl<'a> InputFile<'a> {
    /// Opens `path`, which is relative to where the user started. `doing` is what progress is labelled with, such as
    /// `Compressing`.
    pub(crate) fn open(cx: &'a StepContext, path: &Path, doing: &str) -> io::Result<Self> {
        let file = File::open(cx.resolve(path))?;
        let metadata = file.metadata()?;
        let meter = ProgressMeter::new(cx, format!("{doing} {}", path.display()));
        Ok(Self { file, metadata, done: 0, meter, cancellation: cx.cancellation() })
    }

    /// What the file system says about it.
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

impl Read for InputFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancellation.is_stopped() {
            return Err(io::Error::other("cancelled"));
        }
        let count = self.file.read(buffer)?;
        self.done += count as u64;
        self.meter.moved(self.done, Some(self.metadata.len()));
        Ok(count)
    }
}

/// Runs `work`, which blocks, on a thread of its own. When it fails because the user stopped it, the error says so.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    cx: &StepContext,
    work: impl FnOnce(&StepContext) -> Result<T, StepError> + Send + 'static,
) -> Result<T, StepError> {
    let own = cx.clone();
    let result = match tokio::task::spawn_blocking(move || work(&own)).await {
        Ok(result) => result,
        Err(error) => Err(StepError::because("the work on local files broke off", error)),
    };
    if result.is_err() {
        // Ends at once where a stop is in force, and says it in the words of every cancelled step.
        if cx.cancellation().is_stopped() {
            cx.unless_cancelled(std::future::ready(())).await?;
        }
    }
    result
}
