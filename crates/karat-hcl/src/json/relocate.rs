//! From places in a string to places in the file that the string is written in.

use karat_model::diagnostic::{Diagnostic, Edit, Label};
use karat_model::span::Span;

use super::node::Text;
use crate::tree::{Expr, ExprKind, ForPart, Ident, IfPart, Part, Step, StepKind};

/// Turns the places in an expression that was read from the text of a string into places in the file.
pub(super) fn relocate(expr: &mut Expr, text: &Text) {
    Relocation { text }.expr(expr);
}

/// The same for a problem. How to write what is to be inserted is up to [`fit`](super::fit).
pub(super) fn relocate_problem(mut problem: Diagnostic, text: &Text) -> Diagnostic {
    let moved = Relocation { text };
    let labels = problem.primary.iter_mut().chain(&mut problem.secondary);
    labels.for_each(|Label { span, .. }| moved.span(span));
    problem.fixes.iter_mut().for_each(|Edit { span, .. }| moved.span(span));
    problem
}

struct Relocation<'t> {
    text: &'t Text,
}

impl Relocation<'_> {
    fn span(&self, span: &mut Span) {
        *span = self.text.place(span.start, span.end);
    }

    fn exprs(&self, exprs: &mut [Expr]) {
        exprs.iter_mut().for_each(|expr| self.expr(expr));
    }

    fn idents(&self, idents: &mut [Ident]) {
        idents.iter_mut().for_each(|ident| self.span(&mut ident.span));
    }

    fn expr(&self, expr: &mut Expr) {
        self.span(&mut expr.span);
        match &mut expr.kind {
            ExprKind::Literal(_) | ExprKind::Variable(_) | ExprKind::Error => {}
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Access(access) => {
                self.expr(&mut access.base);
                self.steps(&mut access.steps);
            }
            ExprKind::Call(call) => {
                self.span(&mut call.name.span);
                self.exprs(&mut call.arguments);
            }
            ExprKind::Tuple(elements) => self.exprs(elements),
            ExprKind::Object(items) => items.iter_mut().for_each(|item| {
                self.expr(&mut item.key);
                self.expr(&mut item.value);
            }),
            ExprKind::For(each) => {
                self.idents(&mut each.names);
                self.expr(&mut each.collection);
                each.key.iter_mut().for_each(|key| self.expr(key));
                self.expr(&mut each.value);
                each.condition.iter_mut().for_each(|condition| self.expr(condition));
            }
            ExprKind::Conditional(conditional) => {
                self.expr(&mut conditional.condition);
                self.expr(&mut conditional.yes);
                self.expr(&mut conditional.no);
            }
            ExprKind::Chain(chain) => {
                self.expr(&mut chain.first);
                for link in &mut chain.links {
                    self.span(&mut link.op_span);
                    self.expr(&mut link.operand);
                }
            }
            ExprKind::Unary(_, operand) | ExprKind::Parens(operand) => self.expr(operand),
        }
    }

    fn parts(&self, parts: &mut [Part]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Interpolation(expr, span) => {
                    self.expr(expr);
                    self.span(span);
                }
                Part::If(part) => {
                    let IfPart { condition, yes, no } = part.as_mut();
                    self.expr(condition);
                    self.parts(yes);
                    self.parts(no);
                }
                Part::For(part) => {
                    let ForPart { names, collection, body } = part.as_mut();
                    self.idents(names);
                    self.expr(collection);
                    self.parts(body);
                }
            }
        }
    }

    fn steps(&self, steps: &mut [Step]) {
        for step in steps {
            self.span(&mut step.span);
            match &mut step.kind {
                StepKind::Attribute(_) => {}
                StepKind::Index(key) => self.expr(key),
                StepKind::Splat(each) => self.steps(each),
            }
        }
    }
}
