//! Files, blocks and arguments.

use std::collections::HashMap;

use karat_model::diagnostic::{Diagnostic, Edit, code};

use super::{Failed, Parsed, Parser, SYNTAX, T};
use crate::token::{Token, TokenKind};
use crate::tree::{Attribute, Body, Expr, Ident, Label};

/// From how many arguments on their names are looked up rather than compared one by one.
const MANY: usize = 16;

impl<'a> Parser<'a> {
    pub(super) fn file(&mut self) -> Body {
        let mut body = self.empty_body();
        loop {
            self.items(&mut body, None);
            let token = self.peek();
            if token.kind == T::End {
                body.end = self.span(token);
                return body;
            }
            // Only a brace that closes nothing ends the items of a file early.
            self.surplus_brace();
        }
    }

    fn surplus_brace(&mut self) {
        let token = self.next();
        let span = self.span(token);
        self.complain(
            Diagnostic::error(SYNTAX, "This `}` closes nothing")
                .at(span)
                .help("remove it, or look above it for a `{` that is missing")
                .fix(Edit { span, replacement: String::new() }),
        );
    }

    pub(super) fn empty_body(&self) -> Body {
        let end = self.span(self.peek()).at_start();
        Body { attributes: Vec::new(), blocks: Vec::new(), properties: Vec::new(), end }
    }

    /// Arguments and blocks up to a `}` or the end of the text. If lines decide, up to a line that is not indented more
    /// than the block, which starts at column `outer`.
    pub(super) fn items(&mut self, body: &mut Body, outer: Option<usize>) {
        let mut names = HashMap::new();
        loop {
            let line_end = self.at;
            while self.eat(T::Newline).is_some() {}
            let start = self.significant(self.at);
            match self.token(start).kind {
                T::End => return,
                T::CloseBrace if self.is_surplus(start, outer) => {
                    self.surplus_brace();
                    continue;
                }
                T::CloseBrace => return,
                _ => {}
            }
            let column = self.line_column(start);
            if self.by_lines && column.zip(outer).is_some_and(|(column, outer)| column <= outer) {
                self.at = line_end;
                return;
            }
            let enclosing = self.column;
            self.column = column.unwrap_or(enclosing);
            let (depth, brackets) = (self.depth, self.newlines.len());
            if let Err(Failed) = self.item(body, &mut names) {
                self.depth = depth;
                self.newlines.truncate(brackets);
                self.recover(start, outer);
            }
            self.column = enclosing;
        }
    }

    fn item(&mut self, body: &mut Body, names: &mut HashMap<&'a str, usize>) -> Parsed<()> {
        let name = self.item_name()?;
        match self.peek().kind {
            T::Assign => {
                self.next();
            }
            T::OpenBrace | T::OpenQuote | T::Ident | T::Newline if self.starts_block() => {
                let block = self.block(name)?;
                body.blocks.push(block);
                return self.end_of_item();
            }
            _ => self.other_assign(&name)?,
        }
        let (attribute, read) = self.attribute(name);
        self.add(body, names, attribute);
        read?;
        self.end_of_item()
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
                if let Some(Label { text, span }) = self.quoted_name() {
                    self.complain(problem.fix(Edit { span, replacement: text.clone() }));
                    self.at = self.significant(self.at) + 3;
                    return Ok(Ident { name: text, span });
                }
                problem
            }
            _ => match self.invalid(token) {
                Some(problem) => problem,
                None => {
                    let problem = Diagnostic::error(SYNTAX, "An argument or a block is expected")
                        .label(span, format!("this is {}", self.describe(token)));
                    let index = self.significant(self.at);
                    let json = index == 0
                        && token.kind == T::OpenBrace
                        && self.token(self.beyond_lines(1)).kind == T::OpenQuote;
                    problem.help(if json {
                        "this looks like JSON; the names of HCL templates in JSON end in `.pkr.json`"
                    } else {
                        "arguments are written `name = value`, blocks `name { … }`"
                    })
                }
            },
        };
        let problem = self.missing_quote().unwrap_or(problem);
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

    /// Something else stands where the `=` of an argument should. Succeeds if a value may follow.
    fn other_assign(&mut self, name: &Ident) -> Parsed<()> {
        let token = self.peek();
        let problem = match token.kind {
            T::Colon | T::Equal | T::Arrow => {
                self.next();
                let assign = self.peek();
                let joined = token.kind == T::Colon && assign.kind == T::Assign && assign.start == token.end;
                let last = if joined { self.next() } else { token };
                let span = self.span(token).to(self.span(last));
                let text = self.text.get(span.range()).unwrap_or("");
                let replacement = if span.start == name.span.end { " =" } else { "=" };
                self.complain(
                    Diagnostic::error(SYNTAX, format!("`{}` is set with `=`, not with `{text}`", name.name))
                        .at(span)
                        .fix(Edit { span, replacement: replacement.to_owned() }),
                );
                return Ok(());
            }
            kind if self.starts_value(kind) => {
                let place = name.span.at_end();
                let problem = Diagnostic::error(SYNTAX, format!("There is no `=` after `{}`", name.name))
                    .label(self.span(token), "this looks like its value")
                    .fix(Edit { span: place, replacement: " =".to_owned() });
                let problem = self.missing_quote().unwrap_or(problem);
                self.complain(problem);
                return Ok(());
            }
            _ => match self.invalid(token) {
                Some(problem) => problem,
                None => self.neither_argument_nor_block(name, token),
            },
        };
        self.fail(problem)
    }

    fn starts_value(&self, kind: TokenKind) -> bool {
        matches!(
            kind,
            T::Ident
                | T::Number
                | T::OpenQuote
                | T::OpenHeredoc
                | T::OpenBracket
                | T::OpenParen
                | T::Minus
                | T::Not
        )
    }

    fn neither_argument_nor_block(&self, name: &Ident, token: Token) -> Diagnostic {
        let span = self.span(token);
        let problem =
            Diagnostic::error(SYNTAX, format!("`{}` is neither an argument nor a block", name.name));
        match token.kind {
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

    fn attribute(&mut self, name: Ident) -> (Attribute, Parsed<()>) {
        let start = self.peek();
        let (expr, read) = match self.expression() {
            Ok(expr) => (expr, Ok(())),
            Err(Failed) => (Expr::error(self.span(start)), Err(Failed)),
        };
        let span = name.span.to(expr.span);
        (Attribute { name, expr, span }, read)
    }

    fn add(&mut self, body: &mut Body, names: &mut HashMap<&'a str, usize>, attribute: Attribute) {
        let name = &attribute.name.name;
        let first = if body.attributes.len() < MANY {
            body.attribute(name)
        } else {
            let known = names.len();
            let new = body.attributes.iter().enumerate().skip(known);
            names.extend(new.map(|(at, attribute)| (self.written(&attribute.name), at)));
            names.get(name.as_str()).and_then(|at| body.attributes.get(*at))
        };
        if let Some(first) = first {
            let problem = Diagnostic::error(code::DUPLICATE_ARGUMENT, format!("`{name}` is set twice"))
                .at(attribute.name.span)
                .label(attribute.name.span, "set again here")
                .label(first.name.span, "first set here")
                .help("an argument can be set once; remove one of them");
            self.report(problem);
            return;
        }
        body.attributes.push(attribute);
    }

    /// The name as a part of the text, from which wrong quotes are taken.
    fn written(&self, name: &Ident) -> &'a str {
        self.text.get(name.span.range()).unwrap_or("").trim_matches('"')
    }

    /// After an argument or block the line must end.
    fn end_of_item(&mut self) -> Parsed<()> {
        let index = self.significant(self.at);
        let token = self.token(index);
        match token.kind {
            T::Newline | T::End => return Ok(()),
            T::CloseBrace => {
                if !self.one_line && self.line_column(index).is_none() {
                    self.brace_behind_item(token);
                }
                return Ok(());
            }
            _ => {}
        }
        // Behind something that was not closed, where lines decide.
        if self.by_lines && self.line_column(index).is_some() {
            return Ok(());
        }
        let span = self.span(token);
        let problem = match self.missing_quote().or_else(|| self.invalid(token)) {
            Some(problem) => problem,
            None => self.no_line_end(token),
        };
        let separator = token.kind == T::Comma || self.text_of(token) == ";";
        let (ends, item) = (self.token(index + 1).kind, self.looks_like_item(index + 1));
        if separator && (item || matches!(ends, T::Newline | T::Comment | T::End | T::CloseBrace)) {
            let replacement = if item { "\n" } else { "" };
            self.complain(problem.fix(Edit { span, replacement: replacement.to_owned() }));
            self.next();
            return Ok(());
        }
        self.fail(problem)
    }

    /// Unless the whole block is on one line, its last brace has a line of its own.
    fn brace_behind_item(&mut self, brace: Token) {
        let span = self.span(brace);
        let replacement = format!("\n{}}}", " ".repeat(self.block_column));
        self.complain(
            Diagnostic::error(SYNTAX, "The line must end here")
                .label(span, "the `}` of a block that spans lines stands on a line of its own")
                .fix(Edit { span, replacement }),
        );
    }

    fn no_line_end(&self, token: Token) -> Diagnostic {
        let problem = Diagnostic::error(SYNTAX, "The line must end here")
            .label(self.span(token), format!("instead there is {}", self.describe(token)));
        match token.kind {
            T::Comma => problem.help("arguments are separated by line ends, not by commas"),
            T::OpenQuote => problem.help("is there a quote too many, or an operator missing?"),
            T::CloseBracket | T::CloseParen => problem.help(format!(
                "there is no {} that it could close",
                if token.kind == T::CloseBracket { "`[`" } else { "`(`" }
            )),
            _ => problem.help("each argument and each block has a line of its own"),
        }
    }

    /// A block that has something on the line of its `{` may have one argument, and must end on that line.
    /// `inside` is its first token.
    pub(super) fn check_one_line(&mut self, body: &Body, inside: usize) {
        let problem = Diagnostic::error(SYNTAX, "A block on one line can have one argument and nothing else");
        // The value itself may span lines, in brackets; so may a comment.
        let first = body.attributes.first().map_or(0..0, |attribute| attribute.span.range());
        let broken = (inside..self.at)
            .map(|index| self.token(index))
            .any(|token| token.kind == T::Newline && !first.contains(&(token.start as usize)));
        let problem = if let Some(block) = body.blocks.first() {
            problem.label(block.header, "this block needs a line of its own")
        } else if let Some(second) = body.attributes.get(1) {
            problem.label(second.name.span, "this argument needs a line of its own")
        } else if broken {
            problem.label(body.end, "the block goes on to here")
        } else {
            return;
        };
        self.complain(problem.help("put a line end after the `{`"));
    }
}
