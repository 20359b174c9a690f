//! What people probably meant.

use karat_model::diagnostic::{Diagnostic, code, did_you_mean};
use karat_model::span::Span;
use karat_model::value::Type;

use crate::function::FunctionTable;
use crate::scope::Scope;
use crate::tree::Ident;

pub(super) fn unknown_variable(name: &str, span: Span, scope: &Scope<'_>) -> Diagnostic {
    let names = scope.names();
    let problem = Diagnostic::error(code::UNKNOWN_VARIABLE, format!("There is no `{name}` here")).at(span);
    if let Some(meant) = did_you_mean(name, names.iter().copied()) {
        return problem.help(format!("did you mean `{meant}`?"));
    }
    let mut names = names;
    names.sort_unstable();
    names.dedup();
    let problem = match names.len() {
        0 => problem.note("nothing can be referred to here"),
        _ => problem.note(format!("what can be referred to here: {}", names.join(", "))),
    };
    problem.help(format!("if you meant the text, put it in quotes: \"{name}\""))
}

/// Functions of a related language that people use by habit, and what stands in for them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("filemd5", "md5(file(…))"),
    ("filesha256", "sha256(file(…))"),
    ("list", "[…]"),
    ("map", "{…}"),
    ("one", "try(x[0], null)"),
    ("setsubtract", "[for x in a : x if !contains(b, x)]"),
    ("tobool", "convert(x, bool)"),
    ("tolist", "convert(x, list(string))"),
    ("tomap", "convert(x, map(string))"),
    ("tonumber", "convert(x, number)"),
    ("toset", "convert(x, set(string))"),
    ("tostring", "convert(x, string)"),
    ("uuid", "uuidv4()"),
];

pub(super) fn unknown_function(name: &Ident, functions: &FunctionTable) -> Diagnostic {
    let problem = Diagnostic::error(code::UNKNOWN_FUNCTION, format!("There is no function `{}`", name.name))
        .at(name.span);
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(other, _)| *other == name.name) {
        return problem.help(format!("use `{instead}`"));
    }
    match did_you_mean(&name.name, functions.names()) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem,
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
