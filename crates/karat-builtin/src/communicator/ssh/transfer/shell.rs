//! Single files through the guest's shell: one `cat`, no protocol. The fastest way where there is a POSIX shell.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use karat_model::event::Stream;
use karat_sdk::{CommError, Exit, Transfer};
use tokio::io::AsyncWriteExt;

use super::super::exec::Finished;
use super::super::session::SshCommunicator;
use super::local::{LocalFile, create};
use super::pump::{self, Progress};
use super::remote_path::{after_greeting, exact, helper, split, word};
use super::{Way, failed, fetch_failed};

/// Statuses with which our helper scripts end.
const NO_DIRECTORY: i32 = 73;
const IS_DIRECTORY: i32 = 74;
const NO_FILE: i32 = 72;

const NO_SHELL: &str = "the login shell does not run POSIX shell commands";

/// Sends a file. New files get its mode as far as the guest's umask lets them, files that exist keep theirs: what scp
/// does.
pub(super) async fn upload(
    ssh: &SshCommunicator,
    file: &LocalFile<'_>,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let (directory, name) = split(to);
    send(ssh, file, &word(directory), name, to, transfer).await
}

/// Sends a file to a path in which the guest's shell expands nothing.
pub(super) async fn upload_exact(
    ssh: &SshCommunicator,
    file: &LocalFile<'_>,
    to: &str,
) -> Result<Way, CommError> {
    let (directory, name) = split(to);
    send(ssh, file, &exact(directory), name, to, Transfer::quiet()).await
}

async fn send(
    ssh: &SshCommunicator,
    file: &LocalFile<'_>,
    directory: &str,
    name: &str,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let script = format!(
        "d={}; p=$d/{}; [ -d \"$d\" ] || exit {NO_DIRECTORY}; [ -d \"$p\" ] && exit {IS_DIRECTORY}; \
         new=1; [ -e \"$p\" ] && new=; u=$(umask); umask 077; cat >\"$p\" || exit 1; \
         [ -z \"$new\" ] || chmod \"$(printf %o $((0{:o} & ~0$u)))\" \"$p\" || exit 1; \
         set -- $(ls -lnL \"$p\"); echo \"$5\"",
        directory,
        exact(name),
        file.mode,
    );
    let exec = ssh.exec(&helper(&script)).await?;
    let input = exec.input();
    let finished = exec
        .feed(async {
            pump::send(file, &input, &mut Progress::new(transfer, Some(file.size))).await?;
            input.end().await
        })
        .await?;
    let Some(said) = after_greeting(&finished.stdout) else {
        ssh.has_no_shell();
        return Ok(Way::Closed(NO_SHELL.into()));
    };
    let cause = match finished.exit {
        Exit::Code(0) => match arrived(said) {
            Some(size) if size != file.size => {
                format!("{} bytes were sent and {size} arrived; is the disk full?", file.size)
            }
            _ => return Ok(Way::Done),
        },
        Exit::Code(NO_DIRECTORY) => {
            let (directory, _) = split(to);
            format!(
                "the directory {directory} does not exist in the guest; make it first, for example with a `shell` \
                 provisioner that runs `mkdir -p {directory}`"
            )
        }
        Exit::Code(IS_DIRECTORY) => {
            format!("{to} is a directory in the guest; end the destination with `/` to put the file into it")
        }
        _ => finished.complaint(),
    };
    Err(failed(&file.name(), to, ssh, &cause))
}

/// The size that the helper found; special files have none.
fn arrived(said: &[u8]) -> Option<u64> {
    std::str::from_utf8(said).ok()?.trim().parse().ok()
}

/// Fetches a file. The local file is written once the remote one is known to be there.
pub(super) async fn download(
    ssh: &SshCommunicator,
    from: &str,
    target: &Path,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let script = format!(
        "p={}; [ -d \"$p\" ] && exit {IS_DIRECTORY}; [ -e \"$p\" ] || exit {NO_FILE}; \
         set -- $(ls -lnL \"$p\"); echo \"$5\"; exec cat \"$p\"",
        word(from)
    );
    let problem = |cause: &str| fetch_failed(from, &target.display(), ssh, cause);
    let mut exec = ssh.exec(&helper(&script)).await?;
    exec.input().end().await?;

    let (mut head, mut stderr) = (BytesMut::new(), Vec::new());
    let mut body: Option<(tokio::fs::File, Progress<'_>, u64)> = None;
    let mut announced = 0;
    while let Some(output) = exec.next().await {
        if output.stream == Stream::Stderr {
            stderr.extend_from_slice(output.bytes.get(..output.bytes.len().min(4096)).unwrap_or_default());
            continue;
        }
        let bytes = if body.is_some() {
            output.bytes
        } else {
            head.extend_from_slice(&output.bytes);
            let Some((size, rest)) = header(&head) else { continue };
            announced = size;
            let file = create(target).await;
            let file = file.map_err(|error| problem(&format!("cannot write the local file: {error}")))?;
            body = Some((file, Progress::new(transfer, Some(size).filter(|size| *size > 0)), 0));
            rest
        };
        if let Some((file, progress, done)) = &mut body {
            file.write_all(&bytes)
                .await
                .map_err(|error| problem(&format!("cannot write the local file: {error}")))?;
            progress.moved(bytes.len() as u64);
            *done += bytes.len() as u64;
        }
    }
    let (exit, lost) = (exec.ended()?, exec.lost());
    let finished = Finished { stdout: head.to_vec(), stderr, exit };
    if after_greeting(&finished.stdout).is_none() && body.is_none() {
        ssh.has_no_shell();
        return Ok(Way::Closed(NO_SHELL.into()));
    }
    let cause = match (exit, body) {
        (Exit::Code(0), Some((mut file, _, done))) => {
            file.flush().await.map_err(|error| problem(&format!("cannot write the local file: {error}")))?;
            // Files of the kernel say 0 and have content; logs grow while they are read.
            if done >= announced {
                return Ok(Way::Done);
            }
            format!("only {done} of {announced} bytes arrived")
        }
        (Exit::Code(NO_FILE), _) => format!("{from} does not exist in the guest"),
        (Exit::Code(IS_DIRECTORY), _) => {
            format!("{from} is a directory in the guest; end the source with `/` to fetch all of it")
        }
        (Exit::Disconnected, _) => return Err(lost),
        _ => finished.complaint(),
    };
    Err(problem(&cause))
}

/// The size from the line after the greeting, and what follows that line.
fn header(head: &[u8]) -> Option<(u64, Bytes)> {
    let said = after_greeting(head)?;
    let end = said.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = said.split_at(end);
    let size = std::str::from_utf8(line).ok().and_then(|line| line.trim().parse().ok()).unwrap_or(0);
    Some((size, Bytes::copy_from_slice(rest.get(1..).unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::super::remote_path::GREETING;
    use super::*;

    #[test]
    fn the_header_is_cut_off_wherever_the_pieces_break() {
        let whole = format!("{GREETING}\n12\nbody");
        assert!(header(whole.get(..whole.len() - 5).unwrap().as_bytes()).is_none());
        let (size, rest) = header(whole.as_bytes()).unwrap();
        assert_eq!((size, rest.as_ref()), (12, b"body".as_slice()));
    }
}
