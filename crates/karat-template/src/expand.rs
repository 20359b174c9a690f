//! The blocks of a build, with `dynamic` ones multiplied out.

use std::sync::Arc;

use karat_hcl::tree::{Block, Body, Label};
use karat_hcl::{Dynamic, Scope, eval};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::Span;
use karat_model::value::Type;

use crate::code;
use crate::shape::Shape;

/// A block that was written, or made by a `dynamic` block.
pub(crate) struct Expanded<'a> {
    pub(crate) kind: &'a str,
    /// What it is about: a component type, a source. Empty for blocks without labels.
    pub(crate) label: Label,
    pub(crate) body: &'a Body,
    pub(crate) header: Span,
    /// What its expressions see.
    pub(crate) scope: Arc<Scope<'static>>,
}

/// The blocks in `body` in the order of the text, without those that may not stand there, which are reported.
pub(crate) fn expand<'a>(
    body: &'a Body,
    shape: &Shape,
    scope: &Arc<Scope<'static>>,
    diagnostics: &mut Diagnostics,
) -> Vec<Expanded<'a>> {
    let mut all = Vec::new();
    for block in &body.blocks {
        if block.kind.name == "dynamic" {
            multiply(block, shape, scope, &mut all, diagnostics);
        } else if shape.admits(block) {
            all.push(Expanded {
                kind: &block.kind.name,
                label: label(block),
                body: &block.body,
                header: block.header,
                scope: scope.clone(),
            });
        }
    }
    all
}

fn label(block: &Block) -> Label {
    block.labels.first().cloned().unwrap_or_else(|| Label { text: String::new(), span: block.header })
}

fn multiply<'a>(
    block: &'a Block,
    shape: &Shape,
    scope: &Arc<Scope<'static>>,
    all: &mut Vec<Expanded<'a>>,
    diagnostics: &mut Diagnostics,
) {
    let Some(dynamic) = Dynamic::read(block, scope, diagnostics) else { return };
    let Some(labels) = shape.labels(dynamic.kind) else {
        let place = block.labels.first().map_or(block.header, |label| label.span);
        diagnostics.push(shape.unknown_kind(dynamic.kind, place));
        return;
    };
    if labels.len() != dynamic.labels.len() {
        let title =
            format!("A `{}` block has {} labels, not {}", dynamic.kind, labels.len(), dynamic.labels.len());
        let problem = Diagnostic::error(code::LABELS, title).at(block.header);
        diagnostics
            .push(problem.help("labels = [\"…\"] in the `dynamic` block gives its blocks their labels"));
        return;
    }
    // As long as nobody knows how many there are, one stands for all.
    for inner in dynamic.scopes(scope).unwrap_or_else(|| vec![dynamic.unknown_scope(scope)]) {
        // The iterator is the one name that the inner scope adds.
        let iterator = inner.names().first().map(|name| (*name).to_owned());
        let element = iterator.and_then(|name| Some((name.clone(), inner.variable(&name)?.clone())));
        let Some((name, element)) = element else { continue };
        let label = match dynamic.labels.first() {
            None => Label { text: String::new(), span: block.header },
            Some(expr) => {
                let value = eval(expr, &inner, diagnostics);
                if value.is_error() {
                    continue;
                }
                match value.convert(&Type::String).ok().as_ref().and_then(|value| value.as_str()) {
                    Some(text) => Label { text: text.to_owned(), span: expr.span },
                    None => {
                        let problem =
                            Diagnostic::error(code::LABELS, "A label must be a string that is known");
                        diagnostics.push(problem.at(expr.span));
                        continue;
                    }
                }
            }
        };
        all.push(Expanded {
            kind: dynamic.kind,
            label,
            body: dynamic.content,
            header: block.header,
            scope: Arc::new(scope.as_ref().clone().with(name, element)),
        });
    }
}
