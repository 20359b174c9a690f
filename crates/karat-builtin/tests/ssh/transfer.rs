//! Files on their way: by every method, with the names, modes and mistakes that real ones have.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use karat_sdk::{CommError, Download, Guest, Transfer, Upload};

use crate::guest::{Lab, server};

const METHODS: [&[(&str, &str)]; 3] =
    [&[], &[("ssh_file_transfer_method", "scp")], &[("ssh_file_transfer_method", "sftp")]];

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Every path below `root` with its mode, and the content of files.
fn tree(root: &Path) -> BTreeMap<String, (u32, Option<Vec<u8>>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let content = if path.is_dir() {
                open.push(path.clone());
                None
            } else {
                Some(fs::read(&path).unwrap())
            };
            found.insert(path.strip_prefix(root).unwrap().display().to_string(), (mode(&path), content));
        }
    }
    found
}

async fn send(lab: &Lab, what: Upload<'_>, to: &Path) -> Result<(), CommError> {
    lab.connection.communicator().upload(what, to.to_str().unwrap(), Transfer::quiet()).await
}

#[tokio::test]
async fn com_10_files_arrive_with_content_and_mode() {
    for method in METHODS {
        for strict in [false, true] {
            let lab = Lab::with(method, strict).await;
            let data: Vec<u8> = (0..600_000_u32).flat_map(u32::to_le_bytes).collect();
            for (name, bits) in [("a file", 0o640), ("run", 0o755), ("private", 0o600)] {
                let local = lab.local(name, &data);
                set_mode(&local, bits);
                let to = lab.target().join(name);
                send(&lab, Upload::File(&local), &to).await.unwrap();
                assert!(fs::read(&to).unwrap() == data, "{method:?} {strict}: {name}");
                assert_eq!(mode(&to), bits, "{method:?} {strict}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn com_10_names_with_blanks_and_quotes_arrive() {
    for method in METHODS {
        let lab = Lab::with(method, false).await;
        let directory = lab.target().join(r#"it's a "dir" \ ;&"#);
        fs::create_dir(&directory).unwrap();
        let to = directory.join(r#"a $x `b` 'c' "d" *.txt"#);
        send(&lab, Upload::Bytes { data: b"content", mode: 0o644 }, &to).await.unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"content", "{method:?}");
        let back = lab.local("back", "");
        let from = directory.join("plain name");
        fs::write(&from, "remote").unwrap();
        let into = Download::File(&back);
        lab.connection
            .communicator()
            .download(from.to_str().unwrap(), into, Transfer::quiet())
            .await
            .unwrap();
        assert_eq!(fs::read(&back).unwrap(), b"remote", "{method:?}");
    }
}

#[tokio::test]
async fn com_10_the_home_directory_is_found() {
    for method in [&[("ssh_file_transfer_method", "scp")] as &[_], &[]] {
        let lab = Lab::with(method, false).await;
        let home = lab.server.directory().join("home");
        lab.connection
            .communicator()
            .upload(Upload::Bytes { data: b"x", mode: 0o644 }, "~/in home", Transfer::quiet())
            .await
            .unwrap();
        assert_eq!(fs::read(home.join("in home")).unwrap(), b"x");
        let back = lab.local("back", "");
        let into = Download::File(&back);
        lab.connection.communicator().download("~/in home", into, Transfer::quiet()).await.unwrap();
        assert_eq!(fs::read(back).unwrap(), b"x");
    }
}

#[tokio::test]
async fn com_10_a_file_that_is_there_keeps_its_mode() {
    for method in &METHODS[..2] {
        let lab = Lab::with(method, false).await;
        let to = lab.target().join("config");
        fs::write(&to, "something longer than before").unwrap();
        set_mode(&to, 0o604);
        send(&lab, Upload::Bytes { data: b"new", mode: 0o755 }, &to).await.unwrap();
        assert_eq!((fs::read(&to).unwrap(), mode(&to)), (b"new".to_vec(), 0o604), "{method:?}");
    }
}

#[tokio::test]
async fn com_10_strict_speaks_scp_as_packer_does() {
    let lab = Lab::strict().await;
    let directory = lab.target().join("a b");
    fs::create_dir(&directory).unwrap();
    send(&lab, Upload::Bytes { data: b"x", mode: 0o644 }, &directory.join("file")).await.unwrap();
    let local = lab.local("tree/inside", "y");
    let root = local.parent().unwrap();
    send(&lab, Upload::Directory { path: root, contents_only: false }, &lab.target()).await.unwrap();
    let target = lab.target().display().to_string();
    assert_eq!(lab.commands(), [format!("scp -vt {target}/a\\ b"), format!("scp -rvt {target}")]);
    assert_eq!(fs::read(lab.target().join("tree/inside")).unwrap(), b"y");
}

#[tokio::test]
async fn com_10_mistakes_are_named() {
    for method in METHODS {
        let lab = Lab::with(method, false).await;
        let upload = Upload::Bytes { data: b"x", mode: 0o644 };
        if method != METHODS[1] {
            // scp puts the file in the place of the directory that is missing.
            let error =
                send(&lab, upload, &lab.target().join("no/where/file")).await.unwrap_err().to_string();
            assert!(
                error.contains("does not exist") || error.contains("No such file"),
                "{method:?}: {error}"
            );
        }
        fs::create_dir_all(lab.target().join("taken")).unwrap();
        let error = send(&lab, upload, &lab.target().join("taken")).await.unwrap_err().to_string();
        assert!(error.contains("irectory") || error.contains("Failure"), "{method:?}: {error}");
        let back = lab.local("back", "");
        let into = Download::File(&back);
        let from = lab.target().join("missing");
        let error =
            lab.connection.communicator().download(from.to_str().unwrap(), into, Transfer::quiet()).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("does not exist") || error.contains("No such file"), "{method:?}: {error}");
        let error = send(&lab, Upload::File(Path::new("/no/such/local")), &lab.target())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot read /no/such/local"), "{method:?}: {error}");
        // The connection has survived all of it.
        assert_eq!(lab.run("echo fine").await.0, "fine\n");
        assert_eq!(lab.server.logins(), 1);
    }
}

#[tokio::test]
async fn com_10_a_full_disk_is_named() {
    for method in METHODS {
        let lab = Lab::with(method, false).await;
        if method == METHODS[2] {
            // sftp sets the mode of what it writes, which must not be the real device's.
            continue;
        }
        let data = vec![1; 1 << 20];
        let error = send(&lab, Upload::Bytes { data: &data, mode: 0o644 }, Path::new("/dev/full")).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("No space left on device"), "{method:?}: {error}");
    }
}

fn make_tree(lab: &Lab) -> std::path::PathBuf {
    for (name, bits) in [("src/top", 0o644), ("src/bin/run me", 0o755), ("src/etc/deep/er/it's", 0o600)] {
        set_mode(lab.local(name, name), bits);
    }
    let root = lab.host.directory().join("local/src");
    fs::create_dir(root.join("empty")).unwrap();
    for (name, bits) in
        [("empty", 0o700), ("bin", 0o755), ("etc", 0o750), ("etc/deep", 0o755), ("etc/deep/er", 0o755)]
    {
        set_mode(root.join(name), bits);
    }
    set_mode(&root, 0o755);
    root
}

#[tokio::test]
async fn com_10_trees_arrive_with_names_and_modes() {
    for method in METHODS {
        for strict in [false, true] {
            let lab = Lab::with(method, strict).await;
            let root = make_tree(&lab);
            // Into a directory that is there: below it, under our name.
            let below = lab.target().join("below");
            fs::create_dir(&below).unwrap();
            send(&lab, Upload::Directory { path: &root, contents_only: false }, &below).await.unwrap();
            assert_eq!(tree(&below.join("src")), tree(&root), "{method:?} {strict}");
            // Only the contents.
            let contents = lab.target().join("contents");
            fs::create_dir(&contents).unwrap();
            set_mode(&contents, 0o1777);
            send(&lab, Upload::Directory { path: &root, contents_only: true }, &contents).await.unwrap();
            assert_eq!(tree(&contents), tree(&root), "{method:?} {strict}");
            assert_eq!(mode(&contents), 0o1777, "the directory that was there stays as it is");
        }
    }
}

#[tokio::test]
async fn com_10_a_tree_takes_the_place_of_a_directory_that_is_not_there() {
    for strict in [false, true] {
        let lab = Lab::with(&[], strict).await;
        let root = make_tree(&lab);
        let new = lab.target().join("new");
        send(&lab, Upload::Directory { path: &root, contents_only: false }, &new).await.unwrap();
        assert_eq!(tree(&new), tree(&root), "strict {strict}");
    }
}

#[tokio::test]
async fn com_10_a_tree_over_another_keeps_what_is_there_as_scp_does() {
    for strict in [false, true] {
        let lab = Lab::with(&[], strict).await;
        let root = make_tree(&lab);
        let to = lab.target();
        fs::create_dir_all(to.join("etc/deep")).unwrap();
        set_mode(to.join("etc"), 0o711);
        fs::write(to.join("top"), "old and longer").unwrap();
        set_mode(to.join("top"), 0o400);
        fs::write(to.join("other"), "stays").unwrap();
        fs::write(to.join("elsewhere"), "").unwrap();
        fs::create_dir_all(to.join("bin")).unwrap();
        symlink(to.join("elsewhere"), to.join("bin/run me")).unwrap();
        send(&lab, Upload::Directory { path: &root, contents_only: true }, &to).await.unwrap();
        assert_eq!(mode(to.join("etc")), 0o711, "strict {strict}");
        assert_eq!((fs::read(to.join("top")).unwrap(), mode(to.join("top"))), (b"src/top".to_vec(), 0o400));
        assert_eq!(
            fs::read(to.join("elsewhere")).unwrap(),
            b"src/bin/run me",
            "links in the guest are followed"
        );
        assert_eq!(fs::read(to.join("other")).unwrap(), b"stays");
        assert_eq!(fs::read(to.join("etc/deep/er/it's")).unwrap(), b"src/etc/deep/er/it's");
    }
}

#[tokio::test]
async fn com_10_links_are_followed_and_loops_refused() {
    for strict in [false, true] {
        let lab = Lab::with(&[], strict).await;
        let root = make_tree(&lab);
        symlink("top", root.join("link")).unwrap();
        symlink("bin", root.join("directory link")).unwrap();
        let to = lab.target();
        send(&lab, Upload::Directory { path: &root, contents_only: true }, &to).await.unwrap();
        assert!(!fs::symlink_metadata(to.join("link")).unwrap().is_symlink());
        assert_eq!(fs::read(to.join("link")).unwrap(), b"src/top");
        assert_eq!(fs::read(to.join("directory link/run me")).unwrap(), b"src/bin/run me");
        symlink("..", root.join("etc/loop")).unwrap();
        let error =
            send(&lab, Upload::Directory { path: &root, contents_only: true }, &to).await.unwrap_err();
        assert!(error.to_string().contains("etc/loop is a link to a directory that it is in"), "{error}");
    }
}

#[tokio::test]
async fn com_10_a_thousand_files_take_a_few_commands() {
    let lab = Lab::new().await;
    for index in 0..1000 {
        lab.local(&format!("many/d{}/file {index}", index % 10), format!("content {index}"));
    }
    let root = lab.host.directory().join("local/many");
    let moved = AtomicU64::new(0);
    let report = |done: u64, total: Option<u64>| {
        assert!(done <= total.unwrap() + (1 << 21), "tar's own bytes are few");
        moved.store(done, Ordering::Relaxed);
    };
    let what = Upload::Directory { path: &root, contents_only: false };
    let to = lab.target().display().to_string();
    lab.connection.communicator().upload(what, &to, Transfer::reporting(&report)).await.unwrap();
    assert_eq!(tree(&lab.target().join("many")), tree(&root));
    assert_eq!(lab.commands().len(), 2, "{:?}", lab.commands());
    assert!(moved.load(Ordering::Relaxed) > 0);

    // Again, over what is there: new content in the old files, whatever their modes.
    let old = lab.target().join("many/d3/file 3");
    set_mode(&old, 0o604);
    fs::write(root.join("d3/file 3"), "newer").unwrap();
    let what = Upload::Directory { path: &root, contents_only: false };
    lab.connection.communicator().upload(what, &to, Transfer::quiet()).await.unwrap();
    assert_eq!((fs::read(&old).unwrap(), mode(&old)), (b"newer".to_vec(), 0o604));
    assert_eq!(lab.commands().len(), 4, "{:?}", lab.commands());

    // And back: the guest says much before it is asked.
    let got = lab.host.directory().join("got");
    fs::create_dir(&got).unwrap();
    let from = format!("{to}/many");
    lab.connection
        .communicator()
        .download(&from, Download::Directory(&got), Transfer::quiet())
        .await
        .unwrap();
    assert_eq!(fs::read(got.join("many/d3/file 3")).unwrap(), b"newer");
    assert_eq!(tree(&got.join("many")).len(), 1010);
}

#[tokio::test]
async fn com_10_a_guest_without_a_shell_takes_files_by_sftp() {
    let guest = server("ForceCommand internal-sftp");
    let lab = Lab::at(guest, &[], false).await;
    let to = lab.target().join("file");
    send(&lab, Upload::Bytes { data: b"x", mode: 0o640 }, &to).await.unwrap();
    assert_eq!((fs::read(&to).unwrap(), mode(&to)), (b"x".to_vec(), 0o640));
    let root = make_tree(&lab);
    send(&lab, Upload::Directory { path: &root, contents_only: false }, &lab.target()).await.unwrap();
    assert_eq!(tree(&lab.target().join("src")), tree(&root));
}

#[tokio::test]
async fn com_10_a_guest_without_scp_says_so() {
    let guest = server("ForceCommand exit 127");
    let lab = Lab::at(guest, &[("ssh_file_transfer_method", "scp")], false).await;
    let error =
        send(&lab, Upload::Bytes { data: b"x", mode: 0o640 }, &lab.target().join("f")).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("SCP failed to start. This usually means that SCP is not\nproperly installed"),
        "{error}"
    );
}

#[tokio::test]
async fn com_10_other_shells_are_noticed() {
    // A login shell that is noisy before every command, and one that understands nothing.
    let guest = server("ForceCommand echo Welcome; eval \"$SSH_ORIGINAL_COMMAND\"");
    let lab = Lab::at(guest, &[], false).await;
    let to = lab.target().join("noisy");
    send(&lab, Upload::Bytes { data: b"x", mode: 0o640 }, &to).await.unwrap();
    assert_eq!(fs::read(&to).unwrap(), b"x");
    let guest = server(
        "ForceCommand case \"$SSH_ORIGINAL_COMMAND\" in scp*) eval \"$SSH_ORIGINAL_COMMAND\";; *) echo What?; exit 1;; esac",
    );
    let lab = Lab::at(guest, &[], false).await;
    let to = lab.target().join("strange");
    send(&lab, Upload::Bytes { data: b"x", mode: 0o640 }, &to).await.unwrap();
    assert_eq!(fs::read(&to).unwrap(), b"x");
}

#[tokio::test]
async fn com_11_a_guest_without_sftp_says_so() {
    let guest = server("ForceCommand exit 1");
    let lab = Lab::at(guest, &[("ssh_file_transfer_method", "sftp")], false).await;
    let error =
        send(&lab, Upload::Bytes { data: b"x", mode: 0o640 }, &lab.target().join("f")).await.unwrap_err();
    assert!(error.to_string().contains("sftpSession error: "), "{error}");
}

#[tokio::test]
async fn com_11_sftp_moves_files_both_ways() {
    let lab = Lab::with(METHODS[2], false).await;
    let data: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let to = lab.target().join("file");
    send(&lab, Upload::Bytes { data: &data, mode: 0o600 }, &to).await.unwrap();
    let back = lab.local("back", "");
    let into = Download::File(&back);
    lab.connection.communicator().download(to.to_str().unwrap(), into, Transfer::quiet()).await.unwrap();
    assert!(fs::read(back).unwrap() == data);
    assert!(lab.commands().is_empty(), "only the subsystem: {:?}", lab.commands());
}

#[tokio::test]
async fn com_10_downloads_of_files_and_directories() {
    for method in METHODS {
        for strict in [false, true] {
            let lab = Lab::with(method, strict).await;
            let root = make_tree(&lab);
            let data = vec![7; 3 << 20];
            let from = lab.target().join("big");
            fs::write(&from, &data).unwrap();
            let back = lab.local("back", "old");
            let into = Download::File(&back);
            lab.connection
                .communicator()
                .download(from.to_str().unwrap(), into, Transfer::quiet())
                .await
                .unwrap();
            assert!(fs::read(&back).unwrap() == data, "{method:?} {strict}");
            // Directories come by scp whatever the method.
            let into = lab.host.directory().join("got");
            fs::create_dir(&into).unwrap();
            let from = root.to_str().unwrap();
            let directory = Download::Directory(&into);
            lab.connection.communicator().download(from, directory, Transfer::quiet()).await.unwrap();
            let names = |root: &Path| {
                tree(root).into_iter().map(|(name, (_, content))| (name, content)).collect::<Vec<_>>()
            };
            assert_eq!(names(&into.join("src")), names(&root), "{method:?} {strict}");
        }
    }
}

#[tokio::test]
async fn com_10_files_of_the_kernel_have_no_size_and_content() {
    let lab = Lab::new().await;
    let back = lab.local("back", "");
    let into = Download::File(&back);
    lab.connection.communicator().download("/proc/version", into, Transfer::quiet()).await.unwrap();
    assert_eq!(fs::read(back).unwrap(), fs::read("/proc/version").unwrap());
}

#[tokio::test]
async fn com_10_a_pipe_is_sent_whole() {
    let lab = Lab::new().await;
    let pipe = lab.host.directory().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = pipe.clone();
    let writing = tokio::task::spawn_blocking(move || fs::write(writer, "through a pipe").unwrap());
    let to = lab.target().join("file");
    send(&lab, Upload::File(&pipe), &to).await.unwrap();
    writing.await.unwrap();
    assert_eq!((fs::read(&to).unwrap(), mode(&to)), (b"through a pipe".to_vec(), 0o644));
}
