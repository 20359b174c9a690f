//! `[…]`, `{…}` and the `for` in them.

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::value::Value;

use super::{Parsed, Parser, SYNTAX, T};
use crate::token::{Token, TokenKind};
use crate::tree::{Expr, ExprKind, For, Ident, ObjectItem};

impl Parser<'_> {
    pub(super) fn brackets(&mut self) -> Parsed<Expr> {
        let open = self.next();
        self.with_newlines(false, |parser| {
            if parser.starts_for() {
                return parser.for_expression(open, T::CloseBracket);
            }
            let mut elements = Vec::new();
            loop {
                if let Some(close) = parser.eat(T::CloseBracket) {
                    let span = parser.span(open).to(parser.span(close));
                    return Ok(Expr { kind: ExprKind::Tuple(elements), span });
                }
                elements.push(parser.expression()?);
                if parser.eat(T::Comma).is_none() && parser.peek().kind != T::CloseBracket {
                    return parser.no_comma(open);
                }
            }
        })
    }

    fn no_comma<R>(&mut self, open: Token) -> Parsed<R> {
        let found = self.peek();
        // On a new line something that starts a value says that the comma was forgotten.
        if matches!(found.kind, T::OpenQuote | T::Number | T::OpenBrace | T::OpenHeredoc) {
            let before = self.token(self.at.saturating_sub(1));
            let place = self.span(before).at_end();
            let problem = Diagnostic::error(SYNTAX, "There is no comma between two elements")
                .label(self.span(found), "the next element starts here")
                .fix(Edit { span: place, replacement: ",".to_owned() });
            return self.fail(problem);
        }
        self.close(T::CloseBracket, open).and(Err(super::Failed))
    }

    pub(super) fn braces(&mut self) -> Parsed<Expr> {
        let open = self.next();
        let is_for = self.with_newlines(false, |parser| Ok(parser.starts_for()))?;
        if is_for {
            return self.with_newlines(false, |parser| parser.for_expression(open, T::CloseBrace));
        }
        self.with_newlines(true, |parser| {
            let mut items = Vec::new();
            loop {
                while parser.eat(T::Newline).is_some() {}
                if let Some(close) = parser.eat(T::CloseBrace) {
                    let span = parser.span(open).to(parser.span(close));
                    return Ok(Expr { kind: ExprKind::Object(items), span });
                }
                items.push(parser.object_item(open)?);
                if !matches!(parser.peek().kind, T::Comma | T::Newline | T::CloseBrace) {
                    return parser.close(T::CloseBrace, open).and(Err(super::Failed));
                }
                parser.eat(T::Comma);
            }
        })
    }

    fn object_item(&mut self, open: Token) -> Parsed<ObjectItem> {
        let key = self.object_key(open)?;
        let token = self.peek();
        if !matches!(token.kind, T::Assign | T::Colon) {
            let problem = match self.invalid(token) {
                Some(problem) => problem,
                None if token.kind == T::OpenBrace => Diagnostic::error(SYNTAX, "An object has no blocks")
                    .label(self.span(token), "`=` is expected before this")
                    .fix(Edit { span: self.span(token).at_start(), replacement: "= ".to_owned() }),
                None => Diagnostic::error(SYNTAX, "The key has no value")
                    .label(self.span(token), format!("`=` is expected here, not {}", self.describe(token)))
                    .label(key.span, "the key is this"),
            };
            return self.fail(problem);
        }
        self.next();
        let value = self.expression()?;
        Ok(ObjectItem { key, value })
    }

    fn object_key(&mut self, open: Token) -> Parsed<Expr> {
        let token = self.peek();
        if token.kind == T::End {
            return self.close(T::CloseBrace, open).and(Err(super::Failed));
        }
        if token.kind != T::Ident || matches!(self.peek_second().kind, T::OpenParen | T::DoubleColon) {
            return self.expression();
        }
        let name = self.next();
        let span = self.span(name);
        if matches!(self.peek().kind, T::Dot | T::OpenBracket) {
            let base = Expr { kind: ExprKind::Variable(self.text_of(name).to_owned()), span };
            let whole = self.accesses(base)?;
            let text = self.text.get(whole.span.range()).unwrap_or("");
            let problem = Diagnostic::error(SYNTAX, "It is not clear what the key is")
                .label(whole.span, "a name, or something to evaluate?")
                .help(format!("to evaluate it, write `({text})`; for a key with a dot, write \"{text}\""))
                .fix(Edit { span: whole.span, replacement: format!("({text})") });
            return self.fail(problem);
        }
        Ok(Expr { kind: ExprKind::Literal(Value::string(self.text_of(name))), span })
    }

    /// Whether `for` comes next, and it is not the key of an object.
    fn starts_for(&self) -> bool {
        self.is_keyword(self.peek(), "for") && self.peek_second().kind == T::Ident
    }

    fn for_expression(&mut self, open: Token, closing: TokenKind) -> Parsed<Expr> {
        let (names, collection) = self.for_head()?;
        if self.eat(T::Colon).is_none() {
            return self.broken_for(":");
        }
        let first = self.expression()?;
        let (key, value) = match self.eat(T::Arrow) {
            Some(arrow) if closing == T::CloseBracket => {
                let problem = Diagnostic::error(SYNTAX, "A `for` in brackets has no keys")
                    .label(self.span(arrow), "this gives a key")
                    .help("use braces to make an object: `{for … : key => value}`");
                return self.fail(problem);
            }
            Some(_) => (Some(first), self.expression()?),
            None if closing == T::CloseBrace => {
                let problem = Diagnostic::error(SYNTAX, "A `for` in braces needs a key")
                    .label(first.span, "this is only a value")
                    .help("write `key => value`, or use brackets to make a list: `[for … : value]`");
                return self.fail(problem);
            }
            None => (None, first),
        };
        let ellipsis = self.eat(T::Ellipsis);
        if let (Some(ellipsis), None) = (ellipsis, &key) {
            let problem =
                Diagnostic::error(SYNTAX, "`...` groups values by their key, and this `for` has no keys")
                    .at(self.span(ellipsis));
            return self.fail(problem);
        }
        let condition = if self.is_keyword(self.peek(), "if") {
            self.next();
            Some(self.expression()?)
        } else {
            None
        };
        let close = self.close(closing, open)?;
        let span = self.span(open).to(self.span(close));
        let each = For { names, collection, key, value, condition, group: ellipsis.is_some() };
        Ok(Expr { kind: ExprKind::For(Box::new(each)), span })
    }

    /// `for value in collection` or `for key, value in collection`.
    pub(super) fn for_head(&mut self) -> Parsed<(Vec<Ident>, Expr)> {
        self.next();
        let mut names = Vec::new();
        loop {
            let Some(name) = self.eat(T::Ident) else { return self.broken_for("a name") };
            names.push(Ident { name: self.text_of(name).to_owned(), span: self.span(name) });
            if names.len() == 2 || self.eat(T::Comma).is_none() {
                break;
            }
        }
        if !self.is_keyword(self.peek(), "in") {
            return self.broken_for("in");
        }
        self.next();
        Ok((names, self.expression()?))
    }

    fn broken_for<R>(&mut self, expected: &str) -> Parsed<R> {
        let found = self.peek();
        let expected = if expected == "a name" { expected.to_owned() } else { format!("`{expected}`") };
        let problem = Diagnostic::error(SYNTAX, "The `for` is not complete")
            .label(self.span(found), format!("{expected} is expected here, not {}", self.describe(found)))
            .help("it is written `for value in collection : …` or `for key, value in collection : …`");
        self.fail(problem)
    }
}
