//! What stands behind a value: `.name`, `[key]`, `[*]`.

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::span::Span;
use karat_model::value::{Number, Value};

use super::{Failed, Parsed, Parser, SYNTAX, T};
use crate::token::Token;
use crate::tree::{Access, Expr, ExprKind, Step, StepKind};

impl Parser<'_> {
    /// The value with the steps behind it.
    pub(super) fn accesses(&mut self, base: Expr) -> Parsed<Expr> {
        let steps = self.steps()?;
        let Some(last) = steps.last() else { return Ok(base) };
        let span = base.span.to(last.span);
        Ok(Expr { kind: ExprKind::Access(Box::new(Access { base, steps })), span })
    }

    fn steps(&mut self) -> Parsed<Vec<Step>> {
        // One step is what most have; a Vec that grows by itself starts with room for four.
        let mut steps = Vec::with_capacity(1);
        loop {
            match self.peek().kind {
                T::Dot => {
                    let dot = self.next();
                    steps.push(self.after_dot(dot)?);
                }
                T::OpenBracket => {
                    let open = self.next();
                    steps.push(self.with_newlines(false, |parser| parser.bracketed(open))?);
                    // A full splat has taken the rest of the steps.
                    if let Some(Step { kind: StepKind::Splat(_), .. }) = steps.last() {
                        return Ok(steps);
                    }
                }
                _ => return Ok(steps),
            }
        }
    }

    fn after_dot(&mut self, dot: Token) -> Parsed<Step> {
        match self.peek().kind {
            T::Star => {
                let star = self.next();
                let mut each: Vec<Step> = Vec::new();
                // The old form of the splat takes names and the old form of the index, nothing else.
                while self.peek().kind == T::Dot && matches!(self.peek_second().kind, T::Ident | T::Number) {
                    let dot = self.next();
                    each.push(self.name_or_number(dot)?);
                }
                if self.peek().kind == T::Dot && self.peek_second().kind == T::Star {
                    let inner = self.span(self.peek()).to(self.span(self.peek_second()));
                    return self.fail(nested_splat(inner));
                }
                let span = self.span(dot).to(each.last().map_or(self.span(star), |step| step.span));
                Ok(Step { kind: StepKind::Splat(each), span })
            }
            _ => self.name_or_number(dot),
        }
    }

    fn name_or_number(&mut self, dot: Token) -> Parsed<Step> {
        let token = self.peek();
        let span = self.span(dot).to(self.span(token));
        match token.kind {
            T::Ident => {
                self.next();
                Ok(Step { kind: StepKind::Attribute(self.text_of(token).to_owned()), span })
            }
            T::Number => {
                self.next();
                let text = self.text_of(token);
                let index = match text.parse::<Number>() {
                    Ok(index) if !text.contains('.') => Value::number(index),
                    _ => return self.fail(chained_numbers(text, span)),
                };
                let index = Expr { kind: ExprKind::Literal(Box::new(index)), span: self.span(token) };
                Ok(Step { kind: StepKind::Index(Box::new(index)), span })
            }
            _ => {
                let problem = match self.invalid(token) {
                    Some(problem) => problem,
                    None => Diagnostic::error(SYNTAX, "A name is expected after the `.`")
                        .label(self.span(token), format!("this is {}", self.describe(token))),
                };
                self.fail(problem)
            }
        }
    }

    fn bracketed(&mut self, open: Token) -> Parsed<Step> {
        if self.peek().kind == T::Star && self.peek_second().kind == T::CloseBracket {
            self.next();
            let close = self.next();
            let outside =
                self.newlines.len().checked_sub(2).and_then(|outer| self.newlines.get(outer)).copied();
            self.enter(1)?;
            let each = self.with_newlines(outside.unwrap_or(true), Self::steps)?;
            self.depth -= 1;
            let span = self.span(open).to(each.last().map_or(self.span(close), |step| step.span));
            return Ok(Step { kind: StepKind::Splat(each), span });
        }
        let depth = self.depth;
        let key = self.expression();
        let close = if key.is_ok() { self.close(T::CloseBracket, open) } else { Err(Failed) };
        match (key, close) {
            (Ok(key), Ok(close)) => {
                Ok(Step { kind: StepKind::Index(Box::new(key)), span: self.span(open).to(self.span(close)) })
            }
            _ => {
                let key = self.skip_to(T::CloseBracket, open, depth)?;
                let span = key.span;
                Ok(Step { kind: StepKind::Index(Box::new(key)), span })
            }
        }
    }
}

fn nested_splat(span: Span) -> Diagnostic {
    Diagnostic::error(SYNTAX, "A `.*` cannot follow another one")
        .at(span)
        .help("write `[*]`")
        .fix(Edit { span, replacement: "[*]".to_owned() })
}

/// `.0.1` reads as a fraction.
fn chained_numbers(text: &str, span: Span) -> Diagnostic {
    let replacement: String = text.split('.').map(|index| format!("[{index}]")).collect();
    Diagnostic::error(SYNTAX, "Two indexes cannot be written with dots")
        .at(span)
        .help(format!("write {replacement}"))
        .fix(Edit { span, replacement })
}
