//! How Go prints values where no verb says otherwise.

use crate::Value;
use crate::float::format_float;

/// What an action writes: as `%v`, but nothing is `<no value>`.
pub(crate) fn print_result(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        _ => print(value),
    }
}

/// The verb `%v`.
pub(crate) fn print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format_float(*value, 'g', None, false),
        Value::String(text) => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(print).collect::<Vec<_>>().join(" ")),
        Value::Map(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}:{}", print(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
        Value::Struct(fields) => {
            format!("{{{}}}", fields.values().map(print).collect::<Vec<_>>().join(" "))
        }
    }
}

/// `fmt.Sprint`: a blank stands between two operands when neither is text.
pub(crate) fn print_all(values: &[Value]) -> String {
    let mut text = String::new();
    let mut after_text = true;
    for value in values {
        let is_text = matches!(value, Value::String(_));
        if !after_text && !is_text {
            text.push(' ');
        }
        text.push_str(&print(value));
        after_text = is_text;
    }
    text
}

/// `fmt.Sprintln`: blanks between all operands, and a newline.
pub(crate) fn print_line(values: &[Value]) -> String {
    let mut text = values.iter().map(print).collect::<Vec<_>>().join(" ");
    text.push('\n');
    text
}

/// `%q` of a text: in double quotes, with Go's escapes.
pub(crate) fn quote(text: &str, ascii_only: bool) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        push_quoted(&mut quoted, c, '"', ascii_only);
    }
    quoted.push('"');
    quoted
}

/// `%q` of a number: the character with that code, in single quotes.
pub(crate) fn quote_char(code: i64, ascii_only: bool) -> String {
    let c = u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    let mut quoted = String::from('\'');
    push_quoted(&mut quoted, c, '\'', ascii_only);
    quoted.push('\'');
    quoted
}

fn push_quoted(text: &mut String, c: char, quote: char, ascii_only: bool) {
    match c {
        '\\' => text.push_str("\\\\"),
        c if c == quote => text.extend(['\\', c]),
        '\x07' => text.push_str("\\a"),
        '\x08' => text.push_str("\\b"),
        '\x0c' => text.push_str("\\f"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\x0b' => text.push_str("\\v"),
        c if is_printable(c) && (c.is_ascii() || !ascii_only) => text.push(c),
        c if c.is_ascii() => text.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if u32::from(c) < 0x10000 => text.push_str(&format!("\\u{:04x}", u32::from(c))),
        c => text.push_str(&format!("\\U{:08x}", u32::from(c))),
    }
}

/// Whether Go shows a character as it is. What Rust escapes when debugging is nearly the same set.
pub(crate) fn is_printable(c: char) -> bool {
    match c {
        ' ' | '\'' | '"' | '\\' => true,
        // Combining marks are escaped by Rust only, other blanks by Go only.
        c if c.is_whitespace() => false,
        c => c.escape_debug().count() == 1 || is_combining(c),
    }
}

fn is_combining(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f)
}
