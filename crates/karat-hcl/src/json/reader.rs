//! JSON text to nodes. Slips that are common and clear are reported and mended, so that all of them show at once;
//! anything else is reported and ends the reading.

use std::sync::Arc;

use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit, code, did_you_mean};
use karat_model::span::{FileId, Span};
use karat_model::value::Number;

use super::node::{Node, NodeKind, Property, Text};
use crate::parser::{MAX_DEPTH, SYNTAX};

/// So many problems are enough to report.
const ENOUGH: usize = 50;

/// The value that a text consists of. Problems go to `diagnostics`; after those that leave no doubt about what was meant
/// there is a value all the same.
pub(super) fn read(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut reader =
        Reader { file, text, at: 0, depth: 0, torn: false, commented: false, problems: 0, diagnostics };
    reader.document().ok()
}

/// The problem has been reported; nothing more can be read.
struct Stop;

type Read<R> = Result<R, Stop>;

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    depth: usize,
    /// The last string was not closed on its line: it may have swallowed a comma.
    torn: bool,
    /// A comment was reported: that is said once.
    commented: bool,
    problems: usize,
    diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn document(&mut self) -> Read<Node> {
        if self.text.starts_with('\u{FEFF}') {
            let mark = self.span(0, '\u{FEFF}'.len_utf8());
            self.report(
                Diagnostic::error(SYNTAX, "The file starts with a byte order mark, which JSON does not have")
                    .at(mark)
                    .help("save it as UTF-8 without a byte order mark (BOM)")
                    .fix(Edit { span: mark, replacement: String::new() }),
            )?;
            self.at = mark.end as usize;
        }
        let node = self.value()?;
        if self.space()?.is_some() {
            let found = self.describe();
            return self.stop(
                Diagnostic::error(SYNTAX, "Something follows the end of the JSON value")
                    .label(self.here(), format!("{found} is left over here"))
                    .label(node.span.at_end(), "the value ends here"),
            );
        }
        Ok(node)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    /// The character that comes next; empty at the end.
    fn here(&self) -> Span {
        let len = self.rest().chars().next().map_or(0, char::len_utf8);
        self.span(self.at, self.at + len)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn describe(&self) -> String {
        match self.rest().chars().next() {
            None => "the end of the file".to_owned(),
            Some(c) => format!("`{c}`"),
        }
    }

    fn report(&mut self, problem: Diagnostic) -> Read<()> {
        self.diagnostics.push(problem);
        self.problems += 1;
        if self.problems < ENOUGH { Ok(()) } else { Err(Stop) }
    }

    fn stop<R>(&mut self, problem: Diagnostic) -> Read<R> {
        self.diagnostics.push(problem);
        Err(Stop)
    }

    /// Skips white space and returns what comes next.
    fn space(&mut self) -> Read<Option<u8>> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'#') => self.comment()?,
                Some(b'/') if self.rest().starts_with("//") || self.rest().starts_with("/*") => {
                    self.comment()?;
                }
                next => return Ok(next),
            }
        }
    }

    fn comment(&mut self) -> Read<()> {
        let rest = self.rest();
        let len = if rest.starts_with("/*") {
            rest.get(2..).and_then(|inside| inside.find("*/")).map_or(rest.len(), |at| at + 4)
        } else {
            rest.find('\n').unwrap_or(rest.len())
        };
        let span = self.span(self.at, self.at + rest.get(..len).map_or(len, |text| text.trim_end().len()));
        self.at += len;
        if std::mem::replace(&mut self.commented, true) {
            return Ok(());
        }
        self.report(
            Diagnostic::error(SYNTAX, "JSON has no comments").at(span).help(
                "where arguments and blocks stand, a property named \"//\" is a comment: \"//\": \"…\"",
            ),
        )
    }

    fn value(&mut self) -> Read<Node> {
        match self.space()? {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(|text| Node { span: text.span, kind: NodeKind::String(text) }),
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => self.number(),
            Some(b'_' | b'a'..=b'z' | b'A'..=b'Z') => self.word(),
            next => {
                if let Some(quoted) = self.wrong_quotes() {
                    let text = quoted?;
                    return Ok(Node { span: text.span, kind: NodeKind::String(text) });
                }
                let problem = match next {
                    None => Diagnostic::error(SYNTAX, "The text ends where a value is expected"),
                    Some(b',' | b'}' | b']') => Diagnostic::error(SYNTAX, "The value is missing"),
                    _ => Diagnostic::error(SYNTAX, "A value is expected"),
                };
                let found = self.describe();
                self.stop(problem.label(self.here(), format!("this is {found}")).help(
                    "a value is a string in double quotes, a number, `true`, `false`, `null`, `[…]` or `{…}`",
                ))
            }
        }
    }

    fn enter(&mut self) -> Read<usize> {
        let open = self.at;
        if self.depth >= MAX_DEPTH {
            let problem = format!("This is nested more than {MAX_DEPTH} levels deep");
            return self.stop(
                Diagnostic::error(code::TOO_DEEP, problem).label(self.here(), "the limit is reached here"),
            );
        }
        self.depth += 1;
        self.at += 1;
        Ok(open)
    }

    fn leave(&mut self, open: usize, kind: NodeKind) -> Node {
        self.depth -= 1;
        self.at += 1;
        Node { kind, span: self.span(open, self.at) }
    }

    fn object(&mut self) -> Read<Node> {
        let open = self.enter()?;
        let mut properties = Vec::new();
        while self.element(b'}', open)? {
            let name = self.name()?;
            self.colon(&name)?;
            let value = self.value()?;
            properties.push(Property { name, value });
            self.separator(b'}', open)?;
        }
        Ok(self.leave(open, NodeKind::Object(properties)))
    }

    fn array(&mut self) -> Read<Node> {
        let open = self.enter()?;
        let mut elements = Vec::new();
        while self.element(b']', open)? {
            elements.push(self.value()?);
            self.separator(b']', open)?;
        }
        Ok(self.leave(open, NodeKind::Array(elements)))
    }

    /// Whether there is another element before the bracket that closes.
    fn element(&mut self, close: u8, open: usize) -> Read<bool> {
        loop {
            match self.space()? {
                Some(b',') => {
                    let span = self.here();
                    self.report(
                        Diagnostic::error(SYNTAX, "There is a comma too many")
                            .label(span, "nothing stands before it")
                            .fix(Edit { span, replacement: String::new() }),
                    )?;
                    self.at += 1;
                }
                None => return self.unclosed(open),
                next => return Ok(next != Some(close)),
            }
        }
    }

    /// The comma between two elements.
    fn separator(&mut self, close: u8, open: usize) -> Read<()> {
        let behind = self.at;
        let torn = std::mem::take(&mut self.torn);
        let next = self.space()?;
        let in_object = close == b'}';
        match next {
            Some(b',') => {
                let comma = self.here();
                self.at += 1;
                if self.space()? != Some(close) {
                    return Ok(());
                }
                let bracket = char::from(close);
                self.report(
                    Diagnostic::error(SYNTAX, "There is a comma too many")
                        .label(comma, format!("JSON has no comma before a `{bracket}`"))
                        .fix(Edit { span: comma, replacement: String::new() }),
                )
            }
            Some(next) if next == close => Ok(()),
            Some(b';') => {
                let span = self.here();
                self.at += 1;
                self.report(
                    Diagnostic::error(SYNTAX, "Elements are separated by commas, not by semicolons")
                        .at(span)
                        .fix(Edit { span, replacement: ",".to_owned() }),
                )
            }
            None => self.unclosed(open),
            Some(b':') if !in_object => {
                let help = "names and their values stand in braces: `{ \"name\": … }`";
                let problem = Diagnostic::error(SYNTAX, "The elements of an array have no names");
                let problem = problem.label(self.here(), "this would set what stands before it").help(help);
                self.stop(problem.label(self.span(open, open + 1), "the array starts here"))
            }
            Some(b'}' | b']') => {
                let found = self.describe();
                let bracket = char::from(close);
                self.stop(
                    Diagnostic::error(SYNTAX, format!("`{bracket}` is expected here, not {found}"))
                        .at(self.here())
                        .label(self.span(open, open + 1), "to close this"),
                )
            }
            Some(b'"' | b'\'' | b'_' | b'a'..=b'z' | b'A'..=b'Z') => self.no_comma(torn, behind),
            Some(b'{' | b'[' | b'-' | b'0'..=b'9') if !in_object => self.no_comma(torn, behind),
            Some(_) => {
                let found = self.describe();
                let bracket = char::from(close);
                self.stop(
                    Diagnostic::error(SYNTAX, format!("`,` or `{bracket}` is expected here, not {found}"))
                        .at(self.here()),
                )
            }
        }
    }

    fn no_comma(&mut self, torn: bool, behind: usize) -> Read<()> {
        if torn {
            return Ok(());
        }
        let place = self.span(behind, behind);
        self.report(
            Diagnostic::error(SYNTAX, "There is no comma between two elements")
                .label(self.here(), "the next element starts here")
                .fix(Edit { span: place, replacement: ",".to_owned() }),
        )
    }

    fn unclosed<R>(&mut self, open: usize) -> Read<R> {
        let open = self.span(open, open + 1);
        let bracket = if self.text.get(open.range()) == Some("{") { '}' } else { ']' };
        self.stop(
            Diagnostic::error(SYNTAX, format!("A `{bracket}` is missing"))
                .label(self.here(), "the text ends here")
                .label(open, "this is not closed"),
        )
    }

    fn name(&mut self) -> Read<Text> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'_' | b'a'..=b'z' | b'A'..=b'Z') => {
                let span = self.token();
                let text = self.text.get(span.range()).unwrap_or("");
                let (name, fix) = (Arc::from(text), Edit { span, replacement: format!("\"{text}\"") });
                self.at = span.end as usize;
                self.report(
                    Diagnostic::error(SYNTAX, "The name of a property is written in double quotes")
                        .at(span)
                        .fix(fix),
                )?;
                Ok(Text { text: name, span, escapes: Box::default() })
            }
            _ => match self.wrong_quotes() {
                Some(text) => text,
                None => {
                    let found = self.describe();
                    self.stop(
                        Diagnostic::error(SYNTAX, "The name of a property is expected, in double quotes")
                            .label(self.here(), format!("this is {found}")),
                    )
                }
            },
        }
    }

    fn colon(&mut self, name: &Text) -> Read<()> {
        let torn = std::mem::take(&mut self.torn);
        let behind = self.at;
        match self.space()? {
            Some(b':') => {
                self.at += 1;
                Ok(())
            }
            _ if torn => Err(Stop),
            Some(b'=') => {
                let len = if self.rest().starts_with("=>") { 2 } else { 1 };
                let span = self.span(self.at, self.at + len);
                self.at += len;
                self.report(
                    Diagnostic::error(SYNTAX, "In JSON a property is set with `:`")
                        .at(span)
                        .fix(Edit { span, replacement: ":".to_owned() }),
                )
            }
            Some(b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b'a'..=b'z') => {
                let fix = Edit { span: self.span(behind, behind), replacement: ":".to_owned() };
                self.report(
                    Diagnostic::error(SYNTAX, "There is no `:` between the name and the value")
                        .label(self.here(), "the value starts here")
                        .fix(fix),
                )
            }
            _ => {
                let found = self.describe();
                self.stop(
                    Diagnostic::error(SYNTAX, format!("The property \"{}\" has no value", name.text))
                        .label(self.here(), format!("`:` is expected here, not {found}")),
                )
            }
        }
    }

    /// Letters, digits and what else may be part of a word or number.
    fn token(&self) -> Span {
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.');
        let rest = self.rest();
        self.span(self.at, self.at + rest.find(|c| !part(c)).unwrap_or(rest.len()))
    }

    fn word(&mut self) -> Read<Node> {
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

    fn number(&mut self) -> Read<Node> {
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

    fn string(&mut self) -> Read<Text> {
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
    fn wrong_quotes(&mut self) -> Option<Read<Text>> {
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
        _ => match did_you_mean(&lower, ["true", "false", "null"].into_iter()) {
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
