//! Where heredocs end, and the indentation of `<<-` ones.

use std::borrow::Cow;

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::span::Span;
use unicode_segmentation::UnicodeSegmentation;

use super::recovery::Open;
use super::template::{Piece, PieceKind};
use super::{Failed, Parsed, Parser, SYNTAX, T};
use crate::token::Token;
use crate::tree::Expr;

impl Parser<'_> {
    /// After a mistake inside a heredoc: goes behind its end.
    pub(super) fn leave_heredoc(&mut self, open: Token, depth: usize) -> Parsed<Expr> {
        let mut inside = Open::default();
        for index in self.at..self.tokens.len() {
            let token = self.token(index);
            if !inside.feed(index, token, self.by_lines) && token.kind == T::CloseHeredoc {
                self.at = index + 1;
                self.depth = depth;
                return Ok(Expr::error(self.span(open).to(self.span(token))));
            }
        }
        self.hides = true;
        Err(Failed)
    }

    /// There is no end. Where lines decide, it is known where it should have been, and the next token stands there.
    pub(super) fn unclosed_heredoc(&mut self, open: Token, marker: &str) -> Parsed<Expr> {
        let name = marker.trim_start_matches(['<', '-']);
        let start = Span::new(self.file, open.start as usize, open.start as usize + marker.len());
        let token = self.raw();
        let problem = Diagnostic::error(SYNTAX, "The heredoc is not closed")
            .label(start, format!("there is no line that consists of `{name}`"));
        let span = start.to(self.span(token).at_start());
        if token.kind == T::End {
            self.hides = true;
            return self.fail(problem);
        }
        let problem = if self.is_keyword(token, name) {
            self.at += 1;
            let behind = self.span(token).at_end();
            problem
                .label(self.span(self.raw()), "here is more than the name; this must stand on the next line")
                .fix(Edit { span: behind, replacement: "\n".to_owned() })
        } else if self.is_marker(self.at) {
            self.at += 1;
            problem
                .label(self.span(token), "this is another name")
                .fix(Edit { span: self.span(token), replacement: name.to_owned() })
        } else {
            problem
                .label(self.span(token), "the end seems to be missing above this")
                .fix(Edit { span: self.span(token).at_start(), replacement: format!("{name}\n") })
        };
        self.complain(problem);
        Ok(Expr::error(span))
    }

    /// Whether a name stands alone on its line.
    fn is_marker(&self, index: usize) -> bool {
        self.token(index).kind == T::Ident && matches!(self.token(index + 1).kind, T::Newline | T::End)
    }
}

/// Takes the indentation that all lines share away. This comes after strip markers have done their work, and a line
/// whose line end was stripped is no line of its own: `%{ for … ~}` joins the next line, indentation and all. Lines of
/// nothing but white space do not count and stay as they are.
pub(super) fn dedent(pieces: &mut [Piece<'_>]) {
    let mut indentation = usize::MAX;
    let mut indented = Vec::new();
    let mut line_start = true;
    for (at, piece) in pieces.iter().enumerate() {
        let text = match &piece.kind {
            PieceKind::Text(text) => Some(text.as_ref()),
            _ => None,
        };
        if line_start {
            let text = text.unwrap_or("");
            let content = text.trim_start();
            if !(content.is_empty() && text.ends_with('\n')) {
                let white = text.get(..text.len() - content.len()).unwrap_or("");
                indentation = indentation.min(white.graphemes(true).count());
                indented.push(at);
            }
        }
        line_start = text.is_some_and(|text| text.ends_with('\n'));
    }
    for at in indented {
        if let Some(Piece { kind: PieceKind::Text(text), .. }) = pieces.get_mut(at) {
            let cut = text.grapheme_indices(true).nth(indentation).map_or(text.len(), |(at, _)| at);
            match text {
                Cow::Borrowed(text) => *text = text.get(cut..).unwrap_or(""),
                Cow::Owned(text) => drop(text.drain(..cut)),
            }
        }
    }
}
