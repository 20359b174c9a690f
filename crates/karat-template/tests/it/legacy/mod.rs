//! Legacy JSON templates.

mod build;
mod document;
mod option;
mod variable;

use karat_template::Inputs;

use crate::rendering::{legacy, render, titles};

/// The plan as text, or the titles of what is wrong; both after warnings alone.
fn planned_with(text: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> String {
    let evaluation = legacy(text, adjust);
    let mut lines = titles(&evaluation);
    if let Some(plan) = evaluation.plan.filter(|_| !evaluation.diagnostics.has_errors()) {
        lines.push(render(&plan));
    }
    lines.join("\n")
}

fn planned(text: &str) -> String {
    planned_with(text, |_| ())
}

/// `-only`, `-except` and the like.
fn own(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
