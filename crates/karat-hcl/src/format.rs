//! The one layout of a text: white space changes, nothing else does.
//!
//! What Packer 1.16's `fmt` writes, byte for byte. It goes by the tokens of a line, never by the space that was between
//! them, so a formatted text stays as it is.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::lex;
use crate::token::{Token, TokenKind};

use TokenKind as T;

/// Columns that a level of brackets is worth.
const INDENT: usize = 2;

/// How much padding a chain of lines may get for each of its bytes. A name of a megabyte does not push a million
/// neighbours to the right.
const PADDING_PER_BYTE: usize = 64;

/// `text` with its lines indented, its tokens spaced, and the `=` and the trailing comments of neighbouring lines below
/// each other. Meant for texts that [`parse`](crate::parse) has nothing against; takes any other, too.
pub fn format(text: &str) -> String {
    let tokens = lex(text);
    let mut layout = Layout { text, tokens: &tokens, spaces: vec![0; tokens.len()] };
    let lines = layout.lines();
    layout.indent(&lines);
    layout.space(&lines);
    layout.align(&lines, Line::lead, |line| line.assign);
    layout.align(&lines, Line::code, |line| line.comment);
    layout.write()
}

/// A line as its tokens. Text in a heredoc does not end a line.
struct Line {
    tokens: Range<usize>,
    /// The `=` of an argument whose value ends on this line.
    assign: Option<usize>,
    /// The comment behind code that lasts until the end of the line.
    comment: Option<usize>,
}

impl Line {
    /// What stands before the `=`.
    fn lead(&self) -> Range<usize> {
        self.tokens.start..self.assign.unwrap_or(self.code().end)
    }

    /// What stands before the comment.
    fn code(&self) -> Range<usize> {
        self.tokens.start..self.comment.unwrap_or(self.tokens.end)
    }

    /// The `=` and what stands between it and the comment.
    fn value(&self) -> Range<usize> {
        self.assign.unwrap_or(self.code().end)..self.code().end
    }
}

struct Layout<'a> {
    text: &'a str,
    tokens: &'a [Token],
    /// How many spaces each token has before it.
    spaces: Vec<usize>,
}

impl Layout<'_> {
    fn lines(&self) -> Vec<Line> {
        let mut start = 0;
        let ends = |token: &Token| matches!(token.kind, T::Newline | T::End);
        let lines = self.tokens.split_inclusive(ends).map(|tokens| {
            let line = self.line(start..start + tokens.len());
            start += tokens.len();
            line
        });
        lines.collect()
    }

    fn line(&self, tokens: Range<usize>) -> Line {
        let last = tokens.end.saturating_sub(2);
        // A comment in `/* */` is part of the code, unless the text ends with it.
        let trails = last > tokens.start
            && self.kind(last) == T::Comment
            && (self.kind(last + 1) == T::End || !self.token(last).starts_with("/*"));
        let mut line = Line { tokens, assign: None, comment: trails.then_some(last) };
        let mut code = line.code();
        let assign = code.find(|at| *at > line.tokens.start && self.kind(*at) == T::Assign);
        line.assign = assign.filter(|at| self.depth(*at..line.code().end) == 0);
        line
    }

    fn kind(&self, at: usize) -> TokenKind {
        self.tokens.get(at).map_or(T::End, |token| token.kind)
    }

    fn token(&self, at: usize) -> &str {
        let range = self.tokens.get(at).map(|token| token.start as usize..token.end as usize);
        range.and_then(|range| self.text.get(range)).unwrap_or("")
    }

    /// Whether something stood between a token and the one before it.
    fn is_apart(&self, at: usize) -> bool {
        let end = at.checked_sub(1).and_then(|before| self.tokens.get(before)).map(|token| token.end);
        end != self.tokens.get(at).map(|token| token.start)
    }

    /// How many brackets these tokens leave open; below 0: close.
    fn depth(&self, tokens: Range<usize>) -> isize {
        tokens.map(|at| self.kind(at).depth()).sum()
    }

    /// Each line that opens brackets, however many, sets what follows one level to the right, until as many are closed.
    fn indent(&mut self, lines: &[Line]) {
        // How many brackets each level stands for.
        let mut levels: Vec<isize> = Vec::new();
        for line in lines {
            if matches!(self.kind(line.tokens.start), T::Newline | T::End) {
                continue;
            }
            // In a heredoc that is no argument's value nothing counts.
            let heredoc = line.lead().find(|at| self.kind(*at) == T::OpenHeredoc);
            let lead = line.tokens.start..heredoc.unwrap_or(line.lead().end);
            let mut opened = self.depth(lead) + self.depth(line.value());
            while let Some(level) = levels.last_mut().filter(|_| opened < 0) {
                opened += *level;
                if opened > 0 {
                    *level = opened;
                    opened = 0;
                } else {
                    levels.pop();
                }
            }
            self.set(line.tokens.start, INDENT * levels.len());
            if opened > 0 {
                levels.push(opened);
            }
        }
    }

    fn space(&mut self, lines: &[Line]) {
        for line in lines {
            for cell in [line.lead(), line.value()] {
                for right in cell.clone().skip(1) {
                    let before = (right - cell.start >= 2).then(|| self.kind(right - 2));
                    let apart = self.needs_space(before, right - 1, right);
                    self.set(right, usize::from(apart));
                }
            }
        }
    }

    fn needs_space(&self, before: Option<TokenKind>, left: usize, right: usize) -> bool {
        let is_in = before == Some(T::Ident) && self.token(left) == "in";
        match (self.kind(left), self.kind(right)) {
            // `1 .a` is not the beginning of `1.a`. (Packer makes another number of `1 .5`.)
            (T::Number, T::Dot) if before != Some(T::Dot) => self.is_apart(right) || self.is_apart(right + 1),
            (left, right) => apart(before, left, is_in, right),
        }
    }

    /// Sets one cell of neighbouring lines below each other, one space behind the longest of what stands before it.
    fn align(&mut self, lines: &[Line], before: fn(&Line) -> Range<usize>, cell: fn(&Line) -> Option<usize>) {
        for chain in lines.chunk_by(|one, next| cell(one).is_some() && cell(next).is_some()) {
            let widths: Vec<(usize, usize)> =
                chain.iter().filter_map(|line| Some((cell(line)?, self.width(before(line))))).collect();
            let widest = widths.iter().map(|(_, width)| *width).max().unwrap_or(0);
            let padding: usize = widths.iter().map(|(_, width)| widest - width).sum();
            let bytes: usize = chain.iter().map(|line| self.bytes(line.tokens.clone())).sum();
            for (at, width) in widths {
                let padding = if padding > PADDING_PER_BYTE * bytes { 0 } else { widest - width };
                self.set(at, padding + 1);
            }
        }
    }

    /// How many columns these tokens take, with the spaces before them.
    fn width(&self, tokens: Range<usize>) -> usize {
        let columns = |text: &str| match text.is_ascii() && !text.contains('\r') {
            true => text.len(),
            false => text.graphemes(true).count(),
        };
        tokens.map(|at| self.spaces.get(at).unwrap_or(&0) + columns(self.token(at))).sum()
    }

    fn bytes(&self, tokens: Range<usize>) -> usize {
        tokens.map(|at| self.token(at).len()).sum()
    }

    fn set(&mut self, at: usize, spaces: usize) {
        if let Some(before) = self.spaces.get_mut(at) {
            *before = spaces;
        }
    }

    /// What lies behind the last token.
    fn rest(&self) -> &str {
        let last = self.tokens.len().checked_sub(2).and_then(|last| self.tokens.get(last));
        self.text.get(last.map_or(0, |last| last.end as usize)..).unwrap_or("")
    }

    fn write(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + self.text.len() / 8);
        for (at, token) in self.tokens.iter().enumerate() {
            let spaces = match token.kind {
                // A last line without an end keeps what it has behind it, as in Packer.
                T::End => self.rest().matches([' ', '\t']).count(),
                _ => self.spaces.get(at).copied().unwrap_or(0),
            };
            out.extend(std::iter::repeat_n(' ', spaces));
            out.push_str(self.token(at));
        }
        out
    }
}

/// Whether a space stands between two neighbours; `before` is what stands before the left one, `is_in` whether
/// that one is the word between a `for` and its collection.
fn apart(before: Option<TokenKind>, left: TokenKind, is_in: bool, right: TokenKind) -> bool {
    match (left, right) {
        (_, T::Newline | T::End) => false,
        (T::Ident, T::OpenParen | T::DoubleColon) | (T::DoubleColon, T::Ident) => false,
        (T::Dot, _) | (_, T::Dot | T::Comma | T::Ellipsis) => false,
        (T::Comma, _) => true,
        // The text of a string is its own affair.
        (T::Text | T::OpenQuote | T::OpenHeredoc, _) | (_, T::Text | T::CloseQuote | T::CloseHeredoc) => {
            false
        }
        // In `for x in [a]` the list is not an index of `in`.
        _ if is_in => true,
        // An index.
        (T::Ident | T::Number, T::OpenBracket) => false,
        (left, T::OpenBracket) if left.depth() < 0 => false,
        (T::Not, _) => false,
        (T::Minus, _) => before.is_some_and(ends_operand),
        (T::OpenBrace, T::CloseBrace) => false,
        (T::OpenBrace, _) | (_, T::CloseBrace) => true,
        // `${ {a = 1}.a }` shows its braces.
        (T::OpenInterpolation | T::OpenDirective, T::OpenBrace) | (T::CloseBrace, T::CloseTemplate) => true,
        (T::CloseTemplate, T::OpenInterpolation | T::OpenDirective) => false,
        (left, right) => left.depth() <= 0 && right.depth() >= 0,
    }
}

/// Whether a `-` behind this token subtracts. Behind `=>`, `${` and a comment Packer thinks so, too.
fn ends_operand(kind: TokenKind) -> bool {
    !matches!(
        kind,
        T::OpenParen
            | T::OpenBrace
            | T::OpenBracket
            | T::Assign
            | T::Colon
            | T::Comma
            | T::Question
            | T::Plus
            | T::Minus
            | T::Star
            | T::Slash
            | T::Percent
            | T::Equal
            | T::NotEqual
            | T::Less
            | T::LessEqual
            | T::Greater
            | T::GreaterEqual
            | T::And
            | T::Or
            | T::Not
    )
}

#[cfg(test)]
mod tests;
