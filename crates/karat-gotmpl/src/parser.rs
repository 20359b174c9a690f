//! Makes a tree of tokens.

use std::mem;

use crate::lexer::{self, Token};
use crate::limit::{MAX_DEPTH, MAX_VARIABLES};
use crate::tree::{Branch, Command, Node, Operand, Pipeline, Span, Term, Tree};
use crate::{Functions, TemplateError, Value, function, number};

type Result<T> = std::result::Result<T, TemplateError>;

/// Parses a whole text. Without `functions` there may be any.
pub(crate) fn parse(source: &str, functions: Option<&Functions>) -> Result<Tree> {
    let (tokens, broken) = lexer::tokens(source);
    let mut parser = Parser {
        source,
        tokens,
        broken,
        position: 0,
        functions,
        variables: vec![String::new()],
        tree: Tree { literal: !source.contains("{{"), ..Tree::default() },
        depth: 0,
        in_range: false,
    };
    let (body, end) = parser.nodes(Place::Top)?;
    if let Some(keyword) = end {
        let name = keyword.word;
        return parser.error(keyword.span.start, format!("unexpected {{{{{name}}}}}"));
    }
    parser.tree.body = body;
    Ok(parser.tree)
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<(Token, Span)>,
    /// Why the tokens end before the text does.
    broken: Option<TemplateError>,
    position: usize,
    functions: Option<&'s Functions>,
    /// The variables in scope, without `$`; the first, "", is the root.
    variables: Vec<String>,
    tree: Tree,
    depth: usize,
    in_range: bool,
}

/// Where a list of nodes stands; only at the top may templates be defined.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    Inside,
}

/// The `{{end}}` or `{{else …}}` that ends a list of nodes. Of `{{else`, only that word is consumed.
struct Ending {
    word: &'static str,
    span: Span,
}

impl Parser<'_> {
    fn error<T>(&self, offset: usize, message: impl Into<String>) -> Result<T> {
        Err(TemplateError::at(self.source, offset, message))
    }

    fn peek(&self) -> &Token {
        // The last token is `End`, which `next` never passes.
        &self.tokens[self.position].0
    }

    fn span(&self) -> Span {
        self.tokens[self.position].1.clone()
    }

    fn next(&mut self) -> (Token, Span) {
        let token = self.tokens[self.position].clone();
        if token.0 != Token::End {
            self.position += 1;
        }
        token
    }

    fn skip_space(&mut self) {
        while *self.peek() == Token::Space {
            self.position += 1;
        }
    }

    /// Complains about the next token.
    fn unexpected<T>(&self, context: &str) -> Result<T> {
        if let (Token::End, Some(broken)) = (self.peek(), &self.broken) {
            return Err(broken.clone());
        }
        let span = self.span();
        let found = match self.peek() {
            Token::End => "end of text".to_owned(),
            Token::RightDelimiter => "\"}}\"".to_owned(),
            _ => format!("{:?}", &self.source[span.clone()]),
        };
        self.error(span.start, format!("unexpected {found} in {context}"))
    }

    /// Passes `token`, after blanks.
    fn expect(&mut self, token: &Token, context: &str) -> Result<()> {
        self.skip_space();
        if self.peek() != token {
            return self.unexpected(context);
        }
        self.next();
        Ok(())
    }

    fn quoted_name(&mut self, context: &str) -> Result<String> {
        self.skip_space();
        let Token::String(name) = self.peek().clone() else {
            return self.unexpected(context);
        };
        self.next();
        Ok(name)
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, offset: usize, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return self.error(offset, format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Nodes up to the end of the text, an `{{end}}` or an `{{else`.
    fn nodes(&mut self, place: Place) -> Result<(Vec<Node>, Option<Ending>)> {
        let mut nodes = Vec::new();
        loop {
            let (token, open) = self.next();
            match token {
                Token::End => return self.broken.clone().map_or(Ok((nodes, None)), Err),
                Token::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                _ => self.skip_space(),
            }
            let span = self.span();
            let keyword = match self.peek() {
                Token::Word(word) => word.as_str(),
                _ => "",
            };
            match keyword {
                "end" => {
                    self.next();
                    self.expect(&Token::RightDelimiter, "end")?;
                    return Ok((nodes, Some(Ending { word: "end", span })));
                }
                "else" => {
                    self.next();
                    return Ok((nodes, Some(Ending { word: "else", span })));
                }
                "define" if place == Place::Top => {
                    self.next();
                    self.define(open.start)?;
                }
                "define" => {
                    return self.error(span.start, "a template can be defined only outside of all blocks");
                }
                "if" => nodes.push(Node::If(self.block("if", open.start)?)),
                "with" => nodes.push(Node::With(self.block("with", open.start)?)),
                "range" => nodes.push(Node::Range(self.block("range", open.start)?)),
                "template" => nodes.push(self.template()?),
                "block" => nodes.push(self.define_here(open.start)?),
                word @ ("break" | "continue") => {
                    let node = if word == "break" { Node::Break } else { Node::Continue };
                    if !self.in_range {
                        return self.error(span.start, format!("{{{{{word}}}}} outside {{{{range}}}}"));
                    }
                    self.next();
                    self.expect(&Token::RightDelimiter, "break or continue")?;
                    nodes.push(node);
                }
                _ => {
                    let pipeline = self.pipeline("command", &Token::RightDelimiter)?;
                    nodes.push(Node::Action(pipeline));
                }
            }
        }
    }

    /// The nodes of a block that began at `open`.
    fn body(&mut self, open: usize) -> Result<(Vec<Node>, Ending)> {
        let (nodes, ending) = self.nested(open, |parser| parser.nodes(Place::Inside))?;
        match ending {
            Some(ending) => Ok((nodes, ending)),
            None => self.error(open, "this block has no {{end}}"),
        }
    }

    /// `if`, `with` or `range` from that word on, with its `{{end}}`. The variables that it declares end with it; as in Go
    /// those of the first part are known in the `else`, where they have no value.
    fn block(&mut self, keyword: &'static str, open: usize) -> Result<Branch> {
        self.next();
        let scope = self.variables.len();
        let is_range = keyword == "range";
        let pipeline = self.pipeline(keyword, &Token::RightDelimiter)?;
        let outer = self.in_range;
        self.in_range |= is_range;
        let (body, ending) = self.body(open)?;
        self.in_range = outer;
        let mut otherwise = Vec::new();
        if ending.word == "else" {
            self.skip_space();
            if matches!(self.peek(), Token::Word(word) if word == keyword && !is_range) {
                // What follows is a whole block whose {{end}} serves this one too.
                let branch = self.nested(open, |parser| parser.block(keyword, ending.span.start))?;
                otherwise.push(if keyword == "if" { Node::If(branch) } else { Node::With(branch) });
            } else {
                self.expect(&Token::RightDelimiter, "else")?;
                let (nodes, ending) = self.body(open)?;
                if ending.word == "else" {
                    return self.error(ending.span.start, "expected {{end}}; found {{else}}");
                }
                otherwise = nodes;
            }
        }
        self.variables.truncate(scope);
        Ok(Branch { pipeline, body, otherwise })
    }

    /// `"name"}}…{{end}}`, the rest of a definition.
    fn define(&mut self, open: usize) -> Result<()> {
        let name = self.quoted_name("define clause")?;
        self.expect(&Token::RightDelimiter, "define clause")?;
        self.definition(name, open)
    }

    fn definition(&mut self, name: String, open: usize) -> Result<()> {
        // A template of its own sees neither the variables nor the loops around it.
        let variables = mem::replace(&mut self.variables, vec![String::new()]);
        let in_range = mem::replace(&mut self.in_range, false);
        let (nodes, ending) = self.body(open)?;
        self.variables = variables;
        self.in_range = in_range;
        if ending.word == "else" {
            return self.error(ending.span.start, "unexpected {{else}} in a template definition");
        }
        let is_empty = |nodes: &[Node]| {
            nodes.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
        };
        match self.tree.defined.get(&name) {
            // As in Go, only what says something counts as a definition.
            Some(known) if !is_empty(known) && !is_empty(&nodes) => {
                self.error(open, format!("multiple definition of template {name:?}"))
            }
            Some(known) if !is_empty(known) => Ok(()),
            _ => {
                self.tree.defined.insert(name, nodes);
                Ok(())
            }
        }
    }

    /// `{{template "name" pipeline}}`.
    fn template(&mut self) -> Result<Node> {
        let start = self.next().1.start;
        let name = self.quoted_name("template clause")?;
        self.skip_space();
        let data = if *self.peek() == Token::RightDelimiter {
            self.next();
            None
        } else {
            Some(self.pipeline("template clause", &Token::RightDelimiter)?)
        };
        let span = start..self.tokens[self.position - 1].1.start;
        Ok(Node::Template { span, name, data })
    }

    /// `{{block "name" pipeline}}…{{end}}`: a definition and its use.
    fn define_here(&mut self, open: usize) -> Result<Node> {
        let start = self.next().1.start;
        let name = self.quoted_name("block clause")?;
        let data = self.pipeline("block clause", &Token::RightDelimiter)?;
        let span = start..data.span.end;
        self.definition(name.clone(), open)?;
        Ok(Node::Template { span, name, data: Some(data) })
    }

    /// A pipeline with its `end`. For `range` two variables may be declared.
    fn pipeline(&mut self, context: &str, end: &Token) -> Result<Pipeline> {
        self.skip_space();
        let start = self.span().start;
        let (declared, assigns) = self.declaration(context)?;
        let mut commands = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == end {
                break;
            }
            if commands.len() == 1_000 {
                return self.error(self.span().start, "a pipeline of more than 1000 commands");
            }
            let offset = self.span().start;
            let command = self.command(context, end)?;
            let callable = matches!(
                command.first.term,
                Term::Function(_) | Term::Field(_) | Term::Variable(..) | Term::Chain(..) | Term::Pipeline(_)
            );
            if !commands.is_empty() && !callable {
                return self.error(
                    offset,
                    format!("non executable command in pipeline stage {}", commands.len() + 1),
                );
            }
            commands.push(command);
            if *self.peek() == Token::Pipe {
                self.next();
            }
        }
        let span = start..self.tokens[self.position].1.start;
        self.next();
        if commands.is_empty() {
            return self.error(start, format!("missing value for {context}"));
        }
        Ok(Pipeline { span, variables: declared, assigns, commands })
    }

    /// `$x :=`, `$x =` or, for `range`, also `$i, $x :=`; if it is there.
    fn declaration(&mut self, context: &str) -> Result<(Vec<String>, bool)> {
        let mut names = Vec::new();
        while let Token::Variable(name) = self.peek().clone() {
            let (before, span) = (self.position, self.span());
            self.next();
            self.skip_space();
            let separator = self.peek().clone();
            if !matches!(separator, Token::Comma | Token::Declare | Token::Assign) {
                // As in Go this is the value then, also in `{{range $i, $x}}`.
                self.position = before;
                break;
            }
            self.next();
            self.skip_space();
            // As in Go the name is known from here on. What has no value yet is a mistake only where it is used.
            self.declare(&name, span.start)?;
            names.push(name);
            match separator {
                Token::Comma if context != "range" || names.len() > 1 => {
                    return self.error(self.span().start, format!("too many declarations in {context}"));
                }
                Token::Comma if !matches!(self.peek(), Token::Variable(_)) => {
                    return self.error(self.span().start, "range can only initialize variables");
                }
                Token::Comma => {}
                separator => return Ok((names, separator == Token::Assign)),
            }
        }
        Ok((names, false))
    }

    fn declare(&mut self, name: &str, offset: usize) -> Result<()> {
        if self.variables.len() >= MAX_VARIABLES {
            return self.error(offset, format!("more than {MAX_VARIABLES} variables"));
        }
        self.variables.push(name.to_owned());
        Ok(())
    }

    /// Operands up to `|` or `end`, which stay.
    fn command(&mut self, context: &str, end: &Token) -> Result<Command> {
        let Some(first) = self.operand()? else {
            return match self.peek() {
                Token::Pipe => self.error(self.span().start, "missing command before \"|\""),
                _ => self.unexpected(context),
            };
        };
        let mut arguments = Vec::new();
        loop {
            let spaced = *self.peek() == Token::Space;
            self.skip_space();
            if *self.peek() == Token::Pipe || self.peek() == end {
                return Ok(Command { first, arguments });
            }
            if !spaced {
                return self.unexpected("operand");
            }
            match self.operand()? {
                Some(operand) => arguments.push(operand),
                None => return self.unexpected("operand"),
            }
        }
    }

    /// A term and the fields taken of it; none if no term comes next.
    fn operand(&mut self) -> Result<Option<Operand>> {
        let span = self.span();
        let Some(mut term) = self.term()? else {
            return Ok(None);
        };
        let mut chain = Vec::new();
        while let Token::Field(name) = self.peek().clone() {
            self.next();
            chain.push(name);
        }
        let end = self.tokens[self.position - 1].1.end;
        let whole = span.start..end;
        if chain.is_empty() {
            return Ok(Some(Operand { span: whole, term }));
        }
        match &mut term {
            Term::Field(names) => names.append(&mut chain),
            Term::Variable(name, names) => {
                if name.is_empty() {
                    self.tree.fields.extend(chain.first().cloned());
                }
                names.append(&mut chain);
            }
            Term::Function(_) | Term::Pipeline(_) => {
                term = Term::Chain(Box::new(Operand { span, term }), chain);
            }
            Term::Nil | Term::Dot | Term::Constant(_) | Term::Chain(..) => {
                let text = &self.source[span.clone()];
                return self.error(span.end, format!("unexpected . after term {text:?}"));
            }
        }
        Ok(Some(Operand { span: whole, term }))
    }

    fn term(&mut self) -> Result<Option<Term>> {
        let span = self.span();
        let term = match self.peek().clone() {
            Token::Word(word) => self.word(word, span.start)?,
            Token::Dot => Term::Dot,
            Token::Field(name) => {
                self.tree.fields.insert(name.clone());
                Term::Field(vec![name])
            }
            Token::Variable(name) => {
                if !self.variables.contains(&name) {
                    return self.error(span.start, format!("undefined variable \"${name}\""));
                }
                Term::Variable(name, Vec::new())
            }
            Token::String(text) => Term::Constant(Value::String(text)),
            Token::Char(c) => Term::Constant(Value::Int(i64::from(u32::from(c)))),
            Token::Number(text) => match number::parse(&text) {
                Some(value) => Term::Constant(value),
                None => return self.error(span.start, format!("illegal number syntax: {text:?}")),
            },
            Token::LeftParen => {
                self.next();
                let pipeline = self.nested(span.start, |parser| {
                    parser.pipeline("parenthesized pipeline", &Token::RightParen)
                })?;
                return Ok(Some(Term::Pipeline(Box::new(pipeline))));
            }
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(term))
    }

    fn word(&self, word: String, offset: usize) -> Result<Term> {
        match word.as_str() {
            "true" => Ok(Term::Constant(Value::Bool(true))),
            "false" => Ok(Term::Constant(Value::Bool(false))),
            "nil" => Ok(Term::Nil),
            "if" | "else" | "end" | "range" | "with" | "define" | "template" | "block" | "break"
            | "continue" => self.error(offset, format!("unexpected <{word}> in command")),
            _ if self.functions.is_none_or(|functions| functions.get(&word).is_some())
                || function::is_builtin(&word) =>
            {
                Ok(Term::Function(word))
            }
            _ => self.error(offset, format!("function {word:?} not defined")),
        }
    }
}
