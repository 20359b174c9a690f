//! A command on its own channel.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use karat_model::event::Stream;
use karat_sdk::{CommError, Exit, Output, RemoteProcess};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};

use super::dial::Link;

/// Standard error's number among the extended data types.
const STDERR: u32 = 1;
/// More of a helper command's output than this is not kept.
const KEPT_STDOUT: usize = 64 << 20;
/// More of a helper command's complaints than this is not kept.
const KEPT_STDERR: usize = 16 << 10;

/// A command that runs.
pub(super) struct Exec {
    link: Arc<Link>,
    reader: ChannelReadHalf,
    writer: Arc<ChannelWriteHalf<Msg>>,
    exit: Option<Exit>,
    refused: bool,
    ended: bool,
}

impl Exec {
    pub(super) async fn start(link: Arc<Link>, channel: Channel<Msg>, line: &str) -> Result<Self, CommError> {
        let sent = channel.exec(true, line).await;
        sent.map_err(|error| link.lost(&error.to_string()))?;
        let (reader, writer) = channel.split();
        Ok(Self { link, reader, writer: Arc::new(writer), exit: None, refused: false, ended: false })
    }

    /// Where its standard input goes. Ends with [`Input::end`].
    pub(super) fn input(&self) -> Input {
        Input { link: self.link.clone(), writer: self.writer.clone() }
    }

    pub(super) async fn next(&mut self) -> Option<Output> {
        while !self.ended {
            let Some(message) = self.reader.wait().await else { break };
            match message {
                ChannelMsg::Data { data } => return Some(Output { stream: Stream::Stdout, bytes: data }),
                ChannelMsg::ExtendedData { data, ext: STDERR } => {
                    return Some(Output { stream: Stream::Stderr, bytes: data });
                }
                ChannelMsg::ExitStatus { exit_status } => self.exit = Some(Exit::Code(exit_status as i32)),
                ChannelMsg::ExitSignal { .. } => self.exit = Some(Exit::Signal),
                ChannelMsg::Failure => {
                    self.refused = true;
                    break;
                }
                ChannelMsg::Close => break,
                _ => {}
            }
        }
        self.ended = true;
        None
    }

    /// Runs `feed`, which sends the standard input, and collects the output at the same time. A command that ends
    /// before it has read everything ends the feeding too.
    pub(super) async fn feed(
        mut self,
        feed: impl Future<Output = Result<(), CommError>>,
    ) -> Result<Finished, CommError> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut feeding = true;
        let mut broken = None;
        tokio::pin!(feed);
        loop {
            tokio::select! {
                fed = &mut feed, if feeding => {
                    feeding = false;
                    match fed {
                        // What the command says about its end explains more than the broken pipe that followed.
                        Err(error @ CommError::Disconnected { .. }) => broken = Some(error),
                        other => other?,
                    }
                }
                output = self.next() => match output {
                    Some(output) => {
                        let (kept, limit) = match output.stream {
                            Stream::Stdout => (&mut stdout, KEPT_STDOUT),
                            Stream::Stderr => (&mut stderr, KEPT_STDERR),
                        };
                        let room = limit.saturating_sub(kept.len()).min(output.bytes.len());
                        kept.extend_from_slice(output.bytes.get(..room).unwrap_or_default());
                    }
                    None => break,
                }
            }
        }
        match (self.ended()?, broken) {
            (Exit::Disconnected, Some(error)) => Err(error),
            (Exit::Disconnected, None) => Err(self.lost()),
            (exit, _) => Ok(Finished { stdout, stderr, exit }),
        }
    }

    /// What to say when it ended without a status.
    pub(super) fn lost(&self) -> CommError {
        self.link.lost("it ended before the guest had answered")
    }

    /// How it ended.
    pub(super) fn ended(&self) -> Result<Exit, CommError> {
        if self.refused {
            return Err(self.link.lost("the server refuses to run commands"));
        }
        Ok(self.exit.unwrap_or(Exit::Disconnected))
    }
}

#[async_trait]
impl RemoteProcess for Exec {
    async fn output(&mut self) -> Option<Output> {
        self.next().await
    }

    async fn wait(&mut self) -> Result<Exit, CommError> {
        while self.next().await.is_some() {}
        self.ended()
    }

    async fn terminate(&mut self) {
        end(&self.writer).await;
    }
}

impl Drop for Exec {
    /// Nobody listens any more, so the command must not go on: cancelled waits drop it.
    fn drop(&mut self) {
        if self.exit.is_none()
            && !self.ended
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let writer = self.writer.clone();
            runtime.spawn(async move { end(&writer).await });
        }
    }
}

async fn end(writer: &ChannelWriteHalf<Msg>) {
    // Fails only on a connection that is gone, and with it the command.
    let _ = writer.signal(Sig::TERM).await;
    let _ = writer.close().await;
}

/// The standard input of a command.
#[derive(Clone)]
pub(super) struct Input {
    link: Arc<Link>,
    writer: Arc<ChannelWriteHalf<Msg>>,
}

impl Input {
    pub(super) async fn send(&self, bytes: impl Into<Bytes>) -> Result<(), CommError> {
        self.writer.data_bytes(bytes).await.map_err(|error| self.link.lost(&error.to_string()))
    }

    pub(super) async fn end(&self) -> Result<(), CommError> {
        self.writer.eof().await.map_err(|error| self.link.lost(&error.to_string()))
    }
}

/// A helper command that ended.
pub(super) struct Finished {
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    pub(super) exit: Exit,
}

impl Finished {
    /// What it said about its failure: the first lines of its standard error, in one line.
    pub(super) fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(3).collect();
        match (lines.is_empty(), self.exit) {
            (false, _) => lines.join("; "),
            (true, Exit::Code(code)) => format!("it ended with status {code} and said nothing"),
            (true, _) => "it was killed by a signal".to_string(),
        }
    }
}
