//! What becomes of artifacts.

use karat_model::artifact::Artifact;
use karat_model::event::{CancelLevel, EventKind, Tone};
use karat_model::facts::Facts;
use karat_model::id::ComponentKind;
use karat_model::plan::PostProcessing;
use karat_sdk::{InputFate, Processed, StepError};

use crate::scripted::*;

/// A post-processor that makes an artifact of its own name.
fn maker(bench: &mut Bench, name: &'static str, input: InputFate) {
    bench.post_processor(name, move |_, _| {
        Box::pin(async move {
            Ok(Processed { output: Some(artifact(ComponentKind::PostProcessor, name, name)), input })
        })
    });
}

fn failing(bench: &mut Bench, name: &'static str) {
    bench.post_processor(name, move |_, _| {
        Box::pin(async move { Err(StepError::failed(format!("{name} broke"))) })
    });
}

fn keeping(component: &str, keep: bool) -> PostProcessing {
    PostProcessing { keep_input: Some(keep), ..post_processing(component) }
}

fn chains(bench: &mut Bench, chains: &[&[&str]]) {
    let chain = |names: &&[&str]| names.iter().map(|name| post_processing(name)).collect();
    bench.build().post_processors = chains.iter().map(chain).collect();
}

/// Runs; the outcome and what was destroyed.
async fn outcome(bench: Bench) -> (Result<Vec<String>, String>, Vec<String>) {
    let destroyed = bench.destroyed.clone();
    let seen = bench.run().await;
    let destroyed = destroyed.lock().unwrap().clone();
    (seen.outcome(), destroyed)
}

fn ids(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

#[tokio::test]
async fn core_13_every_chain_starts_from_the_builders_artifact() {
    let mut bench = Bench::new();
    for name in ["zip", "sum", "list"] {
        bench.post_processor(name, move |cx, _| {
            Box::pin(async move {
                cx.say(format!("{name} speaks"));
                Ok(Processed {
                    output: Some(artifact(ComponentKind::PostProcessor, name, name)),
                    input: InputFate::Keep,
                })
            })
        });
    }
    chains(&mut bench, &[&["zip", "sum"], &["list"]]);
    let seen = bench.run().await;
    assert_eq!(
        seen.lines(),
        [
            "[post-processor zip]",
            "zip speaks",
            "[post-processor sum]",
            "sum speaks",
            "[post-processor list]",
            "list speaks",
        ]
    );
    assert_eq!(seen.outcome(), Ok(ids(&["original", "zip", "sum", "list"])));
    let speaker = |event: &karat_model::event::Event| {
        matches!(event.kind, EventKind::Message { tone: Tone::Say, .. })
            .then(|| event.scope.post_processor.clone())
    };
    let speakers: Vec<_> = seen.events.iter().filter_map(speaker).flatten().collect();
    assert_eq!(speakers, ["zip", "sum", "list"], "its own lines carry its type");
}

#[tokio::test]
async fn core_14_the_original_stays_if_any_chain_keeps_it() {
    use InputFate::{Discard, Keep, MustKeep};
    // (component's wish, template's wish, kept)
    for (fate, template, kept) in [
        (Discard, None, false),
        (Discard, Some(false), false),
        (Discard, Some(true), true),
        (Keep, None, true),
        (Keep, Some(false), false),
        (Keep, Some(true), true),
        (MustKeep, None, true),
        (MustKeep, Some(false), true),
        (MustKeep, Some(true), true),
    ] {
        let mut bench = Bench::new();
        maker(&mut bench, "zip", fate);
        maker(&mut bench, "other", Discard);
        let zip = PostProcessing { keep_input: template, ..post_processing("zip") };
        bench.build().post_processors = vec![vec![post_processing("other")], vec![zip]];
        let expected = match kept {
            true => (Ok(ids(&["original", "other", "zip"])), vec![]),
            false => (Ok(ids(&["other", "zip"])), ids(&["original"])),
        };
        assert_eq!(outcome(bench).await, expected, "{fate:?} {template:?}");
    }
}

#[tokio::test]
async fn core_14_without_post_processors_the_original_is_the_result() {
    assert_eq!(outcome(Bench::new()).await, (Ok(ids(&["original"])), vec![]));
}

#[tokio::test]
async fn core_14_what_stands_between_two_is_kept_or_destroyed_by_the_later_one() {
    for keep in [true, false] {
        let mut bench = Bench::new();
        maker(&mut bench, "zip", InputFate::Discard);
        maker(&mut bench, "sum", InputFate::Discard);
        bench.build().post_processors = vec![vec![post_processing("zip"), keeping("sum", keep)]];
        let expected = match keep {
            true => (Ok(ids(&["zip", "sum"])), ids(&["original"])),
            false => (Ok(ids(&["sum"])), ids(&["zip", "original"])),
        };
        assert_eq!(outcome(bench).await, expected);
    }
}

#[tokio::test]
async fn core_14_an_artifact_that_cannot_be_destroyed_fails_the_build() {
    let mut bench = Bench::new();
    maker(&mut bench, "zip", InputFate::Discard);
    maker(&mut bench, "sum", InputFate::Discard);
    bench.destroy_fails(ComponentKind::PostProcessor, "zip");
    chains(&mut bench, &[&["zip", "sum"]]);
    let error = "1 error(s) occurred:\n\n* Failed cleaning up prior artifact: it is stuck";
    assert_eq!(outcome(bench).await.0, Err(error.into()));
}

#[tokio::test]
async fn core_15_a_failure_ends_its_chain_and_hides_all_artifacts() {
    let mut bench = Bench::new();
    failing(&mut bench, "bad");
    failing(&mut bench, "worse");
    maker(&mut bench, "never", InputFate::Keep);
    maker(&mut bench, "zip", InputFate::Keep);
    chains(&mut bench, &[&["bad", "never"], &["zip"], &["worse"]]);
    let seen = bench.run().await;
    assert_eq!(
        seen.lines(),
        ["[post-processor bad]", "[post-processor zip]", "[post-processor worse]"],
        "the other chains still run"
    );
    let error =
        "2 error(s) occurred:\n\n* Post-processor failed: bad broke\n* Post-processor failed: worse broke";
    assert_eq!(seen.outcome(), Err(error.into()));
}

#[tokio::test]
async fn core_15_one_failure_is_counted_too() {
    let mut bench = Bench::new();
    failing(&mut bench, "bad");
    chains(&mut bench, &[&["bad"]]);
    let error = "1 error(s) occurred:\n\n* Post-processor failed: bad broke";
    assert_eq!(outcome(bench).await.0, Err(error.into()));
}

#[tokio::test]
async fn core_15_no_artifact_ends_a_chain_without_a_word() {
    let mut bench = Bench::new();
    bench.post_processor("nothing", |_, _| {
        Box::pin(async { Ok(Processed { output: None, input: InputFate::Keep }) })
    });
    maker(&mut bench, "never", InputFate::Keep);
    maker(&mut bench, "zip", InputFate::Keep);
    chains(&mut bench, &[&["nothing", "never"], &["zip"]]);
    let seen = bench.run().await;
    assert_eq!(seen.lines(), ["[post-processor nothing]", "[post-processor zip]"]);
    assert_eq!(seen.outcome(), Ok(ids(&["original", "zip"])));
}

#[tokio::test]
async fn core_15_no_builder_artifact_no_post_processing() {
    let mut bench = Bench::new();
    bench.builder("null", |_, _| Box::pin(async { Ok(None) }));
    maker(&mut bench, "zip", InputFate::Keep);
    chains(&mut bench, &[&["zip"]]);
    assert_eq!(outcome(bench).await, (Ok(vec![]), vec![]));
}

#[tokio::test]
async fn core_15_a_panic_is_a_failure() {
    let mut bench = Bench::new();
    bench.post_processor("zip", |_, _| Box::pin(async { panic!("oh") }));
    chains(&mut bench, &[&["zip"]]);
    let error = "1 error(s) occurred:\n\n* Post-processor failed: the post-processor `zip` panicked: oh; this is a bug";
    assert_eq!(outcome(bench).await.0, Err(error.into()));
}

#[tokio::test]
async fn core_13_a_cancelled_build_has_no_post_processing_and_loses_nothing() {
    let mut bench = Bench::new();
    let canceller = bench.canceller.clone();
    bench.builder("null", move |_, _| {
        canceller.cancel(CancelLevel::Stop, "interrupt");
        Box::pin(async { Ok(Some(artifact(ComponentKind::Builder, "null", "original"))) })
    });
    maker(&mut bench, "zip", InputFate::Discard);
    chains(&mut bench, &[&["zip"]]);
    assert_eq!(outcome(bench).await, (Err("cancelled: cancelled (interrupt)".into()), vec![]));

    let mut bench = Bench::new();
    let canceller = bench.canceller.clone();
    bench.post_processor("zip", move |cx, _| {
        canceller.cancel(CancelLevel::Stop, "interrupt");
        Box::pin(async move {
            cx.pause(seconds(1)).await?;
            Ok(Processed { output: None, input: InputFate::Discard })
        })
    });
    chains(&mut bench, &[&["zip"], &["zip"]]);
    assert_eq!(outcome(bench).await, (Err("cancelled: cancelled (interrupt)".into()), vec![]));
}

#[tokio::test]
async fn core_11_post_processors_see_the_facts_of_the_build() {
    for strict in [true, false] {
        let mut bench = Bench::new();
        bench.options.strict = strict;
        bench.builder("null", |_, _| {
            Box::pin(async {
                let mut facts = Facts::default();
                facts.set("ID", "Null");
                Ok(Some(Artifact { facts, ..artifact(ComponentKind::Builder, "null", "original") }))
            })
        });
        for name in ["zip", "list"] {
            bench.post_processor(name, move |cx, _| {
                Box::pin(async move {
                    cx.say(cx.facts().text("ID").unwrap_or("<unknown>"));
                    let output = Some(artifact(ComponentKind::PostProcessor, name, name));
                    Ok(Processed { output, input: InputFate::Keep })
                })
            });
        }
        chains(&mut bench, &[&["zip", "list"]]);
        let seen = bench.run().await;
        // A post-processor's artifact knows nothing of the build, and Packer asks nobody else.
        let later = if strict { "<unknown>" } else { "Null" };
        assert_eq!(seen.lines(), ["[post-processor zip]", "Null", "[post-processor list]", later]);
    }
}

#[tokio::test]
async fn core_11_without_facts_of_the_builder_they_are_unknown() {
    let mut bench = Bench::new();
    bench.post_processor("zip", |cx, _| {
        Box::pin(async move {
            cx.say(format!("{} {:?}", cx.facts().is_pending(), cx.facts().text("Host")));
            Ok(Processed { output: None, input: InputFate::Keep })
        })
    });
    chains(&mut bench, &[&["zip"]]);
    assert_eq!(bench.run().await.lines(), ["[post-processor zip]", "false Some(\"<unknown>\")"]);
}

#[tokio::test]
async fn a_post_processor_takes_down_what_it_made() {
    let mut bench = Bench::new();
    bench.post_processor("zip", |cx, _| {
        Box::pin(async move {
            let scratch = cx.scratch().await?;
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&scratch).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
            assert_eq!(cx.scratch().await?, scratch, "there is one");
            std::fs::write(scratch.join("x"), "").unwrap();
            Ok(Processed { output: None, input: InputFate::Keep })
        })
    });
    chains(&mut bench, &[&["zip"]]);
    let seen = bench.run().await;
    assert!(seen.report.succeeded());
    assert!(seen.left_in_temp().is_empty());
    assert_eq!(seen.open_entries().await, 0);
}
