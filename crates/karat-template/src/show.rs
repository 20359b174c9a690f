//! Values as `inspect` and `console` print them.

use karat_gotmpl::{quoted, shortest};
use karat_model::secret::REDACTED;
use karat_model::value::{Number, Value};

/// What stands for a value that is not known.
const UNKNOWN: &str = "<unknown>";

/// A value as text: a string as it is, anything else in the manner of the language, over several lines. What is
/// sensitive is hidden, what is unknown is said to be.
pub(crate) fn show(value: &Value) -> String {
    if !value.is_wholly_known() {
        return UNKNOWN.to_owned();
    }
    match value.as_str() {
        Some(text) if !value.is_sensitive() => text.to_owned(),
        Some(text) => redacted(text),
        None if value.is_null() => "null".to_owned(),
        None if value.is_sensitive() && value.as_slice().is_none() && value.as_map().is_none() => {
            REDACTED.to_owned()
        }
        None => nested(value, 0),
    }
}

/// A secret text as Packer shows it: each line hidden, unless there is nothing to hide.
fn redacted(text: &str) -> String {
    let line = |line: &str| match line.strip_suffix('\r').unwrap_or(line) {
        "" => line.to_owned(),
        secret => line.replacen(secret, REDACTED, 1),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn nested(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth + 1);
    let end = "  ".repeat(depth);
    if let Some(elements) = value.as_slice() {
        if elements.is_empty() {
            return "[]".to_owned();
        }
        let lines = elements.iter().map(|element| format!("{indent}{},\n", nested(element, depth + 1)));
        return format!("[\n{}{end}]", lines.collect::<String>());
    }
    if let Some(entries) = value.as_map() {
        // Attributes that are null are left out.
        let mut entries = entries.iter().filter(|(_, value)| !value.is_null()).peekable();
        if entries.peek().is_none() {
            return "{}".to_owned();
        }
        let entry = |(name, value): (&String, &Value)| {
            format!("{indent}{} = {}\n", quoted(name), nested(value, depth + 1))
        };
        return format!("{{\n{}{end}}}", entries.map(entry).collect::<String>());
    }
    if value.is_null() {
        return "null".to_owned();
    }
    if value.is_sensitive() {
        return quoted(&value.as_str().map_or_else(|| REDACTED.to_owned(), redacted));
    }
    match (value.as_str(), value.as_bool(), value.as_number()) {
        (Some(text), ..) => quoted(text),
        (_, Some(truth), _) => truth.to_string(),
        (.., Some(number)) => show_number(number),
        _ => UNKNOWN.to_owned(),
    }
}

/// Whole numbers in full, others as machine floats: Packer keeps no more of them here.
fn show_number(number: &Number) -> String {
    match (number.to_i64(), number.to_f64()) {
        (Some(whole), _) => whole.to_string(),
        (None, Some(float)) => shortest(float),
        (None, None) => {
            shortest(if number.to_string().starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY })
        }
    }
}
