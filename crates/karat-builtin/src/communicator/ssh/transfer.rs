//! Moving files: by the fastest way that the guest offers, or by the one that the template names.

mod local;
mod pump;
mod remote_path;
mod scp;
mod sftp;
mod shell;
mod tree;

use karat_sdk::{CommError, Download, Transfer, Upload};

use super::session::SshCommunicator;
use crate::communicator::options::TransferMethod;
use local::{LocalFile, Tree};

/// Whether a way of moving files was open.
enum Way {
    /// It was, and the files moved.
    Done,
    /// It was not; nothing moved. Says why, for people.
    Closed(String),
}

/// Sends a file or a directory.
pub(super) async fn upload(
    ssh: &SshCommunicator,
    what: Upload<'_>,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<(), CommError> {
    match what {
        Upload::Bytes { data, mode } => upload_file(ssh, &LocalFile::bytes(data, mode), to, transfer).await,
        Upload::File(path) => {
            let file =
                LocalFile::open(path).await.map_err(|cause| failed(&path.display(), to, ssh, &cause))?;
            upload_file(ssh, &file, to, transfer).await
        }
        Upload::Directory { path, contents_only } => {
            let tree = Tree::read(path, contents_only)
                .await
                .map_err(|cause| failed(&path.display(), to, ssh, &cause))?;
            upload_tree(ssh, &tree, to, transfer).await
        }
    }
}

async fn upload_file(
    ssh: &SshCommunicator,
    file: &LocalFile<'_>,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<(), CommError> {
    let mut closed = Vec::new();
    if ssh.method == TransferMethod::Fastest && ssh.may_have_shell() {
        match shell::upload(ssh, file, to, transfer).await? {
            Way::Done => return Ok(()),
            Way::Closed(why) => closed.push(why),
        }
    }
    if ssh.method != TransferMethod::Sftp {
        match scp::upload_file(ssh, file, to, transfer).await? {
            Way::Done => return Ok(()),
            Way::Closed(why) => closed.push(why),
        }
    }
    if ssh.method != TransferMethod::Scp {
        match sftp::upload_file(ssh, file, to, transfer).await? {
            Way::Done => return Ok(()),
            Way::Closed(why) => closed.push(why),
        }
    }
    Err(failed(&file.name(), to, ssh, &closed.join("; ")))
}

async fn upload_tree(
    ssh: &SshCommunicator,
    tree: &Tree,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<(), CommError> {
    let mut closed = Vec::new();
    if ssh.method == TransferMethod::Fastest && ssh.may_have_shell() {
        match tree::upload(ssh, tree, to, transfer).await? {
            Way::Done => return Ok(()),
            Way::Closed(why) => closed.push(why),
        }
    }
    // Many small files are one round trip each for scp, so sftp, which has many on the way, comes first.
    if ssh.method != TransferMethod::Scp {
        match sftp::upload_tree(ssh, tree, to, transfer).await? {
            Way::Done => return Ok(()),
            Way::Closed(why) => closed.push(why),
        }
    }
    if ssh.method != TransferMethod::Sftp {
        match scp::upload_tree(ssh, tree, to, transfer).await? {
            Way::Done => return Ok(()),
            Way::Closed(why) => closed.push(why),
        }
    }
    Err(failed(&tree.root().display(), to, ssh, &closed.join("; ")))
}

/// Fetches a file or a directory.
pub(super) async fn download(
    ssh: &SshCommunicator,
    from: &str,
    into: Download<'_>,
    transfer: Transfer<'_>,
) -> Result<(), CommError> {
    let mut closed = Vec::new();
    let target = match into {
        Download::Directory(target) => {
            // Directories come by scp whatever the template says (Packer 1.16).
            match scp::download_tree(ssh, from, target, transfer).await? {
                Way::Done => return Ok(()),
                Way::Closed(why) => return Err(fetch_failed(from, &target.display(), ssh, &why)),
            }
        }
        Download::File(target) => target,
    };
    if ssh.method == TransferMethod::Fastest && ssh.may_have_shell() {
        match shell::download(ssh, from, target, transfer).await? {
            Way::Done => return Ok(()),
            Way::Closed(why) => closed.push(why),
        }
    }
    if ssh.method != TransferMethod::Sftp {
        match scp::download_file(ssh, from, target, transfer).await? {
            Way::Done => return Ok(()),
            Way::Closed(why) => closed.push(why),
        }
    }
    if ssh.method != TransferMethod::Scp {
        match sftp::download_file(ssh, from, target, transfer).await? {
            Way::Done => return Ok(()),
            Way::Closed(why) => closed.push(why),
        }
    }
    Err(fetch_failed(from, &target.display(), ssh, &closed.join("; ")))
}

/// An upload that failed.
fn failed(from: &dyn std::fmt::Display, to: &str, ssh: &SshCommunicator, cause: &str) -> CommError {
    CommError::Transfer { what: format!("{from} to {to} on {}", ssh.address()), cause: cause.to_string() }
}

/// A download that failed.
fn fetch_failed(from: &str, to: &dyn std::fmt::Display, ssh: &SshCommunicator, cause: &str) -> CommError {
    CommError::Transfer { what: format!("{from} on {} to {to}", ssh.address()), cause: cause.to_string() }
}
