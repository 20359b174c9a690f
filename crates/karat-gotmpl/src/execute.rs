//! Walks the tree and writes the text.

use std::borrow::Cow;

use crate::limit::{MAX_NESTING, MAX_WORK, STEP};
use crate::print::print_result;
use crate::tree::{Branch, Command, Node, Operand, Pipeline, Span, Term, Tree};
use crate::{Functions, TemplateError, Value, function};

type Result<T> = std::result::Result<T, TemplateError>;

/// Renders `tree`, which was parsed from `source`.
pub(crate) fn execute(source: &str, tree: &Tree, data: &Value, functions: &Functions) -> Result<String> {
    let dot = if *data == Value::Null { Cow::Owned(Value::Null) } else { Cow::Borrowed(data) };
    let mut execution = Execution {
        source,
        tree,
        functions,
        variables: vec![("", dot.clone())],
        output: String::new(),
        depth: 0,
        work: 0,
    };
    execution.nodes(&tree.body, &dot)?;
    Ok(execution.output)
}

/// A value that is part of the data or was made on the way.
///
/// A null of the data and no value at all differ in one thing, the fields that they are asked for: as in Go the former is
/// an error, the latter is no value again. A null of the data is borrowed, no value is owned.
type Borrowed<'a> = Cow<'a, Value>;

/// A null of data that was made on the way.
const NULL: &Value = &Value::Null;

/// An item of a list or map that was made on the way.
fn item<'a>(value: Value) -> Borrowed<'a> {
    if value == Value::Null { Cow::Borrowed(NULL) } else { Cow::Owned(value) }
}

struct Execution<'a> {
    source: &'a str,
    tree: &'a Tree,
    functions: &'a Functions,
    /// Innermost last; the first of a template, "", is what `$` means there.
    variables: Vec<(&'a str, Borrowed<'a>)>,
    output: String,
    depth: usize,
    /// What was done so far, see [`MAX_WORK`].
    work: usize,
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

    /// Counts what is done next.
    fn spend(&mut self, span: &Span, work: usize) -> Result<()> {
        self.work = self.work.saturating_add(work);
        if self.work > MAX_WORK {
            return self.error(span, "the template takes too many steps or makes too much text");
        }
        Ok(())
    }

    fn write(&mut self, span: &Span, text: &str) -> Result<()> {
        self.spend(span, text.len())?;
        self.output.push_str(text);
        Ok(())
    }

    fn nested<T>(&mut self, span: &Span, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_NESTING {
            return self.error(span, format!("exceeded the maximum depth of {MAX_NESTING}"));
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
                    self.write(&(0..0), text)?;
                    Flow::Next
                }
                Node::Action(pipeline) => {
                    let value = self.pipeline(pipeline, dot)?;
                    if pipeline.variables.is_empty() {
                        self.write(&pipeline.span, &print_result(&value))?;
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
        let Branch { pipeline, body, otherwise } = branch;
        // Before the first item, and where there is none, the variables are all that is iterated over.
        let value = self.pipeline(pipeline, dot)?;
        let entries: Box<dyn Iterator<Item = (Value, Borrowed<'a>)>> = match value {
            Cow::Borrowed(Value::List(items)) => {
                Box::new((0..).map(Value::Int).zip(items.iter().map(Cow::Borrowed)))
            }
            Cow::Owned(Value::List(items)) => {
                Box::new((0..).map(Value::Int).zip(items.into_iter().map(item)))
            }
            Cow::Borrowed(Value::Map(entries)) => {
                Box::new(entries.iter().map(|(key, value)| (key.as_str().into(), Cow::Borrowed(value))))
            }
            Cow::Owned(Value::Map(entries)) => {
                Box::new(entries.into_iter().map(|(key, value)| (key.into(), item(value))))
            }
            other => match *other {
                Value::Int(count) if pipeline.variables.len() > 1 => {
                    let message = format!("can't use {count} to iterate over more than one variable");
                    return self.error(&pipeline.span, message);
                }
                Value::Int(count) => Box::new((0..count).map(|i| (Value::Null, Cow::Owned(Value::Int(i))))),
                Value::Null => Box::new(std::iter::empty()),
                _ => {
                    let value = print_result(&other);
                    return self.error(&pipeline.span, format!("range can't iterate over {value}"));
                }
            },
        };
        let mut empty = true;
        let scope = self.variables.len();
        for (key, item) in entries {
            empty = false;
            self.spend(&pipeline.span, STEP)?;
            let mut names = pipeline.variables.iter().rev();
            if let Some(name) = names.next() {
                self.assign(&pipeline.span, name, item.clone())?;
            }
            if let Some(name) = names.next() {
                self.assign(&pipeline.span, name, Cow::Owned(key))?;
            }
            let flow = self.nodes(body, &item)?;
            self.variables.truncate(scope);
            if flow == Flow::Break {
                break;
            }
        }
        if empty {
            // A {{break}} here belongs to a loop around this one.
            return self.nodes(otherwise, dot);
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

    fn undefined<T>(&self, span: &Span, name: &str) -> Result<T> {
        self.error(span, format!("undefined variable \"${name}\""))
    }

    /// Gives a variable that exists another value.
    fn assign(&mut self, span: &Span, name: &str, value: Borrowed<'a>) -> Result<()> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, variable)) => *variable = value,
            None => return self.undefined(span, name),
        }
        Ok(())
    }

    /// The value of a pipeline, which is also given to the variables it declares.
    fn pipeline(&mut self, pipeline: &'a Pipeline, dot: &Borrowed<'a>) -> Result<Borrowed<'a>> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, dot, value)?);
        }
        // What comes out of a pipeline is no null of the data any more.
        let value = value.filter(|value| **value != Value::Null).unwrap_or_default();
        for name in &pipeline.variables {
            if pipeline.assigns {
                self.assign(&pipeline.span, name, value.clone())?;
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    fn command(
        &mut self,
        command: &'a Command,
        dot: &Borrowed<'a>,
        last: Option<Borrowed<'a>>,
    ) -> Result<Borrowed<'a>> {
        let Command { first, arguments } = command;
        self.spend(&first.span, STEP)?;
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
                match self.variables.iter().rev().find(|(known, _)| known == name) {
                    Some((_, value)) => self.fields(operand, value.clone(), names),
                    None => self.undefined(&operand.span, name),
                }
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
            value = match (field, &value) {
                (Some(field), _) => field,
                (None, Cow::Borrowed(Value::Null)) => {
                    return self.error(&operand.span, format!("the value is null and has no field {name}"));
                }
                (None, Cow::Owned(Value::Null | Value::Map(_)) | Cow::Borrowed(Value::Map(_))) => {
                    Cow::Owned(Value::Null)
                }
                (None, Cow::Borrowed(Value::Struct(fields)) | Cow::Owned(Value::Struct(fields))) => {
                    let known = fields.keys().map(|known| format!(".{known}")).collect::<Vec<_>>().join(", ");
                    return self.error(&operand.span, format!("there is no .{name}; there are {known}"));
                }
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
        self.spend(span, STEP + values.iter().map(Value::size).sum::<usize>())?;
        let result = match own {
            Some(function) => function(&values),
            None => function::call_builtin(name, &values),
        };
        match result {
            Ok(value) => {
                self.spend(span, value.size())?;
                Ok(Cow::Owned(value))
            }
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
