//! What stays and what goes when a build fails: `-on-error`, and the order of teardown.

use karat_model::event::{CancelLevel, EventKind};
use karat_model::facts::Facts;
use karat_model::id::ComponentKind;
use karat_model::resource::Settled;
use karat_sdk::{BuildContext, OnError, StepContext, StepError};

use crate::scripted::*;

/// A builder that makes a directory in `StepOutputDir`, a file in `stepRun`, provisions (which fails), and never gets
/// to its own end.
fn bench_that_fails(on_error: OnError) -> Bench {
    let mut bench = bench_that_works(on_error);
    bench.results("shell", &[Err("no")]);
    bench.build().steps.push(step("shell"));
    bench
}

fn bench_that_works(on_error: OnError) -> Bench {
    let mut bench = Bench::new();
    bench.options.on_error = on_error;
    bench.results("mop", &[Ok(())]);
    bench.build().cleanup = Some(step("mop"));
    bench.builder("null", |cx, _| {
        Box::pin(async move {
            make(cx).await?;
            cx.provision(&Nobody, &Facts::default()).await?;
            cx.step("StepShutdown", |cx| async move {
                said_at_undo(&cx, "StepShutdown");
                Ok(())
            })
            .await?;
            Ok(None)
        })
    });
    bench
}

async fn make(cx: &BuildContext) -> Result<(), StepError> {
    let make = |cx: StepContext| async move {
        cx.own_directory("out".as_ref(), Some("Deleting output directory...")).await
    };
    cx.step("StepOutputDir", make).await?;
    let run = |cx: StepContext| async move {
        cx.own_file("monitor.sock".as_ref()).await?;
        std::fs::write(cx.resolve("monitor.sock"), "").unwrap();
        said_at_undo(&cx, "stepRun");
        Ok(())
    };
    cx.step("stepRun", run).await
}

fn said_at_undo(cx: &StepContext, step: &'static str) {
    let said = cx.clone();
    cx.defer(move || {
        Box::pin(async move {
            said.say(format!("undo {step}"));
            Ok(())
        })
    });
}

/// The lines after the failed step.
fn aftermath(seen: &Seen) -> Vec<String> {
    let lines = seen.lines();
    let at = lines.iter().position(|line| line.starts_with("[failed")).unwrap();
    lines[at + 1..].to_vec()
}

fn left(seen: &Seen) -> (bool, bool) {
    let cwd = seen.temp.path().join("cwd");
    (cwd.join("out").exists(), cwd.join("monitor.sock").exists())
}

#[tokio::test]
async fn cli_12_cleanup_takes_everything_down_newest_first() {
    let seen = bench_that_fails(OnError::Cleanup).run().await;
    assert_eq!(
        aftermath(&seen),
        [
            "Provisioning step had errors: Running the cleanup provisioner, if present...",
            "[1 mop #1]",
            "mop runs",
            "[done after 0s]",
            "undo stepRun",
            "Deleting output directory...",
        ]
    );
    assert_eq!(left(&seen), (false, false));
    assert_eq!(seen.open_entries().await, 0);
    assert_eq!(seen.outcome(), Err("no".into()));
}

#[tokio::test]
async fn core_12_cleanup_comes_in_reverse_order_after_success_too() {
    let seen = bench_that_works(OnError::Cleanup).run().await;
    assert_eq!(seen.lines(), ["undo StepShutdown", "undo stepRun", "Deleting output directory..."]);
    assert_eq!(left(&seen), (false, false));
    assert_eq!(seen.open_entries().await, 0);
}

#[tokio::test]
async fn cli_13_abort_leaves_everything_and_names_the_steps() {
    let seen = bench_that_fails(OnError::Abort).run().await;
    assert_eq!(
        aftermath(&seen),
        [
            "no",
            "Step \"StepProvision\" failed, aborting...",
            "aborted: skipping cleanup of step \"stepRun\"",
            "aborted: skipping cleanup of step \"StepOutputDir\"",
        ]
    );
    assert_eq!(left(&seen), (true, true));
    assert_eq!(seen.open_entries().await, 0, "what stays on purpose is nobody's to reclaim");
    let settled = [1, 2].map(|id| seen.memory.settlement(karat_model::resource::ResourceId(id)));
    assert_eq!(settled, [Some(Settled::Abandoned); 2]);
}

#[tokio::test]
async fn cli_13_abort_after_success_cleans_up() {
    let seen = bench_that_works(OnError::Abort).run().await;
    assert_eq!(seen.lines(), ["undo StepShutdown", "undo stepRun", "Deleting output directory..."]);
}

#[tokio::test]
async fn cli_13_abort_of_an_interrupted_build_says_so() {
    let mut bench = bench_that_works(OnError::Abort);
    let canceller = bench.canceller.clone();
    bench.provisioner("shell", move |cx, _| {
        canceller.cancel(CancelLevel::Stop, "interrupt");
        Box::pin(cx.pause(seconds(1)))
    });
    bench.build().steps.push(step("shell"));
    let seen = bench.run().await;
    assert_eq!(
        aftermath(&seen),
        [
            "Interrupted, aborting...",
            "aborted: skipping cleanup of step \"stepRun\"",
            "aborted: skipping cleanup of step \"StepOutputDir\"",
        ]
    );
    assert_eq!(left(&seen), (true, true));
}

#[tokio::test]
async fn blt_01_without_a_machine_there_is_nothing_to_clean_up_keep_or_ask_about() {
    for mode in [OnError::Cleanup, OnError::Abort, OnError::Ask, OnError::RunCleanupProvisioner] {
        let mut bench = bench_that_works(mode);
        bench.builder("null", |cx, _| {
            Box::pin(async move {
                said_at_undo(cx, "own");
                cx.provision(&NoMachine, &Facts::default()).await?;
                Ok(None)
            })
        });
        bench.provisioner("shell", |cx, _| {
            cx.say(format!("{:?} {:?}", cx.facts().text("ID"), cx.facts().text("PackerRunUUID")));
            Box::pin(async { Err(StepError::failed("no")) })
        });
        bench.build().steps.push(step("shell"));
        let seen = bench.run().await;
        let lines = seen.lines();
        assert!(lines.contains(&"Some(\"<unknown>\") Some(\"<unknown>\")".to_string()), "{mode:?} {lines:?}");
        assert_eq!(aftermath(&seen), ["undo own"], "{mode:?}");
        assert_eq!(seen.outcome(), Err("no".into()));
    }
}

#[tokio::test]
async fn cli_14_only_the_cleanup_provisioner_runs() {
    let seen = bench_that_fails(OnError::RunCleanupProvisioner).run().await;
    assert_eq!(
        aftermath(&seen),
        [
            "Provisioning step had errors: Running the cleanup provisioner, if present...",
            "[1 mop #1]",
            "mop runs",
            "[done after 0s]",
            "no",
            "Step \"stepRun\" failed, aborting...",
            "aborted: skipping cleanup of step \"StepOutputDir\"",
        ]
    );
    assert_eq!(left(&seen), (true, true));
}

const QUESTION: &str = "? [c] Clean up and exit, [a] abort without cleanup, or [r] retry step (build may fail even if retry succeeds)?";

#[tokio::test]
async fn cli_15_an_answer_that_is_none_is_asked_again() {
    let mut bench = bench_that_fails(OnError::Ask);
    bench.answers(&["what?", "Abort"]);
    let seen = bench.run().await;
    assert_eq!(
        aftermath(&seen),
        [
            "no",
            "Step \"StepProvision\" failed",
            QUESTION,
            "Incorrect input: \"what?\"",
            QUESTION,
            "no",
            "Step \"StepProvision\" failed, aborting...",
            "aborted: skipping cleanup of step \"stepRun\"",
            "aborted: skipping cleanup of step \"StepOutputDir\"",
        ]
    );
    assert_eq!(left(&seen), (true, true));
}

#[tokio::test]
async fn cli_15_clean_up_is_the_answer_of_those_who_cannot_answer() {
    for answers in [&[][..], &[""], &["c"], &["CLEAN"]] {
        // Where nobody is there, nothing is asked.
        let asked = if answers.is_empty() { &[][..] } else { &[QUESTION] };
        let mut bench = bench_that_fails(OnError::Ask);
        bench.answers(answers);
        let seen = bench.run().await;
        assert_eq!(
            aftermath(&seen)[2..],
            [
                asked,
                &[
                    "Provisioning step had errors: Running the cleanup provisioner, if present...",
                    "[1 mop #1]",
                    "mop runs",
                    "[done after 0s]",
                    "undo stepRun",
                    "Deleting output directory...",
                ]
            ]
            .concat(),
            "{answers:?}"
        );
        assert_eq!(left(&seen), (false, false));
    }
}

#[tokio::test]
async fn cli_15_a_retry_provisions_again_from_the_first_step() {
    let mut bench = bench_that_works(OnError::Ask);
    bench.results("first", &[Ok(())]);
    bench.results("shell", &[Err("no"), Ok(())]);
    bench.build().steps.extend([step("first"), step("shell")]);
    bench.answers(&["r"]);
    let seen = bench.run().await;
    assert_eq!(
        aftermath(&seen),
        [
            "no",
            "Step \"StepProvision\" failed",
            QUESTION,
            "[0 first #1]",
            "first runs",
            "[done after 0s]",
            "[1 shell #1]",
            "shell runs",
            "[done after 0s]",
            "undo StepShutdown",
            "undo stepRun",
            "Deleting output directory...",
        ]
    );
    assert!(seen.report.succeeded());
}

/// A builder whose step `stepRun` makes a file and fails, as often as `failures` says.
fn bench_that_does_not_boot(on_error: OnError, failures: u32) -> Bench {
    let mut bench = bench_that_works(on_error);
    bench.builder("null", move |cx, _| {
        Box::pin(async move {
            let make = |cx: StepContext| async move {
                cx.own_directory("out".as_ref(), Some("Deleting output directory...")).await
            };
            let directory = cx.step("StepOutputDir", make).await?;
            let mut tries = 0;
            let run = |cx: StepContext| {
                tries += 1;
                async move {
                    // Fails where the file of an earlier try is still there.
                    cx.own_file("monitor.sock".as_ref()).await?;
                    std::fs::write(cx.resolve("monitor.sock"), "").unwrap();
                    said_at_undo(&cx, "stepRun");
                    if tries > failures { Ok(()) } else { Err(StepError::failed("it does not boot")) }
                }
            };
            cx.step("stepRun", run).await?;
            cx.provision(&Nobody, &Facts::default()).await?;
            directory.keep().await?;
            Ok(None)
        })
    });
    bench
}

#[tokio::test]
async fn cli_15_any_step_can_be_tried_again_with_what_it_made_taken_down() {
    let mut bench = bench_that_does_not_boot(OnError::Ask, 2);
    bench.answers(&["r", "r"]);
    let seen = bench.run().await;
    let failed = ["it does not boot", "Step \"stepRun\" failed", QUESTION, "undo stepRun"];
    assert_eq!(seen.lines(), [&failed[..], &failed[..], &["undo stepRun"]].concat());
    assert!(seen.report.succeeded());
    assert_eq!(left(&seen), (true, false));

    let mut bench = bench_that_does_not_boot(OnError::Ask, 2);
    bench.answers(&["r", "a"]);
    let seen = bench.run().await;
    assert_eq!(
        seen.lines()[4..],
        [
            "it does not boot",
            "Step \"stepRun\" failed",
            QUESTION,
            "it does not boot",
            "Step \"stepRun\" failed, aborting...",
            "aborted: skipping cleanup of step \"StepOutputDir\"",
        ]
    );
    assert_eq!(left(&seen), (true, true));
    assert_eq!(seen.open_entries().await, 0);
}

#[tokio::test]
async fn core_12_what_a_builder_does_outside_of_steps_is_cleaned_up_and_nobody_is_asked() {
    for mode in [OnError::Cleanup, OnError::Abort, OnError::Ask, OnError::RunCleanupProvisioner] {
        let mut bench = bench_that_works(mode);
        bench.builder("null", |cx, _| {
            Box::pin(async move {
                cx.own_directory("out".as_ref(), None).await?;
                Err(StepError::failed("no"))
            })
        });
        bench.answers(&["a"]);
        let seen = bench.run().await;
        assert_eq!(seen.lines(), Vec::<String>::new(), "{mode:?}");
        assert_eq!(left(&seen), (false, false), "{mode:?}");
        assert_eq!(seen.open_entries().await, 0);
    }
}

/// Fails after the provisioners, in the second of two steps.
fn bench_that_does_not_shut_down(on_error: OnError) -> Bench {
    let mut bench = bench_that_works(on_error);
    bench.builder("null", |cx, _| {
        Box::pin(async move {
            make(cx).await?;
            let facts = Facts::default();
            cx.provision(&Nobody, &facts).await?;
            let finish = async {
                cx.step("StepCleanKeys", |_| async { Ok(()) }).await?;
                let fails = |cx: StepContext| async move {
                    said_at_undo(&cx, "StepShutdown");
                    Err(StepError::failed("it does not end"))
                };
                cx.step("StepShutdown", fails).await
            };
            cx.finish(&Nobody, &facts, finish).await?;
            Ok(None)
        })
    });
    bench
}

#[tokio::test]
async fn core_09_the_cleanup_provisioner_comes_after_the_newer_steps() {
    let mop = [
        "Provisioning step had errors: Running the cleanup provisioner, if present...",
        "[0 mop #1]",
        "mop runs",
        "[done after 0s]",
    ];
    let seen = bench_that_does_not_shut_down(OnError::Cleanup).run().await;
    let undone = ["undo stepRun", "Deleting output directory..."];
    assert_eq!(seen.lines(), [&["undo StepShutdown"][..], &mop, &undone].concat());
    assert_eq!(seen.outcome(), Err("it does not end".into()));

    let aborting = [
        "it does not end",
        "Step \"StepShutdown\" failed, aborting...",
        "aborted: skipping cleanup of step \"StepCleanKeys\"",
    ];
    let skipping = [
        "aborted: skipping cleanup of step \"stepRun\"",
        "aborted: skipping cleanup of step \"StepOutputDir\"",
    ];
    let seen = bench_that_does_not_shut_down(OnError::RunCleanupProvisioner).run().await;
    assert_eq!(seen.lines(), [&aborting[..], &mop, &skipping].concat());
    let seen = bench_that_does_not_shut_down(OnError::Abort).run().await;
    let provision = ["aborted: skipping cleanup of step \"StepProvision\""];
    assert_eq!(seen.lines(), [&aborting[..], &provision, &skipping].concat());
    assert_eq!(left(&seen), (true, true));
}

#[tokio::test(start_paused = true)]
async fn cli_15_a_cancellation_answers_the_question() {
    struct Silent;
    #[async_trait::async_trait]
    impl karat_engine::Prompter for Silent {
        fn is_there(&self) -> bool {
            true
        }

        async fn answer(&self) -> Result<String, karat_engine::AskError> {
            std::future::pending().await
        }
    }
    let mut bench = bench_that_fails(OnError::Ask);
    bench.prompter(Silent);
    let canceller = bench.canceller.clone();
    let (seen, ()) = tokio::join!(bench.run(), async {
        tokio::time::sleep(seconds(1)).await;
        canceller.cancel(CancelLevel::Stop, "interrupt");
    });
    // As in Packer 1.16, the cleanup provisioner is not what was interrupted.
    assert_eq!(
        aftermath(&seen)[2..],
        [
            QUESTION,
            "Provisioning step had errors: Running the cleanup provisioner, if present...",
            "[1 mop #1]",
            "mop runs",
            "[done after 0s]",
            "undo stepRun",
            "Deleting output directory...",
        ]
    );
    let answered = seen.events.iter().filter(|event| event.kind == EventKind::Answered { given: false });
    assert_eq!(answered.count(), 1);
    assert_eq!(left(&seen), (false, false));
}

#[tokio::test(start_paused = true)]
async fn one_failing_undo_never_stops_the_next() {
    let mut bench = Bench::new();
    bench.builder("null", |cx, _| {
        Box::pin(async move {
            cx.own_directory("out".as_ref(), None).await?;
            cx.defer(|| Box::pin(async { Err(StepError::failed("the disk is gone")) }));
            cx.defer(|| panic!("oh"));
            let hang = |cx: StepContext| async move {
                cx.defer(|| Box::pin(std::future::pending()));
                Ok(())
            };
            cx.step("StepHang", hang).await?;
            cx.own_directory("other".as_ref(), None).await?;
            // Whoever puts a file in the place of a directory keeps it from being removed.
            std::fs::remove_dir(cx.resolve("other")).unwrap();
            std::fs::write(cx.resolve("other"), "").unwrap();
            Ok(Some(artifact(ComponentKind::Builder, "null", "original")))
        })
    });
    let seen = bench.run().await;
    let other = seen.temp.path().join("cwd/other");
    assert_eq!(
        seen.lines(),
        [
            format!("[left behind directory {}: cannot remove other: not a directory]", other.display()),
            "[left behind what StepHang made: its cleanup did not end within 30s]".into(),
            "[left behind what a step made: its cleanup panicked: oh; this is a bug]".into(),
            "[left behind what a step made: the disk is gone]".into(),
        ]
    );
    assert_eq!(seen.report.left_behind.len(), 4);
    assert_eq!(seen.outcome(), Ok(vec!["original".into()]));
    assert_eq!(seen.open_entries().await, 1, "the ledger knows what is still there");
    assert!(!seen.temp.path().join("cwd/out").exists());
}

#[tokio::test(start_paused = true)]
async fn cli_11_a_kill_shortens_an_undo_and_leaving_ends_it() {
    let hanging = || {
        let mut bench = Bench::new();
        bench.builder("null", |cx, _| {
            Box::pin(async move {
                cx.own_directory("out".as_ref(), None).await?;
                cx.defer(|| Box::pin(std::future::pending()));
                Ok(None)
            })
        });
        bench
    };
    let bench = hanging();
    let canceller = bench.canceller.clone();
    let (seen, ()) = tokio::join!(bench.run(), async {
        tokio::time::sleep(seconds(2)).await;
        canceller.cancel(CancelLevel::Stop, "interrupt");
        canceller.cancel(CancelLevel::Kill, "interrupt");
    });
    assert_eq!(seen.lines(), ["[left behind what a step made: its cleanup was given up 5s after the kill]"]);
    assert_eq!(seen.report.took.as_secs(), 7);
    assert_eq!(seen.open_entries().await, 0);

    let bench = hanging();
    let canceller = bench.canceller.clone();
    let (seen, ()) = tokio::join!(bench.run(), async {
        tokio::time::sleep(seconds(2)).await;
        canceller.cancel(CancelLevel::Leave, "interrupt");
    });
    assert_eq!(seen.report.took.as_secs(), 2);
    assert_eq!(seen.open_entries().await, 1, "`karat gc` will find it");
}
