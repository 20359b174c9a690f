//! Operators and the things that they combine.

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::value::{Number, Type, Value};

use super::{Parsed, Parser, SYNTAX, T};
use crate::token::{Token, TokenKind};
use crate::tree::{BinaryOp, Call, Conditional, Expr, ExprKind, Ident, Link, UnaryOp};

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.deeper(|parser| {
            let condition = parser.binary(0)?;
            if parser.eat(T::Question).is_none() {
                return Ok(condition);
            }
            parser.conditional(condition)
        })
    }

    fn conditional(&mut self, condition: Expr) -> Parsed<Expr> {
        let yes = self.expression()?;
        if self.eat(T::Colon).is_none() {
            let found = self.peek();
            let problem = Diagnostic::error(SYNTAX, "The other half of the condition is missing")
                .label(self.span(found), format!("`:` is expected here, not {}", self.describe(found)))
                .label(condition.span, "the condition is this")
                .help("a condition is written `condition ? value_if_true : value_if_false`");
            return self.fail(problem);
        }
        let no = self.expression()?;
        let span = condition.span.to(no.span);
        Ok(Expr { kind: ExprKind::Conditional(Box::new(Conditional { condition, yes, no })), span })
    }

    /// Operands and the operators between them that bind no more loosely than `loosest`.
    fn binary(&mut self, loosest: usize) -> Parsed<Expr> {
        let mut left = self.operand()?;
        while let Some((level, op)) = operator(self.peek().kind)
            && level >= loosest
        {
            let token = self.next();
            let link = Link { op, op_span: self.span(token), operand: self.binary(level + 1)? };
            let span = left.span.to(link.operand.span);
            left.kind = match left.kind {
                // A chain that is not in parentheses was made here; a tighter one is the first operand of this one.
                ExprKind::Chain(first, mut links)
                    if links.first().is_some_and(|link| precedence(link.op) == level) =>
                {
                    links.push(link);
                    ExprKind::Chain(first, links)
                }
                kind => ExprKind::Chain(Box::new(Expr { kind, span: left.span }), vec![link]),
            };
            left.span = span;
        }
        Ok(left)
    }

    /// Something with any operators before it and any steps behind it.
    fn operand(&mut self) -> Parsed<Expr> {
        let mut operators = Vec::new();
        while let Some(token) = self.eat(T::Minus).or_else(|| self.eat(T::Not)) {
            operators.push(token);
        }
        if operators.len() + self.depth > super::MAX_DEPTH {
            let span = self.span(self.peek());
            return self
                .fail(Diagnostic::error("too-deep", "There are too many operators in a row").at(span));
        }
        let term = self.term()?;
        let operand = self.accesses(term)?;
        Ok(operators.into_iter().rev().fold(operand, |operand, token| {
            let op = if token.kind == T::Minus { UnaryOp::Negate } else { UnaryOp::Not };
            let span = self.span(token).to(operand.span);
            Expr { kind: ExprKind::Unary(op, Box::new(operand)), span }
        }))
    }

    fn term(&mut self) -> Parsed<Expr> {
        let token = self.peek();
        match token.kind {
            T::Number => {
                self.next();
                self.number(token)
            }
            T::Ident => self.name(),
            T::OpenQuote => self.quoted(),
            T::OpenHeredoc => self.heredoc(),
            T::OpenBracket => self.brackets(),
            T::OpenBrace => self.braces(),
            T::OpenParen => {
                self.next();
                let inner = self.with_newlines(false, |parser| {
                    let inner = parser.expression()?;
                    Ok((inner, parser.close(T::CloseParen, token)?))
                });
                let (inner, close) = inner?;
                let span = self.span(token).to(self.span(close));
                Ok(Expr { kind: ExprKind::Parens(Box::new(inner)), span })
            }
            _ => self.no_expression(token),
        }
    }

    fn no_expression(&mut self, token: Token) -> Parsed<Expr> {
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

    fn number(&mut self, token: Token) -> Parsed<Expr> {
        let span = self.span(token);
        match self.text_of(token).parse::<Number>() {
            Ok(number) => Ok(Expr { kind: ExprKind::Literal(Value::number(number)), span }),
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
            let found = self.peek();
            let problem = Diagnostic::error(SYNTAX, format!("`{name}` is the name of a function"))
                .label(self.span(found), "the `(` of a call is expected here");
            return self.fail(problem);
        }
        let kind = match name.as_str() {
            "true" => ExprKind::Literal(Value::bool(true)),
            "false" => ExprKind::Literal(Value::bool(false)),
            "null" => ExprKind::Literal(Value::null(Type::Any)),
            _ => ExprKind::Variable(name),
        };
        Ok(Expr { kind, span })
    }

    fn call(&mut self, name: Ident) -> Parsed<Expr> {
        let open = self.next();
        let (arguments, expand, close) = self.with_newlines(false, |parser| parser.arguments(open))?;
        let span = name.span.to(self.span(close));
        Ok(Expr { kind: ExprKind::Call(Box::new(Call { name, arguments, expand })), span })
    }

    fn arguments(&mut self, open: Token) -> Parsed<(Vec<Expr>, bool, Token)> {
        let mut arguments = Vec::new();
        loop {
            if let Some(close) = self.eat(T::CloseParen) {
                return Ok((arguments, false, close));
            }
            arguments.push(self.expression()?);
            if self.eat(T::Ellipsis).is_some() {
                if let Some(comma) = self.eat(T::Comma) {
                    let span = self.span(comma);
                    let problem =
                        Diagnostic::error(SYNTAX, "Only the last argument can be expanded with `...`")
                            .label(span, "the call must end here")
                            .fix(Edit { span, replacement: String::new() });
                    return self.fail(problem);
                }
                return Ok((arguments, true, self.close(T::CloseParen, open)?));
            }
            if self.eat(T::Comma).is_none() {
                return Ok((arguments, false, self.close(T::CloseParen, open)?));
            }
        }
    }

    /// The bracket that closes `open`.
    pub(super) fn close(&mut self, kind: TokenKind, open: Token) -> Parsed<Token> {
        let found = self.peek();
        if found.kind == kind {
            return Ok(self.next());
        }
        let problem = match self.invalid(found) {
            Some(problem) => problem,
            None => Diagnostic::error(SYNTAX, format!("The {} is not closed", open.kind.describe()))
                .label(
                    self.span(found),
                    format!("{} is expected here, not {}", expected(kind), self.describe(found)),
                )
                .label(self.span(open), "it is opened here"),
        };
        self.fail(problem)
    }
}

fn expected(close: TokenKind) -> String {
    match close {
        T::CloseParen | T::CloseBracket => format!("`,` or {}", close.describe()),
        T::CloseBrace => "`,`, a line end or `}`".to_owned(),
        _ => close.describe().to_owned(),
    }
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
