//! How steps are run: pauses, limits, tries, the cleanup provisioner.

use karat_model::event::CancelLevel;
use karat_model::facts::Facts;
use karat_model::plan::StepPolicy;
use karat_model::value::Value;
use karat_sdk::{OnError, Problems, StepError};

use crate::scripted::*;

fn bench_with(policy: StepPolicy, results: &'static [Result<(), &'static str>]) -> Bench {
    let mut bench = Bench::new();
    bench.results("shell", results);
    let mut shell = step("shell");
    shell.policy = policy;
    bench.build().steps.push(shell);
    bench
}

/// A provisioner that sleeps for a long time, unless it is asked to stop.
fn sleeper(bench: &mut Bench) {
    bench.provisioner("shell", |cx, _| Box::pin(cx.pause(seconds(3600))));
}

#[tokio::test(start_paused = true)]
async fn core_03_a_pause_is_announced_and_not_counted() {
    let policy = StepPolicy { pause_before: seconds(5), ..StepPolicy::default() };
    let seen = bench_with(policy, &[Ok(())]).run().await;
    assert_eq!(
        seen.lines(),
        ["Pausing 5s before the next provisioner...", "[0 shell #1]", "shell runs", "[done after 0s]"]
    );
    assert_eq!(seen.report.took.as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn core_03_a_pause_and_a_timeout_both_hold() {
    let policy = StepPolicy { pause_before: seconds(90), timeout: Some(seconds(2)), ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    sleeper(&mut bench);
    let seen = bench.run().await;
    assert_eq!(
        seen.lines()[..4],
        [
            "Pausing 1m30s before the next provisioner...",
            "Setting a 2s timeout for the next provisioner...",
            "[0 shell #1]",
            "Cancelling provisioner after a timeout...",
        ]
    );
    assert_eq!(seen.report.took.as_secs(), 92);
}

#[tokio::test(start_paused = true)]
async fn core_03_strict_forgets_the_timeout_after_a_pause() {
    let policy = StepPolicy { pause_before: seconds(90), timeout: Some(seconds(2)), ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    bench.options.strict = true;
    sleeper(&mut bench);
    let seen = bench.run().await;
    assert_eq!(
        seen.lines(),
        ["Pausing 1m30s before the next provisioner...", "[0 shell #1]", "[done after 3600s]"]
    );
}

#[tokio::test(start_paused = true)]
async fn core_03_a_pause_ends_when_the_run_is_cancelled() {
    let policy = StepPolicy { pause_before: seconds(5), ..StepPolicy::default() };
    let bench = bench_with(policy, &[Ok(())]);
    let canceller = bench.canceller.clone();
    let (seen, ()) = tokio::join!(bench.run(), async {
        tokio::time::sleep(seconds(1)).await;
        canceller.cancel(CancelLevel::Stop, "interrupt");
    });
    assert_eq!(seen.lines(), ["Pausing 5s before the next provisioner..."]);
    assert_eq!(seen.outcome(), Err("cancelled: cancelled (interrupt)".into()));
    assert_eq!(seen.report.took.as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn cli_10_strict_does_not_say_what_cancelled_a_build() {
    let policy = StepPolicy { pause_before: seconds(5), ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    bench.options.strict = true;
    let canceller = bench.canceller.clone();
    let (seen, ()) = tokio::join!(bench.run(), async {
        tokio::time::sleep(seconds(1)).await;
        canceller.cancel(CancelLevel::Stop, "interrupt");
    });
    assert_eq!(seen.outcome(), Err("cancelled: context canceled".into()));
}

#[tokio::test(start_paused = true)]
async fn core_04_a_timeout_stops_the_attempt_and_not_the_run() {
    let policy = StepPolicy { timeout: Some(seconds(5)), ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    sleeper(&mut bench);
    let seen = bench.run().await;
    let error = "the provisioner was stopped after its timeout of 5s: cancelled (timeout)";
    assert_eq!(
        seen.lines(),
        [
            "Setting a 5s timeout for the next provisioner...",
            "[0 shell #1]",
            "Cancelling provisioner after a timeout...",
            &format!("[failed after 5s: {error}]"),
            "Provisioning step had errors: Running the cleanup provisioner, if present...",
        ]
    );
    assert_eq!(seen.outcome(), Err(error.into()));
    assert!(!seen.report.cancelled);
}

#[tokio::test(start_paused = true)]
async fn core_04_each_try_has_the_whole_timeout() {
    let policy = StepPolicy { timeout: Some(seconds(5)), max_retries: 1, ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    bench.options.strict = true;
    sleeper(&mut bench);
    let seen = bench.run().await;
    assert_eq!(
        seen.lines()[..8],
        [
            "Setting a 5s timeout for the next provisioner...",
            "[0 shell #1]",
            "Cancelling provisioner after a timeout...",
            "[failed after 5s: context canceled]",
            "Provisioner failed with \"context canceled\", retrying with 1 trie(s) left",
            "Setting a 5s timeout for the next provisioner...",
            "[0 shell #2]",
            "Cancelling provisioner after a timeout...",
        ]
    );
    assert_eq!(seen.outcome(), Err("context canceled".into()));
}

#[tokio::test(start_paused = true)]
async fn core_04_a_provisioner_that_does_not_stop_is_given_up_and_taken_down() {
    let policy = StepPolicy { timeout: Some(seconds(5)), ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    bench.provisioner("shell", |cx, _| {
        Box::pin(async move {
            let path = cx.scratch().await?.join("x");
            cx.own_file(&path).await?;
            std::fs::write(&path, "x").unwrap();
            std::future::pending().await
        })
    });
    let seen = bench.run().await;
    let error = "the provisioner went on after its timeout of 5s and was given up 10s later";
    assert_eq!(seen.outcome(), Err(error.into()));
    assert_eq!(seen.open_entries().await, 0);
    assert!(seen.left_in_temp().is_empty());
}

#[tokio::test]
async fn core_05_tries_are_counted_down() {
    let policy = StepPolicy { max_retries: 2, ..StepPolicy::default() };
    let seen = bench_with(policy, &[Err("one"), Err("two"), Ok(())]).run().await;
    assert_eq!(
        seen.lines(),
        [
            "[0 shell #1]",
            "shell runs",
            "[failed after 0s: one]",
            "Provisioner failed with \"one\", retrying with 2 trie(s) left",
            "[0 shell #2]",
            "shell runs",
            "[failed after 0s: two]",
            "Provisioner failed with \"two\", retrying with 1 trie(s) left",
            "[0 shell #3]",
            "shell runs",
            "[done after 0s]",
        ]
    );
    assert_eq!(seen.outcome(), Ok(vec!["original".into()]));
}

#[tokio::test]
async fn core_05_strict_says_and_returns_the_first_error() {
    let policy = StepPolicy { max_retries: 2, ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Err("one"), Err("two"), Err("three")]);
    bench.options.strict = true;
    let seen = bench.run().await;
    let retries: Vec<_> = seen.lines().into_iter().filter(|line| line.contains("retr")).collect();
    assert_eq!(
        retries,
        [
            "Provisioner failed with \"one\", retrying with 2 trie(s) left",
            "Provisioner failed with \"one\", retrying with 1 trie(s) left",
            "retry limit reached.",
        ]
    );
    assert_eq!(seen.outcome(), Err("one".into()));
}

#[tokio::test]
async fn core_05_the_first_and_the_last_error_are_reported_when_they_differ() {
    let policy = StepPolicy { max_retries: 2, ..StepPolicy::default() };
    let seen = bench_with(policy.clone(), &[Err("one"), Err("two"), Err("three")]).run().await;
    assert_eq!(seen.outcome(), Err("one; after 2 more trie(s) the last failure was: three".into()));
    let seen = bench_with(policy, &[Err("one"), Err("two"), Err("one")]).run().await;
    assert_eq!(seen.outcome(), Err("one".into()));
}

#[tokio::test]
async fn core_05_a_cancelled_run_tries_no_more() {
    let policy = StepPolicy { max_retries: 5, ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    let canceller = bench.canceller.clone();
    bench.provisioner("shell", move |_, _| {
        canceller.cancel(CancelLevel::Stop, "interrupt");
        Box::pin(async { Err(StepError::failed("killed")) })
    });
    let seen = bench.run().await;
    assert_eq!(seen.lines(), ["[0 shell #1]", "[failed after 0s: killed]"]);
    assert_eq!(seen.outcome(), Err("cancelled: killed".into()));
}

#[tokio::test]
async fn core_05_each_try_has_its_own_things() {
    let policy = StepPolicy { max_retries: 1, ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    bench.provisioner("shell", |cx, _| {
        Box::pin(async move {
            let path = cx.resolve("lock");
            cx.own_file(&path).await?;
            std::fs::write(&path, "x").unwrap();
            let text = cx.scratch().await?.display().to_string();
            assert!(std::path::Path::new(&text).is_dir());
            Err(StepError::failed("no"))
        })
    });
    let seen = bench.run().await;
    assert_eq!(seen.outcome(), Err("no".into()), "the second try finds what the first one made removed");
    assert_eq!(seen.open_entries().await, 0);
}

#[tokio::test]
async fn core_06_a_failure_that_is_allowed_is_a_warning() {
    let policy = StepPolicy { continue_on_error: true, max_retries: 1, ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Err("no \"luck\"")]);
    bench.results("next", &[Ok(())]);
    bench.build().steps.push(step("next"));
    let seen = bench.run().await;
    assert_eq!(
        seen.lines()[6..],
        [
            "[failed after 0s: no \"luck\"]",
            "retry limit reached.",
            "Provisioner failed with \"no \\\"luck\\\"\", but continue_on_error is set; continuing the build.",
            "[1 next #1]",
            "next runs",
            "[done after 0s]",
        ]
    );
    assert!(seen.report.succeeded());
}

#[tokio::test]
async fn core_06_a_cancelled_build_fails_all_the_same() {
    let policy = StepPolicy { continue_on_error: true, ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    let canceller = bench.canceller.clone();
    bench.provisioner("shell", move |_, _| {
        canceller.cancel(CancelLevel::Stop, "terminated");
        Box::pin(async { Err(StepError::failed("killed")) })
    });
    let seen = bench.run().await;
    assert_eq!(seen.outcome(), Err("cancelled: killed".into()));
}

#[tokio::test]
async fn core_09_the_cleanup_provisioner_runs_once_after_a_failure() {
    let mut bench = bench_with(StepPolicy::default(), &[Err("no")]);
    bench.results("mop", &[Ok(())]);
    bench.results("never", &[Ok(())]);
    bench.build().steps.push(step("never"));
    bench.build().cleanup = Some(step("mop"));
    let seen = bench.run().await;
    assert_eq!(
        seen.lines(),
        [
            "[0 shell #1]",
            "shell runs",
            "[failed after 0s: no]",
            "Provisioning step had errors: Running the cleanup provisioner, if present...",
            "[2 mop #1]",
            "mop runs",
            "[done after 0s]",
        ]
    );
    assert_eq!(seen.outcome(), Err("no".into()));
}

#[tokio::test]
async fn core_09_a_failure_of_the_cleanup_provisioner_comes_first() {
    let mut bench = bench_with(StepPolicy::default(), &[Err("no")]);
    bench.results("mop", &[Err("mop broke")]);
    bench.build().cleanup = Some(step("mop"));
    let seen = bench.run().await;
    assert_eq!(seen.outcome(), Err("Cleanup failed: mop broke. Original Provisioning error: no".into()));
}

/// A bench whose builder fails when its provisioners are done.
fn bench_with_a_broken_end() -> Bench {
    let mut bench = bench_with(StepPolicy::default(), &[Ok(())]);
    bench.builder("null", |cx, _| {
        Box::pin(async move {
            let facts = Facts::default();
            cx.provision(&Nobody, &facts).await?;
            let fails = |_| async { Err(StepError::failed("it does not shut down")) };
            cx.finish(&Nobody, &facts, cx.step("stepShutdown", fails)).await
        })
    });
    bench.results("mop", &[Ok(())]);
    bench.build().cleanup = Some(step("mop"));
    bench
}

#[tokio::test]
async fn core_09_it_runs_when_the_builder_fails_after_provisioning() {
    let seen = bench_with_a_broken_end().run().await;
    assert_eq!(
        seen.lines(),
        [
            "[0 shell #1]",
            "shell runs",
            "[done after 0s]",
            "Provisioning step had errors: Running the cleanup provisioner, if present...",
            "[1 mop #1]",
            "mop runs",
            "[done after 0s]",
        ]
    );
    assert_eq!(seen.outcome(), Err("it does not shut down".into()));
}

#[tokio::test]
async fn core_09_it_does_not_run_when_everything_is_to_stay() {
    let mut bench = bench_with_a_broken_end();
    bench.options.on_error = OnError::Abort;
    let seen = bench.run().await;
    assert!(!seen.lines().iter().any(|line| line.contains("mop")), "{:?}", seen.lines());
    assert_eq!(seen.outcome(), Err("it does not shut down".into()));
}

#[tokio::test]
async fn core_09_it_does_not_run_after_success_or_a_cancellation() {
    let mut bench = bench_with(StepPolicy::default(), &[Ok(())]);
    bench.results("mop", &[Ok(())]);
    bench.build().cleanup = Some(step("mop"));
    let seen = bench.run().await;
    assert_eq!(seen.lines(), ["[0 shell #1]", "shell runs", "[done after 0s]"]);

    let mut bench = bench_with(StepPolicy::default(), &[Ok(())]);
    let canceller = bench.canceller.clone();
    bench.provisioner("shell", move |cx, _| {
        canceller.cancel(CancelLevel::Stop, "interrupt");
        Box::pin(cx.pause(seconds(1)))
    });
    bench.results("mop", &[Ok(())]);
    bench.build().cleanup = Some(step("mop"));
    let seen = bench.run().await;
    assert_eq!(seen.lines(), ["[0 shell #1]", "[failed after 0s: cancelled (interrupt)]"]);
}

#[tokio::test]
async fn core_11_configurations_are_evaluated_with_what_the_build_found_out() {
    let mut bench = Bench::new();
    bench.builder("null", |cx, _| {
        Box::pin(async move {
            let mut facts = Facts::default();
            facts.set("Host", "10.0.0.7");
            facts.set("SSHPrivateKey", "-----BEGIN KEY-----\nabcdef\n-----END KEY-----\n");
            cx.provision(&Nobody, &facts).await?;
            Ok(None)
        })
    });
    bench.provisioner("shell", |cx, config| {
        let text = config.as_str().unwrap().to_string();
        Box::pin(async move {
            cx.say(text);
            cx.say("leaked abcdef");
            assert_eq!(cx.facts().text("Host"), Some("10.0.0.7"));
            Ok(())
        })
    });
    let mut shell = step("shell");
    shell.node.config = late(|facts| {
        let text = |key| facts.text(key).unwrap_or("?").to_string();
        Ok(Value::string(format!("{} {}", text("Host"), text("ID"))))
    });
    bench.build().steps.push(shell);
    let seen = bench.run().await;
    assert_eq!(
        seen.lines()[1..3],
        ["10.0.0.7 ERR_ID_NOT_IMPLEMENTED_BY_BUILDER", "leaked <sensitive>"],
        "a generated key is hidden"
    );
    assert_eq!(seen.outcome(), Ok(vec![]), "no artifact, on purpose");
}

#[tokio::test]
async fn core_11_a_configuration_that_makes_no_sense_any_more_fails_the_step() {
    let mut bench = bench_with(StepPolicy::default(), &[Ok(())]);
    bench.check(karat_model::id::ComponentKind::Provisioner, "shell", |_| {
        Err(Problems::one("inline", "`inline` is empty now; give it a line"))
    });
    let seen = bench.run().await;
    assert_eq!(seen.outcome(), Err("`inline` is empty now; give it a line".into()));
}

#[tokio::test]
async fn a_panic_of_a_provisioner_is_its_failure() {
    let policy = StepPolicy { max_retries: 1, ..StepPolicy::default() };
    let mut bench = bench_with(policy, &[Ok(())]);
    bench.provisioner("shell", |_, _| Box::pin(async { panic!("index {}", 7) }));
    let seen = bench.run().await;
    assert_eq!(seen.outcome(), Err("the provisioner `shell` panicked: index 7; this is a bug".into()));
}

#[tokio::test]
async fn cli_16_debug_asks_after_each_step_before_each_provisioner_and_before_each_cleanup() {
    let debugged = |result: &'static [Result<(), &'static str>]| {
        let mut bench = bench_with(StepPolicy::default(), result);
        bench.options.debug = true;
        bench.builder("null", |cx, _| {
            Box::pin(async move {
                cx.step("StepConnect", |_| async { Ok(()) }).await?;
                cx.provision(&Nobody, &Facts::default()).await?;
                Ok(None)
            })
        });
        bench
    };
    let mut bench = debugged(&[Ok(())]);
    bench.answers(&[""; 9]);
    assert_eq!(
        bench.run().await.lines(),
        [
            "? Pausing after run of step 'StepConnect'. Press enter to continue.",
            "? Pausing before the next provisioner . Press enter to continue.",
            "[0 shell #1]",
            "shell runs",
            "[done after 0s]",
            "? Pausing after run of step 'StepProvision'. Press enter to continue.",
            "? Pausing before cleanup of step 'StepProvision'. Press enter to continue.",
            "? Pausing before cleanup of step 'StepConnect'. Press enter to continue.",
        ]
    );

    // There is no pause before the cleanup of a step that failed.
    let mut bench = debugged(&[Err("no")]);
    bench.answers(&[""; 9]);
    assert_eq!(
        bench.run().await.lines()[4..],
        [
            "[failed after 0s: no]",
            "Provisioning step had errors: Running the cleanup provisioner, if present...",
            "? Pausing before cleanup of step 'StepConnect'. Press enter to continue.",
        ]
    );
    assert!(debugged(&[Ok(())]).run().await.report.succeeded(), "without a terminal it goes on");
}
