//! Hearing what the person at the terminal answers.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use async_trait::async_trait;
use karat_engine::{AskError, Prompter};
use nix::libc::{O_NOCTTY, O_NONBLOCK};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

/// The controlling terminal, whatever stdin and stdout are.
pub(crate) struct Terminal;

#[async_trait]
impl Prompter for Terminal {
    fn is_there(&self) -> bool {
        open().is_ok()
    }

    async fn answer(&self) -> Result<String, AskError> {
        let terminal = open().map_err(|_| AskError::NoTerminal)?;
        let line = line(terminal)
            .await
            .map_err(|error| AskError::Failed(format!("cannot read an answer from the terminal: {error}")))?;
        line.ok_or(AskError::Interrupted)
    }
}

/// Reads never block: a question can be withdrawn at any time, and takes nothing of the next answer with it.
fn open() -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(O_NONBLOCK | O_NOCTTY).open("/dev/tty")
}

/// The next line; `None` where somebody pressed Ctrl-D instead.
async fn line(terminal: File) -> io::Result<Option<String>> {
    // Waits and reads as from a pipe; that it is none makes no difference.
    let mut terminal = Receiver::from_file_unchecked(terminal)?;
    let (mut line, mut piece) = (Vec::new(), [0; 1024]);
    while !line.ends_with(b"\n") {
        match terminal.read(&mut piece).await? {
            0 => return Ok(None),
            count => line.extend_from_slice(&piece[..count]),
        }
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}
