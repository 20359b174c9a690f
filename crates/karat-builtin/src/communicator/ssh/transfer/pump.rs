//! From a local file into a command, without holding more than a few pieces of it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use bytes::Bytes;
use karat_sdk::{CommError, Transfer};
use tokio::sync::mpsc;

use super::super::exec::Input;
use super::local::{Content, LocalFile};

/// Large enough that neither threads nor system calls count, small enough that memory does not.
const PIECE: usize = 256 << 10;
/// Pieces read ahead.
const AHEAD: usize = 4;

/// A piece of content, or why there is none.
type Piece = Result<Bytes, String>;

/// Sends a file's bytes, exactly as many as it had when it was looked at.
pub(super) async fn send(
    file: &LocalFile<'_>,
    input: &Input,
    progress: &mut Progress<'_>,
) -> Result<(), CommError> {
    let mut pieces = match &file.content {
        Content::Bytes(data) => {
            input.send(Bytes::copy_from_slice(data)).await?;
            progress.moved(data.len() as u64);
            return Ok(());
        }
        Content::File(path) => read(path.clone(), file.size),
        Content::Copy(copy) => read(copy.path().to_path_buf(), file.size),
    };
    forward(&mut pieces, input, progress, &file.name()).await
}

/// Sends pieces as they come.
pub(super) async fn forward(
    pieces: &mut mpsc::Receiver<Piece>,
    input: &Input,
    progress: &mut Progress<'_>,
    what: &str,
) -> Result<(), CommError> {
    while let Some(piece) = pieces.recv().await {
        let piece = piece.map_err(|cause| CommError::Transfer { what: what.to_string(), cause })?;
        let length = piece.len() as u64;
        input.send(piece).await?;
        progress.moved(length);
    }
    Ok(())
}

fn read(path: PathBuf, size: u64) -> mpsc::Receiver<Piece> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let problem = |cause: String| format!("cannot read {}: {cause}", path.display());
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) => return drop(sender.blocking_send(Err(problem(error.to_string())))),
        };
        let mut left = size;
        while left > 0 {
            let length = left.min(PIECE as u64);
            let mut piece = Vec::with_capacity(length as usize);
            let outcome = match (&mut file).take(length).read_to_end(&mut piece) {
                Ok(0) => {
                    Err(problem(format!("it became shorter while it was read: {left} bytes are missing")))
                }
                Ok(read) => {
                    left -= read as u64;
                    Ok(Bytes::from(piece))
                }
                Err(error) => Err(problem(error.to_string())),
            };
            // Nobody listens any more when the command has ended.
            if outcome.is_err() | sender.blocking_send(outcome).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Runs `produce`, which writes, where it may block; what it writes comes out in pieces.
pub(super) fn produce(
    produce: impl FnOnce(&mut PieceWriter) -> std::io::Result<()> + Send + 'static,
) -> mpsc::Receiver<Piece> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut writer = PieceWriter { sender, piece: Vec::with_capacity(PIECE) };
        let outcome = produce(&mut writer).and_then(|()| writer.flush());
        if let Err(error) = outcome {
            // Nobody listens any more when the command has ended.
            let _ = writer.sender.blocking_send(Err(error.to_string()));
        }
    });
    receiver
}

/// Cuts a stream into pieces.
pub(super) struct PieceWriter {
    sender: mpsc::Sender<Piece>,
    piece: Vec<u8>,
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.sender
            .blocking_send(Ok(piece.into()))
            .map_err(|_| std::io::Error::other("the guest stopped reading"))
    }
}

/// Bytes moved so far.
pub(super) struct Progress<'a> {
    transfer: Transfer<'a>,
    done: u64,
    total: Option<u64>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(transfer: Transfer<'a>, total: Option<u64>) -> Self {
        Self { transfer, done: 0, total }
    }

    pub(super) fn moved(&mut self, bytes: u64) {
        self.done += bytes;
        self.transfer.moved(self.done, self.total);
    }
}
