//! Where reading goes on after a mistake.

use super::{Failed, Parsed, Parser, T};
use crate::token::{Token, TokenKind};

/// How many tokens are looked at to find out about the layout around one.
const NEARBY: usize = 10_000;

/// Brackets and strings that were opened while tokens are skipped. It follows the lexer's rules for where strings end.
#[derive(Default)]
pub(super) struct Open {
    /// Kind and index of what is open, and the line in which that is.
    opened: Vec<(TokenKind, usize, usize)>,
    line: usize,
}

impl Open {
    fn is_empty(&self) -> bool {
        self.opened.is_empty()
    }

    /// Takes a token in. False if it closes something that was not opened here.
    pub(super) fn feed(&mut self, index: usize, token: Token, by_lines: bool) -> bool {
        let last = self.opened.last().map(|opened| opened.0);
        let in_heredoc =
            matches!(token.kind, T::Text | T::OpenInterpolation | T::OpenDirective | T::CloseHeredoc);
        if last == Some(T::OpenHeredoc) && !in_heredoc {
            // It ended without its marker.
            self.opened.pop();
        }
        let opener = match token.kind {
            T::OpenBrace
            | T::OpenBracket
            | T::OpenParen
            | T::OpenQuote
            | T::OpenHeredoc
            | T::OpenInterpolation => {
                self.opened.push((token.kind, index, self.line));
                return true;
            }
            T::OpenDirective => {
                self.opened.push((T::OpenInterpolation, index, self.line));
                return true;
            }
            T::Newline => {
                if by_lines || last == Some(T::OpenQuote) {
                    self.end_strings(last == Some(T::OpenQuote));
                }
                self.line += 1;
                return true;
            }
            T::CloseBrace => T::OpenBrace,
            T::CloseBracket => T::OpenBracket,
            T::CloseParen => T::OpenParen,
            T::CloseQuote => T::OpenQuote,
            T::CloseHeredoc => T::OpenHeredoc,
            T::CloseTemplate => T::OpenInterpolation,
            _ => return true,
        };
        let at = self.opened.iter().rposition(|opened| opened.0 == opener);
        self.opened.truncate(at.unwrap_or(self.opened.len()));
        at.is_some()
    }

    fn end_strings(&mut self, in_string: bool) {
        match self.opened.iter().position(|(kind, _, line)| *kind == T::OpenQuote && *line == self.line) {
            Some(first) => self.opened.truncate(first),
            None if in_string => {
                self.opened.pop();
            }
            None => {}
        }
    }

    /// The index of a string that is open though its line ends here.
    pub(super) fn unclosed_string(&self) -> Option<usize> {
        self.opened.last().filter(|(kind, ..)| *kind == T::OpenQuote).map(|(_, index, _)| *index)
    }
}

impl Parser<'_> {
    /// The column of a token that is the first one of its line.
    pub(super) fn line_column(&self, index: usize) -> Option<usize> {
        let token = self.token(index);
        let Some(before) = index.checked_sub(1).map(|before| self.token(before)) else {
            let mark = if self.text.starts_with('\u{FEFF}') { 3 } else { 0 };
            return (token.start as usize).checked_sub(mark);
        };
        let ends_line = match before.kind {
            T::Newline | T::OpenHeredoc => true,
            T::Text => self.text_of(before).ends_with('\n'),
            _ => false,
        };
        ends_line.then(|| (token.start - before.end) as usize)
    }

    /// The column of the line in which a token stands.
    pub(super) fn indentation(&self, index: usize) -> usize {
        let nearby = (index.saturating_sub(NEARBY)..=index).rev();
        nearby.filter_map(|index| self.line_column(index)).next().unwrap_or(0)
    }

    /// The next token that is neither a comment nor the end of a line.
    pub(super) fn beyond_lines(&self, from: usize) -> usize {
        let mut index = from;
        while matches!(self.token(index).kind, T::Newline | T::Comment) {
            index += 1;
        }
        index
    }

    /// Whether the line behind this one is indented more than the item that is being read.
    pub(super) fn goes_deeper(&self) -> bool {
        let mut index = self.at;
        while !matches!(self.token(index).kind, T::Newline | T::End) {
            index += 1;
        }
        let next = self.beyond_lines(index);
        self.token(next).kind == T::Ident && self.line_column(next).is_some_and(|column| column > self.column)
    }

    /// `name =`, `name {` or `name "label" … {`.
    pub(super) fn looks_like_item(&self, index: usize) -> bool {
        if self.token(index).kind != T::Ident {
            return false;
        }
        let mut index = index + 1;
        loop {
            match self.token(index).kind {
                T::Assign | T::OpenBrace => return true,
                T::Ident | T::OpenQuote | T::CloseQuote | T::Text => index += 1,
                _ => return false,
            }
        }
    }

    /// Lines decide, and the next token is on one that is outside of what was opened in a line of this indentation.
    pub(super) fn is_outside(&self, indentation: usize) -> bool {
        if !self.by_lines {
            return false;
        }
        let index = self.beyond_lines(self.at);
        let Some(column) = self.line_column(index) else { return false };
        match self.token(index).kind {
            T::CloseBrace | T::CloseBracket | T::CloseParen => column < indentation,
            _ => column <= indentation && self.looks_like_item(index),
        }
    }

    /// Whether the line that starts with this token cannot belong to the item that is being read.
    fn is_beyond_item(&self, index: usize) -> bool {
        let Some(column) = self.line_column(index) else { return false };
        match self.token(index).kind {
            T::End => true,
            T::CloseBrace => column < self.column,
            _ => column <= self.column && self.looks_like_item(index),
        }
    }

    /// After a mistake within brackets: goes to the bracket that closes them, or behind the next separator if elements
    /// are separated. Fails if they end in another way, and stands there then.
    pub(super) fn resume(&mut self, close: TokenKind, separated: bool) -> Parsed<()> {
        let mut open = Open::default();
        let mut index = self.at;
        loop {
            let token = self.token(index);
            if token.kind == T::End {
                break;
            }
            if token.kind == T::Newline {
                let next = self.beyond_lines(index);
                // In an object everything looks like an item.
                let item =
                    if close == T::CloseBrace && !self.by_lines { false } else { self.is_beyond_item(next) };
                if item || close == T::CloseTemplate && open.is_empty() {
                    break;
                }
            }
            if open.is_empty() {
                match token.kind {
                    kind if kind == close => {
                        self.at = index;
                        return Ok(());
                    }
                    T::Comma if separated => {
                        self.at = index + 1;
                        return Ok(());
                    }
                    T::Newline if separated && self.starts_element(self.beyond_lines(index), close) => {
                        self.at = index + 1;
                        return Ok(());
                    }
                    _ => {}
                }
            }
            if !open.feed(index, token, self.by_lines) {
                break;
            }
            index += 1;
        }
        self.at = index;
        Err(Failed)
    }

    fn starts_element(&self, index: usize, close: TokenKind) -> bool {
        let kind = self.token(index).kind;
        kind == close
            || matches!(
                kind,
                T::Ident
                    | T::Number
                    | T::OpenQuote
                    | T::OpenHeredoc
                    | T::OpenBrace
                    | T::OpenBracket
                    | T::OpenParen
            )
    }

    /// Goes on behind an item that could not be read, which started at this index in a body whose block starts at
    /// column `outer`.
    pub(super) fn recover(&mut self, start: usize, outer: Option<usize>) {
        if self.by_lines { self.recover_by_lines(start, outer) } else { self.recover_by_brackets(start) }
    }

    /// At the next line that looks like an argument or a block, at most as far to the right as the item; else behind
    /// the line that ends with all brackets closed.
    fn recover_by_brackets(&mut self, start: usize) {
        let mut open = Open::default();
        let mut index = self.at;
        loop {
            let token = self.token(index);
            match token.kind {
                T::End => break,
                T::CloseBrace if open.is_empty() => break,
                T::Newline
                    if index > start
                        && (open.is_empty() || self.is_beyond_item(self.beyond_lines(index))) =>
                {
                    break;
                }
                _ => {}
            }
            open.feed(index, token, false);
            index += 1;
        }
        self.at = index;
    }

    /// At the next line that is not indented more than the item. A bracket there closes what the item opened.
    fn recover_by_lines(&mut self, start: usize, outer: Option<usize>) {
        let mut index = self.at.max(start + 1);
        loop {
            let token = self.token(index);
            if token.kind == T::End {
                break;
            }
            if let Some(column) = self.line_column(index)
                && column <= self.column
                && !matches!(token.kind, T::Newline | T::Comment | T::Text)
            {
                let closes = matches!(token.kind, T::CloseBrace | T::CloseBracket | T::CloseParen);
                if !(closes && column == self.column && outer != Some(column)) {
                    break;
                }
            }
            // The rest of a block on one line.
            if token.kind == T::CloseBrace && index == self.at && self.line_column(index).is_none() {
                break;
            }
            index += 1;
        }
        self.at = index;
    }

    /// Whether a `}` at the start of a line is one too many: another one further down fits the block better.
    pub(super) fn is_surplus(&self, index: usize, outer: Option<usize>) -> bool {
        let (true, Some(outer), Some(column)) = (self.by_lines, outer, self.line_column(index)) else {
            return false;
        };
        if column <= outer {
            return false;
        }
        let later = (index + 1..index + NEARBY).take_while(|later| self.token(*later).kind != T::End);
        let mut later = later.filter(|later| !matches!(self.token(*later).kind, T::Newline | T::Comment));
        let edge = later.find(|later| self.line_column(*later).is_some_and(|column| column <= outer));
        edge.is_some_and(|edge| {
            self.token(edge).kind == T::CloseBrace && self.line_column(edge) == Some(outer)
        })
    }
}
