//! `[…]`, `{…}` and the `for` in them.

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::value::Value;

use super::{Parsed, Parser, SYNTAX, T};
use crate::token::{Token, TokenKind};
use crate::tree::{Expr, ExprKind, For, Ident, ObjectItem};

impl Parser<'_> {
    pub(super) fn brackets(&mut self) -> Parsed<Expr> {
        let open = self.next();
        self.newlines.push(false);
        let result =
            if self.starts_for() { self.for_expression(open, T::CloseBracket) } else { self.tuple(open) };
        self.newlines.pop();
        result
    }

    fn tuple(&mut self, open: Token) -> Parsed<Expr> {
        let mut elements = Vec::new();
        loop {
            if let Some(close) = self.eat(T::CloseBracket) {
                let span = self.span(open).to(self.span(close));
                return Ok(Expr { kind: ExprKind::Tuple(elements), span });
            }
            elements.push(self.expression()?);
            if self.eat(T::Comma).is_none() && self.peek().kind != T::CloseBracket {
                return self.no_comma(open);
            }
        }
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
        // The `for` may stand on the next line.
        self.newlines.push(false);
        let is_for = self.starts_for();
        if !is_for {
            self.newlines.pop();
            self.newlines.push(true);
        }
        self.enter(1)?;
        let result = if is_for { self.for_expression(open, T::CloseBrace) } else { self.object(open) };
        self.newlines.pop();
        self.depth -= 1;
        result
    }

    fn object(&mut self, open: Token) -> Parsed<Expr> {
        let mut items = Vec::new();
        loop {
            while self.eat(T::Newline).is_some() {}
            if let Some(close) = self.eat(T::CloseBrace) {
                let span = self.span(open).to(self.span(close));
                return Ok(Expr { kind: ExprKind::Object(items), span });
            }
            let key = self.object_key(open)?;
            if !matches!(self.peek().kind, T::Assign | T::Colon) {
                return self.no_value(&key);
            }
            self.next();
            let value = self.expression()?;
            items.push(ObjectItem { key, value });
            if !matches!(self.peek().kind, T::Comma | T::Newline | T::CloseBrace) {
                return self.close(T::CloseBrace, open).and(Err(super::Failed));
            }
            self.eat(T::Comma);
        }
    }

    fn no_value<R>(&mut self, key: &Expr) -> Parsed<R> {
        let token = self.peek();
        let problem = match self.invalid(token) {
            Some(problem) => problem,
            None if token.kind == T::OpenBrace => Diagnostic::error(SYNTAX, "An object has no blocks")
                .label(self.span(token), "`=` is expected before this")
                .fix(Edit { span: self.span(token).at_start(), replacement: "= ".to_owned() }),
            None => Diagnostic::error(SYNTAX, "The key has no value")
                .label(self.span(token), format!("`=` is expected here, not {}", self.describe(token)))
                .label(key.span, "the key is this"),
        };
        self.fail(problem)
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
            return self.ambiguous_key(&whole);
        }
        Ok(Expr { kind: ExprKind::Literal(Box::new(Value::string(self.text_of(name)))), span })
    }

    fn ambiguous_key<R>(&mut self, whole: &Expr) -> Parsed<R> {
        let text = self.text.get(whole.span.range()).unwrap_or("");
        let problem = Diagnostic::error(SYNTAX, "It is not clear what the key is")
            .label(whole.span, "a name, or something to evaluate?")
            .help(format!("to evaluate it, write `({text})`; for a key with a dot, write \"{text}\""))
            .fix(Edit { span: whole.span, replacement: format!("({text})") });
        self.fail(problem)
    }

    /// Whether `for` comes next, and it is not the key of an object.
    /// Whatever follows: a first element or key called `for` needs parentheses or quotes.
    fn starts_for(&self) -> bool {
        self.is_keyword(self.peek(), "for")
    }

    fn for_expression(&mut self, open: Token, closing: TokenKind) -> Parsed<Expr> {
        self.enter(2)?;
        let (names, collection) = self.for_head()?;
        if self.eat(T::Colon).is_none() {
            return self.broken_for(":");
        }
        let first = self.expression()?;
        let (key, value) = match self.eat(T::Arrow) {
            Some(arrow) if closing == T::CloseBracket => return self.unwanted_key(arrow),
            Some(_) => (Some(first), self.expression()?),
            None if closing == T::CloseBrace => return self.missing_key(&first),
            None => (None, first),
        };
        let ellipsis = self.eat(T::Ellipsis);
        if let (Some(ellipsis), None) = (ellipsis, &key) {
            return self.group_without_key(ellipsis);
        }
        let condition = if self.is_keyword(self.peek(), "if") {
            self.next();
            Some(self.expression()?)
        } else {
            None
        };
        let close = self.close(closing, open)?;
        self.depth -= 2;
        let span = self.span(open).to(self.span(close));
        let each = For { names, collection, key, value, condition, group: ellipsis.is_some() };
        Ok(Expr { kind: ExprKind::For(Box::new(each)), span })
    }

    fn unwanted_key<R>(&mut self, arrow: Token) -> Parsed<R> {
        let problem = Diagnostic::error(SYNTAX, "A `for` in brackets has no keys")
            .label(self.span(arrow), "this gives a key")
            .help("use braces to make an object: `{for … : key => value}`");
        self.fail(problem)
    }

    fn missing_key<R>(&mut self, value: &Expr) -> Parsed<R> {
        let problem = Diagnostic::error(SYNTAX, "A `for` in braces needs a key")
            .label(value.span, "this is only a value")
            .help("write `key => value`, or use brackets to make a list: `[for … : value]`");
        self.fail(problem)
    }

    fn group_without_key<R>(&mut self, ellipsis: Token) -> Parsed<R> {
        let title = "`...` groups values by their key, and this `for` has no keys";
        let problem = Diagnostic::error(SYNTAX, title).at(self.span(ellipsis));
        self.fail(problem)
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
