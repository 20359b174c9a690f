//! What people probably meant.

use karat_model::diagnostic::{Diagnostic, Edit, code, did_you_mean};
use karat_model::span::Span;
use karat_model::value::Type;

use crate::function::FunctionTable;
use crate::habit::{self, Instead};
use crate::scope::Scope;
use crate::tree::{Call, Ident};

pub(super) fn unknown_variable(name: &str, span: Span, scope: &Scope<'_>) -> Diagnostic {
    let (problem, known) = unknown_name(name, span, scope);
    if known { problem } else { problem.help(format!("if you meant the text, put it in quotes: \"{name}\"")) }
}

/// `${NAME}` in a text: scripts have variables that look the same.
pub(super) fn unknown_variable_in_text(name: &str, span: Span, open: Span, scope: &Scope<'_>) -> Diagnostic {
    let (problem, known) = unknown_name(name, span, scope);
    let problem =
        problem.help(format!("to leave it to the shell, double the first character: `$${{{name}}}`"));
    if known { problem } else { problem.fix(Edit { span: open.at_start(), replacement: "$".to_owned() }) }
}

/// The problem, and whether it is likely what was meant.
fn unknown_name(name: &str, span: Span, scope: &Scope<'_>) -> (Diagnostic, bool) {
    let problem = Diagnostic::error(code::UNKNOWN_VARIABLE, format!("There is no `{name}` here")).at(span);
    let is_in = |root: &&str| scope.variable(root).is_some_and(|value| value.get(name).is_some());
    if let Some(root) = ["var", "local"].into_iter().find(is_in) {
        return (problem.did_you_mean(span, format!("{root}.{name}")), true);
    }
    if let Some(help) = habit::variable(name) {
        return (problem.help(help), true);
    }
    let mut names = scope.names();
    if let Some(meant) = did_you_mean(name, names.iter().copied()) {
        return (problem.did_you_mean(span, meant), true);
    }
    names.sort_unstable();
    names.dedup();
    let problem = match names.len() {
        0 => problem.note("nothing can be referred to here"),
        _ => problem.note(format!("what can be referred to here: {}", names.join(", "))),
    };
    (problem, false)
}

pub(super) fn unknown_function(call: &Call, functions: &FunctionTable) -> Diagnostic {
    let Ident { name, span } = &call.name;
    let problem =
        Diagnostic::error(code::UNKNOWN_FUNCTION, format!("There is no function `{name}`")).at(*span);
    let rename =
        |problem: Diagnostic, to: &str| problem.fix(Edit { span: *span, replacement: to.to_owned() });
    match (habit::function(name), call.arguments.as_slice()) {
        (Some(Instead::Words(help)), _) => problem.help(help),
        (Some(Instead::Wrap(before, "")), _) => rename(problem.help(format!("use `{before}()`")), before),
        (Some(Instead::Wrap(before, behind)), arguments) => {
            let close = if behind == ")" { "))" } else { &format!("{behind})") };
            let problem = problem.help(format!("use `{before}(x{close}`"));
            match arguments {
                [argument] => rename(problem, before)
                    .fix(Edit { span: argument.span.at_end(), replacement: behind.to_owned() }),
                _ => problem,
            }
        }
        (None, _) => match did_you_mean(name, functions.names()) {
            Some(meant) => problem.did_you_mean(*span, meant),
            None => problem,
        },
    }
}

/// An attribute is asked of something that has none.
pub(super) fn no_attributes(ty: &Type, name: &str, span: Span, place: &str, place_span: Span) -> Diagnostic {
    let is = ty.with_article();
    let title = match place {
        "the value" => format!("Only objects and maps have attributes, but this is {is}"),
        place => format!("{place} is {is}, which has no attribute \"{name}\""),
    };
    let problem = Diagnostic::error(code::NO_ATTRIBUTE, title).at(span);
    match ty {
        Type::List(_) | Type::Tuple(_) | Type::Set(_) => {
            problem.label(place_span, format!("this is {is}")).help(format!(
                "for the attribute of one element, write `[0].{name}`; of every element, `[*].{name}`"
            ))
        }
        _ => problem,
    }
}
