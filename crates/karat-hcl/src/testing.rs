//! Values and problems as text, for tests.

use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::SourceMap;
use karat_model::value::{Type, Value};

use crate::{Scope, eval, parse_expression};

/// A value as an expression would write it.
pub(crate) fn show(value: &Value) -> String {
    if value.is_itself_sensitive() {
        return format!("sensitive({})", show(&value.clone().unmark()));
    }
    if value.is_error() {
        return "error".to_owned();
    }
    if !value.is_known() {
        return format!("unknown({})", value.ty());
    }
    if value.is_null() {
        return if *value.ty() == Type::Any { "null".to_owned() } else { format!("null({})", value.ty()) };
    }
    if let Some(text) = value.as_str() {
        return format!("{text:?}");
    }
    if let Some(elements) = value.as_slice() {
        let elements = elements.iter().map(show).collect::<Vec<_>>().join(", ");
        return match value.ty() {
            Type::List(_) => format!("list[{elements}]"),
            Type::Set(_) => format!("set[{elements}]"),
            _ => format!("[{elements}]"),
        };
    }
    if let Some(entries) = value.as_map() {
        let entry = |(name, value): (&String, &Value)| format!("{name} = {}", show(value));
        let entries = entries.iter().map(entry).collect::<Vec<_>>().join(", ");
        return if matches!(value.ty(), Type::Map(_)) {
            format!("map{{{entries}}}")
        } else {
            format!("{{{entries}}}")
        };
    }
    value.as_number().map(ToString::to_string).or(value.as_bool().map(|truth| truth.to_string())).unwrap()
}

/// Problems in the order of the text, one per line: `line:column title (what is said there); help`.
pub(crate) fn problems(map: &SourceMap, diagnostics: Diagnostics) -> String {
    let line = |problem: Diagnostic| {
        let place =
            problem.primary.as_ref().map(|label| map.position(label.span).to_string()).unwrap_or_default();
        let warning = if problem.is_error() { "" } else { "warning: " };
        let mut line = format!("{place} {warning}{}", problem.title);
        if let Some(label) = problem.primary.filter(|label| !label.message.is_empty()) {
            line.push_str(&format!(" ({})", label.message));
        }
        problem.help.iter().for_each(|help| line.push_str(&format!("; {help}")));
        line
    };
    diagnostics.into_sorted().into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The value of an expression, or what is wrong with it.
pub(crate) fn value_of(text: &str, scope: &Scope<'_>) -> Result<Value, String> {
    let mut map = SourceMap::new();
    let file = map.add("test", text);
    let mut diagnostics = Diagnostics::new();
    let expr = parse_expression(file, text, &mut diagnostics);
    let value = eval(&expr, scope, &mut diagnostics);
    if value.is_error() { Err(problems(&map, diagnostics)) } else { Ok(value) }
}

/// The same as text.
pub(crate) fn evaluate(text: &str, scope: &Scope<'_>) -> String {
    let mut map = SourceMap::new();
    let file = map.add("test", text);
    let mut diagnostics = Diagnostics::new();
    let expr = parse_expression(file, text, &mut diagnostics);
    let value = eval(&expr, scope, &mut diagnostics);
    assert_eq!(value.is_error(), diagnostics.has_errors(), "an error value goes with a message: {text}");
    if diagnostics.is_empty() { show(&value) } else { problems(&map, diagnostics) }
}

/// Evaluates each expression and compares.
pub(crate) fn check(scope: &Scope<'_>, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(text, expected)| (text, expected, evaluate(text, scope)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(text, expected, found)| format!("{text}\n  expected: {expected}\n  found:    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
