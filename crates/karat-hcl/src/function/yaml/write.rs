//! Values as YAML, laid out like libyaml does it, which Packer's library descends from.

use karat_model::value::Value;

use crate::function::FunctionError;

/// Text in quotes goes on in the next line at the first blank behind this column.
const BEST_WIDTH: usize = 80;
/// Keys of more bytes are written behind a question mark.
const LONGEST_SIMPLE_KEY: usize = 128;

/// A value as a YAML document in block style, every string and key in quotes unless it has several lines.
pub(in crate::function) fn write(value: &Value) -> Result<String, FunctionError> {
    let mut writer =
        Writer { text: String::new(), column: 0, indent: None, behind_blank: true, at_line_start: true };
    writer.node(value, Place::Root).map_err(|reason| FunctionError::argument(0, reason))?;
    writer.indent = None;
    writer.line();
    if value.is_null() || value.ty().is_primitive() && value.as_str().is_none() {
        // A plain word needs a mark for its end when it is the whole document.
        writer.text.push_str("...\n");
    }
    Ok(writer.text)
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Element,
    Key,
    /// The value of a key, or a key behind a question mark.
    Entry,
}

struct Writer {
    text: String,
    /// In characters, from 0.
    column: usize,
    /// The column where the current collection's lines begin; none around the document.
    indent: Option<usize>,
    /// The last character is a blank, or none is needed.
    behind_blank: bool,
    /// The line has nothing but indentation, dashes and question marks so far.
    at_line_start: bool,
}

impl Writer {
    fn push(&mut self, c: char) {
        self.text.push(c);
        self.column = if is_break(c) { 0 } else { self.column + 1 };
    }

    /// Goes to the column of the current indentation, in a new line if that is behind us.
    fn line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.at_line_start || self.column > indent || self.column == indent && !self.behind_blank {
            self.push('\n');
        }
        while self.column < indent {
            self.push(' ');
        }
        self.behind_blank = true;
        self.at_line_start = true;
    }

    fn indicator(&mut self, mark: &str, needs_blank: bool) {
        if needs_blank && !self.behind_blank {
            self.push(' ');
        }
        mark.chars().for_each(|c| self.push(c));
        self.behind_blank = false;
        self.at_line_start &= matches!(mark, "-" | "?");
    }

    /// Runs `inside` with deeper indentation.
    fn deeper(
        &mut self,
        indent: usize,
        inside: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        let outer = self.indent.replace(indent);
        inside(self)?;
        self.indent = outer;
        Ok(())
    }

    fn node(&mut self, value: &Value, place: Place) -> Result<(), String> {
        let collection = self.indent.map_or(0, |indent| indent + 2);
        match (value.as_map(), value.as_slice(), value.as_str()) {
            (Some(entries), ..) if entries.is_empty() => self.indicator("{}", true),
            (_, Some([]), _) => self.indicator("[]", true),
            (Some(entries), ..) => self.deeper(collection, |writer| {
                entries.iter().try_for_each(|(name, entry)| writer.entry(name, entry))
            })?,
            (_, Some(elements), _) => {
                // As the value of a key, the dashes stand below the key.
                let indentless = place == Place::Entry && !self.at_line_start;
                let indent = if indentless { self.indent.unwrap_or(0) } else { collection };
                self.deeper(indent, |writer| {
                    elements.iter().try_for_each(|element| {
                        writer.line();
                        writer.indicator("-", true);
                        writer.node(element, Place::Element)
                    })
                })?;
            }
            (.., Some(text)) => {
                self.deeper(self.indent.map_or(2, |indent| indent + 2), |writer| {
                    if text.contains('\n') && place != Place::Key && can_be_block(text) {
                        writer.literal(text);
                    } else {
                        writer.quoted(text, place != Place::Key);
                    }
                    Ok(())
                })?;
            }
            _ => {
                let word = match (value.as_number(), value.as_bool()) {
                    (Some(number), _) => number.to_string(),
                    (_, Some(truth)) => truth.to_string(),
                    _ if value.is_null() => "null".to_owned(),
                    _ => return Err("it is not known yet".to_owned()),
                };
                self.indicator(&word, true);
            }
        }
        Ok(())
    }

    fn entry(&mut self, name: &str, value: &Value) -> Result<(), String> {
        self.line();
        let key = Value::string(name);
        if name.len() <= LONGEST_SIMPLE_KEY && !name.contains(is_break) {
            self.node(&key, Place::Key)?;
            self.indicator(":", false);
        } else {
            self.indicator("?", true);
            self.node(&key, Place::Entry)?;
            self.line();
            self.indicator(":", true);
            self.at_line_start = true;
        }
        self.node(value, Place::Entry)
    }

    /// A block of lines behind `|`.
    fn literal(&mut self, text: &str) {
        self.indicator("|", true);
        if text.starts_with([' ', '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
            // Without the number, blanks at the start would count as indentation.
            self.indicator("2", false);
        }
        let mut last = text.chars().rev();
        match (last.next().is_some_and(is_break), last.next()) {
            (false, _) => self.indicator("-", false),
            (true, before) if before.is_none_or(is_break) => self.indicator("+", false),
            _ => {}
        }
        self.push('\n');
        self.behind_blank = true;
        self.at_line_start = true;
        let mut new_line = true;
        for c in text.chars() {
            if is_break(c) {
                self.push(c);
                self.at_line_start = true;
                new_line = true;
            } else {
                if new_line {
                    self.line();
                }
                self.push(c);
                self.at_line_start = false;
                new_line = false;
            }
        }
    }

    /// Text in double quotes.
    fn quoted(&mut self, text: &str, may_break: bool) {
        self.indicator("\"", true);
        let mut after_blank = false;
        let mut chars = text.chars().enumerate().peekable();
        // As in libyaml, a mark of byte order at the start makes every character suspicious.
        let escape_all = text.starts_with('\u{feff}');
        while let Some((at, c)) = chars.next() {
            if escape_all || needs_escape(c) {
                escape(c).chars().for_each(|c| self.push(c));
                after_blank = false;
            } else if c == ' ' {
                let inside = at > 0 && chars.peek().is_some();
                if may_break && !after_blank && inside && self.column > BEST_WIDTH {
                    self.line();
                    if chars.peek().is_some_and(|(_, next)| *next == ' ') {
                        self.push('\\');
                    }
                } else {
                    self.push(' ');
                }
                after_blank = true;
            } else {
                self.push(c);
                after_blank = false;
            }
        }
        self.indicator("\"", false);
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml takes for printable; it has not heard of characters beyond 16 bits.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && c != '\u{feff}'
}

fn needs_escape(c: char) -> bool {
    !is_printable(c) || is_break(c) || matches!(c, '"' | '\\')
}

/// Whether a text with line breaks has nothing that a block of lines cannot hold.
fn can_be_block(text: &str) -> bool {
    let blank_before_break = text.chars().zip(text.chars().skip(1)).any(|(a, b)| a == ' ' && is_break(b));
    !text.ends_with(' ') && !blank_before_break && text.chars().all(is_printable)
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        c => {
            return match u32::from(c) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
