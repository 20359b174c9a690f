//! The `file` provisioner.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use karat_builtin::provisioner::file::FileProvisioner;
use karat_sdk::testing::{RecordingHost, check_context};
use karat_sdk::{Component, Provisioner};

use crate::guest::{Lab, config};

async fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
    let host = RecordingHost::new();
    let checked =
        FileProvisioner.check(&check_context(&host), &config(&FileProvisioner.schema(), pairs)).await;
    checked
        .err()
        .map(|problems| problems.0.into_iter().map(|problem| problem.message).collect())
        .unwrap_or_default()
}

#[tokio::test]
async fn blt_09_options_are_checked_as_packer_does() {
    assert_eq!(problems(&[]).await, ["Destination must be specified."]);
    assert!(problems(&[("destination", "/x")]).await.is_empty(), "nothing to do is fine");
    let found = problems(&[("destination", "/x"), ("source", "/etc/hostname"), ("content", "c")]).await;
    assert_eq!(found, ["source(s) conflicts with content."]);
    let found = problems(&[("destination", "/x"), ("direction", "sideways")]).await;
    assert_eq!(found, ["Direction must be one of: download, upload."]);
    let found = problems(&[("destination", "/x"), ("source", "/no/such")]).await;
    assert!(found[0].starts_with("Bad source '/no/such': "), "{found:?}");
    assert!(
        problems(&[("destination", "/x"), ("source", "/no/such"), ("generated", "true")]).await.is_empty()
    );
    assert!(
        problems(&[("destination", "x"), ("source", "/no/such"), ("direction", "download")]).await.is_empty()
    );
}

#[tokio::test]
async fn blt_09_files_go_where_they_should() {
    for strict in [false, true] {
        let lab = Lab::with(&[], strict).await;
        let (one, two) = (lab.local("one", "1"), lab.local("two", "2"));
        fs::set_permissions(&two, fs::Permissions::from_mode(0o750)).unwrap();
        let target = lab.target().display().to_string();
        let sources = format!("{}|{}", one.display(), two.display());
        let into = format!("{target}/");
        lab.provision(&FileProvisioner, &[("sources", &sources), ("destination", &into)]).await.unwrap();
        let named = format!("{target}/renamed");
        lab.provision(&FileProvisioner, &[("source", "local/one"), ("destination", &named)]).await.unwrap();
        assert_eq!(fs::read(lab.target().join("one")).unwrap(), b"1");
        assert_eq!(fs::read(lab.target().join("renamed")).unwrap(), b"1");
        assert_eq!(fs::metadata(lab.target().join("two")).unwrap().permissions().mode() & 0o777, 0o750);
        assert_eq!(
            lab.lines(),
            [
                format!("Uploading {} => {into}", one.display()),
                format!("Uploading {} => {into}", two.display()),
                format!("Uploading local/one => {named}"),
            ]
        );
    }
}

#[tokio::test]
async fn blt_09_directories_go_with_or_without_their_name() {
    for strict in [false, true] {
        let lab = Lab::with(&[], strict).await;
        lab.local("tree/sub/file", "x");
        let target = lab.target();
        let to = target.to_str().unwrap();
        lab.provision(&FileProvisioner, &[("source", "local/tree"), ("destination", to)]).await.unwrap();
        assert_eq!(fs::read(target.join("tree/sub/file")).unwrap(), b"x");
        lab.provision(&FileProvisioner, &[("source", "local/tree/"), ("destination", to)]).await.unwrap();
        assert_eq!(fs::read(target.join("sub/file")).unwrap(), b"x");
    }
}

#[tokio::test]
async fn blt_09_content_is_a_file() {
    let lab = Lab::new().await;
    let to = lab.target().join("motd");
    lab.provision(&FileProvisioner, &[("content", "hello\n"), ("destination", to.to_str().unwrap())])
        .await
        .unwrap();
    assert_eq!(fs::read(to).unwrap(), b"hello\n");
    let into = format!("{}/", lab.target().display());
    let error =
        lab.provision(&FileProvisioner, &[("content", "x"), ("destination", &into)]).await.unwrap_err();
    assert!(error.to_string().contains("add a file name"), "{error}");
}

#[tokio::test]
async fn blt_09_a_failed_upload_is_said_before_the_error() {
    let lab = Lab::new().await;
    lab.local("one", "1");
    let to = lab.target().join("no/dir");
    let pairs = [("source", "local/one"), ("destination", to.to_str().unwrap())];
    let error = lab.provision(&FileProvisioner, &pairs).await.unwrap_err().to_string();
    assert!(error.contains("does not exist in the guest; make it first"), "{error}");
    assert_eq!(lab.lines().last().unwrap(), &format!("error: Upload failed: {error}"));
}

#[tokio::test]
async fn blt_10_files_come_back() {
    for strict in [false, true] {
        let lab = Lab::with(&[], strict).await;
        fs::write(lab.target().join("log file"), "lines").unwrap();
        let from = lab.target().join("log file").display().to_string();
        let pairs = [("source", from.as_str()), ("destination", "got/deep/"), ("direction", "download")];
        lab.provision(&FileProvisioner, &pairs).await.unwrap();
        let got = lab.host.directory().join("got/deep/log file");
        assert_eq!(fs::read(&got).unwrap(), b"lines", "strict {strict}");
        assert_eq!(fs::metadata(&got).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(lab.lines(), [format!("Downloading {from} => got/deep/log file")]);
        let pairs = [("source", from.as_str()), ("destination", "other"), ("direction", "download")];
        lab.provision(&FileProvisioner, &pairs).await.unwrap();
        assert_eq!(fs::read(lab.host.directory().join("other")).unwrap(), b"lines");
    }
}

#[tokio::test]
async fn blt_10_a_directory_ends_the_list() {
    for strict in [false, true] {
        let lab = Lab::with(&[], strict).await;
        let target = lab.target();
        fs::create_dir(target.join("logs")).unwrap();
        fs::write(target.join("logs/a"), "a").unwrap();
        fs::write(target.join("b"), "b").unwrap();
        let sources = format!("{0}/logs/|{0}/b", target.display());
        let pairs = [("sources", sources.as_str()), ("destination", "got/"), ("direction", "download")];
        lab.provision(&FileProvisioner, &pairs).await.unwrap();
        assert_eq!(fs::read(lab.host.directory().join("got/logs/a")).unwrap(), b"a", "strict {strict}");
        assert!(!lab.host.directory().join("got/b").exists());
    }
}

#[tokio::test]
async fn blt_10_patterns_fetch_what_they_match() {
    let lab = Lab::new().await;
    let target = lab.target();
    for name in ["one.log", "two words.log", "other.txt"] {
        fs::write(target.join(name), name).unwrap();
    }
    let from = format!("{}/*.log", target.display());
    let pairs = [("source", from.as_str()), ("destination", "got/"), ("direction", "download")];
    lab.provision(&FileProvisioner, &pairs).await.unwrap();
    let got = lab.host.directory().join("got");
    let mut names: Vec<_> = fs::read_dir(got).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["one.log", "two words.log"]);
}

#[tokio::test]
async fn blt_10_what_is_missing_is_named() {
    let lab = Lab::new().await;
    let pairs = [("source", "/no/such/file"), ("destination", "got"), ("direction", "download")];
    let error = lab.provision(&FileProvisioner, &pairs).await.unwrap_err().to_string();
    assert!(error.contains("/no/such/file does not exist in the guest"), "{error}");
    assert_eq!(lab.lines().last().unwrap(), &format!("error: Download failed: {error}"));
    assert!(!lab.host.directory().join("got").exists(), "nothing is left behind");
}
