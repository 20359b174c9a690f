//! Operators and the things that they combine.

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::value::{Number, Type, Value};

use super::{Failed, Parsed, Parser, SYNTAX, T};
use crate::token::{Token, TokenKind};
use crate::tree::{BinaryOp, Call, Chain, Conditional, Expr, ExprKind, Ident, Link, UnaryOp};

impl Parser<'_> {
    // What calls itself here is kept free of messages, which would make each level of the stack large.

    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.enter(1)?;
        let mut result = self.binary(0);
        if self.peek().kind == T::Question
            && let Ok(condition) = result
        {
            self.next();
            result = self.conditional(condition);
        }
        self.depth -= 1;
        result
    }

    fn conditional(&mut self, condition: Expr) -> Parsed<Expr> {
        let yes = self.expression()?;
        if self.eat(T::Colon).is_none() {
            return self.half_condition(&condition);
        }
        let no = self.expression()?;
        let span = condition.span.to(no.span);
        Ok(Expr { kind: ExprKind::Conditional(Box::new(Conditional { condition, yes, no })), span })
    }

    fn half_condition(&mut self, condition: &Expr) -> Parsed<Expr> {
        let found = self.peek();
        let problem = Diagnostic::error(SYNTAX, "The other half of the condition is missing")
            .label(self.span(found), format!("`:` is expected here, not {}", self.describe(found)))
            .label(condition.span, "the condition is this")
            .help("a condition is written `condition ? value_if_true : value_if_false`");
        self.fail(problem)
    }

    /// Operands and the operators between them that bind no more loosely than `loosest`.
    fn binary(&mut self, loosest: usize) -> Parsed<Expr> {
        let mut left = self.operand();
        while let Some((level, op)) = operator(self.peek().kind)
            && level >= loosest
            && let Ok(first) = left
        {
            let token = self.next();
            self.enter(1)?;
            let operand = self.binary(level + 1)?;
            self.depth -= 1;
            left = Ok(chain(first, level, Link { op, op_span: self.span(token), operand }));
        }
        left
    }

    /// Something with any operators before it and any steps behind it.
    fn operand(&mut self) -> Parsed<Expr> {
        if matches!(self.peek().kind, T::Minus | T::Not) {
            return self.negated();
        }
        let term = self.term();
        if !matches!(self.peek().kind, T::Dot | T::OpenBracket) {
            return term;
        }
        self.accesses(term?)
    }

    fn negated(&mut self) -> Parsed<Expr> {
        let token = self.next();
        self.enter(1)?;
        let operand = self.operand()?;
        self.depth -= 1;
        let op = if token.kind == T::Minus { UnaryOp::Negate } else { UnaryOp::Not };
        let span = self.span(token).to(operand.span);
        Ok(Expr { kind: ExprKind::Unary(op, Box::new(operand)), span })
    }

    fn term(&mut self) -> Parsed<Expr> {
        let token = self.peek();
        match token.kind {
            T::Number => self.number(),
            T::Ident => self.name(),
            T::OpenQuote => self.quoted(),
            T::OpenHeredoc => self.heredoc(),
            T::OpenBracket => self.brackets(),
            T::OpenBrace => self.braces(),
            T::OpenParen => self.parens(),
            _ => self.no_expression(token),
        }
    }

    fn no_expression(&mut self, token: Token) -> Parsed<Expr> {
        if let Some(read) = self.other_quotes() {
            return read;
        }
        let problem = match self.invalid(token) {
            Some(problem) => problem,
            None => {
                let problem = Diagnostic::error(SYNTAX, "A value is expected")
                    .label(self.span(token), format!("this is {}", self.describe(token)));
                match token.kind {
                    T::Newline => {
                        problem.help("the value must start on the same line; parentheses let it span lines")
                    }
                    T::Equal => problem.help("an argument is set with one `=`"),
                    T::OpenInterpolation | T::OpenDirective => {
                        problem.help("templates are written in quotes: \"${…}\"")
                    }
                    _ => problem,
                }
            }
        };
        self.fail(problem)
    }

    fn parens(&mut self) -> Parsed<Expr> {
        let open = self.next();
        self.newlines.push(false);
        let depth = self.depth;
        let inner = self.expression();
        let close = if inner.is_ok() { self.close(T::CloseParen, open) } else { Err(Failed) };
        let read = match (inner, close) {
            (Ok(inner), Ok(close)) => {
                let span = self.span(open).to(self.span(close));
                Ok(Expr { kind: ExprKind::Parens(Box::new(inner)), span })
            }
            _ => self.skip_to(T::CloseParen, open, depth),
        };
        self.newlines.pop();
        read
    }

    fn number(&mut self) -> Parsed<Expr> {
        let token = self.next();
        let mut span = self.span(token);
        // `1.2.3` looks like one number, and is none.
        let (dot, more) = (self.raw(), self.token(self.at + 1));
        if dot.kind == T::Dot && more.kind == T::Number && dot.start == token.end && more.start == dot.end {
            self.at += 2;
            span = span.to(self.span(more));
        }
        match self.text.get(span.range()).unwrap_or("").parse::<Number>() {
            Ok(number) => Ok(Expr { kind: ExprKind::Literal(Box::new(Value::number(number))), span }),
            Err(error) => self.fail(Diagnostic::error(SYNTAX, format!("This is {error}")).at(span)),
        }
    }

    /// A variable, a keyword or a call.
    fn name(&mut self) -> Parsed<Expr> {
        let token = self.next();
        let mut name = self.text_of(token).to_owned();
        let mut span = self.span(token);
        while self.peek().kind == T::DoubleColon && self.peek_second().kind == T::Ident {
            self.next();
            let part = self.next();
            name = format!("{name}::{}", self.text_of(part));
            span = span.to(self.span(part));
        }
        if self.peek().kind == T::OpenParen {
            return self.call(Ident { name, span });
        }
        if name.contains("::") {
            return self.no_call(&name);
        }
        let kind = match name.as_str() {
            "true" => ExprKind::Literal(Box::new(Value::bool(true))),
            "false" => ExprKind::Literal(Box::new(Value::bool(false))),
            "null" => ExprKind::Literal(Box::new(Value::null(Type::Any))),
            _ => ExprKind::Variable(name),
        };
        Ok(Expr { kind, span })
    }

    fn no_call<R>(&mut self, name: &str) -> Parsed<R> {
        let found = self.peek();
        let problem = Diagnostic::error(SYNTAX, format!("`{name}` is the name of a function"))
            .label(self.span(found), "the `(` of a call is expected here");
        self.fail(problem)
    }

    fn call(&mut self, name: Ident) -> Parsed<Expr> {
        let open = self.next();
        self.enter(1)?;
        self.newlines.push(false);
        let arguments = self.arguments(open);
        self.newlines.pop();
        self.depth -= 1;
        let (arguments, expand, close) = arguments?;
        let span = name.span.to(self.span(close));
        Ok(Expr { kind: ExprKind::Call(Box::new(Call { name, arguments, expand })), span })
    }

    fn arguments(&mut self, open: Token) -> Parsed<(Vec<Expr>, bool, Token)> {
        let (depth, indentation) = (self.depth, self.indentation_if_needed());
        let mut arguments = Vec::new();
        let mut expand = false;
        loop {
            if let Some(close) = self.eat(T::CloseParen) {
                return Ok((arguments, expand, close));
            }
            if self.is_outside(indentation) {
                let at = self.not_closed(open, T::CloseParen);
                return Ok((arguments, expand, at));
            }
            match self.argument(open, &mut expand) {
                Ok(argument) => arguments.push(argument),
                Err(Failed) => {
                    self.depth = depth;
                    arguments.push(Expr::error(self.span(open)));
                    self.resume(T::CloseParen, true)?;
                }
            }
        }
    }

    /// An argument and what separates it from the next.
    fn argument(&mut self, open: Token, expand: &mut bool) -> Parsed<Expr> {
        let argument = self.expression()?;
        if self.eat(T::Ellipsis).is_some() {
            *expand = true;
            if let Some(comma) = self.eat(T::Comma) {
                self.comma_after_expansion(comma);
            }
            if self.peek().kind != T::CloseParen {
                return self.close(T::CloseParen, open).and(Err(Failed));
            }
            return Ok(argument);
        }
        self.separator(T::CloseParen, open)?;
        Ok(argument)
    }

    fn comma_after_expansion(&mut self, comma: Token) {
        let span = self.span(comma);
        let problem = Diagnostic::error(SYNTAX, "Only the last argument can be expanded with `...`")
            .label(span, "the call must end here")
            .fix(Edit { span, replacement: String::new() });
        self.complain(problem);
    }

    /// The bracket that closes `open`.
    pub(super) fn close(&mut self, kind: TokenKind, open: Token) -> Parsed<Token> {
        let found = self.peek();
        if found.kind == kind {
            return Ok(self.next());
        }
        let problem = match self.missing_quote().or_else(|| self.invalid(found)) {
            Some(problem) => problem,
            None => self.unclosed(open, kind, found),
        };
        self.fail(problem)
    }

    pub(super) fn unclosed(&self, open: Token, kind: TokenKind, found: Token) -> Diagnostic {
        let problem = Diagnostic::error(SYNTAX, format!("The {} is not closed", open.kind.describe()));
        let before = self.span(self.last_read()).at_end();
        let between = self.text.get(before.end as usize..found.start as usize).unwrap_or("");
        let problem = if between.contains('\n') || found.kind == T::End {
            let problem = problem.label(before, format!("{} is expected here", expected(kind)));
            // At the end of a string it can be a quote as well.
            if self.strings > 0 {
                problem
            } else {
                problem.fix(Edit { span: before, replacement: text_of_closing(kind).to_owned() })
            }
        } else {
            let expected = format!("{} is expected here, not {}", expected(kind), self.describe(found));
            problem.label(self.span(found), expected)
        };
        problem.label(self.span(open), "it is opened here")
    }

    /// The last token that was read and means something.
    pub(super) fn last_read(&self) -> Token {
        let before = self.tokens.get(..self.at).unwrap_or(self.tokens);
        let mut before = before.iter().rev();
        let last = before.find(|token| !matches!(token.kind, T::Newline | T::Comment)).copied();
        last.unwrap_or(Token { kind: T::Newline, start: 0, end: 0 })
    }

    /// Lines say that what `open` opened ends here, and it is not closed. The place where it should have been.
    pub(super) fn not_closed(&mut self, open: Token, kind: TokenKind) -> Token {
        let found = self.token(self.beyond_lines(self.at));
        let problem = self.unclosed(open, kind, found);
        self.complain(problem);
        let end = self.last_read().end;
        Token { kind, start: end, end }
    }

    /// A comma, or the bracket that closes `open`, which stays there. A forgotten comma is reported and supposed.
    pub(super) fn separator(&mut self, close: TokenKind, open: Token) -> Parsed<()> {
        if self.eat(T::Comma).is_some() || self.peek().kind == close {
            return Ok(());
        }
        let index = self.significant(self.at);
        let found = self.token(index);
        let beyond = index != self.at && self.looks_like_item(index);
        let value = matches!(
            found.kind,
            T::OpenQuote
                | T::Number
                | T::OpenBrace
                | T::OpenHeredoc
                | T::Ident
                | T::OpenBracket
                | T::OpenParen
        );
        if !value || beyond || self.missing_quote().is_some() {
            return self.close(close, open).and(Err(Failed));
        }
        let what = if close == T::CloseParen { "arguments" } else { "elements" };
        let place = self.span(self.last_read()).at_end();
        self.complain(
            Diagnostic::error(SYNTAX, format!("There is no comma between two {what}"))
                .label(self.span(found), "the next one starts here")
                .fix(Edit { span: place, replacement: ",".to_owned() }),
        );
        Ok(())
    }

    /// After a mistake: what `open` opened is closed here, and stands for nothing.
    pub(super) fn skip_to(&mut self, close: TokenKind, open: Token, depth: usize) -> Parsed<Expr> {
        self.resume(close, false)?;
        self.depth = depth;
        let close = self.raw();
        self.at += 1;
        Ok(Expr::error(self.span(open).to(self.span(close))))
    }

    /// The indentation of the line that holds the bracket that was just read, where lines decide.
    pub(super) fn indentation_if_needed(&self) -> usize {
        if self.by_lines { self.indentation(self.at.saturating_sub(1)) } else { 0 }
    }
}

fn text_of_closing(kind: TokenKind) -> &'static str {
    match kind {
        T::CloseParen => ")",
        T::CloseBracket => "]",
        _ => "}",
    }
}

fn expected(close: TokenKind) -> String {
    match close {
        T::CloseTemplate => "`}`".to_owned(),
        T::CloseParen | T::CloseBracket => format!("`,` or {}", close.describe()),
        T::CloseBrace => "`,`, a line end or `}`".to_owned(),
        _ => close.describe().to_owned(),
    }
}

/// One more operator and operand. What is not in parentheses and binds as tightly was made here and goes on; what
/// binds more tightly is the first operand.
fn chain(left: Expr, level: usize, link: Link) -> Expr {
    let span = left.span.to(link.operand.span);
    let kind = match left.kind {
        ExprKind::Chain(mut chain)
            if chain.links.first().is_some_and(|link| precedence(link.op) == level) =>
        {
            chain.links.push(link);
            ExprKind::Chain(chain)
        }
        kind => {
            let first = Expr { kind, span: left.span };
            ExprKind::Chain(Box::new(Chain { first, links: vec![link] }))
        }
    };
    Expr { kind, span }
}

fn operator(kind: TokenKind) -> Option<(usize, BinaryOp)> {
    let op = match kind {
        T::Or => BinaryOp::Or,
        T::And => BinaryOp::And,
        T::Equal => BinaryOp::Equal,
        T::NotEqual => BinaryOp::NotEqual,
        T::Less => BinaryOp::Less,
        T::LessEqual => BinaryOp::LessEqual,
        T::Greater => BinaryOp::Greater,
        T::GreaterEqual => BinaryOp::GreaterEqual,
        T::Plus => BinaryOp::Add,
        T::Minus => BinaryOp::Subtract,
        T::Star => BinaryOp::Multiply,
        T::Slash => BinaryOp::Divide,
        T::Percent => BinaryOp::Remainder,
        _ => return None,
    };
    Some((precedence(op), op))
}

/// How tightly an operator binds.
fn precedence(op: BinaryOp) -> usize {
    match op {
        BinaryOp::Or => 0,
        BinaryOp::And => 1,
        BinaryOp::Equal | BinaryOp::NotEqual => 2,
        BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => 3,
        BinaryOp::Add | BinaryOp::Subtract => 4,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => 5,
    }
}
