//! What is said about a plan before it runs.

use std::collections::BTreeMap;

use karat_engine::check;
use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::id::ComponentKind;
use karat_model::span::{SourceMap, Span};
use karat_model::value::{Type, Value};
use karat_sdk::{Checked, Problems};

use crate::scripted::*;

fn wrong(argument: &'static str) -> impl Fn(&Value) -> Result<Checked, Problems> {
    move |_| {
        let mut problems = Problems::one(argument, format!("`{argument}` is wrong\nbecause of the moon"));
        problems.add_general("the whole is wrong");
        Err(problems)
    }
}

/// `LINE context: title` of each, in the order of the text.
async fn said(bench: &Bench) -> Vec<String> {
    let checks = check(&bench.plan, &*bench.components(), &bench.options).await;
    let all: Diagnostics = checks.into_iter().flat_map(|check| check.diagnostics).collect();
    let line = |diagnostic: &Diagnostic| diagnostic.primary.as_ref().unwrap().span.start;
    let shown = |diagnostic: Diagnostic| {
        let word = if diagnostic.is_error() { "error" } else { "warning" };
        let context = diagnostic.context.clone().unwrap_or_default();
        format!("{} {word} in {context}: {}", line(&diagnostic), diagnostic.title)
    };
    all.into_sorted().into_iter().map(shown).collect()
}

#[tokio::test]
async fn core_02_every_problem_of_every_component_is_reported_where_it_stands() {
    let mut bench = Bench::new();
    let file = SourceMap::new().add("a", "");
    let at = |line| Span::new(file, line, line + 1);
    bench.check(ComponentKind::Builder, "null", wrong("port"));
    bench.check(ComponentKind::Provisioner, "shell", wrong("inline"));
    bench.check(ComponentKind::Provisioner, "mop", |_| {
        Ok(Checked { warnings: vec!["mops are old".into()], facts: vec![] })
    });
    bench.check(ComponentKind::PostProcessor, "zip", wrong("output"));
    let build = bench.build();
    build.source.span = at(10);
    build.source.arguments = BTreeMap::from([("port".into(), at(11))]);
    let mut shell = step("shell");
    shell.node.span = at(20);
    let mut mop = step("mop");
    mop.node.span = at(30);
    let mut zip = post_processing("zip");
    zip.node.span = at(40);
    zip.node.arguments = BTreeMap::from([("output".into(), at(41))]);
    build.steps.extend([shell, step("nobody")]);
    build.cleanup = Some(mop);
    build.post_processors.push(vec![zip]);
    let same_place = bench.build().clone();
    bench.plan.builds.push(same_place);

    assert_eq!(
        said(&bench).await,
        [
            "10 error in source \"null\" \"a\": the whole is wrong",
            "11 error in source \"null\" \"a\": `port` is wrong",
            "20 error in provisioner \"shell\": `inline` is wrong",
            "20 error in provisioner \"shell\": the whole is wrong",
            "30 warning in error-cleanup-provisioner \"mop\": mops are old",
            "40 error in post-processor \"zip\": the whole is wrong",
            "41 error in post-processor \"zip\": `output` is wrong",
        ]
    );
}

#[tokio::test]
async fn core_02_a_build_that_is_wrong_leaves_the_others_alone() {
    let mut bench = Bench::new();
    bench.add_build("bad.b", "bad");
    bench.check(ComponentKind::Builder, "bad", wrong("port"));
    let checks = check(&bench.plan, &*bench.components(), &bench.options).await;
    let verdicts: Vec<_> =
        checks.iter().map(|check| (check.build.0.as_str(), check.diagnostics.has_errors())).collect();
    assert_eq!(verdicts, [("null.a", false), ("bad.b", true)]);
}

#[tokio::test]
async fn core_11_the_facts_of_a_build_exist_before_they_have_values() {
    let mut bench = Bench::new();
    bench.check(ComponentKind::Builder, "null", |_| {
        Ok(Checked { warnings: vec![], facts: vec!["ImageSha256".into()] })
    });
    bench.check(ComponentKind::Provisioner, "shell", |config| {
        assert!(!config.is_known());
        Ok(Checked::default())
    });
    let mut shell = step("shell");
    shell.node.config = late(|facts| {
        assert!(facts.is_pending());
        for key in ["Host", "PackerRunUUID", "ImageSha256"] {
            assert!(facts.get(key).is_some(), "{key}");
        }
        assert!(facts.get("Nonsense").is_none());
        Ok(Value::unknown(Type::String))
    });
    let mut late_error = step("shell");
    late_error.node.config = late(|_| {
        let error = Diagnostic::error(code::NO_ATTRIBUTE, "this object has no attribute \"Nonsense\"");
        Err([error.at(Span::default())].into_iter().collect())
    });
    bench.build().steps.extend([shell, late_error]);
    assert_eq!(said(&bench).await, ["0 error in : this object has no attribute \"Nonsense\""]);
}
