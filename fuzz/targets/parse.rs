//! Lexer and parser, as a file, an expression and a template: nothing is lost, nothing panics, every place is inside the
//! text, and what cannot be read is said.
#![no_main]

use karat_hcl::token::{Token, TokenKind};
use karat_hcl::tree::{Body, Expr, ExprKind, Part, Step, StepKind};
use karat_hcl::{lex, lex_template, parse, parse_expression, parse_template};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::{SourceMap, Span};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    lossless(text, &lex(text));
    lossless(text, &lex_template(text));
    let file = SourceMap::new().add("fuzz", text);

    let mut diagnostics = Diagnostics::new();
    let mut tree = Walk { text, depth: 0, errors: 0 };
    tree.body(&parse(file, text, &mut diagnostics));
    tree.diagnostics(&diagnostics);

    for read in [parse_expression, parse_template] {
        let mut diagnostics = Diagnostics::new();
        let mut tree = Walk { text, depth: 0, errors: 0 };
        tree.expr(&read(file, text, &mut diagnostics));
        tree.diagnostics(&diagnostics);
    }
});

/// The text is its tokens and the white space between them.
fn lossless(text: &str, tokens: &[Token]) {
    let mut at = 0;
    for token in tokens {
        let gap = text.get(at..token.start as usize).expect("tokens are in order and cut no character");
        assert!(gap.chars().all(|c| matches!(c, ' ' | '\t' | '\u{FEFF}')), "{gap:?} is lost");
        text.get(token.start as usize..token.end as usize).expect("a token cuts no character");
        assert!(token.end > token.start || token.kind == TokenKind::End, "an empty token: {token:?}");
        at = token.end as usize;
    }
    assert_eq!(at, text.len(), "the end of the text is lost");
    assert_eq!(tokens.iter().filter(|token| token.kind == TokenKind::End).count(), 1);
}

/// A walk through everything that a tree has.
struct Walk<'a> {
    text: &'a str,
    depth: usize,
    /// How many nodes could not be read.
    errors: usize,
}

impl Walk<'_> {
    fn span(&self, span: Span) {
        assert!(self.text.get(span.range()).is_some(), "{span:?} is no part of the text");
    }

    fn diagnostics(&self, diagnostics: &Diagnostics) {
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

    fn body(&mut self, body: &Body) {
        self.span(body.end);
        for attribute in &body.attributes {
            self.span(attribute.span);
            self.span(attribute.name.span);
            assert_eq!(self.text.get(attribute.name.span.range()), Some(attribute.name.name.as_str()));
            self.expr(&attribute.expr);
        }
        for block in &body.blocks {
            [block.kind.span, block.header, block.span].into_iter().for_each(|span| self.span(span));
            block.labels.iter().for_each(|label| self.span(label.span));
            self.deeper(|walk| walk.body(&block.body));
        }
    }

    fn expr(&mut self, expr: &Expr) {
        self.span(expr.span);
        self.deeper(|walk| walk.kind(&expr.kind));
    }

    fn kind(&mut self, kind: &ExprKind) {
        match kind {
            ExprKind::Literal(_) | ExprKind::Variable(_) => {}
            ExprKind::Error => self.errors += 1,
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Access(base, steps) => {
                self.expr(base);
                self.steps(steps);
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
            ExprKind::Chain(first, links) => {
                self.expr(first);
                for link in links {
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
                Part::Interpolation(expr) => self.expr(expr),
                Part::If { condition, yes, no } => {
                    self.expr(condition);
                    self.deeper(|walk| walk.parts(yes));
                    self.deeper(|walk| walk.parts(no));
                }
                Part::For { names, collection, body } => {
                    names.iter().for_each(|name| self.span(name.span));
                    self.expr(collection);
                    self.deeper(|walk| walk.parts(body));
                }
            }
        }
    }
}
