//! `templatefile`: a file as a template with variables of its own.

use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use karat_model::value::{Type, Value};

use super::argument::{entries, shown};
use super::file::read_text;
use super::{Function, FunctionContext, FunctionError, FunctionTable, Param};
use crate::{Scope, eval, is_identifier, parse_template};

type Result<T> = std::result::Result<T, FunctionError>;

/// Registers the function; a template can call what is in the table by now.
pub(super) fn register(table: &mut FunctionTable, context: &FunctionContext) {
    let params = || [Param::new("path", Type::String), Param::new("vars", Type::Any)];
    let mut inner = table.clone();
    inner.insert(
        "templatefile",
        Function::new(params(), Type::Any, |_| {
            Err(FunctionError::new("a template that is read by templatefile cannot call it again"))
        }),
    );
    let context = context.clone();
    table.insert(
        "templatefile",
        Function::new(params(), Type::Any, move |args| render(&context, &inner, args)),
    );
}

fn render(context: &FunctionContext, functions: &FunctionTable, args: &[Value]) -> Result<Value> {
    let variables = entries(args, 1)?;
    if let Some(name) = variables.keys().find(|name| !is_identifier(name)) {
        return Err(FunctionError::argument(1, format!("{name:?} cannot be the name of a variable")));
    }
    let mut sources = SourceMap::new();
    let text = read_text(context, args)?;
    let file = sources.add(shown(args, 0).trim_matches('"'), text.as_str());
    let mut diagnostics = Diagnostics::new();
    let template = parse_template(file, &text, &mut diagnostics);
    check(&sources, diagnostics)?;
    for reference in template.references() {
        let name = &reference.root.name;
        if !variables.contains_key(name) {
            let place = sources.location(reference.root.span);
            let message = format!("it has no {name:?}, which the template uses at {place}");
            return Err(FunctionError::argument(1, message));
        }
    }
    let mut scope = Scope::new(functions.clone());
    for (name, value) in variables {
        scope.set(name.as_str(), value.clone());
    }
    let mut diagnostics = Diagnostics::new();
    let value = eval(&template, &scope, &mut diagnostics);
    check(&sources, diagnostics)?;
    Ok(value)
}

/// The first problem, with its place in the template.
fn check(sources: &SourceMap, diagnostics: Diagnostics) -> Result<()> {
    let problems: Vec<_> =
        diagnostics.into_sorted().into_iter().filter(|problem| problem.is_error()).collect();
    let Some(first) = problems.first() else { return Ok(()) };
    let place = first.primary.as_ref().map(|label| sources.location(label.span)).unwrap_or_default();
    let more = match problems.len() - 1 {
        0 => String::new(),
        1 => ", and one more problem".to_owned(),
        more => format!(", and {more} more problems"),
    };
    let reasons = [first.primary.as_ref().map(|label| label.message.clone()), first.detail.clone()];
    let reasons = reasons.into_iter().flatten().filter(|reason| !reason.is_empty());
    let problem = [first.title.clone()].into_iter().chain(reasons).collect::<Vec<_>>().join(": ");
    Err(FunctionError::argument(0, format!("{place}: {problem}{more}")))
}
