//! Functions of text.

use karat_model::value::{Type, Value};
use unicode_segmentation::UnicodeSegmentation;

use super::argument::{size, text, whole};
use super::{Function, FunctionError, FunctionTable, Param};

pub(super) fn register(table: &mut FunctionTable) {
    let mut of_one = |name: &str, run: fn(&str) -> String| {
        table.insert(
            name,
            Function::new([param("text")], Type::String, move |args| Ok(run(text(args, 0)).into())),
        );
    };
    of_one("chomp", |text| text.trim_end_matches(['\r', '\n']).to_owned());
    of_one("lower", |text| text.chars().map(lower).collect());
    of_one("strrev", |text| text.graphemes(true).rev().collect());
    of_one("title", title);
    of_one("trimspace", |text| text.trim().to_owned());
    of_one("upper", |text| text.chars().map(|c| single(c, c.to_uppercase())).collect());

    let mut of_two = |name: &str, second: &'static str, run: fn(&str, &str) -> Value| {
        table.insert(
            name,
            Function::new([param("text"), param(second)], Type::String, move |args| {
                Ok(run(text(args, 0), text(args, 1)))
            }),
        );
    };
    of_two("trim", "characters", |text, set| text.trim_matches(|c| set.contains(c)).into());
    of_two("trimprefix", "prefix", |text, prefix| text.strip_prefix(prefix).unwrap_or(text).into());
    of_two("trimsuffix", "suffix", |text, suffix| text.strip_suffix(suffix).unwrap_or(text).into());

    let mut question = |name: &str, second: &'static str, run: fn(&str, &str) -> bool| {
        table.insert(
            name,
            Function::new([param("text"), param(second)], Type::Bool, move |args| {
                Ok(run(text(args, 0), text(args, 1)).into())
            }),
        );
    };
    question("endswith", "suffix", |text, suffix| text.ends_with(suffix));
    question("startswith", "prefix", |text, prefix| text.starts_with(prefix));
    question("strcontains", "part", |text, part| text.contains(part));

    let lists = Param::new("lists", Type::list(Type::String));
    table.insert("join", Function::new([param("separator")], Type::String, join).variadic(lists));
    table.insert(
        "split",
        Function::new([param("separator"), param("text")], Type::list(Type::String), |args| Ok(split(args))),
    );
    table.insert(
        "replace",
        Function::new([param("text"), param("search"), param("replacement")], Type::String, |args| {
            Ok(text(args, 0).replace(text(args, 1), text(args, 2)).into())
        }),
    );
    table.insert(
        "indent",
        Function::new([Param::new("spaces", Type::Number), param("text")], Type::String, |args| {
            let indent = format!("\n{}", " ".repeat(size(args, 0)?.min(1_000)));
            Ok(text(args, 1).replace('\n', &indent).into())
        }),
    );
    let (offset, length) = (Param::new("offset", Type::Number), Param::new("length", Type::Number));
    table.insert("substr", Function::new([param("text"), offset, length], Type::String, substr));
}

fn param(name: &'static str) -> Param {
    Param::new(name, Type::String)
}

/// A capital I with a dot loses it, as there is no small one.
fn lower(c: char) -> char {
    if c == 'İ' { 'i' } else { single(c, c.to_lowercase()) }
}

/// The other case of a character; as in Go it stays as it is if that would be several characters (`ß`).
fn single(c: char, mut other_case: impl Iterator<Item = char>) -> char {
    match (other_case.next(), other_case.next()) {
        (Some(other), None) => other,
        _ => c,
    }
}

fn join(args: &[Value]) -> Result<Value, FunctionError> {
    let Some((separator, lists)) = args.split_first() else { return Ok(Value::string("")) };
    let mut parts = Vec::new();
    for (at, list) in lists.iter().enumerate() {
        for element in list.as_slice().unwrap_or_default() {
            let part = element.as_str();
            parts.push(part.ok_or_else(|| FunctionError::argument(at + 1, "its elements must not be null"))?);
        }
    }
    Ok(Value::string(parts.join(separator.as_str().unwrap_or_default())))
}

fn split(args: &[Value]) -> Value {
    let parts: Vec<Value> = match text(args, 0) {
        "" => text(args, 1).chars().map(|c| c.to_string().into()).collect(),
        separator => text(args, 1).split(separator).map(Value::from).collect(),
    };
    Value::list(Type::String, parts)
}

/// The first letter of each word in upper case. As in Go, a word also begins behind an apostrophe.
fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            titled.push(c);
        } else {
            titled.push(single(c, c.to_uppercase()));
        }
        inside = c.is_alphanumeric() || c == '_' || !(c.is_ascii() || c.is_whitespace());
    }
    titled
}

/// Offset and length count what readers take for characters.
fn substr(args: &[Value]) -> Result<Value, FunctionError> {
    let graphemes: Vec<&str> = text(args, 0).graphemes(true).collect();
    let count = i64::try_from(graphemes.len()).unwrap_or(i64::MAX);
    let (offset, length) = (whole(args, 1)?, whole(args, 2)?);
    let start = if offset < 0 { offset.saturating_add(count).max(0) } else { offset };
    let wanted = usize::try_from(length).unwrap_or(usize::MAX);
    let rest = graphemes.iter().skip(usize::try_from(start).unwrap_or(usize::MAX));
    Ok(rest.take(wanted).copied().collect::<String>().into())
}
