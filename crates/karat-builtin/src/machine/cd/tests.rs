use std::process::Command;

use karat_sdk::testing::context;

use super::*;

/// What `xorriso` (an independent reader) finds on a CD: its label, and each file with its content.
fn read_back(iso: &Path, into: &Path) -> (String, BTreeMap<String, String>) {
    let run = |arguments: &[&str]| {
        let output =
            Command::new("xorriso").args(arguments).output().expect("xorriso, which scripts/need installs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let iso = iso.display().to_string();
    let into = into.display().to_string();
    let about = run(&["-indev", &iso, "-pvd_info"]);
    let label = about.lines().find_map(|line| line.strip_prefix("Volume Id    : ")).unwrap().to_string();
    run(&["-osirrox", "on", "-indev", &iso, "-extract", "/", &into]);
    let mut files = BTreeMap::new();
    let mut open = vec![PathBuf::from(&into)];
    while let Some(directory) = open.pop() {
        for path in sorted(&directory).unwrap() {
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&into).unwrap().display().to_string();
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    (label, files)
}

fn options(files: &[&str], content: &[(&str, &str)], label: &str) -> CdOptions {
    CdOptions {
        cd_files: files.iter().map(|file| file.to_string()).collect(),
        cd_content: content.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect(),
        cd_label: label.to_string(),
    }
}

#[tokio::test]
async fn com_17_a_cd_of_files_directories_and_texts() {
    let (cx, host) = context();
    let base = host.directory();
    std::fs::create_dir_all(base.join("seed/deep/er")).unwrap();
    std::fs::write(base.join("seed/deep/er/A long name with spaces.txt"), "deep").unwrap();
    std::fs::write(base.join("seed/meta-data"), "from a file").unwrap();
    std::fs::write(base.join("one.cfg"), "one").unwrap();
    std::fs::write(base.join("two.cfg"), "two").unwrap();
    std::fs::write(base.join("big.bin"), "x".repeat(5_000_000)).unwrap();

    let options = options(
        &["seed", "*.cfg", "big.bin"],
        &[("/user-data", "#cloud-config\n"), ("seed/meta-data", "from a text"), ("new/dir/ä", "ü")],
        "cidata",
    );
    let iso = options.make(&cx).await.unwrap().unwrap();
    assert_eq!(host.lines(), ["Creating CD disk...", "Done copying paths from CD_dirs"]);

    let (label, mut files) = read_back(&iso, &base.join("out"));
    assert_eq!(label, "cidata");
    assert_eq!(files.remove("big.bin").map(|text| text.len()), Some(5_000_000));
    let files: Vec<_> = files.iter().map(|(name, text)| format!("{name}: {text}")).collect();
    assert_eq!(
        files,
        [
            "new/dir/ä: ü",
            "one.cfg: one",
            "seed/deep/er/A long name with spaces.txt: deep",
            "seed/meta-data: from a text",
            "two.cfg: two",
            "user-data: #cloud-config\n",
        ]
    );
    assert!(iso.starts_with(cx.scratch().await.unwrap()), "it goes with the build's scratch directory");
}

#[tokio::test]
async fn com_17_nothing_to_put_on_a_cd_makes_none() {
    let (cx, host) = context();
    assert_eq!(options(&[], &[], "packer").make(&cx).await.unwrap(), None);
    assert!(host.lines().is_empty());
}

#[tokio::test]
async fn com_17_missing_files_are_named() {
    let (cx, host) = context();
    let mut problems = Problems::new();
    options(&["nowhere.cfg", "*.later"], &[("../out", "x"), ("dir/", "x")], "x")
        .check(&host.directory(), &mut problems);
    let messages: Vec<_> = problems.0.into_iter().map(|problem| problem.message).collect();
    assert_eq!(
        messages,
        [
            "Bad CD disk file 'nowhere.cfg': No such file or directory (os error 2)",
            "cd_content: \"../out\" is not a path on the CD",
            "cd_content: \"dir/\" is not a path on the CD",
        ]
    );
    let error = options(&["*.later"], &[], "x").make(&cx).await.unwrap_err();
    assert_eq!(error.to_string(), "cd_files: *.later matches nothing");
}
