//! Tokens to tree, by recursive descent. Parsing never fails: what cannot be read is reported, and reading goes on at
//! the next element, argument or block.

use karat_model::diagnostic::{Code, Diagnostic, Diagnostics, code};
use karat_model::span::{FileId, Span};

use crate::lexer::{lex, lex_by_lines, lex_template};
use crate::token::{Token, TokenKind};
use crate::tree::{Body, Expr};

use TokenKind as T;

mod access;
mod body;
mod collection;
mod expression;
mod header;
mod heredoc;
mod recovery;
mod stray;
mod template;

/// How deep expressions and blocks may be nested in one another: far beyond what people write, and little enough for the
/// stack of any thread. What needs much stack for each level counts for several.
pub const MAX_DEPTH: usize = 512;

/// How many problems of one text are reported; reading stops there.
const MOST_PROBLEMS: usize = 1000;

/// The code of problems with the form of a text.
pub(crate) const SYNTAX: Code = code::SYNTAX;

/// Reads a file.
///
/// A text with mistakes is read a second time, this time trusting its lines and their indentation more than its quotes
/// and brackets, and the reading that leaves less to complain about counts: one missing brace is one problem, shown
/// where it is missing.
pub fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Body {
    let first = Reading::of(file, text, &lex(text), false);
    let read = if first.problems.has_errors() {
        let second = Reading::of(file, text, &lex_by_lines(text), true);
        if second.weight() <= first.weight() { second } else { first }
    } else {
        first
    };
    diagnostics.extend(read.problems);
    read.body
}

/// One way to read a file.
struct Reading {
    body: Body,
    problems: Diagnostics,
    /// Something that is not closed hides the rest of the text.
    hides: bool,
}

impl Reading {
    fn of(file: FileId, text: &str, tokens: &[Token], by_lines: bool) -> Self {
        let mut problems = Diagnostics::new();
        let mut parser = Parser { by_lines, ..Parser::new(file, text, tokens, &mut problems) };
        let body = parser.file();
        let hides = parser.hides;
        Self { body, problems, hides }
    }

    /// How much there is to complain about. What is hidden is likely to be worth some problems.
    fn weight(&self) -> usize {
        self.problems.len() + if self.hides { 20 } else { 0 }
    }
}

/// Reads a text that is one expression, such as the value of a `-var` option.
pub fn parse_expression(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Expr {
    let tokens = lex(text);
    Parser::new(file, text, &tokens, diagnostics).lone_expression()
}

/// Reads a text that is a template without delimiters, such as a file for `templatefile`.
pub fn parse_template(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Expr {
    let tokens = lex_template(text);
    Parser::new(file, text, &tokens, diagnostics).bare_template()
}

/// The problem has been reported; what encloses it may know how to go on.
struct Failed;

type Parsed<R> = Result<R, Failed>;

struct Parser<'a> {
    file: FileId,
    text: &'a str,
    tokens: &'a [Token],
    /// Index of the next token, insignificant ones included.
    at: usize,
    /// Whether the end of a line means something; the innermost bracket decides.
    newlines: Vec<bool>,
    depth: usize,
    /// Lines and indentation say what belongs together, more than brackets do.
    by_lines: bool,
    /// The column of the argument or block that is being read.
    column: usize,
    /// Whether the block that is being read is on one line, and the column of its header.
    one_line: bool,
    block_column: usize,
    /// Where problems were reported that make more of them on the same line likely.
    failures: Vec<u32>,
    reported: usize,
    hides: bool,
    /// How many strings are open.
    strings: usize,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Parser<'a> {
    fn new(file: FileId, text: &'a str, tokens: &'a [Token], diagnostics: &'a mut Diagnostics) -> Self {
        let mut parser = Self {
            file,
            text,
            tokens,
            at: 0,
            newlines: Vec::new(),
            depth: 0,
            by_lines: false,
            column: 0,
            // A `}` at the top level is wrong for another reason.
            one_line: true,
            block_column: 0,
            failures: Vec::new(),
            reported: 0,
            hides: false,
            strings: 0,
            diagnostics,
        };
        parser.check_last_comment();
        parser
    }

    /// A comment that is not closed swallows the rest of the text, and nothing else would tell.
    fn check_last_comment(&mut self) {
        let last = self.tokens.iter().rev().find(|token| token.kind != T::End).copied();
        let Some(comment) = last.filter(|token| token.kind == T::Comment) else { return };
        let text = self.text_of(comment);
        if text.starts_with("/*") && !(text.len() >= 4 && text.ends_with("*/")) {
            let span = Span { end: comment.start + 2, ..self.span(comment) };
            let problem = Diagnostic::error(SYNTAX, "The comment is not closed");
            self.report(
                problem.label(span, "there is no `*/` after this; the rest of the text is in the comment"),
            );
            self.failures.push(comment.start);
        }
    }

    fn lone_expression(&mut self) -> Expr {
        self.newlines.push(false);
        let expr = self.expression();
        if expr.is_ok() && self.peek().kind != T::End {
            let token = self.peek();
            let problem = self.missing_quote().unwrap_or_else(|| {
                Diagnostic::error(SYNTAX, "There is more than one expression")
                    .label(self.span(token), format!("{} is left over here", self.describe(token)))
            });
            self.complain(problem);
        }
        expr.unwrap_or_else(|Failed| Expr::error(Span::new(self.file, 0, self.text.len())))
    }

    /// The token at an index; behind the last one is the end of the text.
    fn token(&self, index: usize) -> Token {
        match self.tokens.get(index) {
            Some(token) => *token,
            None => self.tokens.last().copied().unwrap_or(Token { kind: T::End, start: 0, end: 0 }),
        }
    }

    /// The token that comes next, whatever it is.
    fn raw(&self) -> Token {
        self.token(self.at)
    }

    /// The index of the next token that means something.
    fn significant(&self, from: usize) -> usize {
        match self.tokens.get(from) {
            // Asked for each token many times: most mean something.
            Some(token) if !matches!(token.kind, T::Comment | T::Newline) => from,
            _ => self.beyond_insignificant(from),
        }
    }

    fn beyond_insignificant(&self, mut from: usize) -> usize {
        loop {
            match self.token(from).kind {
                T::Comment => from += 1,
                T::Newline if !self.newlines.last().copied().unwrap_or(true) => from += 1,
                _ => return from,
            }
        }
    }

    /// The next token that means something.
    fn peek(&self) -> Token {
        match self.tokens.get(self.at) {
            Some(token) if !matches!(token.kind, T::Comment | T::Newline) => *token,
            _ => self.token(self.beyond_insignificant(self.at)),
        }
    }

    /// The one after it.
    fn peek_second(&self) -> Token {
        self.token(self.significant(self.significant(self.at) + 1))
    }

    fn next(&mut self) -> Token {
        let index = self.significant(self.at);
        self.at = index + 1;
        self.token(index)
    }

    fn eat(&mut self, kind: TokenKind) -> Option<Token> {
        let index = self.significant(self.at);
        let token = self.token(index);
        if token.kind != kind {
            return None;
        }
        self.at = index + 1;
        Some(token)
    }

    fn span(&self, token: Token) -> Span {
        Span { file: self.file, start: token.start, end: token.end }
    }

    fn text_of(&self, token: Token) -> &'a str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or("")
    }

    fn is_keyword(&self, token: Token, word: &str) -> bool {
        token.kind == T::Ident && self.text_of(token) == word
    }

    /// The token in words, with its text where that helps.
    fn describe(&self, token: Token) -> String {
        match token.kind {
            T::Ident | T::Number => format!("`{}`", self.text_of(token)),
            T::Invalid => stray::name(self.text_of(token)),
            kind => kind.describe().to_owned(),
        }
    }

    /// Adds a problem. After too many the rest of the text is not read.
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.reported < MOST_PROBLEMS {
            self.reported += 1;
            self.diagnostics.push(diagnostic);
        } else {
            self.at = self.tokens.len();
        }
    }

    /// Adds a problem unless there is one on its line, of which it is probably a consequence.
    fn complain(&mut self, diagnostic: Diagnostic) {
        let at = diagnostic.primary.as_ref().map_or(0, |label| label.span.start);
        if !self.has_failed_on_line_of(at) {
            self.failures.push(at);
            self.report(diagnostic);
        }
    }

    fn fail<R>(&mut self, diagnostic: Diagnostic) -> Parsed<R> {
        self.complain(diagnostic);
        Err(Failed)
    }

    fn has_failed_on_line_of(&self, offset: u32) -> bool {
        let text = |from: u32, to: u32| self.text.as_bytes().get(from as usize..to as usize);
        // The latest are the nearest, and few.
        self.failures.iter().rev().any(|failure| {
            text(offset.min(*failure), offset.max(*failure)).is_some_and(|between| !between.contains(&b'\n'))
        })
    }

    /// So many levels deeper. Who succeeds takes them back from `depth`; after a failure the item starts anew.
    fn enter(&mut self, levels: usize) -> Parsed<()> {
        if self.depth + levels > MAX_DEPTH {
            return self.too_deep();
        }
        self.depth += levels;
        Ok(())
    }

    /// The rest of the text is not read: who nests like this is no person.
    fn too_deep<R>(&mut self) -> Parsed<R> {
        let token = self.peek();
        self.complain(
            Diagnostic::error(code::TOO_DEEP, format!("This is nested more than {MAX_DEPTH} levels deep"))
                .label(self.span(token), "the limit is reached here")
                .help("move inner parts to `locals`"),
        );
        self.reported = MOST_PROBLEMS;
        self.at = self.tokens.len();
        Err(Failed)
    }

    /// Runs `read` where the end of a line means something, or does not.
    fn with_newlines<R>(
        &mut self,
        significant: bool,
        read: impl FnOnce(&mut Self) -> Parsed<R>,
    ) -> Parsed<R> {
        self.newlines.push(significant);
        let result = read(self);
        self.newlines.pop();
        result
    }
}

#[cfg(test)]
mod tests;
