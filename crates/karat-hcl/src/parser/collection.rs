//! `[…]`, `{…}` and the `for` in them.

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::span::Span;
use karat_model::value::Value;

use super::{Failed, Parsed, Parser, SYNTAX, T};
use crate::token::{Token, TokenKind};
use crate::tree::{BinaryOp, Expr, ExprKind, For, Ident, ObjectItem};

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
        let (depth, indentation) = (self.depth, self.indentation_if_needed());
        let mut elements = Vec::new();
        let close = loop {
            if let Some(close) = self.eat(T::CloseBracket) {
                break close;
            }
            if self.is_outside(indentation) {
                break self.not_closed(open, T::CloseBracket);
            }
            match self.element(open) {
                Ok(element) => elements.push(element),
                Err(Failed) => {
                    self.depth = depth;
                    elements.push(Expr::error(self.span(open)));
                    self.resume(T::CloseBracket, true)?;
                }
            }
        };
        Ok(Expr { kind: ExprKind::Tuple(elements), span: self.span(open).to(self.span(close)) })
    }

    fn element(&mut self, open: Token) -> Parsed<Expr> {
        let element = self.expression()?;
        self.separator(T::CloseBracket, open)?;
        Ok(element)
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
        let (depth, indentation) = (self.depth, self.indentation_if_needed());
        let mut items = Vec::new();
        let close = loop {
            if self.is_outside(indentation) {
                break self.not_closed(open, T::CloseBrace);
            }
            while self.eat(T::Newline).is_some() {}
            if let Some(close) = self.eat(T::CloseBrace) {
                break close;
            }
            let start = self.peek();
            match self.object_item(open) {
                Ok(item) => items.push(item),
                Err(Failed) => {
                    self.depth = depth;
                    let span = self.span(start);
                    items.push(ObjectItem { key: Expr::error(span), value: Expr::error(span) });
                    self.resume(T::CloseBrace, true)?;
                }
            }
        };
        Ok(Expr { kind: ExprKind::Object(items), span: self.span(open).to(self.span(close)) })
    }

    /// A key, its value, and what separates them from the next.
    fn object_item(&mut self, open: Token) -> Parsed<ObjectItem> {
        let key = self.object_key(open)?;
        let token = self.peek();
        let compared = compared_name(&key);
        let value = match token.kind {
            T::Assign | T::Colon => {
                self.next();
                self.expression()?
            }
            _ if let Some(span) = compared => {
                self.wrong_assign_in_object(span);
                Expr::error(key.span)
            }
            _ => {
                self.other_assign_in_object(&key, token)?;
                self.expression()?
            }
        };
        let index = self.significant(self.at);
        match self.token(index).kind {
            T::Newline | T::CloseBrace => {}
            T::Comma => {
                self.next();
            }
            T::Ident | T::OpenQuote
                if self.looks_like_item(index)
                    && self.line_column(index).is_none()
                    && self.missing_quote().is_none() =>
            {
                self.no_comma(index);
            }
            // Behind something that was not closed, where lines decide.
            _ if self.by_lines && self.line_column(index).is_some() => {}
            _ => return self.close(T::CloseBrace, open).and(Err(Failed)),
        }
        Ok(ObjectItem { key, value })
    }

    fn no_comma(&mut self, next: usize) {
        let place = self.span(self.last_read()).at_end();
        self.complain(
            Diagnostic::error(SYNTAX, "There is no comma between two items")
                .label(self.span(self.token(next)), "the next one starts here")
                .help("items of an object are separated by commas or line ends")
                .fix(Edit { span: place, replacement: ",".to_owned() }),
        );
    }

    /// Something else stands where the `=` behind a key should. Succeeds if a value may follow.
    fn other_assign_in_object(&mut self, key: &Expr, token: Token) -> Parsed<()> {
        let span = self.span(token);
        match token.kind {
            T::Arrow => {
                self.next();
                self.wrong_assign_in_object(span);
                Ok(())
            }
            T::Number | T::OpenQuote | T::OpenHeredoc | T::OpenBracket | T::Ident
                if self.missing_quote().is_none() =>
            {
                self.complain(
                    Diagnostic::error(SYNTAX, "There is no `=` between a key and its value")
                        .label(span, "this looks like the value")
                        .label(key.span, "the key is this")
                        .fix(Edit { span: key.span.at_end(), replacement: " =".to_owned() }),
                );
                Ok(())
            }
            T::OpenBrace => {
                self.complain(
                    Diagnostic::error(SYNTAX, "An object has no blocks")
                        .label(span, "`=` is expected before this")
                        .fix(Edit { span: span.at_start(), replacement: "= ".to_owned() }),
                );
                Ok(())
            }
            _ => self.no_value(key),
        }
    }

    fn wrong_assign_in_object(&mut self, span: Span) {
        let text = self.text.get(span.range()).unwrap_or("");
        self.complain(
            Diagnostic::error(SYNTAX, format!("A value is given with `=` or `:`, not with `{text}`"))
                .at(span)
                .fix(Edit { span, replacement: "=".to_owned() }),
        );
    }

    fn no_value<R>(&mut self, key: &Expr) -> Parsed<R> {
        let token = self.peek();
        let problem = match self.missing_quote().or_else(|| self.invalid(token)) {
            Some(problem) => problem,
            None => Diagnostic::error(SYNTAX, "The key has no value")
                .label(self.span(token), format!("`=` is expected here, not {}", self.describe(token)))
                .label(key.span, "the key is this"),
        };
        self.fail(problem)
    }

    /// Any expression can be a key, and a lone name stands for itself. That `a.b` is neither clearly a name nor clearly
    /// something to evaluate is found out when it is evaluated.
    fn object_key(&mut self, open: Token) -> Parsed<Expr> {
        let token = self.peek();
        if token.kind == T::End {
            return self.close(T::CloseBrace, open).and(Err(Failed));
        }
        let span = self.span(token);
        let key = self.expression()?;
        if token.kind == T::Ident && key.span == span {
            return Ok(Expr { kind: ExprKind::Literal(Box::new(Value::string(self.text_of(token)))), span });
        }
        Ok(key)
    }

    /// Whether `for` comes next, and it is not the key of an object.
    /// Whatever follows: a first element or key called `for` needs parentheses or quotes.
    fn starts_for(&self) -> bool {
        self.is_keyword(self.peek(), "for")
    }

    fn for_expression(&mut self, open: Token, closing: TokenKind) -> Parsed<Expr> {
        let depth = self.depth;
        self.enter(2)?;
        match self.for_inside(open, closing) {
            Ok(read) => {
                self.depth -= 2;
                Ok(read)
            }
            Err(Failed) => self.skip_to(closing, open, depth),
        }
    }

    fn for_inside(&mut self, open: Token, closing: TokenKind) -> Parsed<Expr> {
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
        let mut names = Vec::with_capacity(1);
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

/// The `==` of `name == value`.
fn compared_name(key: &Expr) -> Option<Span> {
    let ExprKind::Chain(chain) = &key.kind else { return None };
    let link = chain.links.first().filter(|link| link.op == BinaryOp::Equal)?;
    matches!(chain.first.kind, ExprKind::Variable(_)).then_some(link.op_span)
}
