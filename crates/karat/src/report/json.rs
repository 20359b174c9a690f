//! Diagnostics, messages and the events of a run as JSON lines, for editors and programs.
//!
//! A diagnostic is an object with `"type": "diagnostic"` and every field of [`Line`], in this order; what there is none of
//! is null or empty. Lines count from 1, columns in characters from 1, bytes from 0; ends are exclusive. Fields are
//! only ever added. A message is `"type": "message"`, `severity` (`error` or `info`), `text`. The events of a run have
//! `"type": "event"` and the fields of their recorded form ([`karat_model::event`]).

use std::io::{self, Write};

use karat_model::diagnostic::{Diagnostic, Edit, Label, NamedValue, Severity, Shown};
use karat_model::event::Event;
use karat_model::secret::Redactor;
use karat_model::span::{SourceMap, Span};
use serde::Serialize;

use super::Reporter;

/// One diagnostic.
#[derive(Serialize)]
struct Line {
    r#type: &'static str,
    /// `error` or `warning`.
    severity: &'static str,
    /// What `karat explain` explains.
    code: &'static str,
    title: String,
    detail: Option<String>,
    /// The enclosing block.
    context: Option<String>,
    primary: Option<Place>,
    secondary: Vec<Place>,
    values: Vec<NameAndValue>,
    notes: Vec<String>,
    help: Vec<String>,
    /// Changes of text that, made together, mend the problem.
    fixes: Vec<Change>,
}

#[derive(Serialize)]
struct Place {
    #[serde(flatten)]
    range: Range,
    message: String,
}

#[derive(Serialize)]
struct Change {
    #[serde(flatten)]
    range: Range,
    replacement: String,
}

#[derive(Serialize)]
struct Range {
    file: String,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Point {
    line: usize,
    column: usize,
    byte: u32,
}

#[derive(Serialize)]
struct NameAndValue {
    name: String,
    r#type: String,
    /// `known`, `sensitive`, or `at-run-time`.
    state: &'static str,
    /// In few words, where it is known.
    value: Option<String>,
}

/// A diagnostic as one line, its line end included.
pub(super) fn diagnostic(diagnostic: &Diagnostic, sources: &SourceMap, redactor: &Redactor) -> String {
    let writer = Writer { sources, redactor };
    line(&Line {
        r#type: "diagnostic",
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: diagnostic.code.name(),
        title: writer.text(&diagnostic.title),
        detail: diagnostic.detail.as_deref().map(|detail| writer.text(detail)),
        context: diagnostic.context.as_deref().map(|context| writer.text(context)),
        primary: diagnostic.primary.as_ref().map(|label| writer.place(label)),
        secondary: diagnostic.secondary.iter().map(|label| writer.place(label)).collect(),
        values: diagnostic.values.iter().flatten().map(|value| writer.value(value)).collect(),
        notes: diagnostic.notes.iter().map(|note| writer.text(note)).collect(),
        help: diagnostic.help.iter().map(|help| writer.text(help)).collect(),
        fixes: diagnostic.fixes.iter().map(|edit| writer.change(edit)).collect(),
    })
}

/// Something that is said, as one line: `"type": "message"`.
pub(super) fn message(text: &str, is_error: bool) -> String {
    #[derive(Serialize)]
    struct Message<'a> {
        r#type: &'static str,
        severity: &'static str,
        text: &'a str,
    }
    line(&Message { r#type: "message", severity: if is_error { "error" } else { "info" }, text })
}

/// Anything as one line.
fn line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

/// Shows a run as its events, one line each.
pub(super) struct Events {
    out: Box<dyn Write + Send>,
}

impl Events {
    /// Writes to `out`.
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out }
    }
}

impl Reporter for Events {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        #[derive(Serialize)]
        struct Typed<'a> {
            r#type: &'static str,
            #[serde(flatten)]
            event: &'a Event,
        }
        self.out.write_all(line(&Typed { r#type: "event", event }).as_bytes())?;
        self.out.flush()
    }
}

struct Writer<'a> {
    sources: &'a SourceMap,
    redactor: &'a Redactor,
}

impl Writer<'_> {
    fn text(&self, text: &str) -> String {
        self.redactor.redact(text)
    }

    fn range(&self, span: Span) -> Range {
        let point = |span: Span| {
            let position = self.sources.position(span);
            Point { line: position.line, column: position.column, byte: span.start }
        };
        Range {
            file: self.sources.name(span.file).to_owned(),
            start: point(span.at_start()),
            end: point(span.at_end()),
        }
    }

    fn place(&self, label: &Label) -> Place {
        Place { range: self.range(label.span), message: self.text(&label.message) }
    }

    fn change(&self, edit: &Edit) -> Change {
        Change { range: self.range(edit.span), replacement: self.text(&edit.replacement) }
    }

    fn value(&self, value: &NamedValue) -> NameAndValue {
        let (state, text) = match &value.shown {
            Shown::Value(text) => ("known", Some(self.text(text))),
            Shown::Sensitive => ("sensitive", None),
            Shown::AtRunTime => ("at-run-time", None),
        };
        NameAndValue { name: value.name.clone(), r#type: value.ty.clone(), state, value: text }
    }
}
