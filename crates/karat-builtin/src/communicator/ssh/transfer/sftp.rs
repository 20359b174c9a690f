//! The sftp subsystem, with many requests on the way at once.

use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use karat_sdk::{CommError, Transfer};
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::fs::{File, Metadata};
use russh_sftp::client::{Config, SftpSession};
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Mutex;

use super::super::session::SshCommunicator;
use super::local::{Content, EntryKind, LocalFile, Tree, create};
use super::pump::Progress;
use super::{Way, failed, fetch_failed};

/// Requests on the way per file, and files at once: servers refuse more.
const IN_FLIGHT: usize = 64;
const FILES_AT_ONCE: usize = 32;
const PIECE: usize = 255 << 10;

/// Sends a file.
pub(super) async fn upload_file(
    ssh: &SshCommunicator,
    file: &LocalFile<'_>,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let session = match open(ssh).await? {
        Ok(session) => session,
        Err(why) => return Ok(Way::Closed(why)),
    };
    let progress = Mutex::new(Progress::new(transfer, Some(file.size)));
    let sent = send(&session, file, home(to), &progress).await;
    // The answer to the last request is what counts.
    let _ = session.close().await;
    sent.map(|()| Way::Done).map_err(|cause| failed(&file.name(), to, ssh, &cause))
}

/// Sends a tree: its directory under `to`, or its contents into `to`; directories that exist are fine.
pub(super) async fn upload_tree(
    ssh: &SshCommunicator,
    tree: &Tree,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let session = match open(ssh).await? {
        Ok(session) => session,
        Err(why) => return Ok(Way::Closed(why)),
    };
    let progress = Mutex::new(Progress::new(transfer, Some(tree.bytes())));
    let sent = send_tree(&session, tree, home(to), &progress).await;
    // The answer to the last request is what counts.
    let _ = session.close().await;
    sent.map(|()| Way::Done).map_err(|cause| failed(&tree.root().display(), to, ssh, &cause))
}

/// Fetches a file.
pub(super) async fn download_file(
    ssh: &SshCommunicator,
    from: &str,
    target: &Path,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    let session = match open(ssh).await? {
        Ok(session) => session,
        Err(why) => return Ok(Way::Closed(why)),
    };
    let got = receive(&session, home(from), target, transfer).await;
    // The answer to the last request is what counts.
    let _ = session.close().await;
    got.map(|()| Way::Done).map_err(|cause| fetch_failed(from, &target.display(), ssh, &cause))
}

/// The session, or why the server has none.
async fn open(ssh: &SshCommunicator) -> Result<Result<Arc<SftpSession>, String>, CommError> {
    let channel = ssh.subsystem("sftp").await?;
    let config = Config {
        max_concurrent_reads: IN_FLIGHT,
        max_concurrent_writes: IN_FLIGHT,
        max_write_packet_len: 256 << 10,
        // The connection's own deadline tells when the guest is gone; a slow disk is no reason to stop.
        request_timeout_secs: 600,
        ..Config::default()
    };
    match SftpSession::new_with_config(channel.into_stream(), config).await {
        Ok(session) => Ok(Ok(Arc::new(session))),
        Err(error) => {
            Ok(Err(format!("sftpSession error: {error}; is the sftp subsystem enabled in the guest?")))
        }
    }
}

/// The server starts in the home directory and expands nothing.
fn home(path: &str) -> &str {
    match path.strip_prefix("~/") {
        Some(rest) => rest,
        None if path == "~" => ".",
        None => path,
    }
}

async fn send(
    session: &SftpSession,
    file: &LocalFile<'_>,
    to: &str,
    progress: &Mutex<Progress<'_>>,
) -> Result<(), String> {
    let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE;
    let mut remote = session.open_with_flags(to, flags).await.map_err(|error| shown(&error, to))?;
    let sent = match (&file.content, file.path()) {
        (Content::Bytes(data), _) => {
            let sent = remote.write_all(data).await.map_err(|error| error.to_string());
            progress.lock().await.moved(data.len() as u64);
            sent
        }
        (_, Some(path)) => copy(path, &mut remote, progress).await,
        (_, None) => Ok(()),
    };
    sent?;
    remote.set_metadata(permissions(file.mode)).await.map_err(|error| shown(&error, to))?;
    let size = remote.metadata().await.ok().and_then(|metadata| metadata.size);
    remote.close().await.map_err(|error| error.to_string())?;
    match size {
        Some(size) if size != file.size => {
            Err(format!("{} bytes were sent and {size} arrived; is the disk full?", file.size))
        }
        _ => Ok(()),
    }
}

async fn copy(path: &Path, remote: &mut File, progress: &Mutex<Progress<'_>>) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    let mut local = tokio::fs::File::open(path).await.map_err(problem)?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = local.read(&mut piece).await.map_err(problem)?;
        if length == 0 {
            return remote.flush().await.map_err(|error| error.to_string());
        }
        remote.write_all(piece.get(..length).unwrap_or_default()).await.map_err(|error| error.to_string())?;
        progress.lock().await.moved(length as u64);
    }
}

async fn send_tree(
    session: &SftpSession,
    tree: &Tree,
    to: &str,
    progress: &Mutex<Progress<'_>>,
) -> Result<(), String> {
    make(session, to, None).await?;
    let root = match &tree.base {
        Some(base) => {
            let root = format!("{}/{}", to.trim_end_matches('/'), text(Path::new(base))?);
            make(session, &root, Some(tree.mode)).await?;
            root
        }
        None => to.trim_end_matches('/').to_string(),
    };
    let below = |path: &Path| Ok::<_, String>(format!("{root}/{}", text(path)?));
    for entry in tree.entries.iter().filter(|entry| entry.kind == EntryKind::Directory) {
        make(session, &below(&entry.path)?, Some(entry.mode)).await?;
    }
    let files = tree.entries.iter().filter_map(|entry| match entry.kind {
        EntryKind::File { size } => Some((entry, size)),
        EntryKind::Directory => None,
    });
    futures::stream::iter(files.map(Ok))
        .try_for_each_concurrent(FILES_AT_ONCE, |(entry, size)| {
            let to = below(&entry.path);
            async move {
                let content = Content::File(tree.root().join(&entry.path));
                send(session, &LocalFile { content, mode: entry.mode, size }, &to?, progress).await
            }
        })
        .await
}

/// Makes a directory, unless it is there.
async fn make(session: &SftpSession, path: &str, mode: Option<u32>) -> Result<(), String> {
    if let Err(error) = session.create_dir(path).await {
        // The protocol has no word for "exists", so look.
        return match session.metadata(path).await {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(format!("{path} is in the guest and not a directory")),
            Err(_) => Err(shown(&error, path)),
        };
    }
    match mode {
        Some(mode) => {
            session.set_metadata(path, permissions(mode)).await.map_err(|error| shown(&error, path))
        }
        None => Ok(()),
    }
}

async fn receive(
    session: &SftpSession,
    from: &str,
    target: &Path,
    transfer: Transfer<'_>,
) -> Result<(), String> {
    let mut remote = session.open(from).await.map_err(|error| shown(&error, from))?;
    let size = remote.metadata().await.ok().and_then(|metadata| metadata.size).filter(|size| *size > 0);
    let problem = |error: std::io::Error| format!("cannot write {}: {error}", target.display());
    let mut local = create(target).await.map_err(problem)?;
    let mut progress = Progress::new(transfer, size);
    let mut piece = vec![0; PIECE];
    let mut done = 0;
    loop {
        let length = remote.read(&mut piece).await.map_err(|error| format!("{from}: {error}"))?;
        if length == 0 {
            break;
        }
        local.write_all(piece.get(..length).unwrap_or_default()).await.map_err(problem)?;
        progress.moved(length as u64);
        done += length as u64;
    }
    local.flush().await.map_err(problem)?;
    match size {
        Some(size) if done < size => Err(format!("only {done} of {size} bytes arrived")),
        _ => Ok(()),
    }
}

fn permissions(mode: u32) -> Metadata {
    FileAttributes { permissions: Some(mode), ..FileAttributes::empty() }
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("the name {} is not UTF-8, which sftp cannot send", path.display()))
}

fn shown(error: &SftpError, path: &str) -> String {
    match error {
        SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile => {
            format!("{path}: No such file or directory; does its directory exist in the guest?")
        }
        SftpError::Status(status) => format!("{path}: {}", status.error_message),
        other => format!("{path}: {other}"),
    }
}
