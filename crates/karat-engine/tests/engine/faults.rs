//! Whatever happens, wherever it happens: everything is taken down in reverse, and the ledger ends empty.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use karat_model::event::CancelLevel;
use karat_model::facts::Facts;
use karat_model::id::{BuildName, ComponentKind, RunId};
use karat_model::resource::{Intent, ProcessHandle, Resource, ResourceId, Settled};
use karat_sdk::{Canceller, InputFate, Processed, StepContext, StepError};
use karat_store::{FAULT_VARIABLE, FaultLedger, Ledger, Store, StoreError};

use crate::scripted::*;

/// What goes wrong at the chosen point.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Fail,
    Panic,
    Stop,
    /// Two Ctrl-Cs, and work that hears neither.
    Kill,
    /// Undos only: never ends.
    Hang,
}

/// Counts the points of a run, and strikes at one of them.
#[derive(Clone)]
struct Saboteur {
    fault: Fault,
    at: usize,
    passed: Arc<AtomicUsize>,
    undos: bool,
    canceller: Canceller,
    diary: Arc<Mutex<Vec<String>>>,
}

impl Saboteur {
    async fn point(&self, is_undo: bool) -> Result<(), StepError> {
        if is_undo != self.undos || self.passed.fetch_add(1, Ordering::SeqCst) != self.at {
            return Ok(());
        }
        match self.fault {
            Fault::Fail => Err(StepError::failed("sabotage")),
            Fault::Panic => panic!("sabotage"),
            Fault::Stop => {
                self.canceller.cancel(CancelLevel::Stop, "interrupt");
                Err(StepError::Cancelled("cancelled (interrupt)".into()))
            }
            Fault::Kill => {
                self.canceller.cancel(CancelLevel::Stop, "interrupt");
                self.canceller.cancel(CancelLevel::Kill, "interrupt");
                std::future::pending().await
            }
            Fault::Hang => std::future::pending().await,
        }
    }

    fn struck(&self) -> bool {
        self.passed.load(Ordering::SeqCst) > self.at
    }

    /// Notes that `name` was made, and that it is undone when it is.
    fn made(&self, cx: &StepContext, name: &'static str) {
        self.diary.lock().unwrap().push(format!("made {name}"));
        let saboteur = self.clone();
        cx.defer(move || {
            Box::pin(async move {
                saboteur.diary.lock().unwrap().push(format!("undone {name}"));
                saboteur.point(true).await
            })
        });
    }
}

/// A build that makes one of everything, with a point before and after each.
fn eventful(saboteur: &Saboteur) -> Bench {
    let mut bench = Bench::new();
    let s = saboteur.clone();
    bench.builder("null", move |cx, _| {
        let s = s.clone();
        Box::pin(async move {
            s.point(false).await?;
            let s = &s;
            cx.step("StepOutputDir", |cx| async move {
                cx.own_directory("out".as_ref(), None).await?;
                s.made(&cx, "directory");
                s.point(false).await
            })
            .await?;
            cx.step("StepSocket", |cx| async move {
                cx.own_file("socket".as_ref()).await?;
                std::fs::write(cx.resolve("socket"), "").unwrap();
                s.made(&cx, "file");
                s.point(false).await
            })
            .await?;
            // Real processes do not know that a clock is paused.
            if s.fault != Fault::Hang {
                let mut sleep = tokio::process::Command::new("sleep");
                sleep.arg("1000");
                cx.own_process(sleep).await?;
            }
            s.made(cx, "process");
            s.point(false).await?;
            std::fs::write(cx.scratch().await?.join("key"), "").unwrap();
            s.made(cx, "scratch");
            s.point(false).await?;
            cx.provision(&Nobody, &Facts::default()).await?;
            s.point(false).await?;
            s.made(cx, "shutdown");
            s.point(false).await?;
            Ok(Some(artifact(ComponentKind::Builder, "null", "original")))
        })
    });
    for name in ["first", "second"] {
        let s = saboteur.clone();
        bench.provisioner(name, move |cx, _| {
            let s = s.clone();
            Box::pin(async move {
                s.point(false).await?;
                cx.own_file(&cx.scratch().await?.join("script")).await?;
                std::fs::write(cx.scratch().await?.join("script"), "").unwrap();
                s.made(cx, name);
                s.point(false).await
            })
        });
        bench.build().steps.push(step(name));
    }
    let s = saboteur.clone();
    bench.post_processor("zip", move |cx, _| {
        let s = s.clone();
        Box::pin(async move {
            s.point(false).await?;
            cx.own_file("zip.part".as_ref()).await?;
            std::fs::write(cx.resolve("zip.part"), "").unwrap();
            s.made(cx, "part");
            s.point(false).await?;
            let output = Some(artifact(ComponentKind::PostProcessor, "zip", "zipped"));
            Ok(Processed { output, input: InputFate::Keep })
        })
    });
    bench.build().post_processors = vec![vec![post_processing("zip")]];
    bench
}

/// Every "undone" belongs to the newest thing that is still there, and nothing is left.
fn assert_reversed(diary: &[String], why: &str) {
    let mut standing = Vec::new();
    for entry in diary {
        match entry.split_once(' ').unwrap() {
            ("made", name) => standing.push(name),
            (_, name) => assert_eq!(standing.pop(), Some(name), "{why}: {diary:?}"),
        }
    }
    assert!(standing.is_empty(), "{why}: {standing:?} was not undone: {diary:?}");
}

/// The processes that carry the run's mark.
fn marked(run: &RunId) -> Vec<String> {
    let mark = format!("KARAT_RESOURCE={run}/");
    let processes = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        std::fs::read(entry.path().join("environ"))
            .is_ok_and(|environment| String::from_utf8_lossy(&environment).contains(&mark))
    });
    processes.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

async fn assert_nothing_is_left(seen: &Seen, run: &RunId, why: &str) {
    assert_eq!(seen.open_entries().await, 0, "{why}: the ledger is not empty");
    assert_eq!(seen.left_in_temp(), Vec::<std::path::PathBuf>::new(), "{why}");
    for name in ["out", "socket", "zip.part"] {
        assert!(!seen.temp.path().join("cwd").join(name).exists(), "{why}: {name} is left");
    }
    assert_eq!(marked(run), Vec::<String>::new(), "{why}: a process is left");
}

/// Runs with a fault at every point in turn. The outcomes, by point.
async fn everywhere(fault: Fault, undos: bool) -> Vec<Result<Vec<String>, String>> {
    let mut outcomes = Vec::new();
    for at in 0.. {
        let (canceller, cancellation) = karat_sdk::Cancellation::new();
        let passed = Arc::default();
        let saboteur = Saboteur { fault, at, passed, undos, canceller, diary: Arc::default() };
        let mut bench = eventful(&saboteur);
        bench.cancellation = cancellation;
        let run = bench.options.run.clone();
        let seen = bench.run().await;
        let why = format!("{fault:?} at point {at}");
        assert_reversed(&saboteur.diary.lock().unwrap(), &why);
        assert_nothing_is_left(&seen, &run, &why).await;
        if !saboteur.struck() {
            assert_eq!(seen.outcome(), Ok(vec!["original".into(), "zipped".into()]), "{why}");
            return outcomes;
        }
        assert_eq!(undos, seen.report.left_behind.len() == 1, "{why}: {:?}", seen.report.left_behind);
        outcomes.push(seen.outcome());
    }
    unreachable!()
}

#[tokio::test]
async fn core_12_a_failure_at_any_point_leaves_nothing() {
    let outcomes = everywhere(Fault::Fail, false).await;
    assert_eq!(outcomes.len(), 13);
    assert!(
        outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(|error| error.contains("sabotage"))),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn core_12_a_panic_at_any_point_leaves_nothing() {
    let outcomes = everywhere(Fault::Panic, false).await;
    assert_eq!(outcomes.len(), 13);
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.as_ref().is_err_and(|error| error.contains("panicked: sabotage"))),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn cli_10_an_interrupt_at_any_point_leaves_nothing() {
    let outcomes = everywhere(Fault::Stop, false).await;
    assert_eq!(outcomes, vec![Err("cancelled: cancelled (interrupt)".to_string()); 13]);
}

#[tokio::test]
async fn cli_11_a_kill_at_any_point_leaves_nothing() {
    let outcomes = everywhere(Fault::Kill, false).await;
    assert_eq!(outcomes, vec![Err("cancelled: cancelled (interrupt)".to_string()); 13]);
}

#[tokio::test]
async fn core_12_an_undo_that_fails_or_panics_stops_no_other() {
    for fault in [Fault::Fail, Fault::Panic] {
        let outcomes = everywhere(fault, true).await;
        assert_eq!(outcomes, vec![Ok(vec!["original".to_string(), "zipped".to_string()]); 8], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn core_12_an_undo_that_hangs_stops_no_other() {
    assert_eq!(
        everywhere(Fault::Hang, true).await,
        vec![Ok(vec!["original".to_string(), "zipped".to_string()]); 8]
    );
}

/// Before and after each intent and each acquisition, the work is killed and never comes back.
struct Gallows {
    inner: Arc<dyn Ledger>,
    at: usize,
    passed: Arc<AtomicUsize>,
    canceller: Canceller,
}

impl Gallows {
    async fn point(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) == self.at {
            self.canceller.cancel(CancelLevel::Kill, "interrupt");
            std::future::pending().await
        }
    }
}

#[async_trait]
impl Ledger for Gallows {
    async fn intend(
        &self,
        run: &RunId,
        build: Option<&BuildName>,
        intent: &Intent,
    ) -> Result<ResourceId, StoreError> {
        self.point().await;
        let id = self.inner.intend(run, build, intent).await?;
        self.point().await;
        Ok(id)
    }
    async fn acquired(&self, id: ResourceId, process: Option<ProcessHandle>) -> Result<(), StoreError> {
        self.point().await;
        self.inner.acquired(id, process).await?;
        self.point().await;
        Ok(())
    }
    async fn settle(&self, id: ResourceId, how: Settled) -> Result<(), StoreError> {
        self.inner.settle(id, how).await
    }
    async fn outstanding(&self, run: &RunId) -> Result<Vec<Resource>, StoreError> {
        self.inner.outstanding(run).await
    }
    async fn unsettled_runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.unsettled_runs().await
    }
}

#[tokio::test]
async fn cli_11_work_that_is_dropped_between_its_intent_and_its_undo_is_swept() {
    let mut at = 0;
    loop {
        let (canceller, cancellation) = karat_sdk::Cancellation::new();
        let saboteur = Saboteur {
            fault: Fault::Fail,
            at: usize::MAX,
            passed: Arc::default(),
            undos: false,
            canceller: canceller.clone(),
            diary: Arc::default(),
        };
        let mut bench = eventful(&saboteur);
        bench.cancellation = cancellation;
        let passed: Arc<AtomicUsize> = Arc::default();
        let gallows = passed.clone();
        let mut store = Store::of_memory(bench.memory.another_process());
        store.ledger = Arc::new(Gallows { inner: store.ledger, at, passed: gallows, canceller });
        bench.store = Some(store);
        let run = bench.options.run.clone();
        let seen = bench.run().await;
        let why = format!("killed at point {at} of the ledger");
        assert_reversed(&saboteur.diary.lock().unwrap(), &why);
        assert_nothing_is_left(&seen, &run, &why).await;
        assert_eq!(seen.report.left_behind, Vec::<String>::new(), "{why}");
        if passed.load(Ordering::SeqCst) <= at {
            assert!(seen.report.succeeded());
            break;
        }
        at += 1;
    }
    // Eight things and a second scratch directory are made, each with an intent and an acquisition.
    assert_eq!(at, 9 * 4);
}

#[tokio::test]
async fn a_ledger_that_refuses_stops_the_creation() {
    struct Full;
    #[async_trait]
    impl Ledger for Full {
        async fn intend(
            &self,
            _: &RunId,
            _: Option<&BuildName>,
            _: &Intent,
        ) -> Result<ResourceId, StoreError> {
            Err(StoreError::Worker("the disk is full".into()))
        }
        async fn acquired(&self, _: ResourceId, _: Option<ProcessHandle>) -> Result<(), StoreError> {
            unreachable!()
        }
        async fn settle(&self, _: ResourceId, _: Settled) -> Result<(), StoreError> {
            unreachable!()
        }
        async fn outstanding(&self, _: &RunId) -> Result<Vec<Resource>, StoreError> {
            Ok(Vec::new())
        }
        async fn unsettled_runs(&self) -> Result<Vec<RunId>, StoreError> {
            Ok(Vec::new())
        }
    }
    let mut bench = Bench::new();
    bench.store = Some(Store { ledger: Arc::new(Full), ..Store::of_memory(bench.memory.another_process()) });
    bench.builder("null", |cx, _| {
        Box::pin(async move {
            cx.own_directory("out".as_ref(), None).await?;
            Ok(None)
        })
    });
    let seen = bench.run().await;
    let error = seen.outcome().unwrap_err();
    assert!(
        error.contains("in the ledger, so it was not created") && error.contains("the disk is full"),
        "{error}"
    );
    assert!(!seen.temp.path().join("cwd/out").exists());
}

const STATE_VARIABLE: &str = "KARAT_TEST_STATE";

/// What [`kill_9_at_any_point_of_the_ledger_leaves_nothing_after_gc`] does in the process that it starts and kills.
async fn victim(state: String) {
    let at: u64 = std::env::var(FAULT_VARIABLE).unwrap().parse().unwrap();
    let (canceller, cancellation) = karat_sdk::Cancellation::new();
    let (passed, diary) = (Arc::default(), Arc::default());
    let saboteur = Saboteur { fault: Fault::Fail, at: usize::MAX, passed, undos: false, canceller, diary };
    let mut bench = eventful(&saboteur);
    bench.cancellation = cancellation;
    let mut store = Store::disk(state);
    store.ledger = Arc::new(FaultLedger::killing(store.ledger, at));
    bench.store = Some(store);
    assert!(bench.run().await.report.succeeded());
}

#[tokio::test]
async fn kill_9_at_any_point_of_the_ledger_leaves_nothing_after_gc() {
    // The same test, started by itself, is the process to kill.
    if let Ok(state) = std::env::var(STATE_VARIABLE) {
        return victim(state).await;
    }
    let mut killed = 0;
    for at in 1.. {
        let world = tempfile::tempdir().unwrap();
        let state = world.path().join("state");
        let temp = world.path().join("temp");
        std::fs::create_dir(&temp).unwrap();
        let status = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::kill_9_at_any_point_of_the_ledger_leaves_nothing_after_gc"])
            .env(STATE_VARIABLE, &state)
            .env(FAULT_VARIABLE, at.to_string())
            .env("TMPDIR", &temp)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .await
            .unwrap();
        let store = Store::disk(&state);
        let why = format!("killed at point {at}");
        let run = store.log.runs().await.unwrap()[0].header.run.clone();
        let report = karat_engine::reclaim(&store).await.unwrap();
        assert_eq!(report.left, [], "{why}");
        assert_eq!(store.ledger.unsettled_runs().await.unwrap(), [], "{why}");
        assert_eq!(marked(&run), Vec::<String>::new(), "{why}");
        let mut found = Vec::new();
        names_below(&temp, &mut found);
        // The bench of a killed process has no chance to remove its own two directories.
        found.retain(|name| !name.starts_with(".tmp") && !["temp", "cwd"].contains(&name.as_str()));
        assert_eq!(found, Vec::<String>::new(), "{why}");
        if status.success() {
            assert_eq!(report.reclaimed, [], "nothing was left to reclaim");
            break;
        }
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{why}: {status}");
        killed += 1;
    }
    // Nine things: intended, acquired, settled; a point before and after each.
    assert_eq!(killed, 9 * 6);
}

fn names_below(directory: &std::path::Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        names.push(entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().unwrap().is_dir() {
            names_below(&entry.path(), names);
        }
    }
}
