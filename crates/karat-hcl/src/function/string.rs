//! Functions of text.

use karat_model::value::{Type, Value};
use unicode_segmentation::UnicodeSegmentation;

use super::argument::{fits, fits_elements, size, text, whole};
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
    table
        .insert("split", Function::new([param("separator"), param("text")], Type::list(Type::String), split));
    table.insert(
        "replace",
        Function::new([param("text"), param("search"), param("replacement")], Type::String, |args| {
            let (whole, search, replacement) = (text(args, 0), text(args, 1), text(args, 2));
            if replacement.len() > search.len() {
                let growth = replacement.len() - search.len();
                fits(whole.matches(search).count().saturating_mul(growth).saturating_add(whole.len()))?;
            }
            Ok(whole.replace(search, replacement).into())
        }),
    );
    table.insert(
        "indent",
        Function::new([Param::new("spaces", Type::Number), param("text")], Type::String, |args| {
            let (spaces, whole) = (size(args, 0)?, text(args, 1));
            let lines = whole.matches('\n').count();
            if lines == 0 {
                return Ok(whole.into());
            }
            fits(lines.saturating_mul(spaces).saturating_add(whole.len()))?;
            Ok(whole.replace('\n', &format!("\n{}", " ".repeat(spaces))).into())
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

/// The other case of a character; as in Go it stays as it is if that would be several characters (`ß`), but for those
/// that Unicode also gives a simple one.
fn single(c: char, mut other_case: impl Iterator<Item = char>) -> char {
    match (other_case.next(), other_case.next()) {
        (Some(other), None) => other,
        _ => match c {
            '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
                char::from_u32(u32::from(c) + 8).unwrap_or(c)
            }
            'ᾳ' => 'ᾼ',
            'ῃ' => 'ῌ',
            'ῳ' => 'ῼ',
            c => c,
        },
    }
}

/// What a character looks like at the start of a word: its upper case, but for the letters that are two in one.
fn title_case(c: char) -> char {
    match c {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        'ა'..='ჿ' => c,
        c => single(c, c.to_uppercase()),
    }
}

fn join(args: &[Value]) -> Result<Value, FunctionError> {
    let Some((separator, lists)) = args.split_first() else { return Ok(Value::string("")) };
    if lists.is_empty() {
        return Err(FunctionError::new("it takes at least 2 arguments, but 1 was given; a list is missing"));
    }
    let mut parts = Vec::new();
    for (at, list) in lists.iter().enumerate() {
        for element in list.as_slice().unwrap_or_default() {
            let part = element.as_str();
            parts.push(part.ok_or_else(|| FunctionError::argument(at + 1, "its elements must not be null"))?);
        }
    }
    let separator = separator.as_str().unwrap_or_default();
    let separators = parts.len().saturating_sub(1).saturating_mul(separator.len());
    fits(parts.iter().map(|part| part.len()).fold(separators, usize::saturating_add))?;
    Ok(Value::string(parts.join(separator)))
}

fn split(args: &[Value]) -> Result<Value, FunctionError> {
    fits_elements(match text(args, 0) {
        "" => text(args, 1).chars().count(),
        separator => text(args, 1).matches(separator).count(),
    })?;
    let parts: Vec<Value> = match text(args, 0) {
        "" => text(args, 1).chars().map(|c| c.to_string().into()).collect(),
        separator => text(args, 1).split(separator).map(Value::from).collect(),
    };
    Ok(Value::list(Type::String, parts))
}

/// The first letter of each word in upper case. As in Go, a word also begins behind an apostrophe.
fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            titled.push(c);
        } else {
            titled.push(title_case(c));
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
    // As in Packer, counting from the end, no characters are all of them.
    let wanted =
        usize::try_from(length).ok().filter(|length| *length > 0 || offset >= 0).unwrap_or(usize::MAX);
    let rest = graphemes.iter().skip(usize::try_from(start).unwrap_or(usize::MAX));
    Ok(rest.take(wanted).copied().collect::<String>().into())
}
