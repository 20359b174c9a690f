//! Things that could outlive the process: written down, then made, then taken down.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use karat_model::event::LogLevel;
use karat_model::resource::{Intent, MARK, ProcessHandle, ResourceId, Settled};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};

use crate::context::StepContext;
use crate::error::StepError;
use crate::host::{Teardown, TeardownId};

/// A file or directory that belongs to this build until it is kept.
pub struct OwnedPath {
    cx: StepContext,
    resource: ResourceId,
    teardown: TeardownId,
    path: PathBuf,
}

impl OwnedPath {
    /// Where it is; absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// It has served its purpose: it is removed now. Something that is gone already is fine.
    pub async fn remove(self) -> Result<(), StepError> {
        self.cx.undo_now(self.teardown).await
    }

    /// It is what the user asked for: it stays.
    pub async fn keep(self) -> Result<(), StepError> {
        self.cx.host.withdraw(self.teardown);
        self.cx.host.settle(self.resource, Settled::Kept).await
    }
}

impl StepContext {
    /// Makes a directory (and its parents) that is removed, with everything in it, at teardown unless it is kept.
    ///
    /// Fails if it exists: what was there before is never ours. `announce` is said before it is removed.
    pub async fn own_directory(
        &self,
        path: &Path,
        announce: Option<&'static str>,
    ) -> Result<OwnedPath, StepError> {
        self.own_path(Intent::Directory { path: self.resolve(path) }, announce).await
    }

    /// Announces a file or socket that the caller makes next, and that is removed at teardown unless it is kept.
    ///
    /// Fails if it exists: what was there before is never ours.
    pub async fn own_file(&self, path: &Path) -> Result<OwnedPath, StepError> {
        self.own_path(Intent::File { path: self.resolve(path) }, None).await
    }

    async fn own_path(&self, intent: Intent, announce: Option<&'static str>) -> Result<OwnedPath, StepError> {
        let (path, is_directory) = match &intent {
            Intent::File { path } => (path.clone(), false),
            Intent::Directory { path } => (path.clone(), true),
            Intent::Process { .. } => return Err(StepError::failed("a process is not a path")),
        };
        // Checked before the intent is written: whatever is there after a crash was then made by us.
        if tokio::fs::symlink_metadata(&path).await.is_ok() {
            return Err(StepError::failed(format!(
                "{} exists already; remove it or choose another name",
                self.shown(&path)
            )));
        }
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(|error| {
                StepError::io(format!("cannot make the directory {}", self.shown(parent)), error)
            })?;
        }
        let resource = self.host.intend(&self.scope, intent).await?;
        if is_directory && let Err(error) = tokio::fs::create_dir(&path).await {
            self.host.settle(resource, Settled::Gone).await?;
            return Err(StepError::io(format!("cannot make the directory {}", self.shown(&path)), error));
        }
        self.host.acquired(resource, None).await?;
        let undo = {
            let (cx, path) = (self.clone(), path.clone());
            move || -> futures::future::BoxFuture<'static, Result<(), StepError>> {
                Box::pin(async move {
                    if let Some(text) = announce {
                        cx.say(text);
                    }
                    let removed = if is_directory {
                        tokio::fs::remove_dir_all(&path).await
                    } else {
                        tokio::fs::remove_file(&path).await
                    };
                    match removed {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            Err(StepError::io(format!("cannot remove {}", cx.shown(&path)), error))
                        }
                        _ => Ok(()),
                    }
                })
            }
        };
        let teardown = self.host.defer(Teardown { resource: Some(resource), undo: Box::new(undo) });
        Ok(OwnedPath { cx: self.clone(), resource, teardown, path })
    }

    /// Starts a program that is killed at teardown if it still runs.
    ///
    /// It gets its own process group, so that a Ctrl-C at the terminal reaches Karat and not it, and [`MARK`] in its
    /// environment, so that it is found even if we die before its pid is noted.
    pub async fn own_process(&self, mut command: Command) -> Result<OwnedProcess, StepError> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        self.log(LogLevel::Info, format!("Executing {:?}", WithoutVariables(command.as_std())));
        let resource = self.host.intend(&self.scope, Intent::Process { program: program.clone() }).await?;
        command.env(MARK, format!("{}/{}", self.info().run, resource.0)).process_group(0);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                self.host.settle(resource, Settled::Gone).await?;
                return Err(StepError::io(format!("cannot start {program}"), error));
            }
        };
        let handle = child.id().and_then(|pid| process_handle(pid as i32));
        self.host.acquired(resource, handle).await?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let pid = child.id();
        let (kill, status) = supervise(self.clone(), program, child);
        let undo = {
            let mut status = status.clone();
            move || -> futures::future::BoxFuture<'static, Result<(), StepError>> {
                Box::pin(async move {
                    let _ = kill.send(()).await;
                    let _ = status.wait_for(Option::is_some).await;
                    Ok(())
                })
            }
        };
        let teardown = self.host.defer(Teardown { resource: Some(resource), undo: Box::new(undo) });
        Ok(OwnedProcess { cx: self.clone(), teardown, status, pid, stdin, stdout, stderr })
    }
}

/// A program that belongs to this build.
pub struct OwnedProcess {
    cx: StepContext,
    teardown: TeardownId,
    status: watch::Receiver<Option<ExitStatus>>,
    /// Its process id; `None` if it ended at once.
    pub pid: Option<u32>,
    /// Where the command asked for a pipe.
    pub stdin: Option<ChildStdin>,
    /// Where the command asked for a pipe.
    pub stdout: Option<ChildStdout>,
    /// Where the command asked for a pipe.
    pub stderr: Option<ChildStderr>,
}

impl OwnedProcess {
    /// How it ended, if it has.
    pub fn exited(&self) -> Option<ExitStatus> {
        *self.status.borrow()
    }

    /// Waits until it ends.
    pub async fn wait(&self) -> ExitStatus {
        let mut status = self.status.clone();
        let ended = status.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        // The supervisor always sends a status before it goes, unless the runtime shuts down: then it is being killed.
        ended.unwrap_or_else(|| ExitStatus::from_raw(9))
    }

    /// Kills it now and waits for its end. Nothing happens when that was done before.
    pub async fn kill(&self) -> Result<(), StepError> {
        self.cx.undo_now(self.teardown).await
    }

    /// Notes that it has ended by itself, so that nothing is left to take down.
    pub async fn finished(self) -> Result<ExitStatus, StepError> {
        let status = self.wait().await;
        self.cx.undo_now(self.teardown).await?;
        Ok(status)
    }
}

/// One task waits for the child, so that waiting and killing never fight over it.
fn supervise(
    cx: StepContext,
    program: String,
    mut child: Child,
) -> (mpsc::Sender<()>, watch::Receiver<Option<ExitStatus>>) {
    let (kill, mut killed) = mpsc::channel(1);
    let (status_sender, status) = watch::channel(None);
    tokio::spawn(async move {
        let status = tokio::select! {
            status = child.wait() => status,
            Some(()) = killed.recv() => {
                kill_group(&child);
                child.wait().await
            }
        };
        let status = status.unwrap_or_else(|_| ExitStatus::from_raw(9));
        let level = if status.success() { LogLevel::Debug } else { LogLevel::Warn };
        cx.log(level, format!("{program} ended: {status}"));
        let _ = status_sender.send(Some(status));
    });
    (kill, status)
}

/// A command line: its variables may be many, and secret.
struct WithoutVariables<'a>(&'a std::process::Command);

impl std::fmt::Debug for WithoutVariables<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = std::iter::once(self.0.get_program()).chain(self.0.get_args());
        f.debug_list().entries(words).finish()
    }
}

/// Kills a child with everything that it started and that is still in its group: a shell's commands too.
fn kill_group(child: &Child) {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        // Fails only if it has ended already; the wait tells.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// How the running process `pid` is told apart from a later one with the same number.
pub fn process_handle(pid: i32) -> Option<ProcessHandle> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything, so count from its end.
    let started = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    Some(ProcessHandle { pid, started })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_a_start_time() {
        let own = process_handle(std::process::id() as i32).unwrap();
        assert_eq!(own.pid, std::process::id() as i32);
        assert!(own.started > 0);
        assert_eq!(process_handle(own.pid), Some(own));
        assert_eq!(process_handle(i32::MAX), None);
    }
}
