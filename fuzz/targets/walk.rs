//! What holds for every tree and every problem, wherever the text comes from.

use karat_hcl::tree::{Body, Expr, ExprKind, ForPart, IfPart, Part, Step, StepKind};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::Span;

/// A walk through everything that a tree has.
pub struct Walk<'a> {
    pub text: &'a str,
    pub depth: usize,
    /// How many nodes could not be read.
    pub errors: usize,
}

impl Walk<'_> {
    fn span(&self, span: Span) {
        assert!(self.text.get(span.range()).is_some(), "{span:?} is no part of the text");
    }

    pub fn diagnostics(&self, diagnostics: &Diagnostics) {
        assert!(self.errors == 0 || diagnostics.has_errors(), "something was not read and nothing said");
        for problem in diagnostics {
            let primary = problem.primary.as_ref().expect("a problem has a place");
            for label in std::iter::once(primary).chain(&problem.secondary) {
                self.span(label.span);
            }
            problem.fixes.iter().for_each(|fix| self.span(fix.span));
        }
    }

    fn deeper(&mut self, walk: impl FnOnce(&mut Self)) {
        self.depth += 1;
        // Parentheses and operators are two nodes for each level.
        assert!(self.depth <= 4 * karat_hcl::MAX_DEPTH, "the tree is too deep");
        walk(self);
        self.depth -= 1;
    }

    #[allow(dead_code, reason = "not every target has a body to walk")]
    pub fn body(&mut self, body: &Body) {
        self.span(body.end);
        for attribute in &body.attributes {
            self.span(attribute.span);
            self.span(attribute.name.span);
            let name = self.text.get(attribute.name.span.range()).map(|name| name.trim_matches('"'));
            assert_eq!(name, Some(attribute.name.name.as_str()));
            self.expr(&attribute.expr);
        }
        for block in &body.blocks {
            [block.kind.span, block.header, block.span].into_iter().for_each(|span| self.span(span));
            block.labels.iter().for_each(|label| self.span(label.span));
            self.deeper(|walk| walk.body(&block.body));
        }
    }

    pub fn expr(&mut self, expr: &Expr) {
        self.span(expr.span);
        self.deeper(|walk| walk.kind(&expr.kind));
    }

    fn kind(&mut self, kind: &ExprKind) {
        match kind {
            ExprKind::Literal(_) | ExprKind::Variable(_) => {}
            ExprKind::Error => self.errors += 1,
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Access(access) => {
                self.expr(&access.base);
                self.steps(&access.steps);
            }
            ExprKind::Call(call) => {
                self.span(call.name.span);
                call.arguments.iter().for_each(|argument| self.expr(argument));
            }
            ExprKind::Tuple(elements) => elements.iter().for_each(|element| self.expr(element)),
            ExprKind::Object(items) => {
                for item in items {
                    self.expr(&item.key);
                    self.expr(&item.value);
                }
            }
            ExprKind::For(each) => {
                each.names.iter().for_each(|name| self.span(name.span));
                let parts =
                    [Some(&each.collection), each.key.as_ref(), Some(&each.value), each.condition.as_ref()];
                parts.into_iter().flatten().for_each(|expr| self.expr(expr));
            }
            ExprKind::Conditional(conditional) => {
                [&conditional.condition, &conditional.yes, &conditional.no]
                    .into_iter()
                    .for_each(|expr| self.expr(expr));
            }
            ExprKind::Chain(chain) => {
                self.expr(&chain.first);
                for link in &chain.links {
                    self.span(link.op_span);
                    self.expr(&link.operand);
                }
            }
            ExprKind::Unary(_, operand) | ExprKind::Parens(operand) => self.expr(operand),
        }
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.span(step.span);
            match &step.kind {
                StepKind::Attribute(_) => {}
                StepKind::Index(key) => self.expr(key),
                StepKind::Splat(each) => self.deeper(|walk| walk.steps(each)),
            }
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Interpolation(expr, ..) => self.expr(expr),
                Part::If(part) => {
                    let IfPart { condition, yes, no } = part.as_ref();
                    self.expr(condition);
                    self.deeper(|walk| walk.parts(yes));
                    self.deeper(|walk| walk.parts(no));
                }
                Part::For(part) => {
                    let ForPart { names, collection, body } = part.as_ref();
                    names.iter().for_each(|name| self.span(name.span));
                    self.expr(collection);
                    self.deeper(|walk| walk.parts(body));
                }
            }
        }
    }
}
