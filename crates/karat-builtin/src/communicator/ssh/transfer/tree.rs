//! Directories as one tar stream through the guest's tar.
//!
//! What is there already decides how each entry travels: tar would give it the mode and owner of ours, where scp keeps
//! its own. So the guest is asked first, and only what is new goes into the archive.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use futures::TryStreamExt;
use karat_sdk::{CommError, Exit, Transfer};
use tar::{Builder, EntryType, Header};

use super::super::session::SshCommunicator;
use super::local::{Content, EntryKind, LocalFile, Tree};
use super::pump::{self, Progress};
use super::remote_path::{after_greeting, exact, helper, word};
use super::{Way, failed, shell};

/// Files that exist travel one by one, so many at once: servers allow ten sessions, and other commands need some.
const SINGLE_FILES_AT_ONCE: usize = 4;
/// More files than this are worth a copy on the guest's side.
const FEW: usize = 8;
const NOT_DIRECTORY: i32 = 74;

/// Sends a tree.
pub(super) async fn upload(
    ssh: &SshCommunicator,
    tree: &Tree,
    to: &str,
    transfer: Transfer<'_>,
) -> Result<Way, CommError> {
    if tree.has_line_feeds() {
        return Ok(Way::Closed("a file name holds a line feed, which only sftp can send".into()));
    }
    let survey = match survey(ssh, tree, to).await? {
        Ok(survey) => survey,
        Err(why) => return Ok(Way::Closed(why)),
    };
    let mut progress = Progress::new(transfer, Some(tree.bytes()));
    if let Way::Closed(why) = send_new(ssh, tree, to, &survey, &mut progress).await? {
        return Ok(Way::Closed(why));
    }
    send_existing(ssh, tree, &survey, &mut progress).await?;
    Ok(Way::Done)
}

/// What the guest has.
struct Survey {
    /// Where the entries go, absolute.
    root: String,
    umask: u32,
    existing: HashSet<PathBuf>,
}

/// Asks the guest, and makes the directory that the entries go into: the target itself where it does not exist, else
/// a directory of our name in it (what `scp -r` does).
async fn survey(ssh: &SshCommunicator, tree: &Tree, to: &str) -> Result<Result<Survey, String>, CommError> {
    let base = tree.base.as_ref().map(|name| name.to_string_lossy().into_owned());
    let script = format!(
        "command -v tar >/dev/null 2>&1 || {{ echo no tar; exit 0; }}; u=$(umask); d={}; b={}; r=$d; \
         if [ -d \"$d\" ]; then [ -z \"$b\" ] || r=$d/$b; elif [ -e \"$d\" ]; then exit {NOT_DIRECTORY}; fi; \
         [ -d \"$r\" ] || {{ mkdir \"$r\" && chmod \"$(printf %o $((0{:o} & ~0$u)))\" \"$r\" || exit 1; }}; \
         cd \"$r\" || exit 1; echo \"$u\"; pwd; \
         while IFS= read -r n; do if [ -e \"$n\" ] || [ -L \"$n\" ]; then printf \"%s\\n\" \"$n\"; fi; done",
        word(to),
        exact(base.as_deref().unwrap_or_default()),
        // Entries go in whatever the directory's mode.
        tree.mode | 0o700,
    );
    let exec = ssh.exec(&helper(&script)).await?;
    let input = exec.input();
    let mut names = Vec::new();
    for entry in &tree.entries {
        names.extend_from_slice(b"./");
        names.extend_from_slice(entry.path.as_os_str().as_bytes());
        names.push(b'\n');
    }
    let finished = exec
        .feed(async {
            input.send(names).await?;
            input.end().await
        })
        .await?;
    let Some(said) = after_greeting(&finished.stdout) else {
        ssh.has_no_shell();
        return Ok(Err("the login shell does not run POSIX shell commands".into()));
    };
    if said == b"no tar\n" {
        return Ok(Err("the guest has no tar".into()));
    }
    match finished.exit {
        Exit::Code(0) => {}
        Exit::Code(NOT_DIRECTORY) => {
            let cause = format!("{to} is in the guest and not a directory");
            return Err(failed(&tree.root().display(), to, ssh, &cause));
        }
        _ => return Err(failed(&tree.root().display(), to, ssh, &finished.complaint())),
    }
    let mut lines = said.split(|byte| *byte == b'\n');
    let mut line = || String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (umask, root) = (u32::from_str_radix(line().trim(), 8).unwrap_or(0o022), line());
    let existing = lines
        .filter_map(|line| line.strip_prefix(b"./"))
        .map(|name| PathBuf::from(std::ffi::OsStr::from_bytes(name)))
        .collect();
    Ok(Ok(Survey { root, umask, existing }))
}

/// Sends what the guest does not have, as one stream.
async fn send_new(
    ssh: &SshCommunicator,
    tree: &Tree,
    to: &str,
    survey: &Survey,
    progress: &mut Progress<'_>,
) -> Result<Way, CommError> {
    let members: Vec<Member> = tree
        .entries
        .iter()
        .filter(|entry| !survey.existing.contains(&entry.path))
        .map(|entry| Member { path: entry.path.clone(), mode: entry.mode & !survey.umask, kind: entry.kind })
        .collect();
    if members.is_empty() {
        return Ok(Way::Done);
    }
    // Exact modes (p), our owner (o), the guest's clock (m).
    let exec = ssh.exec(&helper(&format!("cd {} && exec tar -xpomf -", exact(&survey.root)))).await?;
    let input = exec.input();
    let root = tree.root().to_path_buf();
    let mut pieces = pump::produce(move |writer| archive(&root, &members, writer));
    let what = tree.root().display().to_string();
    let finished = exec
        .feed(async {
            pump::forward(&mut pieces, &input, progress, &what).await?;
            input.end().await
        })
        .await?;
    let complaint = finished.complaint();
    match finished.exit {
        Exit::Code(0) => Ok(Way::Done),
        _ if complaint.contains("invalid option") || complaint.contains("unrecognized option") => {
            Ok(Way::Closed(format!("the guest's tar is too simple: {complaint}")))
        }
        _ => Err(failed(&what, to, ssh, &complaint)),
    }
}

/// Sends the files that the guest has already, each into the one that is there.
async fn send_existing(
    ssh: &SshCommunicator,
    tree: &Tree,
    survey: &Survey,
    progress: &mut Progress<'_>,
) -> Result<(), CommError> {
    let files = tree.entries.iter().filter(|entry| survey.existing.contains(&entry.path));
    let files: Vec<_> = files
        .filter_map(|entry| match entry.kind {
            EntryKind::File { size } => Some((entry, size)),
            EntryKind::Directory => None,
        })
        .collect();
    if files.len() > FEW {
        let members =
            files.iter().map(|(entry, _)| Member { path: entry.path.clone(), mode: 0o600, kind: entry.kind });
        if copy_over(ssh, tree, survey, members.collect(), progress).await? {
            return Ok(());
        }
    }
    futures::stream::iter(files.into_iter().map(Ok))
        .try_for_each_concurrent(SINGLE_FILES_AT_ONCE, |(entry, size)| async move {
            let file =
                LocalFile { content: Content::File(tree.root().join(&entry.path)), mode: entry.mode, size };
            let to = format!("{}/{}", survey.root.trim_end_matches('/'), entry.path.display());
            match shell::upload_exact(ssh, &file, &to).await? {
                Way::Done => Ok(()),
                Way::Closed(why) => Err(failed(&file.name(), &to, ssh, &why)),
            }
        })
        .await
}

/// Unpacks beside, and lets the guest's own `cp` write into the files that are there, which leaves their owners, modes
/// and links alone. False if that did not work; one by one still may.
async fn copy_over(
    ssh: &SshCommunicator,
    tree: &Tree,
    survey: &Survey,
    members: Vec<Member>,
    progress: &mut Progress<'_>,
) -> Result<bool, CommError> {
    let script = format!(
        "t=$(mktemp -d) || exit 1; trap \"rm -rf $t\" EXIT; cd \"$t\" && tar -xomf - && cp -R ./. {}/",
        exact(survey.root.trim_end_matches('/'))
    );
    let exec = ssh.exec(&helper(&script)).await?;
    let input = exec.input();
    let root = tree.root().to_path_buf();
    let mut pieces = pump::produce(move |writer| archive(&root, &members, writer));
    let what = tree.root().display().to_string();
    let finished = exec
        .feed(async {
            pump::forward(&mut pieces, &input, progress, &what).await?;
            input.end().await
        })
        .await?;
    Ok(finished.exit == Exit::Code(0))
}

struct Member {
    path: PathBuf,
    mode: u32,
    kind: EntryKind,
}

fn archive(root: &Path, members: &[Member], writer: &mut pump::PieceWriter) -> io::Result<()> {
    let mut builder = Builder::new(writer);
    for member in members {
        let mut header = Header::new_gnu();
        header.set_mode(member.mode);
        header.set_mtime(0);
        match member.kind {
            EntryKind::Directory => {
                header.set_entry_type(EntryType::Directory);
                header.set_size(0);
                builder.append_data(&mut header, &member.path, io::empty())?;
            }
            EntryKind::File { size } => {
                header.set_entry_type(EntryType::Regular);
                header.set_size(size);
                let path = root.join(&member.path);
                let named =
                    |error: io::Error| io::Error::other(format!("cannot read {}: {error}", path.display()));
                let file = File::open(&path).map_err(named)?;
                builder
                    .append_data(&mut header, &member.path, Exactly { file: file.take(size) })
                    .map_err(named)?;
            }
        }
    }
    builder.finish()
}

/// A file that must not become shorter: an archive's header has promised its size.
struct Exactly {
    file: io::Take<File>,
}

impl Read for Exactly {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.file.read(into)? {
            0 if self.file.limit() > 0 && !into.is_empty() => {
                Err(io::Error::other("it became shorter while it was read"))
            }
            read => Ok(read),
        }
    }
}
