//! A communicator whose every use stands in the log.

use std::time::Instant;

use async_trait::async_trait;
use karat_model::event::LogLevel;
use karat_sdk::{
    CommError, Communicator, Download, Exit, Output, RemoteCommand, RemoteProcess, StepContext, Transfer,
    Upload,
};

/// Notes commands with how they end, and files, in words that people search Packer's logs for.
pub(super) struct Logged<C> {
    inner: C,
    cx: StepContext,
}

impl<C: Communicator> Logged<C> {
    /// Notes in the log of `cx` what `inner` does.
    pub(super) fn new(inner: C, cx: &StepContext) -> Self {
        Self { inner, cx: cx.clone() }
    }

    async fn note<T>(
        &self,
        what: String,
        work: impl Future<Output = Result<T, CommError>>,
    ) -> Result<T, CommError> {
        self.cx.log(LogLevel::Debug, what.as_str());
        let begun = Instant::now();
        let done = work.await;
        match &done {
            Ok(_) => self.cx.log(LogLevel::Debug, format!("{what}: done after {:.1?}", begun.elapsed())),
            Err(error) => self.cx.log(LogLevel::Error, format!("{what}: {error}")),
        }
        done
    }
}

#[async_trait]
impl<C: Communicator> Communicator for Logged<C> {
    async fn start(&self, command: RemoteCommand) -> Result<Box<dyn RemoteProcess>, CommError> {
        let line = command.line.clone();
        self.cx.log(LogLevel::Debug, format!("starting remote command: {line}"));
        match self.inner.start(command).await {
            Ok(inner) => Ok(Box::new(LoggedProcess { inner, cx: self.cx.clone(), line })),
            Err(error) => {
                self.cx.log(LogLevel::Error, format!("Remote command not started: {error}: {line}"));
                Err(error)
            }
        }
    }

    async fn upload(&self, what: Upload<'_>, to: &str, transfer: Transfer<'_>) -> Result<(), CommError> {
        let shown = match what {
            Upload::Bytes { data, mode } => format!("Upload {} bytes to '{to}', mode {mode:o}", data.len()),
            Upload::File(path) => format!("Upload '{}' to '{to}'", path.display()),
            Upload::Directory { path, .. } => format!("Upload dir '{}' to '{to}'", path.display()),
        };
        self.note(shown, self.inner.upload(what, to, transfer)).await
    }

    async fn download(
        &self,
        from: &str,
        into: Download<'_>,
        transfer: Transfer<'_>,
    ) -> Result<(), CommError> {
        let shown = match into {
            Download::File(path) => format!("Download '{from}' to '{}'", path.display()),
            Download::Directory(path) => format!("Download dir '{from}' to '{}'", path.display()),
        };
        self.note(shown, self.inner.download(from, into, transfer)).await
    }

    async fn reset(&self) -> Result<(), CommError> {
        self.note("Reconnecting".to_owned(), self.inner.reset()).await
    }
}

struct LoggedProcess {
    inner: Box<dyn RemoteProcess>,
    cx: StepContext,
    line: String,
}

#[async_trait]
impl RemoteProcess for LoggedProcess {
    async fn output(&mut self) -> Option<Output> {
        self.inner.output().await
    }

    async fn wait(&mut self) -> Result<Exit, CommError> {
        let ended = self.inner.wait().await;
        let (level, how) = match &ended {
            Ok(Exit::Code(0)) => (LogLevel::Debug, "exited with '0'".to_owned()),
            Ok(Exit::Code(code)) => (LogLevel::Error, format!("exited with '{code}'")),
            Ok(Exit::Signal) => (LogLevel::Error, "was killed by a signal".to_owned()),
            Ok(Exit::Disconnected) => {
                (LogLevel::Error, "exited without exit status or exit signal.".to_owned())
            }
            Err(error) => (LogLevel::Error, format!("was lost: {error}")),
        };
        self.cx.log(level, format!("Remote command {how}: {}", self.line));
        ended
    }

    async fn terminate(&mut self) {
        self.cx.log(LogLevel::Warn, format!("Remote command is stopped: {}", self.line));
        self.inner.terminate().await;
    }
}
