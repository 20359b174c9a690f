//! Files, blocks and arguments, and where reading goes on after a mistake.

use karat_model::diagnostic::{Diagnostic, Edit, code};
use karat_model::span::Span;

use super::{Failed, Parsed, Parser, SYNTAX, T};
use crate::token::Token;
use crate::tree::{Attribute, Block, Body, Expr, ExprKind, Ident, Label};

/// How many levels of nesting a block counts for.
const BLOCK_LEVELS: usize = 8;

impl Parser<'_> {
    pub(super) fn file(&mut self) -> Body {
        let mut body = self.empty_body();
        loop {
            self.items(&mut body);
            let token = self.peek();
            if token.kind == T::End {
                body.end = self.span(token);
                return body;
            }
            // Only a brace that closes nothing ends the items of a file early.
            let token = self.next();
            self.report(
                Diagnostic::error(SYNTAX, "This `}` closes nothing")
                    .at(self.span(token))
                    .help("remove it, or look above it for a `{` that is missing"),
            );
        }
    }

    fn empty_body(&self) -> Body {
        let end = self.span(self.peek()).at_start();
        Body { attributes: Vec::new(), blocks: Vec::new(), properties: Vec::new(), end }
    }

    /// Arguments and blocks up to a `}` or the end of the text.
    fn items(&mut self, body: &mut Body) {
        loop {
            while self.eat(T::Newline).is_some() {}
            let token = self.peek();
            if matches!(token.kind, T::CloseBrace | T::End) {
                return;
            }
            let start = self.significant(self.at);
            let (depth, brackets) = (self.depth, self.newlines.len());
            if let Err(Failed) = self.item(body) {
                self.depth = depth;
                self.newlines.truncate(brackets);
                self.recover(start);
            }
        }
    }

    fn item(&mut self, body: &mut Body) -> Parsed<()> {
        let name = self.item_name()?;
        match self.peek().kind {
            T::Assign => {
                let attribute = self.attribute(name);
                let failed = attribute.expr.kind == ExprKind::Error;
                self.add(body, attribute);
                if failed { Err(Failed) } else { self.end_of_item() }
            }
            T::OpenBrace | T::OpenQuote | T::Ident => {
                let block = self.block(name)?;
                body.blocks.push(block);
                self.end_of_item()
            }
            _ => {
                let problem = self.neither_argument_nor_block(&name);
                self.fail(problem)
            }
        }
    }

    fn item_name(&mut self) -> Parsed<Ident> {
        let token = self.peek();
        let span = self.span(token);
        if token.kind == T::Ident {
            self.next();
            return Ok(Ident { name: self.text_of(token).to_owned(), span });
        }
        let problem = match token.kind {
            T::OpenQuote => {
                let problem =
                    Diagnostic::error(SYNTAX, "The name of an argument is written without quotes").at(span);
                match self.quoted_name() {
                    Some(Label { text, span }) => problem.fix(Edit { span, replacement: text }),
                    None => problem,
                }
            }
            _ => match self.invalid(token) {
                Some(problem) => problem,
                None => Diagnostic::error(SYNTAX, "An argument or a block is expected")
                    .label(span, format!("this is {}", self.describe(token)))
                    .help("arguments are written `name = value`, blocks `name { … }`"),
            },
        };
        self.fail(problem)
    }

    /// The string that comes next, if it is a proper name.
    fn quoted_name(&self) -> Option<Label> {
        let index = self.significant(self.at);
        let (open, text, close) = (self.token(index), self.token(index + 1), self.token(index + 2));
        let name = self.text_of(text);
        let proper = text.kind == T::Text && close.kind == T::CloseQuote && crate::lexer::is_identifier(name);
        proper.then(|| Label { text: name.to_owned(), span: self.span(open).to(self.span(close)) })
    }

    fn neither_argument_nor_block(&mut self, name: &Ident) -> Diagnostic {
        let token = self.peek();
        let span = self.span(token);
        if let Some(problem) = self.invalid(token) {
            return problem;
        }
        let problem =
            Diagnostic::error(SYNTAX, format!("`{}` is neither an argument nor a block", name.name));
        match token.kind {
            T::Colon => problem
                .label(span, "an argument is set with `=`")
                .fix(Edit { span, replacement: " =".to_owned() }),
            T::Equal => problem
                .label(span, "an argument is set with one `=`")
                .fix(Edit { span, replacement: "=".to_owned() }),
            T::Dot => problem
                .label(span, "names of arguments have no dots")
                .help("to set something inside, nest a block or use an object"),
            T::Newline | T::End | T::CloseBrace => problem
                .label(name.span, "nothing follows it")
                .help(format!("write `{0} = …` or `{0} {{ … }}`", name.name)),
            _ => problem
                .label(span, format!("`=` or `{{` is expected here, not {}", self.describe(token)))
                .help(format!("write `{0} = …` or `{0} {{ … }}`", name.name)),
        }
    }

    fn attribute(&mut self, name: Ident) -> Attribute {
        let assign = self.next();
        let start = self.peek();
        let expr = self.expression().unwrap_or_else(|Failed| Expr::error(self.span(start)));
        let span = name.span.to(self.span(assign)).to(expr.span);
        Attribute { name, expr, span }
    }

    fn add(&mut self, body: &mut Body, attribute: Attribute) {
        if let Some(first) = body.attribute(&attribute.name.name) {
            let problem = Diagnostic::error(
                code::DUPLICATE_ARGUMENT,
                format!("`{}` is set twice", attribute.name.name),
            )
            .at(attribute.name.span)
            .label(attribute.name.span, "set again here")
            .label(first.name.span, "first set here")
            .help("an argument can be set once; remove one of them");
            self.report(problem);
            return;
        }
        body.attributes.push(attribute);
    }

    /// After an argument or block the line must end.
    fn end_of_item(&mut self) -> Parsed<()> {
        let token = self.peek();
        if matches!(token.kind, T::Newline | T::End | T::CloseBrace) {
            return Ok(());
        }
        let span = self.span(token);
        let problem = match self.invalid(token) {
            Some(problem) => problem,
            None => {
                let problem = Diagnostic::error(SYNTAX, "The line must end here")
                    .label(span, format!("instead there is {}", self.describe(token)));
                match token.kind {
                    T::Comma => problem
                        .help("arguments are separated by line ends, not by commas")
                        .fix(Edit { span, replacement: String::new() }),
                    T::OpenQuote => problem.help("is there a quote too many, or an operator missing?"),
                    _ => problem.help("each argument and each block has a line of its own"),
                }
            }
        };
        self.fail(problem)
    }

    fn block(&mut self, kind: Ident) -> Parsed<Block> {
        let mut labels = Vec::new();
        let mut header = kind.span;
        let open = loop {
            let token = self.peek();
            match token.kind {
                T::OpenBrace => break self.next(),
                T::Ident => {
                    self.next();
                    labels.push(Label { text: self.text_of(token).to_owned(), span: self.span(token) });
                }
                T::OpenQuote => labels.push(self.label()?),
                _ => {
                    let problem = self.header_without_brace(&kind, header, token);
                    return self.fail(problem);
                }
            }
            header = labels.last().map_or(header, |label| header.to(label.span));
        };
        self.enter(BLOCK_LEVELS)?;
        let (body, close) = self.braced_body(open, header)?;
        self.depth -= BLOCK_LEVELS;
        let span = header.to(self.span(close));
        Ok(Block { kind, labels, body, header, span })
    }

    fn header_without_brace(&self, kind: &Ident, header: Span, token: Token) -> Diagnostic {
        if let Some(problem) = self.invalid(token) {
            return problem;
        }
        let problem = Diagnostic::error(SYNTAX, format!("The block `{}` has no `{{`", kind.name));
        match token.kind {
            T::Assign => problem
                .label(self.span(token), "a block is opened by `{` without `=`")
                .help(format!("to set an argument, write `{} = …`", kind.name)),
            T::Newline | T::End => problem.label(header, "the `{` must be on this line"),
            _ => problem
                .label(self.span(token), format!("`{{` is expected here, not {}", self.describe(token))),
        }
    }

    fn label(&mut self) -> Parsed<Label> {
        let open = self.peek();
        let expr = self.quoted()?;
        match expr.as_literal_str() {
            Some(text) => Ok(Label { text: text.to_owned(), span: expr.span }),
            None => self.fail(
                Diagnostic::error(SYNTAX, "The label of a block must be plain text")
                    .label(expr.span.to(self.span(open)), "this has to be evaluated")
                    .help("labels are names; they cannot contain `${…}` or `%{…}`"),
            ),
        }
    }

    fn braced_body(&mut self, open: Token, header: Span) -> Parsed<(Body, Token)> {
        self.newlines.push(true);
        let mut body = self.empty_body();
        let inside = self.at;
        let one_line = !matches!(self.peek().kind, T::Newline | T::CloseBrace);
        self.items(&mut body);
        self.newlines.pop();
        let close = self.peek();
        if close.kind != T::CloseBrace {
            let problem = Diagnostic::error(SYNTAX, "The block is not closed")
                .label(self.span(open), "this `{` has no `}`")
                .label(header, "the block starts here");
            self.report(problem);
            body.end = self.span(close);
            return Ok((body, close));
        }
        self.next();
        body.end = self.span(close);
        if one_line {
            self.check_one_line(&body, inside);
        }
        Ok((body, close))
    }

    /// A block that has something on the line of its `{` may have one argument, and must end on that line.
    /// `inside` is its first token.
    fn check_one_line(&mut self, body: &Body, inside: usize) {
        let problem = Diagnostic::error(SYNTAX, "A block on one line can have one argument and nothing else");
        // The value itself may span lines, in brackets; so may a comment.
        let first = body.attributes.first().map_or(0..0, |attribute| attribute.span.range());
        let broken = (inside..self.at)
            .map(|index| self.token(index))
            .any(|token| token.kind == T::Newline && !first.contains(&(token.start as usize)));
        let problem = if let Some(block) = body.blocks.first() {
            problem.label(block.header, "this block needs a line of its own")
        } else if broken {
            problem.label(body.end, "the block goes on to here")
        } else {
            return;
        };
        self.report(problem.help("put a line end after the `{`"));
    }

    /// Goes on behind an item that could not be read: at the next line that looks like an argument or a block, at most as
    /// far to the right as the item; else behind the line that ends with all brackets closed.
    fn recover(&mut self, start: usize) {
        let column = self.column(self.token(start));
        let mut open = 0usize;
        let mut index = start;
        loop {
            let token = self.token(index);
            match token.kind {
                T::End => break,
                T::OpenBrace | T::OpenBracket | T::OpenParen => open += 1,
                T::CloseBrace if open == 0 => break,
                T::CloseBrace | T::CloseBracket | T::CloseParen => open = open.saturating_sub(1),
                T::Newline if index >= self.at => {
                    let next = self.token(index + 1);
                    let left = self.column(next) <= column;
                    let closes = next.kind == T::CloseBrace && self.column(next) < column;
                    if open == 0 || closes || left && self.looks_like_item(index + 1) {
                        break;
                    }
                }
                _ => {}
            }
            index += 1;
        }
        self.at = index.max(start + 1);
    }

    fn looks_like_item(&self, index: usize) -> bool {
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

    fn column(&self, token: Token) -> usize {
        let before = self.text.get(..token.start as usize).unwrap_or("");
        before.len() - before.rfind('\n').map_or(0, |at| at + 1)
    }
}
