//! HCL2 to be written: bodies, values, and how they look as text.

use std::fmt::Write as _;

use karat_hcl::is_identifier;

/// How long a list may be on one line.
const LINE: usize = 80;

/// What stands between braces, or in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Body(Vec<Item>);

#[derive(Clone, Debug, PartialEq)]
enum Item {
    Blank,
    Comment(String),
    Argument(String, Value),
    Block { kind: String, labels: Vec<String>, body: Body },
}

/// What an argument can be set to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// An expression, as it is written.
    Expression(String),
    /// Text in quotes.
    Text(Text),
    List(Vec<Value>),
    Object(Vec<(Text, Value)>),
}

/// A text with values in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// What the text says.
    Plain(String),
    /// `${…}`
    Interpolation(String),
    /// `%{…}`
    Directive(String),
}

impl Body {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An empty line, unless there is one or nothing at all.
    pub(super) fn blank(&mut self) {
        if !matches!(self.0.last(), None | Some(Item::Blank)) {
            self.0.push(Item::Blank);
        }
    }

    /// A comment of as many lines as `text` has.
    pub(super) fn comment(&mut self, text: impl Into<String>) {
        self.0.push(Item::Comment(text.into()));
    }

    pub(super) fn argument(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.push(Item::Argument(name.into(), value.into()));
    }

    pub(super) fn block(&mut self, kind: impl Into<String>, labels: &[&str], body: Body) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        self.0.push(Item::Block { kind: kind.into(), labels, body });
    }

    /// All of `other` behind this.
    pub(super) fn append(&mut self, mut other: Body) {
        self.0.append(&mut other.0);
    }

    /// As the text of a file. With `heredocs`, texts of several lines are written as such.
    pub(super) fn to_text(&self, heredocs: bool) -> String {
        let mut writer = Writer { text: String::new(), heredocs };
        writer.body(self);
        karat_hcl::format(&writer.text)
    }
}

impl Value {
    /// `true` or `false`.
    pub(super) fn truth(truth: bool) -> Self {
        Self::Expression(truth.to_string())
    }

    /// As it is written.
    pub(super) fn to_text(&self) -> String {
        let mut writer = Writer { text: String::new(), heredocs: false };
        writer.value(self);
        karat_hcl::format(&writer.text)
    }

    /// How long it is on one line, if it fits there.
    fn width(&self) -> Option<usize> {
        let width = match self {
            Self::Expression(text) => text.len(),
            Self::Text(text) => text.quoted().len(),
            Self::List(items) => {
                items.iter().map(Self::width).try_fold(2, |sum, width| Some(sum + width? + 2))?
            }
            Self::Object(entries) if entries.is_empty() => 2,
            Self::Object(_) => return None,
        };
        (width <= LINE).then_some(width)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Text::from(text))
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut all = Self::default();
        all.push_plain(text);
        all
    }
}

impl Text {
    pub(super) fn push_plain(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Plain(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push(Piece::Plain(text.to_owned())),
        }
    }

    pub(super) fn push_interpolation(&mut self, expression: impl Into<String>) {
        self.0.push(Piece::Interpolation(expression.into()));
    }

    pub(super) fn push_directive(&mut self, directive: impl Into<String>) {
        self.0.push(Piece::Directive(directive.into()));
    }

    /// The text, if there are no values in it.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Plain(text)] => Some(text),
            _ => None,
        }
    }

    /// The expressions in it, directives included.
    pub(super) fn expressions(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Plain(_) => None,
            Piece::Interpolation(text) | Piece::Directive(text) => Some(text.as_str()),
        })
    }

    /// The expression, if the text is nothing else.
    pub(super) fn sole_expression(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Interpolation(expression)] => Some(expression),
            _ => None,
        }
    }

    /// The text as an expression.
    pub(super) fn expression(&self) -> String {
        self.sole_expression().map_or_else(|| self.quoted(), ToOwned::to_owned)
    }

    pub(super) fn quoted(&self) -> String {
        format!(
            "\"{}\"",
            self.escaped(|c, out| match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if c.is_control() => _ = write!(out, "\\u{:04x}", u32::from(c)),
                c => out.push(c),
            })
        )
    }

    /// The text with each of its characters written by `escape`, and values in between.
    fn escaped(&self, escape: impl Fn(char, &mut String)) -> String {
        let mut out = String::new();
        let mut pieces = self.0.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Interpolation(expression) => _ = write!(out, "${{{expression}}}"),
                Piece::Directive(directive) => _ = write!(out, "%{{ {directive} }}"),
                Piece::Plain(text) => {
                    let mut chars = text.chars().peekable();
                    while let Some(c) = chars.next() {
                        match (c, chars.peek()) {
                            ('$' | '%', Some('{')) => out.extend([c, c]),
                            // `$${` would be an escaped `${`.
                            ('$' | '%', None) if pieces.peek().is_some() => _ = write!(out, "${{\"{c}\"}}"),
                            _ => escape(c, &mut out),
                        }
                    }
                }
            }
        }
        out
    }

    /// As a heredoc, if that says exactly the same and is easier to read.
    fn heredoc(&self) -> Option<String> {
        let Some(Piece::Plain(last)) = self.0.last() else { return None };
        let lines = self.0.iter().map(|piece| match piece {
            Piece::Plain(text) => text.matches('\n').count(),
            _ => 0,
        });
        let readable = self.0.iter().all(|piece| match piece {
            Piece::Plain(text) => text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')),
            _ => true,
        });
        if lines.sum::<usize>() < 2 || !last.ends_with('\n') || !readable {
            return None;
        }
        let text = self.escaped(|c, out| out.push(c));
        let mut marker = "EOF".to_owned();
        while text.lines().any(|line| line.trim() == marker) {
            marker.push('_');
        }
        Some(format!("<<{marker}\n{text}{marker}"))
    }
}

struct Writer {
    text: String,
    heredocs: bool,
}

impl Writer {
    fn body(&mut self, body: &Body) {
        for item in &body.0 {
            match item {
                Item::Blank => {}
                Item::Comment(text) => {
                    for line in text.lines() {
                        let line: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
                        self.text.push_str(format!("# {line}").trim_end());
                        self.text.push('\n');
                    }
                    continue;
                }
                Item::Argument(name, value) => {
                    self.text.push_str(name);
                    self.text.push_str(" = ");
                    match value {
                        Value::Text(text) if self.heredocs => match text.heredoc() {
                            Some(heredoc) => self.text.push_str(&heredoc),
                            None => self.value(value),
                        },
                        _ => self.value(value),
                    }
                }
                Item::Block { kind, labels, body } => {
                    self.text.push_str(kind);
                    for label in labels {
                        self.text.push(' ');
                        self.text.push_str(&Text::from(label.as_str()).quoted());
                    }
                    self.text.push_str(" {\n");
                    self.body(body);
                    self.text.push('}');
                }
            }
            self.text.push('\n');
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Expression(expression) => self.text.push_str(expression),
            Value::Text(text) => self.text.push_str(&text.quoted()),
            Value::List(items) => self.list(items, value.width().is_some()),
            Value::Object(entries) if entries.is_empty() => self.text.push_str("{}"),
            Value::Object(entries) => {
                self.text.push_str("{\n");
                for (key, value) in entries {
                    match key.plain() {
                        Some(name) if is_key(name) => self.text.push_str(name),
                        _ => self.text.push_str(&key.quoted()),
                    }
                    self.text.push_str(" = ");
                    self.value(value);
                    self.text.push('\n');
                }
                self.text.push('}');
            }
        }
    }

    fn list(&mut self, items: &[Value], one_line: bool) {
        self.text.push_str(if one_line { "[" } else { "[\n" });
        for (position, item) in items.iter().enumerate() {
            self.text.push_str(if one_line && position > 0 { ", " } else { "" });
            self.value(item);
            self.text.push_str(if one_line { "" } else { ",\n" });
        }
        self.text.push(']');
    }
}

/// Whether a name can be a key without quotes. `for` would begin something else.
fn is_key(name: &str) -> bool {
    is_identifier(name) && !matches!(name, "for" | "null" | "true" | "false")
}
