//! JSON as Go's `encoding/json` holds and writes it when nobody says what to expect: numbers are `f64`, the last of
//! several equal names counts, keys are written in the order of their bytes.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use karat_hcl::json::{Node, NodeKind};
use karat_model::diagnostic::{Diagnostic, Diagnostics, code};

#[cfg(test)]
mod tests;

/// A JSON object.
pub type Object = BTreeMap<String, Json>;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; finite.
    Number(f64),
    /// `"…"`
    Text(String),
    /// `[…]`
    List(Vec<Json>),
    /// `{…}`
    Object(Object),
}

impl Json {
    /// The value of `node`, which was read from `text`. `None` if a number does not fit a double: that goes to
    /// `diagnostics`.
    pub fn read(node: &Node, text: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        Some(match &node.kind {
            NodeKind::Null => Self::Null,
            NodeKind::Bool(truth) => Self::Bool(*truth),
            NodeKind::Number(_) => {
                // As it is written: there is a negative zero.
                let written = text.get(node.span.range()).unwrap_or_default();
                let number = written.parse().ok().filter(|number: &f64| number.is_finite());
                if number.is_none() {
                    let problem = Diagnostic::error(code::NO_NUMBER, "The number is too large for a double");
                    diagnostics.push(problem.at(node.span));
                }
                Self::Number(number?)
            }
            NodeKind::String(text) => Self::Text(text.text.as_ref().to_owned()),
            NodeKind::Array(elements) => {
                let read = |element| Self::read(element, text, diagnostics);
                Self::List(elements.iter().map(read).collect::<Option<_>>()?)
            }
            NodeKind::Object(properties) => {
                let mut object = Object::new();
                for property in properties {
                    let value = Self::read(&property.value, text, diagnostics)?;
                    object.insert(property.name.text.as_ref().to_owned(), value);
                }
                Self::Object(object)
            }
        })
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    fn write(&self, depth: usize, out: &mut impl Write) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(truth) => write!(out, "{truth}"),
            Self::Number(number) => write_number(*number, out),
            Self::Text(text) => write_text(text, out),
            Self::List(elements) => {
                write_all(['[', ']'], depth, out, elements, |element, out| element.write(depth + 1, out))
            }
            Self::Object(object) => write_all(['{', '}'], depth, out, object, |(name, value), out| {
                write_text(name, out)?;
                out.write_str(": ")?;
                value.write(depth + 1, out)
            }),
        }
    }
}

/// Two spaces for each level, no line end behind it. As Packer 1.16 writes fixed templates, `<` and `>` stand as they
/// are while `&` is escaped.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(0, f)
    }
}

fn write_all<T, W: Write>(
    [open, close]: [char; 2],
    depth: usize,
    out: &mut W,
    elements: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut W) -> fmt::Result,
) -> fmt::Result {
    out.write_char(open)?;
    let mut is_empty = true;
    for element in elements {
        if !std::mem::replace(&mut is_empty, false) {
            out.write_char(',')?;
        }
        write!(out, "\n{:1$}", "", 2 * (depth + 1))?;
        write(element, out)?;
    }
    if !is_empty {
        write!(out, "\n{:1$}", "", 2 * depth)?;
    }
    out.write_char(close)
}

/// The shortest digits that read back as the same number; with an exponent where ECMAScript would write one.
fn write_number(number: f64, out: &mut impl Write) -> fmt::Result {
    let size = number.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return write!(out, "{number}");
    }
    let sign = if size < 1.0 { "e" } else { "e+" };
    out.write_str(&format!("{number:e}").replace('e', sign))
}

fn write_text(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\u{8}' => out.write_str("\\b"),
            '\u{c}' => out.write_str("\\f"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\0'..'\u{20}' | '&' | '\u{2028}' | '\u{2029}' => write!(out, "\\u{:04x}", u32::from(c)),
            c => out.write_char(c),
        }?;
    }
    out.write_char('"')
}
