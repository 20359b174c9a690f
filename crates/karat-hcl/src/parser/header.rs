//! Blocks, from their first word to their last brace.

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::span::Span;

use super::{Failed, Parsed, Parser, SYNTAX, T};
use crate::token::Token;
use crate::tree::{Block, Body, Ident, Label};

/// How many levels of nesting a block counts for.
const BLOCK_LEVELS: usize = 8;

impl Parser<'_> {
    /// Whether what follows the first word of an item is the rest of a block's header, or was meant to be.
    pub(super) fn starts_block(&self) -> bool {
        let mut index = self.significant(self.at);
        loop {
            match self.token(index).kind {
                T::OpenBrace => return true,
                T::Ident | T::OpenQuote | T::CloseQuote | T::Text | T::Comment => index += 1,
                T::Newline => {
                    return self.token(self.beyond_lines(index)).kind == T::OpenBrace || self.goes_deeper();
                }
                // `source qemu.x {`, `source "x" = {`
                T::Dot | T::Number | T::Comma | T::Assign if index > self.significant(self.at) => {
                    return self.brace_ends_line(index).is_some();
                }
                T::OpenInterpolation | T::OpenDirective => return self.brace_ends_line(index).is_some(),
                _ => return false,
            }
        }
    }

    /// The `{` with which the line ends.
    fn brace_ends_line(&self, from: usize) -> Option<usize> {
        let mut last = None;
        let mut index = from;
        loop {
            match self.token(index).kind {
                T::Newline | T::End => return last.filter(|last| self.token(*last).kind == T::OpenBrace),
                T::Comment => {}
                _ => last = Some(index),
            }
            index += 1;
        }
    }

    pub(super) fn block(&mut self, kind: Ident) -> Parsed<Block> {
        let mut labels = Vec::new();
        let mut header = kind.span;
        let open = loop {
            let token = self.peek();
            let label = match token.kind {
                T::OpenBrace => break Some(self.next()),
                T::Ident => {
                    self.next();
                    Ok(Label { text: self.text_of(token).to_owned(), span: self.span(token) })
                }
                T::OpenQuote => self.label(),
                _ => {
                    let problem = self.header_without_brace(&kind, header, token);
                    self.fail(problem)
                }
            };
            match label {
                Ok(label) => {
                    header = header.to(label.span);
                    labels.push(label);
                }
                // The body is worth reading all the same.
                Err(Failed) => break self.brace_of_broken_header()?,
            }
        };
        self.enter(BLOCK_LEVELS)?;
        let (body, end) = self.braced_body(open, header);
        self.depth -= BLOCK_LEVELS;
        Ok(Block { kind, labels, body, header, span: header.to(end) })
    }

    /// The `{` at the end of the line, or of the next; nothing if there is none but the lines behind look like a body.
    fn brace_of_broken_header(&mut self) -> Parsed<Option<Token>> {
        if let Some(index) = self.brace_ends_line(self.at) {
            self.at = index + 1;
            return Ok(Some(self.token(index)));
        }
        let next = self.beyond_lines(self.at);
        if self.raw().kind == T::Newline && self.token(next).kind == T::OpenBrace {
            self.at = next + 1;
            return Ok(Some(self.token(next)));
        }
        if !self.goes_deeper() {
            return Err(Failed);
        }
        while !matches!(self.raw().kind, T::Newline | T::End) {
            self.at += 1;
        }
        Ok(None)
    }

    fn header_without_brace(&self, kind: &Ident, header: Span, token: Token) -> Diagnostic {
        if let Some(problem) = self.invalid(token) {
            return problem;
        }
        let span = self.span(token);
        let problem = Diagnostic::error(SYNTAX, format!("The block `{}` has no `{{`", kind.name));
        match token.kind {
            T::Assign => problem
                .label(span, "a block is opened by `{` without `=`")
                .help(format!("to set an argument, write `{} = …`", kind.name))
                .fix(Edit { span, replacement: String::new() }),
            T::Newline => {
                let brace = self.token(self.beyond_lines(self.at));
                let gap = if brace.kind == T::OpenBrace {
                    self.span(brace).to(header.at_end())
                } else {
                    header.at_end()
                };
                problem
                    .label(header, "the `{` must be on this line")
                    .fix(Edit { span: gap, replacement: " {".to_owned() })
            }
            T::End => problem.label(header, "the `{` must be on this line"),
            _ => problem
                .label(span, format!("`{{` is expected here, not {}", self.describe(token)))
                .help("labels with anything but letters, digits, `_` and `-` are written in quotes"),
        }
    }

    fn label(&mut self) -> Parsed<Label> {
        let open = self.peek();
        let expr = self.quoted()?;
        match expr.as_literal_str() {
            Some(text) => Ok(Label { text: text.to_owned(), span: expr.span }),
            None => self.fail(
                Diagnostic::error(SYNTAX, "The label of a block must be plain text")
                    .label(expr.span.to(self.span(open)), "this has to be evaluated")
                    .help("labels are names; they cannot contain `${…}` or `%{…}`"),
            ),
        }
    }

    /// The body, and where the block ends.
    fn braced_body(&mut self, open: Option<Token>, header: Span) -> (Body, Span) {
        let outer = self.column;
        self.newlines.push(true);
        let mut body = self.empty_body();
        let inside = self.at;
        let one_line = !matches!(self.peek().kind, T::Newline | T::CloseBrace);
        let enclosing = (self.one_line, self.block_column);
        (self.one_line, self.block_column) = (one_line, outer);
        self.items(&mut body, Some(outer));
        (self.one_line, self.block_column) = enclosing;
        let index = self.significant(self.at);
        self.newlines.pop();
        let close = self.token(index);
        let of_outer = self.by_lines && self.line_column(index).is_some_and(|column| column < outer);
        if close.kind != T::CloseBrace || of_outer {
            let next = self.beyond_lines(index);
            body.end = self.span(close).at_start();
            if let Some(open) = open {
                let problem = self.unclosed_block(open, header, next);
                self.complain(problem);
            }
            return (body, self.span(close).at_start());
        }
        self.at = index + 1;
        body.end = self.span(close);
        if one_line && open.is_some() {
            self.check_one_line(&body, inside);
        }
        (body, self.span(close))
    }

    fn unclosed_block(&self, open: Token, header: Span, next: usize) -> Diagnostic {
        let problem = Diagnostic::error(SYNTAX, "The block is not closed")
            .label(self.span(open), "this `{` has no `}`")
            .label(header, "the block starts here");
        let found = self.token(next);
        if found.kind == T::End {
            return problem;
        }
        let column = self.line_column(next).unwrap_or(0);
        let line = Span {
            start: found.start.saturating_sub(u32::try_from(column).unwrap_or(0)),
            ..self.span(found)
        };
        let replacement = format!("{}}}\n", " ".repeat(self.column));
        problem
            .label(self.span(found), "the `}` is missing above this")
            .fix(Edit { span: line.at_start(), replacement })
    }
}
