//! JSON text to nodes. Slips that are common and clear are reported and mended, so that all of them show at once;
//! anything else is reported and ends the reading.

use std::sync::Arc;

use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit, code};
use karat_model::span::{FileId, Span};

use super::node::{Node, NodeKind, Property, Text};
use crate::parser::{MAX_DEPTH, SYNTAX};

/// So many problems are enough to report.
const ENOUGH: usize = 50;

/// How many values a text may have: far more than people write, and each takes a few hundred bytes of memory.
pub(super) const MAX_VALUES: usize = 1_000_000;

/// The value that a text consists of; `None` when there are problems, which go to `diagnostics`. JSON has no comments:
/// `comments` is the advice for who wrote one.
pub fn read(file: FileId, text: &str, comments: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut reader = Reader {
        file,
        text,
        comments,
        at: 0,
        depth: 0,
        torn: false,
        commented: false,
        problems: 0,
        values: 0,
        diagnostics,
    };
    let node = reader.document().ok();
    node.filter(|_| reader.problems == 0)
}

/// The problem has been reported; nothing more can be read.
pub(super) struct Stop;

pub(super) type Read<R> = Result<R, Stop>;

pub(super) struct Reader<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    comments: &'a str,
    pub(super) at: usize,
    depth: usize,
    /// The last string was not closed on its line: it may have swallowed a comma.
    pub(super) torn: bool,
    /// A comment was reported: that is said once.
    commented: bool,
    problems: usize,
    values: usize,
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

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    /// The character that comes next; empty at the end.
    pub(super) fn here(&self) -> Span {
        let len = self.rest().chars().next().map_or(0, char::len_utf8);
        self.span(self.at, self.at + len)
    }

    pub(super) fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn describe(&self) -> String {
        match self.rest().chars().next() {
            None => "the end of the file".to_owned(),
            Some(c) => format!("`{c}`"),
        }
    }

    pub(super) fn report(&mut self, problem: Diagnostic) -> Read<()> {
        self.diagnostics.push(problem);
        self.problems += 1;
        if self.problems < ENOUGH { Ok(()) } else { Err(Stop) }
    }

    pub(super) fn stop<R>(&mut self, problem: Diagnostic) -> Read<R> {
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
        self.report(Diagnostic::error(SYNTAX, "JSON has no comments").at(span).help(self.comments))
    }

    fn value(&mut self) -> Read<Node> {
        self.values += 1;
        if self.values > MAX_VALUES {
            let problem = format!("The file has more than {MAX_VALUES} values");
            return self.stop(
                Diagnostic::error(code::TOO_LARGE, problem).label(self.here(), "the limit is reached here"),
            );
        }
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
}
