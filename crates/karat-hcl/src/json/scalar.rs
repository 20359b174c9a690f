//! Strings, numbers and words of JSON.

use std::sync::Arc;

use karat_model::diagnostic::{Diagnostic, Edit, did_you_mean};
use karat_model::span::Span;
use karat_model::value::Number;

use super::node::{Node, NodeKind, Text};
use super::reader::{Read, Reader};
use crate::parser::SYNTAX;

/// The values that are words.
const WORDS: [&str; 3] = ["true", "false", "null"];

impl Reader<'_> {
    /// Letters, digits and what else may be part of a word or number.
    pub(super) fn token(&self) -> Span {
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.');
        let rest = self.rest();
        self.span(self.at, self.at + rest.find(|c| !part(c)).unwrap_or(rest.len()))
    }

    pub(super) fn word(&mut self) -> Read<Node> {
        let span = self.token();
        let word = self.text.get(span.range()).unwrap_or("");
        self.at = span.end as usize;
        let kind = match word {
            "true" => NodeKind::Bool(true),
            "false" => NodeKind::Bool(false),
            "null" => NodeKind::Null,
            _ => {
                self.report(unknown_word(word, span))?;
                NodeKind::Null
            }
        };
        Ok(Node { kind, span })
    }

    pub(super) fn number(&mut self) -> Read<Node> {
        let span = self.token();
        let text = self.text.get(span.range()).unwrap_or("");
        self.at = span.end as usize;
        let problem = match number_mistake(text) {
            Some(help) => Diagnostic::error(SYNTAX, format!("`{}` is not a number in JSON", shortened(text)))
                .at(span)
                .help(help),
            None => match text.parse::<Number>() {
                Ok(number) => return Ok(Node { kind: NodeKind::Number(Box::new(number)), span }),
                Err(error) => Diagnostic::error(SYNTAX, format!("This is {error}")).at(span),
            },
        };
        self.report(problem)?;
        Ok(Node { kind: NodeKind::Null, span })
    }

    pub(super) fn string(&mut self) -> Read<Text> {
        let open = self.at;
        self.at += 1;
        let mut from = self.at;
        let mut text = String::new();
        let mut escapes = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    text.push_str(self.text.get(from..self.at).unwrap_or(""));
                    self.escape(&mut text)?;
                    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
                    escapes.push((narrow(text.len()), narrow(self.at)));
                    from = self.at;
                }
                Some(b'\n' | b'\r') | None => return self.torn_string(open),
                Some(byte @ ..0x20) => self.control_character(byte)?,
                Some(_) => self.at += 1,
            }
        }
        let rest = self.text.get(from..self.at).unwrap_or("");
        let text = if escapes.is_empty() { Arc::from(rest) } else { Arc::from(text + rest) };
        self.at += 1;
        Ok(Text { text, span: self.span(open, self.at), escapes: escapes.into() })
    }

    fn torn_string(&mut self, open: usize) -> Read<Text> {
        let span = self.span(open, self.at);
        self.torn = true;
        let problem = Diagnostic::error(SYNTAX, "The string is not closed")
            .label(span, "the closing `\"` is missing on this line")
            .help("in a JSON string a line end is written \\n");
        if self.peek().is_none() {
            return self.stop(problem);
        }
        self.report(problem)?;
        Ok(Text { text: Arc::from(""), span, escapes: Box::default() })
    }

    fn control_character(&mut self, byte: u8) -> Read<()> {
        let span = self.here();
        let written = if byte == b'\t' { "\\t".to_owned() } else { format!("\\u{byte:04x}") };
        let what = if byte == b'\t' { "a tab" } else { "a control character" };
        self.at += 1;
        self.report(
            Diagnostic::error(SYNTAX, format!("In a JSON string {what} is written {written}"))
                .at(span)
                .fix(Edit { span, replacement: written }),
        )
    }

    /// Appends what the escape here stands for.
    fn escape(&mut self, text: &mut String) -> Read<()> {
        let start = self.at;
        let (len, character) = unescape(self.rest());
        self.at += len;
        if let Some(character) = character {
            text.push(character);
            return Ok(());
        }
        let escape = self.text.get(start..self.at).unwrap_or("");
        text.push_str(escape);
        let problem = Diagnostic::error(SYNTAX, format!("`{escape}` means nothing in a JSON string"));
        let span = self.span(start, self.at);
        // The line end is the mistake, then.
        if escape == "\\" {
            return Ok(());
        }
        self.report(
            problem
                .at(span)
                .help("for a backslash write `\\\\`; known are \\n \\r \\t \\b \\f \\\" \\\\ \\/ \\uXXXX")
                .fix(Edit { span: span.at_start(), replacement: "\\".to_owned() }),
        )
    }

    /// Text in quotes that JSON does not have, if it is that what comes next.
    pub(super) fn wrong_quotes(&mut self) -> Option<Read<Text>> {
        let rest = self.rest();
        let open = rest.chars().next()?;
        let close = match open {
            '\'' | '`' => open,
            '\u{2018}' | '\u{2019}' => '\u{2019}',
            '\u{201C}' | '\u{201D}' => '\u{201D}',
            _ => return None,
        };
        let line = rest.lines().next().and_then(|line| line.get(open.len_utf8()..)).unwrap_or("");
        let problem = Diagnostic::error(SYNTAX, "Text is written in double quotes");
        let Some(len) = line.find(close) else {
            return Some(self.stop(problem.at(self.here())));
        };
        let inside = line.get(..len).unwrap_or("");
        let (text, quoted) = (Arc::from(inside), format!("\"{}\"", escaped(inside)));
        let start = self.at;
        self.at += open.len_utf8() + len + close.len_utf8();
        let span = self.span(start, self.at);
        let fix = Edit { span, replacement: quoted };
        let text = Text { text, span, escapes: Box::default() };
        Some(self.report(problem.at(span).fix(fix)).map(|()| text))
    }
}

/// The length of the escape that `text` starts with, and what it stands for. Half of a surrogate pair stands for
/// U+FFFD, as Packer reads it.
fn unescape(text: &str) -> (usize, Option<char>) {
    let Some(selector) = text.chars().nth(1) else { return (1, None) };
    let character = match selector {
        '"' | '\\' | '/' => selector,
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{C}',
        'u' => {
            let Some(high) = code_unit(text) else { return (2, None) };
            let low = text.get(6..).and_then(code_unit).unwrap_or(0);
            return match char::decode_utf16([high, low]).next() {
                Some(Ok(c)) => (if c.len_utf16() == 2 { 12 } else { 6 }, Some(c)),
                _ => (6, Some(char::REPLACEMENT_CHARACTER)),
            };
        }
        '\n' | '\r' => return (1, None),
        other => return (1 + other.len_utf8(), None),
    };
    (2, Some(character))
}

/// The code unit of `\uXXXX` at the start of a text.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)
}

/// A text as it is written inside a JSON string.
pub(super) fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => written.extend(['\\', c]),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c < ' ' => written.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => written.push(c),
        }
    }
    written
}

/// What is wrong with a number: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
fn number_mistake(text: &str) -> Option<&'static str> {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if text.starts_with('+') {
        return Some("leave the `+` out");
    }
    let rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 {
        let fraction = rest.starts_with('.');
        return Some(if fraction {
            "write a digit before the point: 0.5"
        } else {
            "after the `-` a digit is expected"
        });
    }
    if whole > 1 && rest.starts_with('0') {
        return Some("a number does not start with 0; to keep the zeros, put it in double quotes");
    }
    let mut rest = rest.get(whole..).unwrap_or("");
    if let Some(fraction) = rest.strip_prefix('.') {
        if digits(fraction) == 0 {
            return Some("write a digit behind the point: 1.0");
        }
        rest = fraction.get(digits(fraction)..).unwrap_or("");
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits(exponent) == 0 {
            return Some("the exponent has no digits");
        }
        rest = exponent.get(digits(exponent)..).unwrap_or("");
    }
    (!rest.is_empty()).then_some("if this is text, put it in double quotes")
}

fn unknown_word(word: &str, span: Span) -> Diagnostic {
    let problem = Diagnostic::error(SYNTAX, format!("`{}` is not a value in JSON", shortened(word))).at(span);
    let lower = word.to_ascii_lowercase();
    match lower.as_str() {
        "nan" | "infinity" | "inf" => problem.help("JSON has no such number"),
        "none" | "nil" | "undefined" => {
            problem.help("write `null`").fix(Edit { span, replacement: "null".to_owned() })
        }
        _ => match WORDS.into_iter().find(|known| *known == lower).or_else(|| did_you_mean(&lower, WORDS)) {
            Some(meant) => problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Edit { span, replacement: meant.to_owned() }),
            None => problem
                .help("text is written in double quotes")
                .fix(Edit { span, replacement: format!("\"{word}\"") }),
        },
    }
}

/// The start of a text that may be long.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or("")),
        None => text.to_owned(),
    }
}
