//! Several builds: at the same time, one after the other, and without regard for one another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use karat_model::event::{CancelLevel, Event, EventKind};
use karat_sdk::StepError;
use tokio::sync::Barrier;

use crate::scripted::*;

fn bench_of(builds: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new();
    bench.plan.builds.clear();
    for (name, builder) in builds {
        bench.add_build(name, builder);
    }
    bench
}

#[tokio::test]
async fn core_16_one_failing_build_does_not_stop_the_others() {
    let mut bench = bench_of(&[("bad.a", "bad"), ("panic.b", "panic"), ("good.c", "good")]);
    // All three meet before any of them ends, so they do run at the same time.
    let barrier = Arc::new(Barrier::new(3));
    let meet = barrier.clone();
    bench.builder("bad", move |_, _| {
        let meet = meet.clone();
        Box::pin(async move {
            meet.wait().await;
            Err(StepError::failed("bad luck"))
        })
    });
    let meet = barrier.clone();
    bench.builder("panic", move |_, _| {
        let meet = meet.clone();
        Box::pin(async move {
            meet.wait().await;
            panic!("oh")
        })
    });
    bench.builder("good", move |cx, _| {
        let meet = barrier.clone();
        Box::pin(async move {
            cx.own_directory("out".as_ref(), None).await?;
            meet.wait().await;
            cx.pause(std::time::Duration::from_millis(20)).await?;
            cx.say("still here");
            Ok(None)
        })
    });
    let seen = bench.run().await;
    let outcomes: Vec<_> = seen.report.builds.iter().map(|build| format!("{:?}", build.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            "Some(Failed { error: \"bad luck\" })",
            "Some(Failed { error: \"the builder `panic` panicked: oh; this is a bug\" })",
            "Some(Succeeded { artifacts: [] })",
        ]
    );
    assert_eq!(seen.lines_of("good.c"), ["still here"]);
    assert_eq!(seen.open_entries().await, 0);
    assert!(!seen.report.succeeded() && !seen.report.cancelled);
}

/// Builds that note how many of them are at work together.
fn crowd(bench: &mut Bench) -> Arc<AtomicUsize> {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    bench.builder("null", move |cx, _| {
        let (now, most) = (now.clone(), most.clone());
        Box::pin(async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            cx.say("starts");
            cx.pause(seconds(1)).await?;
            cx.say("ends");
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(None)
        })
    });
    seen
}

const FOUR: [(&str, &str); 4] =
    [("null.a", "null"), ("null.b", "null"), ("null.c", "null"), ("null.d", "null")];

#[tokio::test(start_paused = true)]
async fn cli_17_as_many_builds_at_once_as_the_user_says() {
    for (at_once, took) in [(None, 1), (Some(1), 4), (Some(2), 2), (Some(9), 1)] {
        let mut bench = bench_of(&FOUR);
        let most = crowd(&mut bench);
        at_once.into_iter().for_each(|at_once| bench.parallel(at_once));
        let seen = bench.run().await;
        assert_eq!(most.load(Ordering::SeqCst), at_once.unwrap_or(4).min(4));
        assert_eq!(seen.report.took.as_secs(), took);
    }
}

#[tokio::test(start_paused = true)]
async fn cli_17_one_at_a_time_means_in_the_order_of_the_plan() {
    for debug in [false, true] {
        let mut bench = bench_of(&FOUR);
        crowd(&mut bench);
        if debug {
            bench.options.debug = true
        } else {
            bench.parallel(1)
        }
        let seen = bench.run().await;
        let order: Vec<_> =
            seen.events.iter().filter_map(|event| event.scope.build.clone()).map(|name| name.0).collect();
        assert!(order.is_sorted(), "{order:?}");
        assert_eq!(seen.lines(), ["starts", "ends"].repeat(4));
    }
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_where_the_template_says_so() {
    let mut bench = bench_of(&FOUR);
    let most = crowd(&mut bench);
    bench.plan.sequential = true;
    bench.parallel(4);
    bench.run().await;
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn fail_fast_stops_the_others_and_cleans_up_after_them() {
    for (fail_fast, at_once) in [(true, 9), (true, 2), (false, 9)] {
        let mut bench = bench_of(&[("null.a", "null"), ("bad.b", "bad"), ("null.c", "null")]);
        crowd(&mut bench);
        bench.builder("bad", |cx, _| {
            Box::pin(async move {
                cx.own_directory("out".as_ref(), None).await?;
                cx.pause(std::time::Duration::from_millis(500)).await?;
                Err(StepError::failed("bad luck"))
            })
        });
        bench.parallel(at_once);
        bench.options.fail_fast = fail_fast;
        let seen = bench.run().await;
        let outcomes: Vec<_> =
            seen.report.builds.iter().map(|build| format!("{:?}", build.outcome)).collect();
        let stopped = "Some(Cancelled { error: \"cancelled (bad.b failed)\" })";
        let (first, last) = match (fail_fast, at_once) {
            (true, 9) => (stopped, stopped),
            (true, _) => (stopped, "None"),
            (false, _) => ("Some(Succeeded { artifacts: [] })", "Some(Succeeded { artifacts: [] })"),
        };
        assert_eq!(outcomes, [first, "Some(Failed { error: \"bad luck\" })", last]);
        assert!(!seen.report.succeeded() && !seen.report.cancelled, "nobody stopped the run");
        assert_eq!(seen.open_entries().await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn cli_10_a_cancelled_run_starts_no_more_builds() {
    for (level, first) in [(CancelLevel::Drain, "Succeeded"), (CancelLevel::Stop, "Cancelled")] {
        let mut bench = bench_of(&FOUR);
        crowd(&mut bench);
        bench.parallel(1);
        let canceller = bench.canceller.clone();
        let (seen, ()) = tokio::join!(bench.run(), async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            canceller.cancel(level, "interrupt");
        });
        let outcomes: Vec<_> =
            seen.report.builds.iter().map(|build| format!("{:?}", build.outcome)).collect();
        assert!(outcomes[0].starts_with(&format!("Some({first}")), "{outcomes:?}");
        assert_eq!(outcomes[1..], ["None", "None", "None"]);
        assert_eq!(seen.report.cancelled, level == CancelLevel::Stop);
        assert_eq!(seen.lines_of("null.b"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_stream_tells_the_run_from_its_start_to_its_end() {
    let mut bench = bench_of(&[("null.a", "null")]);
    crowd(&mut bench);
    bench.plan.secrets.push("starts".into());
    let seen = bench.run().await;
    let kinds: Vec<_> = seen
        .events
        .iter()
        .map(|event| serde_json::to_value(&event.kind).unwrap())
        .map(|kind| {
            format!("{} {}", kind["type"].as_str().unwrap(), kind["text"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "run_started ",
            "build_started ",
            "message <sensitive>",
            "message ends",
            "build_finished ",
            "run_finished ",
        ]
    );
}

#[tokio::test]
async fn a_builder_that_does_not_exist_fails_its_build() {
    let mut bench = bench_of(&[("gone.a", "gone")]);
    crowd(&mut bench);
    assert_eq!(bench.run().await.outcome(), Err("the builder `gone` does not exist".into()));
}

#[tokio::test(start_paused = true)]
async fn cli_11_a_cancelled_run_says_what_it_waits_for_and_when_that_changes() {
    let told = |strict: bool| async move {
        let mut bench = Bench::new();
        bench.options.strict = strict;
        let canceller = bench.canceller.clone();
        bench.builder("null", move |cx, _| {
            canceller.cancel(CancelLevel::Stop, "interrupt");
            Box::pin(async move {
                // Does not listen.
                tokio::time::sleep(seconds(25)).await;
                let slow = async {
                    tokio::time::sleep(seconds(25)).await;
                    Ok(())
                };
                cx.defer(|| Box::pin(slow));
                Err(StepError::failed("no"))
            })
        });
        let seen = bench.run().await;
        let text = |event: &Event| match &event.kind {
            EventKind::Message { text, .. } => Some(text.clone()),
            _ => None,
        };
        seen.events.iter().filter_map(text).collect::<Vec<_>>()
    };
    let again = "Press Ctrl-C again to kill what does not stop.";
    let waiting = |what: &str| format!("Waiting for null.a ({what}). {again}");
    assert_eq!(told(false).await, [waiting("the builder `null`"), waiting("its cleanup")]);
    assert_eq!(told(true).await, Vec::<String>::new());
}
