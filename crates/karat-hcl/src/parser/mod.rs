//! Tokens to tree, by recursive descent. Parsing never fails: what cannot be read is reported, and reading goes on at
//! the next argument or block.

use karat_model::diagnostic::{Code, Diagnostic, Diagnostics, Edit, code};
use karat_model::span::{FileId, Span};

use crate::lexer::{lex, lex_template};
use crate::token::{Token, TokenKind};
use crate::tree::{Body, Expr};

use TokenKind as T;

mod access;
mod body;
mod collection;
mod expression;
mod heredoc;
mod template;

/// How deep expressions and blocks may be nested in one another: far beyond what people write, and little enough for the
/// stack of any thread. What needs much stack for each level counts for several.
pub const MAX_DEPTH: usize = 512;

/// The code of problems with the form of a text.
pub(crate) const SYNTAX: Code = code::SYNTAX;

/// Reads a file.
pub fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Body {
    let tokens = lex(text);
    Parser::new(file, text, &tokens, diagnostics).file()
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

/// The problem has been reported; the enclosing item cannot be read further.
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
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Parser<'a> {
    fn new(file: FileId, text: &'a str, tokens: &'a [Token], diagnostics: &'a mut Diagnostics) -> Self {
        let mut parser = Self { file, text, tokens, at: 0, newlines: Vec::new(), depth: 0, diagnostics };
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
        }
    }

    fn lone_expression(&mut self) -> Expr {
        self.newlines.push(false);
        let expr = self.expression();
        if expr.is_ok() && self.peek().kind != T::End {
            let token = self.peek();
            self.report(
                Diagnostic::error(SYNTAX, "There is more than one expression")
                    .label(self.span(token), format!("{} is left over here", self.describe(token))),
            );
        }
        expr.unwrap_or_else(|Failed| Expr::error(Span::new(self.file, 0, self.text.len())))
    }

    /// The token at an index; behind the last one is the end of the text.
    fn token(&self, index: usize) -> Token {
        let end = Token { kind: T::End, start: 0, end: 0 };
        self.tokens.get(index).or(self.tokens.last()).copied().unwrap_or(end)
    }

    /// The token that comes next, whatever it is.
    fn raw(&self) -> Token {
        self.token(self.at)
    }

    /// The index of the next token that means something.
    fn significant(&self, from: usize) -> usize {
        let newlines = self.newlines.last().copied().unwrap_or(true);
        let skipped = |index: &usize| match self.token(*index).kind {
            T::Comment => true,
            T::Newline => !newlines,
            _ => false,
        };
        from + (from..).take_while(skipped).count()
    }

    /// The next token that means something.
    fn peek(&self) -> Token {
        self.token(self.significant(self.at))
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
        (self.peek().kind == kind).then(|| self.next())
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
            T::Ident | T::Number | T::Invalid => format!("`{}`", self.text_of(token)),
            kind => kind.describe().to_owned(),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn fail<R>(&mut self, diagnostic: Diagnostic) -> Parsed<R> {
        self.report(diagnostic);
        Err(Failed)
    }

    /// So many levels deeper. Who succeeds takes them back from `depth`; after a failure the item starts anew.
    fn enter(&mut self, levels: usize) -> Parsed<()> {
        if self.depth + levels > MAX_DEPTH {
            return self.too_deep();
        }
        self.depth += levels;
        Ok(())
    }

    fn too_deep<R>(&mut self) -> Parsed<R> {
        let token = self.peek();
        self.fail(
            Diagnostic::error(code::TOO_DEEP, format!("This is nested more than {MAX_DEPTH} levels deep"))
                .label(self.span(token), "the limit is reached here")
                .help("move inner parts to `locals`"),
        )
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

    /// What is wrong with a character that can start nothing, or `None` if the token is a proper one.
    fn invalid(&self, token: Token) -> Option<Diagnostic> {
        if token.kind != T::Invalid {
            if token.kind == T::Less
                && self.text.get(token.start as usize..).is_some_and(|text| text.starts_with("<<"))
            {
                let span = Span { end: token.start + 2, ..self.span(token) };
                return Some(
                    Diagnostic::error(SYNTAX, "The start of a heredoc is not complete")
                        .label(span, "needs a name, and after the name nothing but the end of the line")
                        .help("for example `<<EOT`, the text on lines of its own, then `EOT` on a line of its own"),
                );
            }
            return None;
        }
        let span = self.span(token);
        let text = self.text_of(token);
        let title = format!("The character `{text}` has no meaning here");
        let problem = Diagnostic::error(SYNTAX, title).at(span);
        Some(match text {
            "'" | "`" | "\u{2018}" | "\u{2019}" | "\u{201C}" | "\u{201D}" => {
                self.wrong_quotes(token, problem)
            }
            ";" => problem.help("arguments are separated by line ends, not by semicolons"),
            "&" | "|" => problem.help(format!("the operator is written `{text}{text}`")),
            "^" => problem.help("use the function `pow` to raise a number to a power"),
            "\\" => {
                problem.help("outside of strings a line cannot be continued; use parentheses to break it")
            }
            _ => problem,
        })
    }

    fn wrong_quotes(&self, token: Token, problem: Diagnostic) -> Diagnostic {
        let problem = problem.help("text is written in double quotes: \"…\"");
        let rest = self.text.get(token.end as usize..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("");
        let quotes = ['\'', '`', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}'];
        match line.find(quotes) {
            Some(len) => {
                let close = line.get(len..).and_then(|close| close.chars().next()).map_or(1, char::len_utf8);
                let span = Span::new(self.file, token.start as usize, token.end as usize + len + close);
                let inner = line.get(..len).unwrap_or("").replace('\\', "\\\\").replace('"', "\\\"");
                problem.fix(Edit { span, replacement: format!("\"{inner}\"") })
            }
            None => problem,
        }
    }
}

#[cfg(test)]
mod tests;
