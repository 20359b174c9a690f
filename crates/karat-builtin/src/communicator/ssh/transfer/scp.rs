//! The scp program's protocol, from both ends: what every guest with OpenSSH speaks, and what Packer speaks.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use bytes::{Buf, Bytes, BytesMut};
use karat_model::event::Stream;
use karat_sdk::{CommError, Exit, Transfer};
use tokio::io::AsyncWriteExt;

use super::super::exec::{Exec, Finished, Input};
use super::super::session::SshCommunicator;
use super::local::{EntryKind, LocalFile, Tree, create};
use super::pump::{self, Progress};
use super::remote_path::{pattern, split, word};
use super::{Way, failed, fetch_failed};

/// Longer lines are no records of this protocol.
const MAX_LINE: usize = 16 << 10;
/// More of the program's chatter than this is not kept.
const MAX_CHATTER: usize = 16 << 10;
/// What people know of Packer where the program is missing.
const MISSING: &str =
    "SCP failed to start. This usually means that SCP is not\nproperly installed on the remote system.";

/// Sends a file into the directory of `to`, under its name.
pub(super) async fn upload_file(
    ssh: &SshCommunicator,
    file: &LocalFile<'_>,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let (directory, name) = split(to);
    let mut wire = Wire::open(ssh, &format!("scp -vt {}", target_word(ssh, directory))).await?;
    if let Some(why) = wire.refusal().await? {
        return Ok(Way::Closed(why));
    }
    let mut progress = Progress::new(transfer, Some(file.size));
    let sent = wire.send_file(name.as_bytes(), file, &mut progress).await;
    wire.close(sent)
        .await
        .map(|()| Way::Done)
        .map_err(|problem| problem.told(|cause| failed(&file.name(), to, ssh, cause)))
}

/// Sends a tree into `to`.
pub(super) async fn upload_tree(
    ssh: &SshCommunicator,
    tree: &Tree,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let mut wire = Wire::open(ssh, &format!("scp -rvt {}", target_word(ssh, to))).await?;
    if let Some(why) = wire.refusal().await? {
        return Ok(Way::Closed(why));
    }
    let sent = wire.send_tree(tree, &mut Progress::new(transfer, Some(tree.bytes()))).await;
    let root = tree.root().display();
    wire.close(sent)
        .await
        .map(|()| Way::Done)
        .map_err(|problem| problem.told(|cause| failed(&root, to, ssh, cause)))
}

/// Fetches a file.
pub(super) async fn download_file(
    ssh: &SshCommunicator,
    from: &str,
    target: &Path,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let mut wire = Wire::open(ssh, &format!("scp -vf {}", source_word(ssh, from))).await?;
    let told = |problem: Problem| problem.told(|cause| fetch_failed(from, &target.display(), ssh, cause));
    wire.acknowledge(1).await?;
    let got = match wire.record().await {
        Ok(Some(Record::File { size, .. })) => {
            wire.acknowledge(2).await?;
            wire.receive(size, target, &mut Progress::new(transfer, Some(size))).await
        }
        Ok(Some(_)) => Err(Problem::Remote(format!("{from} is not a regular file in the guest"))),
        Ok(None) => match wire.refused().await? {
            Some(why) => return Ok(Way::Closed(why)),
            None => Err(Problem::Remote("the guest sent nothing".into())),
        },
        Err(problem) => Err(problem),
    };
    wire.close(got).await.map(|()| Way::Done).map_err(told)
}

/// Fetches a directory, or everything that a pattern matches, into a local directory.
pub(super) async fn download_tree(
    ssh: &SshCommunicator,
    from: &str,
    target: &Path,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let mut wire = Wire::open(ssh, &format!("scp -vrf {}", source_word(ssh, from))).await?;
    let told = |problem: Problem| problem.told(|cause| fetch_failed(from, &target.display(), ssh, cause));
    // The guest waits for an answer after every record. Answers sent ahead save it a round trip for each file.
    wire.acknowledge(AHEAD).await?;
    let mut got = wire.receive_tree(target, &mut Progress::new(transfer, None)).await;
    if let Ok(0) = got {
        match wire.refused().await? {
            Some(why) => return Ok(Way::Closed(why)),
            None => got = Ok(0),
        }
    }
    wire.close(got.map(drop)).await.map(|()| Way::Done).map_err(told)
}

/// Answers sent ahead of the records they answer.
const AHEAD: usize = 512;

/// The target directory as the guest's shell reads it. Packer escapes blanks and nothing else.
fn target_word(ssh: &SshCommunicator, path: &str) -> String {
    if ssh.strict { path.replace(' ', "\\ ") } else { word(path) }
}

/// The source as the guest's shell reads it. Packer puts it in quotes if it has a blank.
fn source_word(ssh: &SshCommunicator, path: &str) -> String {
    match (ssh.strict, path.contains(' ')) {
        (true, true) => format!("\"{path}\""),
        (true, false) => path.to_string(),
        (false, _) => pattern(path),
    }
}

/// Why a transfer stopped.
enum Problem {
    /// The program in the guest, or our own disk, says so.
    Remote(String),
    /// The connection says so.
    Comm(CommError),
}

impl Problem {
    fn told(self, shown: impl FnOnce(&str) -> CommError) -> CommError {
        match self {
            Self::Remote(cause) => shown(&cause),
            Self::Comm(error) => error,
        }
    }
}

impl From<CommError> for Problem {
    fn from(error: CommError) -> Self {
        Self::Comm(error)
    }
}

enum Record {
    File { size: u64, name: Vec<u8> },
    Directory { name: Vec<u8> },
    End,
    Times,
}

/// The conversation with the program in the guest.
struct Wire {
    exec: Exec,
    input: Input,
    heard: BytesMut,
    chatter: Vec<u8>,
}

impl Wire {
    async fn open(ssh: &SshCommunicator, command: &str) -> Result<Self, CommError> {
        let exec = ssh.exec(command).await?;
        let input = exec.input();
        Ok(Self { exec, input, heard: BytesMut::new(), chatter: Vec::new() })
    }

    /// Waits for more; false at the end.
    async fn hear(&mut self) -> bool {
        match self.exec.next().await {
            Some(output) => {
                if output.stream == Stream::Stdout {
                    self.heard.extend_from_slice(&output.bytes);
                } else {
                    let room = MAX_CHATTER.saturating_sub(self.chatter.len()).min(output.bytes.len());
                    self.chatter.extend_from_slice(output.bytes.get(..room).unwrap_or_default());
                }
                true
            }
            None => false,
        }
    }

    /// A sink speaks first. Why it did not: the program is missing, or a shell that does not run it.
    async fn refusal(&mut self) -> Result<Option<String>, CommError> {
        match self.answer().await {
            Ok(()) => Ok(None),
            Err(Problem::Remote(cause)) => Ok(Some(self.refused().await?.unwrap_or(cause))),
            Err(Problem::Comm(error)) => Err(error),
        }
    }

    /// Why the program ended without a word; `None` if it did its work.
    async fn refused(&mut self) -> Result<Option<String>, CommError> {
        while self.hear().await {}
        match self.exec.ended()? {
            Exit::Code(0) => Ok(None),
            Exit::Code(127) => Ok(Some(MISSING.into())),
            _ => Ok(Some(self.last_words().await?)),
        }
    }

    async fn last_words(&mut self) -> Result<String, CommError> {
        while self.hear().await {}
        let exit = self.exec.ended()?;
        if exit == Exit::Disconnected {
            return Err(self.exec.lost());
        }
        // With -v the program tells what it does; what went wrong does not begin like that.
        let chatter = String::from_utf8_lossy(&self.chatter);
        let said: Vec<&str> = chatter
            .lines()
            .filter(|line| {
                !["Executing: ", "Sink: ", "Sending file modes", "Entering directory"]
                    .iter()
                    .any(|noise| line.starts_with(noise))
            })
            .collect();
        let stderr = said.join("\n").into_bytes();
        Ok(Finished { stdout: Vec::new(), stderr, exit }.complaint())
    }

    async fn byte(&mut self) -> Result<u8, Problem> {
        while self.heard.is_empty() {
            if !self.hear().await {
                return Err(Problem::Remote(self.last_words().await?));
            }
        }
        Ok(self.heard.get_u8())
    }

    async fn line(&mut self) -> Result<Vec<u8>, Problem> {
        let mut line = Vec::new();
        loop {
            match self.byte().await? {
                b'\n' => return Ok(line),
                _ if line.len() > MAX_LINE => {
                    return Err(Problem::Remote("the guest does not speak scp's protocol".into()));
                }
                byte => line.push(byte),
            }
        }
    }

    async fn answer(&mut self) -> Result<(), Problem> {
        match self.byte().await? {
            0 => Ok(()),
            1 | 2 => {
                let line = self.line().await?;
                Err(Problem::Remote(String::from_utf8_lossy(&line).trim_start_matches("scp: ").to_string()))
            }
            other => {
                Err(Problem::Remote(format!("the guest answers {other:#x}, which is not scp's protocol")))
            }
        }
    }

    async fn acknowledge(&mut self, times: usize) -> Result<(), CommError> {
        self.push(vec![0; times]).await
    }

    /// Sends, and goes on listening: a guest that has much to say, and is not heard, does not listen either.
    async fn push(&mut self, bytes: impl Into<Bytes>) -> Result<(), CommError> {
        let input = self.input.clone();
        let sending = input.send(bytes);
        tokio::pin!(sending);
        loop {
            tokio::select! {
                sent = &mut sending => return sent,
                // When it has ended, its end says what is to be said.
                more = self.hear() => if !more {
                    return Ok(());
                },
            }
        }
    }

    async fn say(&mut self, kind: char, mode: u32, size: u64, name: &[u8]) -> Result<(), Problem> {
        let mut record = format!("{kind}{mode:04o} {size} ").into_bytes();
        record.extend_from_slice(name);
        record.push(b'\n');
        self.push(record).await?;
        self.answer().await
    }

    async fn send_file(
        &mut self,
        name: &[u8],
        file: &LocalFile<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<(), Problem> {
        self.say('C', file.mode, file.size, name).await?;
        let input = self.input.clone();
        let sending = pump::send(file, &input, progress);
        tokio::pin!(sending);
        loop {
            tokio::select! {
                sent = &mut sending => break sent?,
                more = self.hear() => if !more {
                    return Err(Problem::Remote(self.last_words().await?));
                },
            }
        }
        self.acknowledge(1).await?;
        self.answer().await
    }

    async fn send_tree(&mut self, tree: &Tree, progress: &mut Progress<'_>) -> Result<(), Problem> {
        if let Some(base) = &tree.base {
            self.say('D', tree.mode, 0, base.as_bytes()).await?;
        }
        let mut open: Vec<&OsStr> = Vec::new();
        for entry in &tree.entries {
            let parents: Vec<&OsStr> = entry
                .path
                .parent()
                .into_iter()
                .flat_map(Path::components)
                .map(Component::as_os_str)
                .collect();
            while open.len() > parents.len() {
                open.pop();
                self.leave().await?;
            }
            let name = entry.path.file_name().unwrap_or_default();
            match entry.kind {
                EntryKind::Directory => {
                    self.say('D', entry.mode, 0, name.as_bytes()).await?;
                    open.push(name);
                }
                EntryKind::File { .. } => {
                    let mut file =
                        LocalFile::open(&tree.root().join(&entry.path)).await.map_err(Problem::Remote)?;
                    file.mode = entry.mode;
                    self.send_file(name.as_bytes(), &file, progress).await?;
                }
            }
        }
        for _ in 0..open.len() + usize::from(tree.base.is_some()) {
            self.leave().await?;
        }
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), Problem> {
        self.push("E\n").await?;
        self.answer().await
    }

    /// The next record; `None` at the end.
    async fn record(&mut self) -> Result<Option<Record>, Problem> {
        while self.heard.is_empty() {
            if !self.hear().await {
                return Ok(None);
            }
        }
        match self.heard.first() {
            Some(1 | 2) => {
                self.answer().await?;
                return Ok(None);
            }
            Some(0) => self.heard.advance(1),
            _ => {}
        }
        let line = self.line().await?;
        let bad = || {
            Problem::Remote(format!(
                "the guest sends {:?}, which is not scp's protocol",
                String::from_utf8_lossy(&line)
            ))
        };
        let (kind, rest) = line.split_first().ok_or_else(bad)?;
        let mut fields = rest.splitn(3, |byte| *byte == b' ').skip(1);
        let size =
            fields.next().and_then(|size| std::str::from_utf8(size).ok()).and_then(|size| size.parse().ok());
        let name = fields.next().map(<[u8]>::to_vec);
        match (kind, size, name) {
            (b'C', Some(size), Some(name)) => Ok(Some(Record::File { size, name: safe(name)? })),
            (b'D', Some(_), Some(name)) => Ok(Some(Record::Directory { name: safe(name)? })),
            (b'E', ..) => Ok(Some(Record::End)),
            (b'T', ..) => Ok(Some(Record::Times)),
            _ => Err(bad()),
        }
    }

    async fn receive(
        &mut self,
        size: u64,
        target: &Path,
        progress: &mut Progress<'_>,
    ) -> Result<(), Problem> {
        let problem =
            |error: std::io::Error| Problem::Remote(format!("cannot write {}: {error}", target.display()));
        let mut file = create(target).await.map_err(problem)?;
        let mut left = size;
        while left > 0 {
            if self.heard.is_empty() && !self.hear().await {
                return Err(Problem::Remote(format!("{left} of {size} bytes are missing")));
            }
            let length = self.heard.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            file.write_all(&self.heard.split_to(length)).await.map_err(problem)?;
            left -= length as u64;
            progress.moved(length as u64);
        }
        file.flush().await.map_err(problem)?;
        self.answer().await
    }

    /// Receives everything; how many records came.
    async fn receive_tree(&mut self, target: &Path, progress: &mut Progress<'_>) -> Result<u64, Problem> {
        let mut open: Vec<PathBuf> = vec![target.to_path_buf()];
        let mut records = 0;
        while let Some(record) = self.record().await? {
            records += 1;
            // One answer for the record and one for the content of a file.
            let answers = if matches!(record, Record::File { .. }) { 2 } else { 1 };
            self.acknowledge(answers).await?;
            let below = open.last().cloned().unwrap_or_else(|| target.to_path_buf());
            match record {
                Record::File { size, name } => {
                    self.receive(size, &below.join(OsStr::from_bytes(&name)), progress).await?;
                }
                Record::Directory { name } => {
                    let path = below.join(OsStr::from_bytes(&name));
                    let made = tokio::fs::create_dir_all(&path).await;
                    made.map_err(|error| {
                        Problem::Remote(format!("cannot make {}: {error}", path.display()))
                    })?;
                    open.push(path);
                }
                Record::End if open.len() > 1 => drop(open.pop()),
                Record::End | Record::Times => {}
            }
        }
        Ok(records)
    }

    /// Ends the conversation; what the transfer itself found wrong comes first.
    async fn close(mut self, outcome: Result<(), Problem>) -> Result<(), Problem> {
        outcome?;
        self.input.end().await?;
        while self.hear().await {}
        match self.exec.ended()? {
            Exit::Code(0) => Ok(()),
            Exit::Disconnected => Err(self.exec.lost().into()),
            _ => Err(Problem::Remote(self.last_words().await?)),
        }
    }
}

/// A name that stays inside the directory: a guest must not write elsewhere on this host.
fn safe(name: Vec<u8>) -> Result<Vec<u8>, Problem> {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
        return Err(Problem::Remote(format!(
            "the guest sends the unsafe file name {:?}",
            String::from_utf8_lossy(&name)
        )));
    }
    Ok(name)
}
