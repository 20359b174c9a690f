//! From a document and inputs to a plan.

use std::sync::Arc;

use karat_hcl::json::Text;
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::id::BuildName;
use karat_model::plan::Plan;

use super::build::Planner;
use super::document::{Builder, Document};
use super::select::Selection;
use super::stage::{Stage, place};
use super::unset;
use super::variables::Variables;
use crate::code;
use crate::constraint::Version;
use crate::evaluate::{Evaluation, no_builds};
use crate::inputs::Inputs;
use crate::load::Loaded;

/// A builder with its name rendered.
pub(super) struct Named<'d> {
    pub(super) builder: &'d Builder,
    pub(super) name: String,
}

/// Evaluates a legacy JSON template; `document` is `None` if it cannot be read, which [`Loaded::diagnostics`] say.
pub(crate) fn evaluate(loaded: &Loaded, document: Option<&Document>, inputs: &Inputs<'_>) -> Evaluation {
    let mut evaluation = Evaluation::new(loaded);
    if let Some(document) = document.filter(|_| inputs.strict) {
        document.refuse_ours(&mut evaluation.diagnostics);
    }
    // Packer checks no more than the text, then.
    if let Some(document) = document.filter(|_| !inputs.syntax_only && !evaluation.diagnostics.has_errors()) {
        evaluate_document(document, loaded, inputs, &mut evaluation);
    }
    let diagnostics = std::mem::take(&mut evaluation.diagnostics);
    // Packer warns of nothing here.
    let shown = |problem: &Diagnostic| problem.is_error() || !inputs.strict;
    evaluation.diagnostics = diagnostics.into_sorted().into_iter().filter(shown).collect();
    evaluation
}

fn evaluate_document(document: &Document, loaded: &Loaded, inputs: &Inputs<'_>, evaluation: &mut Evaluation) {
    let diagnostics = &mut evaluation.diagnostics;
    if let Some(version) = &document.min_packer_version {
        diagnostics.extend(check_version(version, &inputs.packer_version));
    }
    // A template for another version may have anything in it.
    if diagnostics.has_errors() {
        return;
    }
    document.validate(diagnostics);
    let mut sources = loaded.sources.as_ref().clone();
    let variables = Variables::collect(document, loaded, inputs, &mut sources, diagnostics);
    evaluation.sources = Arc::new(sources);
    evaluation.secrets.clone_from(&variables.secrets);
    if diagnostics.has_errors() {
        return;
    }
    let variables = Arc::new(variables.values);
    unset::warn(document, &variables, diagnostics);
    let stage = Stage::new(loaded, inputs, &variables);
    let builders = names(document, &stage, diagnostics);
    evaluation.builds = builders.iter().map(|named| BuildName(named.builder.shown(&named.name))).collect();
    if diagnostics.has_errors() {
        return;
    }
    let selection = Selection::new(inputs);
    let names = builders.iter().map(|named| (named.name.clone(), named.builder.shown(&named.name)));
    selection.warn_unmatched(document, &names.collect::<Vec<_>>(), diagnostics);
    let selected: Vec<&Named<'_>> = builders.iter().filter(|named| selection.selects(&named.name)).collect();
    if inputs.require_builds && selected.is_empty() {
        diagnostics.push(no_builds());
        return;
    }
    let planner = Planner::new(document, loaded, inputs, &stage, &variables);
    let mut builds = Vec::new();
    for named in &selected {
        let mut problems = Diagnostics::new();
        let build = planner.build(named, &selection, &mut problems);
        if !problems.has_errors() {
            builds.extend(build);
        }
        diagnostics.extend(problems);
    }
    // With every selected build wrong there is nothing to go on with.
    if !selected.is_empty() && builds.is_empty() {
        return;
    }
    evaluation.plan = Some(Plan {
        sources: evaluation.sources.clone(),
        template: loaded.path.display().to_string(),
        root: loaded.root.clone(),
        builds,
        secrets: evaluation.secrets.clone(),
        sequential: document.parallel.as_ref().is_some_and(|(_, parallel)| !parallel),
        user_variables: Some(variables),
    });
}

fn check_version(wanted: &Text, current: &str) -> Option<Diagnostic> {
    if wanted.text.is_empty() {
        return None;
    }
    let Some(version) = Version::parse(&wanted.text) else {
        let title = format!("min_version is invalid: Malformed version: {}", wanted.text);
        return Some(Diagnostic::error(code::VERSION, title).at(wanted.span));
    };
    if Version::parse(current).is_none_or(|current| !current.is_before(&version)) {
        return None;
    }
    let title = format!("This template requires Packer version {version} or higher; using {current}");
    let problem = Diagnostic::error(code::VERSION, title).at(wanted.span);
    Some(problem.note(format!("{current} is the version of Packer that Karat is compatible with")))
}

/// The builders in the order of their rendered names, as Packer has them.
fn names<'d>(document: &'d Document, stage: &Stage, diagnostics: &mut Diagnostics) -> Vec<Named<'d>> {
    let mut named: Vec<Named<'d>> = Vec::new();
    for builder in &document.builders {
        match stage.render(&builder.name.text) {
            Ok(name) => named.push(Named { builder, name }),
            Err(error) => {
                let title = format!("Error interpolating builder '{}': {}", builder.name.text, error.message);
                diagnostics
                    .push(Diagnostic::error(code::GO_TEMPLATE, title).at(place(&builder.name, &error)));
            }
        }
    }
    named.sort_by(|a, b| a.name.cmp(&b.name));
    for pair in named.windows(2) {
        let [first, second] = pair else { continue };
        if first.name == second.name {
            let title = format!("two builders have the same name when it is rendered: {}", first.name);
            diagnostics.push(
                Diagnostic::error(code::DUPLICATE, title)
                    .at(second.builder.name.span)
                    .label(first.builder.name.span, "the other one is here")
                    .note("Packer builds one of them, and nobody can tell which"),
            );
        }
    }
    named
}
