//! A QEMU that runs: its output is kept, its end is noticed at once and told apart.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use karat_sdk::component::Guest;
use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;
use karat_sdk::{
    CommError, Communicator, Download, OwnedProcess, RemoteCommand, RemoteProcess, Transfer, Upload,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::task::JoinHandle;

/// How many of its last lines are kept.
const TAIL: usize = 20;
/// How long QEMU may take to write out what it holds when it is asked to end.
const FLUSH: Duration = Duration::from_secs(10);

/// A QEMU process.
pub(super) struct Machine {
    process: OwnedProcess,
    tail: Arc<Mutex<VecDeque<String>>>,
    readers: Mutex<Vec<JoinHandle<()>>>,
}

/// How a QEMU ended, and its last words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Its status.
    pub(super) status: ExitStatus,
    /// Its last lines.
    pub(super) tail: Vec<String>,
}

impl Machine {
    /// Starts QEMU. It is killed at teardown if it still runs.
    pub(super) async fn start(cx: &StepContext, mut command: Command) -> Result<Self, StepError> {
        command
            .current_dir(&cx.info().cwd)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = cx.own_process(command).await?;
        let tail = Arc::default();
        let mut readers = Vec::new();
        readers.extend(process.stdout.take().map(|stream| keep_tail(stream, &tail)));
        readers.extend(process.stderr.take().map(|stream| keep_tail(stream, &tail)));
        Ok(Self { process, tail, readers: Mutex::new(readers) })
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.process.exited().is_some()
    }

    /// Waits for its end.
    pub(super) async fn end(&self) -> End {
        let status = self.process.wait().await;
        let readers = std::mem::take(&mut *self.readers.lock().unwrap_or_else(PoisonError::into_inner));
        // What it started may hold the pipes open for longer than it lives.
        let _ = tokio::time::timeout(Duration::from_millis(500), futures::future::join_all(readers)).await;
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        End { status, tail }
    }

    /// Does `work` for as long as the machine runs and nobody stops the build. `doing` completes "while …".
    pub(super) async fn while_running<T>(
        &self,
        cx: &StepContext,
        doing: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, StepError> {
        tokio::select! {
            biased;
            done = cx.unless_cancelled(work) => done,
            end = self.end() => Err(StepError::failed(end.told(doing))),
        }
    }

    /// Switches it off: QEMU writes out what it holds and ends.
    pub(super) async fn switch_off(&self) -> Result<(), StepError> {
        if let Some(pid) = self.process.pid.and_then(|pid| i32::try_from(pid).ok())
            && !self.has_ended()
        {
            // Fails only if it has just ended.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            let _ = tokio::time::timeout(FLUSH, self.process.wait()).await;
        }
        self.process.kill().await
    }
}

impl End {
    /// What people read when it ended too early.
    pub(super) fn told(&self, doing: &str) -> String {
        if self.status.success() {
            return format!("the guest powered off by itself while {doing}{self}");
        }
        format!("QEMU ended ({}) while {doing}{self}", self.status)
    }

    /// Whether it ended because somebody else took one of its ports.
    pub(super) fn is_port_conflict(&self) -> bool {
        self.tail.iter().any(|line| {
            line.contains("Could not set up host forwarding rule")
                || line.contains("Failed to find an available port")
                || line.contains("Address already in use")
        })
    }

    fn advice(&self) -> Option<&'static str> {
        let says = |text: &str| self.tail.iter().any(|line| line.contains(text));
        if says("gtk initialization failed")
            || says("Could not initialize SDL")
            || says("cannot open display")
        {
            Some("This host has no display; set `headless = true`")
        } else if says("failed to initialize kvm") || says("Could not access KVM kernel module") {
            Some("KVM does not work here; set `accelerator = \"tcg\"`, or leave it out")
        } else if says("No space left on device") {
            Some("The disk is full; make room and build again")
        } else if self.is_port_conflict() {
            Some(
                "Another program took the port; build again, or change `host_port_min`/`host_port_max` or `vnc_port_min`/`vnc_port_max`",
            )
        } else {
            None
        }
    }
}

/// What QEMU said last, with advice where there is one.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.tail.is_empty() {
            write!(f, ". It said:\n{}", self.tail.join("\n"))?;
        }
        self.advice().map_or(Ok(()), |advice| write!(f, "\n{advice}."))
    }
}

fn keep_tail(
    stream: impl AsyncRead + Unpin + Send + 'static,
    tail: &Arc<Mutex<VecDeque<String>>>,
) -> JoinHandle<()> {
    let tail = tail.clone();
    tokio::spawn(async move {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(stream.read_until(b'\n', &mut line).await, Ok(length) if length > 0) {
            let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(String::from_utf8_lossy(&line).trim_end().to_string());
            line.clear();
        }
    })
}

/// A guest whose connection knows when its machine is gone: nobody waits for it to come back.
pub(super) struct MachineGuest<'a> {
    /// The way in.
    pub(super) inner: &'a dyn Guest,
    /// The machine behind it.
    pub(super) machine: &'a Machine,
}

impl MachineGuest<'_> {
    async fn while_running<T>(
        &self,
        work: impl Future<Output = Result<T, CommError>>,
    ) -> Result<T, CommError> {
        tokio::select! {
            biased;
            end = self.machine.end() => Err(CommError::Gone { cause: end.told("provisioning") }),
            done = work => done,
        }
    }
}

impl Guest for MachineGuest<'_> {
    fn communicator(&self) -> &dyn Communicator {
        self
    }
}

#[async_trait]
impl Communicator for MachineGuest<'_> {
    async fn start(&self, command: RemoteCommand) -> Result<Box<dyn RemoteProcess>, CommError> {
        self.while_running(self.inner.communicator().start(command)).await
    }

    async fn upload(&self, what: Upload<'_>, to: &str, transfer: Transfer<'_>) -> Result<(), CommError> {
        self.while_running(self.inner.communicator().upload(what, to, transfer)).await
    }

    async fn download(
        &self,
        from: &str,
        into: Download<'_>,
        transfer: Transfer<'_>,
    ) -> Result<(), CommError> {
        self.while_running(self.inner.communicator().download(from, into, transfer)).await
    }

    async fn reset(&self) -> Result<(), CommError> {
        self.while_running(self.inner.communicator().reset()).await
    }
}

#[cfg(test)]
mod tests;
