use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::Store;
use crate::run::tests::header;

fn file(path: &str) -> Intent {
    Intent::File { path: path.into() }
}

#[tokio::test]
async fn conforms() {
    let state = tempfile::tempdir().unwrap();
    crate::conformance::suite(|| Store::disk(state.path())).await;
}

#[tokio::test]
async fn looking_creates_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let state = parent.path().join("karat");
    let store = DiskStore::new(&state);
    store.runs().await.unwrap();
    store.unsettled_runs().await.unwrap();
    store.outstanding(&RunId("x".into())).await.unwrap();
    assert!(!state.exists());
}

#[tokio::test]
async fn the_state_is_private() {
    let parent = tempfile::tempdir().unwrap();
    let state = parent.path().join("a/karat");
    let store = DiskStore::new(&state);
    store.begin(&header()).await.unwrap();
    for path in [state.clone(), state.join("runs")] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
    }
}

#[tokio::test]
async fn a_newer_ledger_is_refused_and_not_touched() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("karat.db");
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 7).unwrap();
    drop(newer);
    let before = fs::read(&path).unwrap();
    let error = DiskStore::new(state.path()).unsettled_runs().await.unwrap_err().to_string();
    assert!(error.contains("newer Karat (format 7; this one knows up to 1)"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_state_that_cannot_be_used_names_the_file_and_the_fix() {
    let state = tempfile::tempdir().unwrap();
    let occupied = state.path().join("occupied");
    fs::write(&occupied, "").unwrap();
    let error = DiskStore::new(&occupied).begin(&header()).await.unwrap_err().to_string();
    assert!(error.contains("occupied") && error.contains("KARAT_STATE_DIR"), "{error}");

    fs::write(state.path().join("karat.db"), "this is no database, only a text that is long enough").unwrap();
    let error = DiskStore::new(state.path()).unsettled_runs().await.unwrap_err().to_string();
    assert!(error.contains("karat.db cannot be used"), "{error}");
}

#[tokio::test]
async fn a_torn_log_is_read_as_far_as_it_goes() {
    let state = tempfile::tempdir().unwrap();
    let store = DiskStore::new(state.path());
    let header = header();
    store.begin(&header).await.unwrap();
    let path = state.path().join("runs").join(&header.run.0).join("events.jsonl");
    let mut log = fs::read(&path).unwrap();
    log.extend(br#"{"seq":0,"at_ms":1,"kind":{"type":"from_the_future","x":1}}"#);
    log.extend(b"\n\xff\xfe\n");
    log.extend(br#"{"seq":1,"at_ms":2,"kind":{"type":"build_started"},"more":true}"#);
    log.extend(b"\n{\"seq\":2,\"at_");
    fs::write(&path, log).unwrap();
    let recording = store.read(&header.run).await.unwrap();
    assert_eq!(recording.unreadable, 2);
    let kinds: Vec<_> = recording.events.iter().map(|event| &event.kind).collect();
    use karat_model::event::EventKind::{BuildStarted, Unknown};
    assert_eq!(kinds, [&Unknown, &BuildStarted]);
}

#[tokio::test]
async fn a_run_id_cannot_point_elsewhere() {
    let state = tempfile::tempdir().unwrap();
    let store = DiskStore::new(state.path());
    for id in ["", "..", "../x", "/etc", "a/b"] {
        let run = RunId(id.into());
        assert!(matches!(store.read(&run).await, Err(StoreError::NoRun(_))), "{id}");
        assert!(
            matches!(store.begin(&RunHeader { run, ..header() }).await, Err(StoreError::NoRun(_))),
            "{id}"
        );
    }
}

#[tokio::test]
async fn old_runs_are_forgotten_unless_something_depends_on_them() {
    let state = tempfile::tempdir().unwrap();
    let store = DiskStore::keeping(state.path(), 2);
    let other = DiskStore::new(state.path());
    let headers: Vec<_> = (0..6).map(|_| header()).collect();
    let [unsettled, live, plain, settled, new, newest] = &headers[..] else { unreachable!() };

    other.begin(live).await.unwrap();
    for header in [unsettled, plain, settled, new] {
        store.begin(header).await.unwrap();
    }
    let left = store.intend(&unsettled.run, None, &file("/left")).await.unwrap();
    let gone = store.intend(&settled.run, None, &file("/gone")).await.unwrap();
    store.settle(gone, Settled::Gone).await.unwrap();
    store.begin(newest).await.unwrap();
    for header in [unsettled, plain, settled, new, newest] {
        store.end(&header.run).await.unwrap();
    }

    let remembered = async || -> Vec<RunId> {
        store.runs().await.unwrap().into_iter().map(|summary| summary.header.run).collect()
    };
    assert_eq!(remembered().await, [&newest.run, &new.run, &live.run, &unsettled.run].map(Clone::clone));
    assert!(matches!(store.settle(gone, Settled::Gone).await, Err(StoreError::NoEntry(_))), "forgotten too");

    store.settle(left, Settled::Gone).await.unwrap();
    other.end(&live.run).await.unwrap();
    let last = header();
    store.begin(&last).await.unwrap();
    store.end(&last.run).await.unwrap();
    assert_eq!(remembered().await, [last.run, newest.run.clone()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_processes_may_open_and_write_at_once() {
    let state = tempfile::tempdir().unwrap();
    let runs: Vec<_> = (0..8).map(|_| header()).collect();
    let work = runs.iter().cloned().map(|header| {
        let store = DiskStore::new(state.path());
        tokio::spawn(async move {
            store.begin(&header).await.unwrap();
            for n in 0..10 {
                let id = store.intend(&header.run, None, &file(&format!("/{n}"))).await.unwrap();
                if n > 0 {
                    store.settle(id, Settled::Gone).await.unwrap();
                }
            }
            store
        })
    });
    let mut stores = Vec::new();
    for task in work.collect::<Vec<_>>() {
        stores.push(task.await.unwrap());
    }
    let expected: Vec<_> = runs.into_iter().map(|header| header.run).collect();
    assert_eq!(stores[0].unsettled_runs().await.unwrap(), expected);
}
