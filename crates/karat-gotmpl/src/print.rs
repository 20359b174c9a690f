//! How Go prints values where no verb says otherwise.

use crate::Value;
use crate::verb;

/// What an action writes: as `%v`, but nothing is `<no value>`.
pub(crate) fn print_result(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        _ => verb::plain(value),
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
        text.push_str(&verb::plain(value));
        after_text = is_text;
    }
    text
}

/// `fmt.Sprintln`: blanks between all operands, and a newline.
pub(crate) fn print_line(values: &[Value]) -> String {
    let mut text = values.iter().map(verb::plain).collect::<Vec<_>>().join(" ");
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

/// Whether Go shows a character as it is. What Rust escapes in the middle of a text is the same set, but for blanks.
pub(crate) fn is_printable(c: char) -> bool {
    match c {
        ' ' | '\'' | '"' | '\\' => true,
        c if c.is_whitespace() => false,
        c => ['a', c].iter().collect::<String>().escape_debug().count() == 2,
    }
}
