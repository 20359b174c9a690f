//! What every store must do, whatever it is made of. Run against each implementation.

use std::time::Duration;

use karat_model::artifact::{Artifact, Origin};
use karat_model::event::{Event, EventKind, Outcome, Scope, Stream};
use karat_model::facts::Facts;
use karat_model::id::{BuildName, ComponentKind, RunId};
use karat_model::resource::{Intent, ProcessHandle, ResourceId, ResourceState, Settled};

use crate::run::tests::header;
use crate::run::{Verdict, new_run_id};
use crate::{Store, StoreError};

/// Runs the suite. `processes` gives, each time it is called, the same state as another process sees it.
pub(crate) async fn suite(processes: impl Fn() -> Store) {
    nothing_is_remembered_at_first(&processes()).await;
    a_run_is_recorded_and_read_back(&processes).await;
    entries_go_from_intent_to_settlement(&processes()).await;
    only_a_run_that_has_begun_here_may_write(&processes).await;
    a_lease_lasts_as_long_as_its_process(&processes).await;
    ids_are_never_used_again(&processes()).await;
}

fn events(texts: &[&str]) -> Vec<Event> {
    let output = texts.iter().enumerate().map(|(seq, text)| Event {
        seq: seq as u64,
        at_ms: 1_790_000_000_000 + seq as u64,
        scope: Scope::build(&BuildName("null.a".into())),
        kind: EventKind::Output { stream: Stream::Stdout, line: text.to_string() },
    });
    output.collect()
}

fn file(path: &str) -> Intent {
    Intent::File { path: path.into() }
}

async fn nothing_is_remembered_at_first(store: &Store) {
    assert_eq!(store.log.runs().await.unwrap(), []);
    assert_eq!(store.ledger.unsettled_runs().await.unwrap(), []);
    assert!(matches!(store.log.read(&new_run_id()).await, Err(StoreError::NoRun(_))));
    assert!(!store.log.is_live(&new_run_id()).await.unwrap());
}

async fn a_run_is_recorded_and_read_back(processes: &impl Fn() -> Store) {
    let (ours, theirs) = (processes(), processes());
    let header = header();
    ours.log.begin(&header).await.unwrap();
    assert!(matches!(ours.log.begin(&header).await, Err(StoreError::Exists(_))));
    let artifact = Artifact {
        origin: Origin { kind: ComponentKind::Builder, component: "null".into() },
        builder_id: "fnoeding.null".into(),
        id: "Null".into(),
        description: "two\nlines".into(),
        files: vec!["/out/disk".into()],
        facts: Facts::default(),
    };
    let mut all = events(&["one", "build_finished is only a word here", "three \u{1F980}"]);
    all.push(Event {
        seq: 3,
        at_ms: 1,
        scope: Scope::build(&BuildName("null.a".into())),
        kind: EventKind::BuildFinished {
            outcome: Outcome::Succeeded { artifacts: vec![artifact] },
            took: Duration::from_millis(1500),
        },
    });
    let end = EventKind::RunFinished { cancelled: false, took: Duration::from_secs(2) };
    all.push(Event { seq: 4, at_ms: 2, scope: Scope::default(), kind: end });
    ours.log.append(&header.run, &all[..2]).await.unwrap();
    ours.log.append(&header.run, &[]).await.unwrap();
    ours.log.append(&header.run, &all[2..]).await.unwrap();

    let recording = theirs.log.read(&header.run).await.unwrap();
    assert_eq!(recording.header, header);
    assert_eq!(recording.events, all);
    assert_eq!(recording.unreadable, 0);

    let later = crate::run::tests::header();
    ours.log.begin(&later).await.unwrap();
    let summaries = theirs.log.runs().await.unwrap();
    let ids: Vec<_> = summaries.iter().map(|summary| &summary.header.run).collect();
    assert_eq!(ids[..2], [&later.run, &header.run], "newest first");
    assert!(summaries[0].live && summaries[0].ended.is_none() && summaries[0].builds.is_empty());
    assert_eq!(summaries[1].builds[0].verdict, Verdict::Succeeded);
    assert_eq!(summaries[1].builds[0].took, Duration::from_millis(1500));
    assert!(!summaries[1].ended.unwrap().cancelled);
    ours.log.end(&header.run).await.unwrap();
    ours.log.end(&later.run).await.unwrap();
    assert!(matches!(ours.log.end(&later.run).await, Err(StoreError::NotBegun(_))));
    assert_eq!(theirs.log.read(&header.run).await.unwrap().events, all, "a run outlives its end");
}

async fn entries_go_from_intent_to_settlement(store: &Store) {
    let ledger = &store.ledger;
    let (one, two) = (header(), header());
    store.log.begin(&one).await.unwrap();
    store.log.begin(&two).await.unwrap();
    let build = BuildName("qemu.a".into());
    let directory =
        ledger.intend(&one.run, Some(&build), &Intent::Directory { path: "/d".into() }).await.unwrap();
    let process = ledger.intend(&one.run, None, &Intent::Process { program: "qemu".into() }).await.unwrap();
    let other = ledger.intend(&two.run, None, &file("/f")).await.unwrap();

    let open = ledger.outstanding(&one.run).await.unwrap();
    assert_eq!(open.iter().map(|entry| entry.id).collect::<Vec<_>>(), [process, directory], "newest first");
    assert_eq!(open[1].build, Some(build));
    assert_eq!(open[1].intent, Intent::Directory { path: "/d".into() });
    assert_eq!(open[1].run, one.run);
    assert_eq!(open[1].state, ResourceState::Intended);
    assert!(open[1].announced_ms > 1_700_000_000_000, "{}", open[1].announced_ms);

    let handle = ProcessHandle { pid: 42, started: u64::MAX >> 1 };
    ledger.acquired(process, Some(handle)).await.unwrap();
    ledger.acquired(directory, None).await.unwrap();
    let open = ledger.outstanding(&one.run).await.unwrap();
    assert_eq!(open[0].state, ResourceState::Acquired { process: Some(handle) });
    assert_eq!(open[1].state, ResourceState::Acquired { process: None });
    assert_eq!(ledger.unsettled_runs().await.unwrap(), [one.run.clone(), two.run.clone()]);

    ledger.settle(process, Settled::Gone).await.unwrap();
    ledger.settle(process, Settled::Abandoned).await.unwrap();
    ledger.settle(directory, Settled::Kept).await.unwrap();
    assert_eq!(ledger.outstanding(&one.run).await.unwrap(), []);
    assert_eq!(ledger.unsettled_runs().await.unwrap(), std::slice::from_ref(&two.run));
    assert!(matches!(ledger.acquired(process, None).await, Err(StoreError::NoEntry(_))), "it is settled");
    assert!(matches!(ledger.settle(ResourceId(i64::MAX), Settled::Gone).await, Err(StoreError::NoEntry(_))));

    ledger.settle(other, Settled::Gone).await.unwrap();
    store.log.end(&one.run).await.unwrap();
    store.log.end(&two.run).await.unwrap();
}

async fn only_a_run_that_has_begun_here_may_write(processes: &impl Fn() -> Store) {
    let (ours, theirs) = (processes(), processes());
    let header = header();
    let not_begun = |result: Result<(), StoreError>| matches!(result, Err(StoreError::NotBegun(run)) if run == header.run);
    ours.log.begin(&header).await.unwrap();
    assert!(not_begun(theirs.log.append(&header.run, &events(&["x"])).await));
    assert!(not_begun(theirs.ledger.intend(&header.run, None, &file("/x")).await.map(|_| ())));
    ours.log.end(&header.run).await.unwrap();
    assert!(not_begun(ours.log.append(&header.run, &events(&["x"])).await));
    assert!(not_begun(ours.ledger.intend(&header.run, None, &file("/x")).await.map(|_| ())));
}

async fn a_lease_lasts_as_long_as_its_process(processes: &impl Fn() -> Store) {
    let (ours, theirs) = (processes(), processes());
    let (ended, killed) = (header(), header());
    ours.log.begin(&ended).await.unwrap();
    ours.log.begin(&killed).await.unwrap();
    let live = async |store: &Store, run: &RunId| store.log.is_live(run).await.unwrap();
    assert!(live(&ours, &ended.run).await && live(&theirs, &ended.run).await);
    ours.log.end(&ended.run).await.unwrap();
    assert!(!live(&ours, &ended.run).await && !live(&theirs, &ended.run).await);
    assert!(live(&theirs, &killed.run).await);

    let left = ours.ledger.intend(&killed.run, None, &file("/left")).await.unwrap();
    drop(ours);
    assert!(!live(&theirs, &killed.run).await);
    assert_eq!(theirs.ledger.outstanding(&killed.run).await.unwrap()[0].id, left);
    theirs.ledger.settle(left, Settled::Gone).await.unwrap();
    let summaries = theirs.log.runs().await.unwrap();
    let summary = summaries.iter().find(|summary| summary.header.run == killed.run).unwrap();
    assert!(!summary.live && summary.ended.is_none());
}

async fn ids_are_never_used_again(store: &Store) {
    let header = header();
    store.log.begin(&header).await.unwrap();
    let first = store.ledger.intend(&header.run, None, &file("/1")).await.unwrap();
    store.ledger.settle(first, Settled::Gone).await.unwrap();
    let second = store.ledger.intend(&header.run, None, &file("/2")).await.unwrap();
    assert!(second > first);
    store.ledger.settle(second, Settled::Gone).await.unwrap();
    store.log.end(&header.run).await.unwrap();
}
