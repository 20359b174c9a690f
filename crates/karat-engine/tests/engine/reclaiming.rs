//! What a run left that died is removed, and nothing else.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use karat_engine::{ReclaimReport, reclaim};
use karat_model::id::{BuildName, RunId};
use karat_model::resource::{Intent, MARK, ProcessHandle, ResourceId};
use karat_sdk::owned::process_handle;
use karat_store::{MemoryStore, RunHeader, Store, new_run_id};

use crate::scripted::Bench;

/// A run in another process.
struct Other {
    store: Store,
    run: RunId,
}

impl Other {
    async fn begin(store: Store) -> Self {
        let run = new_run_id();
        let header = RunHeader {
            format: karat_model::event::FORMAT,
            version: "0".into(),
            run: run.clone(),
            template: String::new(),
            started_ms: 0,
            command: Vec::new(),
        };
        store.log.begin(&header).await.unwrap();
        Self { store, run }
    }

    async fn intend(&self, intent: Intent) -> ResourceId {
        self.store.ledger.intend(&self.run, Some(&BuildName("qemu.a".into())), &intent).await.unwrap()
    }

    async fn process(&self) -> ResourceId {
        self.intend(Intent::Process { program: "sleep".into() }).await
    }

    async fn acquired(&self, id: ResourceId, process: Option<ProcessHandle>) {
        self.store.ledger.acquired(id, process).await.unwrap();
    }

    /// What `own_process` puts into the environment.
    fn mark(&self, id: ResourceId) -> String {
        format!("{}/{}", self.run, id.0)
    }

    /// The process is killed: its leases go, its things stay.
    fn die(self) {
        drop(self.store);
    }
}

fn spawn(line: &str, mark: Option<String>) -> Child {
    start(Command::new("sh").args(["-c", line]), mark)
}

/// A program that does nothing for long. Not by way of a shell: a process shows no environment while it becomes another
/// program.
fn sleeper(mark: Option<String>) -> Child {
    start(Command::new("sleep").arg("1000"), mark)
}

fn start(command: &mut Command, mark: Option<String>) -> Child {
    if let Some(mark) = mark {
        command.env(MARK, mark);
    }
    command.process_group(0).spawn().unwrap()
}

/// Whether a child still runs.
fn runs(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_none()
}

fn whats(report: &ReclaimReport) -> Vec<&str> {
    report.reclaimed.iter().map(|gone| gone.what.as_str()).collect()
}

fn memory() -> (Store, Store) {
    let first = MemoryStore::default();
    (Store::of_memory(first.another_process()), Store::of_memory(first))
}

#[tokio::test]
async fn processes_are_found_by_their_mark_and_by_their_handle() {
    let (theirs, ours) = memory();
    let other = Other::begin(theirs).await;
    // Died before the pid was noted.
    let id = other.process().await;
    let mut intended = sleeper(Some(other.mark(id)));
    // The pid was noted; the program cleared its environment.
    let id = other.process().await;
    let mut acquired = sleeper(None);
    other.acquired(id, process_handle(acquired.id() as i32)).await;
    // The program has gone, and its children have not.
    let id = other.process().await;
    let mut parent = spawn("sleep 1000 & sleep 1000 & echo", Some(other.mark(id)));
    parent.wait().unwrap();
    other.acquired(id, None).await;
    // Between fork and exec a process shows no environment.
    let orphans = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
            let orphans: Vec<PathBuf> = processes.filter(|path| carries(path, &other.mark(id))).collect();
            if orphans.len() == 2 {
                return orphans;
            }
            // /proc tells nobody when it changes, so the condition is looked at again.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the two orphans never showed their mark");
    // The pid belongs to somebody else now.
    let id = other.process().await;
    let mut stranger = sleeper(None);
    let now = process_handle(stranger.id() as i32).unwrap();
    other.acquired(id, Some(ProcessHandle { started: now.started - 1, ..now })).await;
    // Another entry's mark, of which this one is a beginning.
    let mut namesake = sleeper(Some(format!("{}0", other.mark(id))));
    // Never made.
    other.process().await;
    other.die();

    let report = reclaim(&ours).await.unwrap();
    assert_eq!(whats(&report), ["process sleep"; 3]);
    assert_eq!(report.reclaimed[0].build, Some(BuildName("qemu.a".into())));
    assert_eq!(report.left, []);
    assert!(!runs(&mut intended) && !runs(&mut acquired));
    assert!(orphans.iter().all(|orphan| !carries(orphan, "")));
    assert!(runs(&mut stranger) && runs(&mut namesake));
    assert_eq!(reclaim(&ours).await.unwrap(), ReclaimReport::default(), "once is enough");
    for mut child in [stranger, namesake] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Whether a process under `/proc` runs and carries the mark. Those that have ended have no environment.
fn carries(process: &Path, mark: &str) -> bool {
    std::fs::read(process.join("environ")).is_ok_and(|environment| {
        environment.split(|byte| *byte == 0).any(|variable| match mark {
            "" => variable.starts_with(MARK.as_bytes()),
            _ => variable == format!("{MARK}={mark}").as_bytes(),
        })
    })
}

#[tokio::test]
async fn the_whole_group_of_a_leader_ends() {
    let (theirs, ours) = memory();
    let other = Other::begin(theirs).await;
    let id = other.process().await;
    // Without a mark, so only the group can tell.
    let mut leader = spawn("sleep 1000 & echo $!; wait", None);
    let members = || {
        let children = format!("/proc/{0}/task/{0}/children", leader.id());
        std::fs::read_to_string(children).unwrap_or_default()
    };
    let mut found = members();
    while found.is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(5));
        found = members();
    }
    let member = PathBuf::from("/proc").join(found.trim());
    other.acquired(id, process_handle(leader.id() as i32)).await;
    other.die();
    assert_eq!(whats(&reclaim(&ours).await.unwrap()), ["process sleep"]);
    assert!(!runs(&mut leader));
    // Killed, though whoever inherits it may take a moment to notice.
    while std::fs::read_to_string(member.join("stat")).is_ok_and(|stat| !stat.contains(") Z")) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[tokio::test]
async fn files_and_directories_go_after_processes_newest_first() {
    let temp = tempfile::tempdir().unwrap();
    let at = |name: &str| temp.path().join(name);
    let (theirs, ours) = memory();
    let other = Other::begin(theirs).await;
    let outer = other.intend(Intent::Directory { path: at("out") }).await;
    std::fs::create_dir(at("out")).unwrap();
    other.acquired(outer, None).await;
    other.intend(Intent::File { path: at("out/disk") }).await;
    std::fs::write(at("out/disk"), "disk").unwrap();
    let id = other.process().await;
    let mut process = sleeper(Some(other.mark(id)));
    other.intend(Intent::Directory { path: at("half") }).await;
    std::fs::create_dir_all(at("half/deep")).unwrap();
    other.intend(Intent::File { path: at("never-made") }).await;
    other.intend(Intent::Directory { path: at("never-made-either") }).await;
    std::fs::write(at("mine"), "mine").unwrap();
    std::os::unix::fs::symlink(at("mine"), at("half/link")).unwrap();
    other.die();

    let report = reclaim(&ours).await.unwrap();
    let expected = ["half", "out/disk", "out"].map(|name| at(name).display().to_string());
    assert_eq!(
        whats(&report),
        [
            "process sleep",
            &format!("directory {}", expected[0]),
            &format!("file {}", expected[1]),
            &format!("directory {}", expected[2]),
        ]
    );
    assert!(!runs(&mut process));
    assert!(!at("out").exists() && !at("half").exists());
    assert_eq!(std::fs::read_to_string(at("mine")).unwrap(), "mine");
    assert_eq!(ours.ledger.unsettled_runs().await.unwrap(), []);
}

#[tokio::test]
async fn a_live_run_keeps_its_things() {
    let temp = tempfile::tempdir().unwrap();
    let state = tempfile::tempdir().unwrap();
    let other = Other::begin(Store::disk(state.path())).await;
    let path = temp.path().join("out");
    other.intend(Intent::Directory { path: path.clone() }).await;
    std::fs::create_dir(&path).unwrap();
    let ours = Store::disk(state.path());
    assert_eq!(reclaim(&ours).await.unwrap(), ReclaimReport::default());
    assert!(path.exists());
    other.die();
    assert_eq!(whats(&reclaim(&ours).await.unwrap()), [format!("directory {}", path.display())]);
    assert!(!path.exists());
}

#[tokio::test]
async fn what_cannot_be_removed_is_told_and_stays_in_the_ledger() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("disk");
    let (theirs, ours) = memory();
    let other = Other::begin(theirs).await;
    other.intend(Intent::File { path: path.clone() }).await;
    std::fs::create_dir(&path).unwrap();
    other.die();
    let report = reclaim(&ours).await.unwrap();
    assert_eq!(report.reclaimed, []);
    assert_eq!(report.left[0].what, format!("file {}", path.display()));
    assert!(report.left[0].why.contains("Is a directory"), "{}", report.left[0].why);
    std::fs::remove_dir(&path).unwrap();
    assert_eq!(reclaim(&ours).await.unwrap(), ReclaimReport::default());
    assert_eq!(ours.ledger.unsettled_runs().await.unwrap(), []);
}

#[tokio::test]
async fn the_next_run_reclaims_first_and_says_so_once() {
    let bench = Bench::new();
    let other = Other::begin(Store::of_memory(bench.memory.another_process())).await;
    let path = bench.temp.path().join("out");
    other.intend(Intent::Directory { path: path.clone() }).await;
    std::fs::create_dir(&path).unwrap();
    other.die();
    let seen = bench.run().await;
    assert_eq!(seen.lines(), [format!("Removed what an earlier run left: directory {}", path.display())]);
    assert!(!path.exists());
}
