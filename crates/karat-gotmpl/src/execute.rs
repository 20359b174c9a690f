//! Walks the tree and writes the text.

use std::borrow::Cow;

use crate::print::print_result;
use crate::tree::{Branch, Command, Node, Operand, Pipeline, Span, Term, Tree};
use crate::{Functions, TemplateError, Value, function};

/// How deep blocks, calls and templates may nest while rendering: a template that uses itself ends here.
const MAX_DEPTH: usize = 400;

type Result<T> = std::result::Result<T, TemplateError>;

/// Renders `tree`, which was parsed from `source`.
pub(crate) fn execute(source: &str, tree: &Tree, data: &Value, functions: &Functions) -> Result<String> {
    let mut execution = Execution {
        source,
        tree,
        functions,
        variables: vec![("", Cow::Borrowed(data))],
        output: String::new(),
        depth: 0,
    };
    execution.nodes(&tree.body, &Cow::Borrowed(data))?;
    Ok(execution.output)
}

/// A value that is part of the data or was made on the way.
type Borrowed<'a> = Cow<'a, Value>;

struct Execution<'a> {
    source: &'a str,
    tree: &'a Tree,
    functions: &'a Functions,
    /// Innermost last; the first of a template, "", is what `$` means there.
    variables: Vec<(&'a str, Borrowed<'a>)>,
    output: String,
    depth: usize,
}

/// What to do after a node.
#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl<'a> Execution<'a> {
    /// An error about the part of the text at `span`, which it quotes.
    fn error<T>(&self, span: &Span, message: impl std::fmt::Display) -> Result<T> {
        let text = self.source.get(span.clone()).unwrap_or_default().trim_end();
        Err(TemplateError::at(self.source, span.start, format!("<{text}>: {message}")))
    }

    fn nested<T>(&mut self, span: &Span, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return self.error(span, format!("exceeded the maximum depth of {MAX_DEPTH}"));
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    fn nodes(&mut self, nodes: &'a [Node], dot: &Borrowed<'a>) -> Result<Flow> {
        for node in nodes {
            let flow = match node {
                Node::Text(text) => {
                    self.output.push_str(text);
                    Flow::Next
                }
                Node::Action(pipeline) => {
                    let value = self.pipeline(pipeline, dot)?;
                    if pipeline.variables.is_empty() {
                        self.output.push_str(&print_result(&value));
                    }
                    Flow::Next
                }
                Node::If(branch) => self.scoped(branch, |execution| {
                    let condition = execution.pipeline(&branch.pipeline, dot)?;
                    let nodes = if condition.is_true() { &branch.body } else { &branch.otherwise };
                    execution.nodes(nodes, dot)
                })?,
                Node::With(branch) => self.scoped(branch, |execution| {
                    let value = execution.pipeline(&branch.pipeline, dot)?;
                    if value.is_true() {
                        execution.nodes(&branch.body, &value)
                    } else {
                        execution.nodes(&branch.otherwise, dot)
                    }
                })?,
                Node::Range(branch) => self.scoped(branch, |execution| execution.range(branch, dot))?,
                Node::Template { span, name, data } => {
                    self.template(span, name, data.as_ref(), dot)?;
                    Flow::Next
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// Runs a block; the variables that it declares end with it.
    fn scoped(&mut self, branch: &'a Branch, run: impl FnOnce(&mut Self) -> Result<Flow>) -> Result<Flow> {
        let scope = self.variables.len();
        let flow = self.nested(&branch.pipeline.span, run)?;
        self.variables.truncate(scope);
        Ok(flow)
    }

    fn range(&mut self, branch: &'a Branch, dot: &Borrowed<'a>) -> Result<Flow> {
        let value = self.pipeline_value(&branch.pipeline, dot)?;
        let entries: Box<dyn Iterator<Item = (Value, Borrowed<'a>)>> = match value {
            Cow::Borrowed(Value::List(items)) => {
                Box::new((0..).map(Value::Int).zip(items.iter().map(Cow::Borrowed)))
            }
            Cow::Owned(Value::List(items)) => {
                Box::new((0..).map(Value::Int).zip(items.into_iter().map(Cow::Owned)))
            }
            Cow::Borrowed(Value::Map(entries)) => {
                Box::new(entries.iter().map(|(key, value)| (key.as_str().into(), Cow::Borrowed(value))))
            }
            Cow::Owned(Value::Map(entries)) => {
                Box::new(entries.into_iter().map(|(key, value)| (key.into(), Cow::Owned(value))))
            }
            other => match *other {
                Value::Int(count) => Box::new((0..count).map(|i| (Value::Int(i), Cow::Owned(Value::Int(i))))),
                Value::Null => Box::new(std::iter::empty()),
                _ => {
                    let value = print_result(&other);
                    return self.error(&branch.pipeline.span, format!("range can't iterate over {value}"));
                }
            },
        };
        let mut empty = true;
        let scope = self.variables.len();
        for (key, item) in entries {
            empty = false;
            match branch.pipeline.variables.as_slice() {
                [] => {}
                [item_name] => self.set(item_name, item.clone(), branch.pipeline.assigns),
                [key_name, item_name, ..] => {
                    self.set(key_name, Cow::Owned(key), branch.pipeline.assigns);
                    self.set(item_name, item.clone(), branch.pipeline.assigns);
                }
            }
            let flow = self.nodes(&branch.body, &item)?;
            self.variables.truncate(scope);
            if flow == Flow::Break {
                break;
            }
        }
        if empty {
            // A {{break}} here belongs to a loop around this one.
            return self.nodes(&branch.otherwise, dot);
        }
        Ok(Flow::Next)
    }

    fn template(
        &mut self,
        span: &Span,
        name: &str,
        data: Option<&'a Pipeline>,
        dot: &Borrowed<'a>,
    ) -> Result<()> {
        let tree = self.tree;
        let Some(nodes) = tree.defined.get(name) else {
            return self.error(span, format!("template {name:?} not defined"));
        };
        let data = match data {
            Some(pipeline) => self.pipeline(pipeline, dot)?,
            None => Cow::Owned(Value::Null),
        };
        let outer = std::mem::replace(&mut self.variables, vec![("", data.clone())]);
        self.nested(span, |execution| execution.nodes(nodes, &data))?;
        self.variables = outer;
        Ok(())
    }

    fn set(&mut self, name: &'a str, value: Borrowed<'a>, assigns: bool) {
        match self.variables.iter_mut().rev().find(|(known, _)| assigns && *known == name) {
            Some((_, variable)) => *variable = value,
            None => self.variables.push((name, value)),
        }
    }

    /// The value of a pipeline, which is also given to the variables it declares.
    fn pipeline(&mut self, pipeline: &'a Pipeline, dot: &Borrowed<'a>) -> Result<Borrowed<'a>> {
        let value = self.pipeline_value(pipeline, dot)?;
        for name in &pipeline.variables {
            self.set(name, value.clone(), pipeline.assigns);
        }
        Ok(value)
    }

    fn pipeline_value(&mut self, pipeline: &'a Pipeline, dot: &Borrowed<'a>) -> Result<Borrowed<'a>> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, dot, value)?);
        }
        Ok(value.unwrap_or_default())
    }

    fn command(
        &mut self,
        command: &'a Command,
        dot: &Borrowed<'a>,
        last: Option<Borrowed<'a>>,
    ) -> Result<Borrowed<'a>> {
        let Command { first, arguments } = command;
        if let Term::Function(name) = &first.term {
            let span = first.span.start..arguments.last().unwrap_or(first).span.end;
            return self.call(&span, name, arguments, dot, last);
        }
        if !arguments.is_empty() || last.is_some() {
            return match &first.term {
                Term::Field(names) | Term::Variable(_, names) | Term::Chain(_, names)
                    if !names.is_empty() =>
                {
                    let name = names.last().map_or("", String::as_str);
                    self.error(&first.span, format!("{name} is not a method but has arguments"))
                }
                _ => self.error(&first.span, "can't give argument to non-function"),
            };
        }
        if matches!(first.term, Term::Nil) {
            return self.error(&first.span, "nil is not a command");
        }
        self.operand(first, dot)
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Borrowed<'a>) -> Result<Borrowed<'a>> {
        match &operand.term {
            Term::Nil => Ok(Cow::Owned(Value::Null)),
            Term::Dot => Ok(dot.clone()),
            Term::Constant(value) => Ok(Cow::Borrowed(value)),
            Term::Field(names) => self.fields(operand, dot.clone(), names),
            Term::Variable(name, names) => {
                let value = self.variables.iter().rev().find(|(known, _)| known == name);
                let value = value.map(|(_, value)| value.clone()).unwrap_or_default();
                self.fields(operand, value, names)
            }
            Term::Function(name) => self.call(&operand.span, name, &[], dot, None),
            Term::Chain(inner, names) => {
                let value = self.operand(inner, dot)?;
                self.fields(operand, value, names)
            }
            Term::Pipeline(pipeline) => {
                self.nested(&operand.span, |execution| execution.pipeline(pipeline, dot))
            }
        }
    }

    fn fields(
        &self,
        operand: &Operand,
        mut value: Borrowed<'a>,
        names: &'a [String],
    ) -> Result<Borrowed<'a>> {
        for name in names {
            let field = match &value {
                Cow::Borrowed(Value::Map(entries) | Value::Struct(entries)) => {
                    entries.get(name).map(Cow::Borrowed)
                }
                Cow::Owned(Value::Map(entries) | Value::Struct(entries)) => {
                    entries.get(name).cloned().map(Cow::Owned)
                }
                _ => None,
            };
            value = match (field, value.as_ref()) {
                (Some(field), _) => field,
                (None, Value::Map(_) | Value::Null) => Cow::Owned(Value::Null),
                (None, other) => {
                    let type_name = other.type_name();
                    return self
                        .error(&operand.span, format!("can't evaluate field {name} in type {type_name}"));
                }
            };
        }
        Ok(value)
    }

    fn call(
        &mut self,
        span: &Span,
        name: &str,
        arguments: &'a [Operand],
        dot: &Borrowed<'a>,
        last: Option<Borrowed<'a>>,
    ) -> Result<Borrowed<'a>> {
        let own = self.functions.get(name).cloned();
        if own.is_none() && matches!(name, "and" | "or") {
            return self.choose(span, name == "or", arguments, dot, last);
        }
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for argument in arguments {
            values.push(self.operand(argument, dot)?.into_owned());
        }
        values.extend(last.map(Cow::into_owned));
        let result = match own {
            Some(function) => function(&values),
            None => function::call_builtin(name, &values),
        };
        match result {
            Ok(value) => Ok(Cow::Owned(value)),
            Err(message) => self.error(span, format!("error calling {name}: {message}")),
        }
    }

    /// `and` and `or`: the first argument that settles the matter, else the last. What comes behind is not evaluated.
    fn choose(
        &mut self,
        span: &Span,
        wanted: bool,
        arguments: &'a [Operand],
        dot: &Borrowed<'a>,
        last: Option<Borrowed<'a>>,
    ) -> Result<Borrowed<'a>> {
        let mut value = None;
        for argument in arguments {
            let argument = self.operand(argument, dot)?;
            if argument.is_true() == wanted {
                return Ok(argument);
            }
            value = Some(argument);
        }
        match last.or(value) {
            Some(value) => Ok(value),
            None => self.error(span, "wrong number of args: want at least 1 got 0"),
        }
    }
}
