//! Values as YAML.

use karat_model::value::Value;

use super::FunctionError;
use super::encoding::json_text;

/// A value as a YAML document in block style, every string and key in quotes unless it has several lines.
pub(super) fn write(value: &Value) -> Result<String, FunctionError> {
    let mut text = String::new();
    push(&mut text, value, 0).map_err(|reason| FunctionError::argument(0, reason))?;
    if value.is_null() || value.ty().is_primitive() && value.as_str().is_none() {
        // A plain word needs a mark for its end when it is the whole document.
        text.push_str("...\n");
    }
    Ok(text)
}

/// Writes a value that begins in this column, and a newline.
fn push(text: &mut String, value: &Value, column: usize) -> Result<(), String> {
    let indent = " ".repeat(column);
    match (value.as_map(), value.as_slice()) {
        (Some(entries), _) if !entries.is_empty() => {
            for (at, (name, entry)) in entries.iter().enumerate() {
                text.push_str(if at > 0 { &indent } else { "" });
                text.push_str(&quoted(name));
                text.push(':');
                let nests_sequence = entry.as_slice().is_some_and(|elements| !elements.is_empty());
                let nests_mapping = entry.as_map().is_some_and(|entries| !entries.is_empty());
                if nests_mapping {
                    text.push_str(&format!("\n{indent}  "));
                    push(text, entry, column + 2)?;
                } else if nests_sequence {
                    // The dashes stand below the key.
                    text.push_str(&format!("\n{indent}"));
                    push(text, entry, column)?;
                } else {
                    text.push(' ');
                    push(text, entry, column)?;
                }
            }
        }
        (_, Some(elements)) if !elements.is_empty() => {
            for (at, element) in elements.iter().enumerate() {
                text.push_str(if at > 0 { &indent } else { "" });
                text.push_str("- ");
                // What spans lines continues right of the dash, but a block of text right of the sequence.
                let is_text = element.as_str().is_some();
                push(text, element, if is_text { column } else { column + 2 })?;
            }
        }
        _ => match value.as_str() {
            Some(string) if is_block(string) => {
                let content = string.trim_end_matches('\n');
                let ending = match string.len() - content.len() {
                    0 => "-",
                    1 if !content.is_empty() => "",
                    _ => "+",
                };
                // Without the number, blanks at the start would count as indentation.
                let width = if string.starts_with([' ', '\n']) { "2" } else { "" };
                text.push_str(&format!("|{width}{ending}\n"));
                let lines = string.strip_suffix('\n').unwrap_or(string);
                for line in lines.split('\n') {
                    if !line.is_empty() {
                        text.push_str(&format!("{indent}  {line}"));
                    }
                    text.push('\n');
                }
            }
            Some(string) => text.push_str(&format!("{}\n", quoted(string))),
            None if value.as_map().is_some() => text.push_str("{}\n"),
            None => text.push_str(&format!("{}\n", json_text(value).map_err(|error| error.to_string())?)),
        },
    }
    Ok(())
}

/// Whether a text has a line break and nothing that a block of lines cannot hold.
fn is_block(text: &str) -> bool {
    let is_plain = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
    text.contains('\n') && !text.starts_with('\t') && text.chars().all(is_plain)
}

/// A text in double quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0b' => quoted.push_str("\\v"),
            '\x0c' => quoted.push_str("\\f"),
            '\x1b' => quoted.push_str("\\e"),
            '\0' => quoted.push_str("\\0"),
            c if c.is_control() && u32::from(c) < 0x100 => {
                quoted.push_str(&format!("\\x{:02X}", u32::from(c)))
            }
            '\u{2028}' => quoted.push_str("\\L"),
            '\u{2029}' => quoted.push_str("\\P"),
            '\u{85}' => quoted.push_str("\\N"),
            '\u{feff}' => quoted.push_str("\\uFEFF"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
