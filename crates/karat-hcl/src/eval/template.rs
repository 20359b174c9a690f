//! Templates: text with values in it.

use karat_model::diagnostic::Diagnostic;
use karat_model::span::Span;
use karat_model::value::{Type, Value};

use super::{Evaluator, NULL, TYPE, hint};
use crate::limit::{MAX_SIZE, too_many_steps};
use crate::scope::Scope;
use crate::tree::{Expr, ExprKind, ForPart, IfPart, Part};

/// The text of a template so far, and what is known about it.
#[derive(Default)]
pub(super) struct Text {
    text: String,
    sensitive: bool,
    unknown: bool,
    error: bool,
}

impl Text {
    /// Adds text, as long as all before it is known.
    fn push(&mut self, more: &str) {
        if !self.unknown && !self.is_full() {
            self.text.push_str(more);
        }
    }

    /// Whether the text is longer than a value may be, which is then reported as soon as it is one.
    fn is_full(&self) -> bool {
        self.text.len() as u64 > MAX_SIZE
    }

    pub(super) fn into_value(self) -> Value {
        let value = match (self.error, self.unknown) {
            (true, _) => Value::error(),
            (_, true) => Value::unknown(Type::String).not_null().starting_with(&self.text),
            _ => Value::string(self.text),
        };
        value.mark_if(self.sensitive)
    }
}

impl Evaluator<'_> {
    /// The value of what stands in `${…}`.
    pub(super) fn interpolated(&mut self, expr: &Expr, span: Span, scope: &Scope<'_>) -> Value {
        match &expr.kind {
            ExprKind::Variable(name) if scope.variable(name).is_none() => {
                self.fail(hint::unknown_variable_in_text(name, expr.span, span, scope))
            }
            _ => self.expr(expr, scope),
        }
    }

    pub(super) fn parts(&mut self, parts: &[Part], scope: &Scope<'_>, text: &mut Text) {
        for part in parts {
            match part {
                Part::Text(literal) => text.push(literal),
                Part::Interpolation(expr, span) => {
                    let value = self.interpolated(expr, *span, scope);
                    self.interpolate(value, expr, text);
                }
                Part::If(part) => {
                    let IfPart { condition, yes, no } = part.as_ref();
                    let value = self.expr(condition, scope);
                    let truth = if value.is_known() {
                        self.truth(value, "The condition", condition.span)
                    } else {
                        value
                    };
                    text.sensitive |= truth.is_sensitive();
                    text.error |= truth.is_error();
                    match truth.as_bool() {
                        Some(true) => self.parts(yes, scope, text),
                        Some(false) => self.parts(no, scope, text),
                        None => text.unknown = true,
                    }
                }
                Part::For(part) => {
                    let ForPart { names, collection, body } = part.as_ref();
                    let value = self.expr(collection, scope);
                    text.sensitive |= value.is_itself_sensitive();
                    match self.elements(&value, collection.span) {
                        Ok(elements) => {
                            for (key, element) in elements {
                                if !scope.step() {
                                    text.error = true;
                                    self.fail(too_many_steps(collection.span));
                                    break;
                                }
                                let scope = super::iterate::bind(scope, names, key, element);
                                self.parts(body, &scope, text);
                                if text.error || text.is_full() {
                                    break;
                                }
                            }
                        }
                        Err(unusable) => {
                            text.error |= unusable.is_error();
                            text.unknown = true;
                        }
                    }
                }
            }
        }
    }

    fn interpolate(&mut self, value: Value, expr: &Expr, text: &mut Text) {
        text.sensitive |= value.is_sensitive();
        if value.is_null() {
            text.error = true;
            self.fail(
                Diagnostic::error(NULL, "A null value cannot be put into text")
                    .label(expr.span, "this is null")
                    .help("give it a value, or a default: `coalesce(…, \"default\")`"),
            );
            return;
        }
        if !value.is_known() {
            text.error |= value.is_error();
            text.unknown = true;
            return;
        }
        match value.convert(&Type::String) {
            Ok(string) => text.push(string.as_str().unwrap_or_default()),
            Err(_) => {
                text.error = true;
                let found = value.ty().with_article();
                let help = match value.ty() {
                    Type::List(_) | Type::Set(_) | Type::Tuple(_) => {
                        "use `join(\", \", …)` or `jsonencode(…)`"
                    }
                    _ => "take one of its attributes, or use `jsonencode(…)`",
                };
                self.fail(
                    Diagnostic::error(TYPE, format!("{} cannot be put into text", capital(&found)))
                        .label(expr.span, format!("this is {found}; a string is required"))
                        .help(help),
                );
            }
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
