//! The values behind the names of an expression, for messages. Nothing here runs unless something is wrong.

use karat_model::diagnostic::{Diagnostic, NamedValue};
use karat_model::span::Span;
use karat_model::value::Value;

use super::Evaluator;
use crate::expression::Reference;
use crate::scope::Scope;
use crate::tree::{Expr, ExprKind};

/// How many values are shown with one problem.
const SHOWN: usize = 8;

/// The variables that an expression mentions and their values, each once, in the order of their names.
pub fn mentioned(expr: &Expr, scope: &Scope<'_>) -> Vec<NamedValue> {
    named(&expr.references(), scope)
}

fn named(references: &[Reference], scope: &Scope<'_>) -> Vec<NamedValue> {
    let mut values: Vec<NamedValue> =
        references.iter().filter_map(|reference| resolve(reference, scope)).collect();
    values.sort_by(|a, b| a.name.cmp(&b.name));
    values.dedup();
    values.truncate(SHOWN);
    values
}

/// The value at the end of a path; `None` where the path leads nowhere, which is what is said, then.
fn resolve(reference: &Reference, scope: &Scope<'_>) -> Option<NamedValue> {
    let mut value = scope.variable(&reference.root.name)?.clone();
    let mut name = reference.root.name.clone();
    for step in &reference.path {
        let sensitive = value.is_itself_sensitive();
        value = match value.get(&step.name) {
            Some(inner) => inner.clone().mark_if(sensitive),
            None if value.is_null() => break,
            None if value.is_known() => return None,
            None => Value::unknown(value.ty().clone()).mark_if(sensitive),
        };
        name.push('.');
        name.push_str(&step.name);
    }
    NamedValue::new(name, &value)
}

impl Evaluator<'_> {
    /// Puts values beside the problems that came up since there were `before` of them, and that no smaller expression
    /// has seen.
    #[cold]
    pub(super) fn show_values(&mut self, before: usize, expr: &Expr, scope: &Scope<'_>) {
        let mut references = None;
        let unseen = |problem: &&mut Diagnostic| problem.is_error() && problem.values.is_none();
        for problem in self.diagnostics.iter_mut().skip(before).filter(unseen) {
            let references = references.get_or_insert_with(|| expr.references());
            problem.values = Some(match expr.kind {
                // How the parts of these fit together is the problem.
                ExprKind::Access(..) | ExprKind::Call(_) => named(references, scope),
                _ => named(&labelled(references, problem), scope),
            });
        }
    }
}

/// Those that a label is on; all where none is.
fn labelled(references: &[Reference], problem: &Diagnostic) -> Vec<Reference> {
    let inside = |inner: Span, outer: Span| {
        inner.file == outer.file && outer.start <= inner.start && inner.end <= outer.end
    };
    let labels = || problem.primary.iter().chain(&problem.secondary);
    let found = references.iter().filter(|found| labels().any(|label| inside(found.span, label.span)));
    let found: Vec<_> = found.cloned().collect();
    if found.is_empty() { references.to_vec() } else { found }
}
