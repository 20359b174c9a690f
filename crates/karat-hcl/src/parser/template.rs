//! Strings and templates.

use std::borrow::Cow;
use std::sync::Arc;

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::span::Span;
use karat_model::value::Value;

use super::heredoc;
use super::{Failed, Parsed, Parser, SYNTAX, T};
use crate::token::Token;
use crate::tree::{Expr, ExprKind, ForPart, Ident, IfPart, Part};

/// A template before its directives are put together.
pub(super) struct Piece<'a> {
    pub(super) kind: PieceKind<'a>,
    pub(super) span: Span,
    /// `~` at its start and at its end: the text before or after loses its white space.
    strip: (bool, bool),
}

pub(super) enum PieceKind<'a> {
    Text(Cow<'a, str>),
    Interpolation(Expr),
    If(Expr),
    Else,
    EndIf,
    For(Vec<Ident>, Expr),
    EndFor,
    /// A directive that could not be read.
    Broken,
}

impl<'a> Parser<'a> {
    /// `"…"`
    pub(super) fn quoted(&mut self) -> Parsed<Expr> {
        let open = self.next();
        if let Some(plain) = self.plain(open) {
            return Ok(plain);
        }
        let depth = self.depth;
        self.strings += 1;
        let pieces = self.pieces(true);
        self.strings -= 1;
        let Ok(pieces) = pieces else {
            return self.skip_to(T::CloseQuote, open, depth);
        };
        let close = self.raw();
        if close.kind != T::CloseQuote {
            return self.unclosed_string(open, close);
        }
        self.at += 1;
        self.template(strip(pieces), self.span(open).to(self.span(close)))
    }

    /// A string without anything to evaluate or resolve, as most are.
    fn plain(&mut self, open: Token) -> Option<Expr> {
        let (text, close) = (self.token(self.at), self.token(self.at + 1));
        let (content, close, len) = match (text.kind, close.kind) {
            (T::CloseQuote, _) => ("", text, 1),
            (T::Text, T::CloseQuote) => (self.text_of(text), close, 2),
            _ => return None,
        };
        if content.bytes().any(|byte| matches!(byte, b'\\' | b'{')) {
            return None;
        }
        self.at += len;
        let kind = ExprKind::Literal(Box::new(Value::string(content)));
        Some(Expr { kind, span: self.span(open).to(self.span(close)) })
    }

    fn unclosed_string<R>(&mut self, open: Token, close: Token) -> Parsed<R> {
        let span = self.span(open).to(self.span(close).at_start());
        let problem = Diagnostic::error(SYNTAX, "The string is not closed")
            .label(span, "the closing `\"` is missing on this line")
            .help("write \\n for a line end in a string; longer texts are written as heredocs: `<<EOT`");
        self.fail(problem)
    }

    /// `<<NAME` or `<<-NAME`
    pub(super) fn heredoc(&mut self) -> Parsed<Expr> {
        let open = self.next();
        let depth = self.depth;
        let Ok(pieces) = self.pieces(false) else {
            return self.leave_heredoc(open, depth);
        };
        let close = self.raw();
        let marker = self.text_of(open).trim_end();
        if close.kind != T::CloseHeredoc {
            return self.unclosed_heredoc(open, marker);
        }
        self.at += 1;
        if self.raw().kind == T::End {
            return self.unfinished_heredoc(close);
        }
        let mut pieces = strip(pieces);
        if marker.starts_with("<<-") {
            heredoc::dedent(&mut pieces);
        }
        self.template(pieces, self.span(open).to(self.span(close)))
    }

    /// Packer 1.16 does not see the closing line when the text ends with it.
    fn unfinished_heredoc<R>(&mut self, close: Token) -> Parsed<R> {
        let span = self.span(close);
        let problem = Diagnostic::error(SYNTAX, "The heredoc is not closed")
            .label(span, "this line must end with a line end")
            .fix(Edit { span: span.at_end(), replacement: "\n".to_owned() });
        self.fail(problem)
    }

    pub(super) fn bare_template(&mut self) -> Expr {
        let span = Span::new(self.file, 0, self.text.len());
        let expr = self.pieces(false).and_then(|pieces| self.template(strip(pieces), span));
        expr.unwrap_or_else(|Failed| Expr::error(span))
    }

    /// Text and sequences up to something that is neither.
    fn pieces(&mut self, quoted: bool) -> Parsed<Vec<Piece<'a>>> {
        let mut pieces = Vec::new();
        loop {
            let token = self.raw();
            match token.kind {
                T::Text => {
                    self.at += 1;
                    let text =
                        if quoted { self.unescape(token) } else { unescape_sequences(self.text_of(token)) };
                    pieces.push(Piece {
                        kind: PieceKind::Text(text),
                        span: self.span(token),
                        strip: (false, false),
                    });
                }
                T::OpenInterpolation | T::OpenDirective => {
                    self.at += 1;
                    self.enter(1)?;
                    self.newlines.push(false);
                    let depth = self.depth;
                    let piece = match self.sequence(token) {
                        Ok(piece) => Ok(piece),
                        Err(Failed) => self.skip_sequence(token, depth),
                    };
                    self.newlines.pop();
                    self.depth -= 1;
                    pieces.push(piece?);
                }
                _ => return Ok(pieces),
            }
        }
    }

    fn sequence(&mut self, open: Token) -> Parsed<Piece<'a>> {
        let kind = match open.kind {
            T::OpenInterpolation => self.interpolation(open)?,
            _ => self.directive(open)?,
        };
        let close = self.peek();
        if close.kind != T::CloseTemplate {
            return self.unclosed_sequence(open, close);
        }
        // Not by `next`: behind the brace white space means something again.
        self.at = self.significant(self.at) + 1;
        let strip = (self.text_of(open).ends_with('~'), self.text_of(close).starts_with('~'));
        Ok(Piece { kind, span: self.span(open).to(self.span(close)), strip })
    }

    /// After a mistake: the sequence ends here, and stands for nothing.
    fn skip_sequence(&mut self, open: Token, depth: usize) -> Parsed<Piece<'a>> {
        let expr = self.skip_to(T::CloseTemplate, open, depth)?;
        let span = expr.span;
        let kind = match open.kind {
            T::OpenInterpolation => PieceKind::Interpolation(expr),
            _ => PieceKind::Broken,
        };
        Ok(Piece { kind, span, strip: (false, false) })
    }

    fn unclosed_sequence<R>(&mut self, open: Token, found: Token) -> Parsed<R> {
        // Shell scripts use the same characters for their own variables.
        let problem = if open.kind == T::OpenInterpolation && self.looks_like_shell(open) {
            self.shell_variable(self.span(open).to(self.span(found)))
        } else if let Some(problem) = self.invalid(found) {
            problem
        } else {
            self.unclosed(open, T::CloseTemplate, found)
        };
        self.fail(problem)
    }

    fn interpolation(&mut self, open: Token) -> Parsed<PieceKind<'a>> {
        if self.peek().kind == T::CloseTemplate {
            return self.empty_interpolation(open);
        }
        // `${#name}` and `${!name}`; to us the first one is a comment.
        let rest = self.text.get(open.end as usize..).unwrap_or("");
        let name = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_@*[]".contains(c))
        };
        let measured = rest.strip_prefix('#').and_then(|rest| rest.split_once('}')).map(|(text, _)| text);
        if let Some(text) = measured.filter(|text| name(text)) {
            let length = 1 + text.len();
            let span = Span::new(self.file, open.start as usize, open.end as usize + length);
            let problem = self.shell_variable(span);
            return self.fail(problem);
        }
        let expr = self.expression()?;
        Ok(PieceKind::Interpolation(expr))
    }

    fn empty_interpolation<R>(&mut self, open: Token) -> Parsed<R> {
        let span = self.span(open).to(self.span(self.peek()));
        let problem = Diagnostic::error(SYNTAX, "There is nothing to evaluate in this `${}`")
            .at(span)
            .help("to write these characters themselves, double the first one: `$${`");
        self.fail(problem)
    }

    fn shell_variable(&self, span: Span) -> Diagnostic {
        Diagnostic::error(SYNTAX, "This looks like a variable of the shell")
            .label(span, "it would be evaluated here, and cannot be")
            .help("to leave it to the shell, double the first character: `$${…}`")
            .fix(Edit { span: span.at_start(), replacement: "$".to_owned() })
    }

    /// `${NAME:-default}`, `${NAME%suffix}` and the like.
    fn looks_like_shell(&self, open: Token) -> bool {
        let rest = self.text.get(open.end as usize..).unwrap_or("");
        let name =
            rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
        rest.get(name..)
            .is_some_and(|rest| name > 0 && rest.starts_with([':', '%', '#', '/', '^', ',', '@', '=', '-']))
    }

    fn directive(&mut self, open: Token) -> Parsed<PieceKind<'a>> {
        let token = self.peek();
        let word = if token.kind == T::Ident { self.text_of(token) } else { "" };
        match word {
            "if" => {
                self.next();
                self.expression().map(PieceKind::If)
            }
            "for" => self.for_head().map(|(names, collection)| PieceKind::For(names, collection)),
            "else" | "endif" | "endfor" => {
                self.next();
                Ok(match word {
                    "else" => PieceKind::Else,
                    "endif" => PieceKind::EndIf,
                    _ => PieceKind::EndFor,
                })
            }
            _ => self.no_directive(open),
        }
    }

    fn no_directive<R>(&mut self, open: Token) -> Parsed<R> {
        let token = self.peek();
        let problem = Diagnostic::error(SYNTAX, "This `%{` starts no directive")
            .label(self.span(token), "`if`, `else`, `endif`, `for` or `endfor` is expected here")
            .label(self.span(open), "to write these characters themselves, double the first one: `%%{`");
        self.fail(problem)
    }

    /// Puts directives and what they enclose together. After a mistake in a directive there is nothing to do but go on
    /// behind the template.
    fn template(&mut self, pieces: Vec<Piece<'a>>, span: Span) -> Parsed<Expr> {
        let depth = self.depth;
        let read = if pieces.iter().any(|piece| matches!(piece.kind, PieceKind::Broken)) {
            Err(Failed)
        } else {
            self.assemble(pieces, span)
        };
        self.depth = depth;
        Ok(read.unwrap_or_else(|Failed| Expr::error(span)))
    }

    fn assemble(&mut self, pieces: Vec<Piece<'a>>, span: Span) -> Parsed<Expr> {
        let mut pieces = pieces.into_iter().peekable();
        let (parts, end) = self.parts(&mut pieces, &[])?;
        if let Some(end) = end {
            return self.stray_directive(end.span);
        }
        let kind = match parts.as_slice() {
            [] => ExprKind::Literal(Box::new(Value::string(""))),
            [Part::Text(_), ..] if parts.iter().all(|part| matches!(part, Part::Text(_))) => {
                let texts =
                    parts.iter().map(|part| if let Part::Text(text) = part { text.as_ref() } else { "" });
                ExprKind::Literal(Box::new(Value::string(texts.collect::<String>())))
            }
            _ => ExprKind::Template(parts),
        };
        Ok(Expr { kind, span })
    }

    fn stray_directive<R>(&mut self, span: Span) -> Parsed<R> {
        let problem = Diagnostic::error(SYNTAX, "This directive belongs to nothing")
            .label(span, "there is no `%{ if … }` or `%{ for … }` before it that is still open");
        self.fail(problem)
    }

    /// Parts up to a directive that ends something; it is returned, too.
    fn parts(&mut self, pieces: &mut Pieces<'a>, ends: &[&str]) -> Parsed<(Vec<Part>, Option<Piece<'a>>)> {
        let mut parts = Vec::with_capacity(pieces.len().min(4));
        while let Some(piece) = pieces.next() {
            match piece.kind {
                PieceKind::Text(text) => parts.push(Part::Text(Arc::from(text))),
                PieceKind::Interpolation(expr) => parts.push(Part::Interpolation(expr, piece.span)),
                PieceKind::If(condition) => {
                    let (yes, end) = self.enclosed(pieces, &["else", "endif"], piece.span)?;
                    let no = match end.kind {
                        PieceKind::Else => self.enclosed(pieces, &["endif"], piece.span)?.0,
                        _ => Vec::new(),
                    };
                    parts.push(Part::If(Box::new(IfPart { condition, yes, no })));
                }
                PieceKind::For(names, collection) => {
                    let (body, _) = self.enclosed(pieces, &["endfor"], piece.span)?;
                    parts.push(Part::For(Box::new(ForPart { names, collection, body })));
                }
                PieceKind::Broken => return Err(Failed),
                PieceKind::Else | PieceKind::EndIf | PieceKind::EndFor => {
                    let word = match piece.kind {
                        PieceKind::Else => "else",
                        PieceKind::EndIf => "endif",
                        _ => "endfor",
                    };
                    if !ends.is_empty() && !ends.contains(&word) {
                        return self.wrong_end(word, piece.span, ends);
                    }
                    return Ok((parts, Some(piece)));
                }
            }
        }
        Ok((parts, None))
    }

    fn wrong_end<R>(&mut self, word: &str, span: Span, ends: &[&str]) -> Parsed<R> {
        let problem = Diagnostic::error(SYNTAX, format!("`{word}` does not belong here"))
            .label(span, format!("`{}` is expected before it", ends.join("` or `")));
        self.fail(problem)
    }

    fn enclosed(
        &mut self,
        pieces: &mut Pieces<'a>,
        ends: &[&str],
        opened: Span,
    ) -> Parsed<(Vec<Part>, Piece<'a>)> {
        self.enter(2)?;
        let (parts, end) = self.parts(pieces, ends)?;
        self.depth -= 2;
        match end {
            Some(end) => Ok((parts, end)),
            None => self.unclosed_directive(ends, opened),
        }
    }

    fn unclosed_directive<R>(&mut self, ends: &[&str], opened: Span) -> Parsed<R> {
        let last = ends.last().copied().unwrap_or_default();
        let problem = Diagnostic::error(SYNTAX, "The directive is not closed")
            .label(opened, format!("there is no `%{{ {last} }}` for it"));
        self.fail(problem)
    }

    /// The text of a string with its escapes resolved. A wrong escape is reported and stays as it is.
    fn unescape(&mut self, token: Token) -> Cow<'a, str> {
        let source = self.text_of(token);
        if !source.contains('\\') {
            return unescape_sequences(source);
        }
        let mut text = String::with_capacity(source.len());
        let mut rest = source;
        while let Some(at) = rest.find('\\') {
            let (before, escape) = rest.split_at(at);
            text.push_str(&unescape_sequences(before));
            let (len, character) = unescape_one(escape);
            match character {
                Some(character) => text.push(character),
                // A backslash before the end of the line: the string is not closed, and that is said.
                None if escape.len() == 1 => text.push('\\'),
                None => {
                    let start = token.start as usize + (source.len() - escape.len());
                    self.wrong_escape(escape.get(..len).unwrap_or(escape), start);
                    text.push_str(escape.get(..len).unwrap_or(escape));
                }
            }
            rest = escape.get(len..).unwrap_or("");
        }
        text.push_str(&unescape_sequences(rest));
        Cow::Owned(text)
    }

    fn wrong_escape(&mut self, escape: &str, start: usize) {
        let span = Span::new(self.file, start, start + escape.len());
        let problem = Diagnostic::error(SYNTAX, format!("`{escape}` means nothing in a string"))
            .at(span)
            .help("for a backslash write `\\\\`; known are \\n \\r \\t \\\" \\\\ \\uXXXX \\UXXXXXXXX")
            .fix(Edit { span: span.at_start(), replacement: "\\".to_owned() });
        self.report(problem);
    }
}

type Pieces<'a> = std::iter::Peekable<std::vec::IntoIter<Piece<'a>>>;

/// The character that an escape stands for, and the length of the escape.
fn unescape_one(escape: &str) -> (usize, Option<char>) {
    let mut chars = escape.chars().skip(1);
    let Some(selector) = chars.next() else { return (escape.len(), None) };
    let character = match selector {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '"' => Some('"'),
        '\\' => Some('\\'),
        'u' | 'U' => {
            let digits = if selector == 'u' { 4 } else { 8 };
            let code = escape.get(2..2 + digits).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
            let Some(code) = code else { return (2, None) };
            return (2 + digits, u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
        }
        _ => None,
    };
    (1 + selector.len_utf8(), character)
}

/// `$${` and `%%{` stand for `${` and `%{`.
fn unescape_sequences(text: &str) -> Cow<'_, str> {
    if !text.contains('{') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("$${", "${").replace("%%{", "%{"))
}

/// Takes away the white space that strip markers point at.
fn strip(mut pieces: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    if pieces.iter().all(|piece| piece.strip == (false, false)) {
        return pieces;
    }
    let strips: Vec<(bool, bool)> = pieces.iter().map(|piece| piece.strip).collect();
    for (at, piece) in pieces.iter_mut().enumerate() {
        let PieceKind::Text(text) = &mut piece.kind else { continue };
        if strips.get(at + 1).is_some_and(|next| next.0) {
            trim(text, |text| text.trim_end());
        }
        if at.checked_sub(1).and_then(|before| strips.get(before)).is_some_and(|before| before.1) {
            trim(text, |text| text.trim_start());
        }
    }
    pieces
}

/// Leaves of a text what `trimmed` does.
fn trim(text: &mut Cow<'_, str>, trimmed: impl Fn(&str) -> &str) {
    *text = match std::mem::take(text) {
        Cow::Borrowed(text) => Cow::Borrowed(trimmed(text)),
        Cow::Owned(text) => Cow::Owned(trimmed(&text).to_owned()),
    };
}
