//! What went wrong, where, and how to mend it. Rendering is the business of whoever shows it.

use std::collections::HashSet;

use crate::span::Span;

pub mod code;
mod named_value;
mod suggestion;

pub use code::Code;
pub use named_value::{NamedValue, Shown};
pub use suggestion::did_you_mean;

/// How many diagnostics one run shows before it says that there are more.
const SHOWN: usize = 50;

/// Whether the run can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The run stops.
    Error,
    /// The run goes on.
    Warning,
}

/// A place and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there; empty when the title says it all.
    pub message: String,
}

/// A change of text that would mend the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The text to replace; empty to insert.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of problem.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// The problem in one line.
    pub title: String,
    /// The problem in more words.
    pub detail: Option<String>,
    /// The place where it shows.
    pub primary: Option<Label>,
    /// Other places that help to understand it.
    pub secondary: Vec<Label>,
    /// Facts worth knowing.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
    /// What to do, as changes of text.
    pub fixes: Vec<Edit>,
    /// The enclosing block, for example `source "qemu" "x"`.
    pub context: Option<String>,
    /// What the names of the expression stand for that is wrong. `None` until somebody has looked, so that an outer
    /// expression does not add its own.
    pub values: Option<Vec<NamedValue>>,
}

impl Diagnostic {
    fn new(code: Code, severity: Severity, title: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            title: title.into(),
            detail: None,
            primary: None,
            secondary: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
            context: None,
            values: None,
        }
    }

    /// A problem that stops the run.
    pub fn error(code: Code, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, title)
    }

    /// A problem that does not stop the run.
    pub fn warning(code: Code, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, title)
    }

    /// Sets the place, keeping what was said about it.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        let message = self.primary.map(|label| label.message).unwrap_or_default();
        self.primary = Some(Label { span, message });
        self
    }

    /// Says something about a place. The words belong to the primary place when it is the same one.
    #[must_use]
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        let message = message.into();
        match &mut self.primary {
            Some(primary) if primary.span == span && primary.message.is_empty() => primary.message = message,
            Some(_) => self.secondary.push(Label { span, message }),
            None => self.primary = Some(Label { span, message }),
        }
        self
    }

    /// Adds the longer explanation.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a change of text that mends the problem.
    #[must_use]
    pub fn fix(mut self, edit: Edit) -> Self {
        self.fixes.push(edit);
        self
    }

    /// Adds what was probably meant instead of the text at `span`.
    #[must_use]
    pub fn did_you_mean(self, span: Span, meant: impl Into<String>) -> Self {
        let replacement = meant.into();
        self.help(format!("did you mean `{replacement}`?")).fix(Edit { span, replacement })
    }

    /// Names the enclosing block, for example `source "qemu" "x"`.
    #[must_use]
    pub fn within(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Says what names stand for.
    #[must_use]
    pub fn values(mut self, values: Vec<NamedValue>) -> Self {
        self.values = Some(values);
        self
    }

    /// Whether this stops the run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The problems found so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No problems.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Whether any of them stops the run.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// In the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// For adding to what is said.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.0.iter_mut()
    }

    /// What people see: in the order of the text (those without a place first, as they were found;
    /// errors of a place before its warnings), each problem of a place once, at
    /// most 50.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut all = self.0;
        let place =
            |d: &Diagnostic| d.primary.as_ref().map(|label| (label.span.file, label.span.start, d.severity));
        all.sort_by_key(place);
        let mut seen = HashSet::new();
        all.retain(|d| match &d.primary {
            Some(label) => seen.insert((d.code, Some(label.span), d.title.clone())),
            None => seen.insert((d.code, None, d.title.clone())),
        });
        if all.len() > SHOWN {
            // A cut list must still show why the run stops.
            all.sort_by_key(|d| d.severity);
            let hidden = all.split_off(SHOWN);
            all.sort_by_key(place);
            let severity = hidden.iter().map(|d| d.severity).min().unwrap_or(Severity::Warning);
            all.push(Diagnostic::new(
                code::TOO_MANY,
                severity,
                format!("{} more problems are not shown", hidden.len()),
            ));
        }
        all
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::SourceMap;

    #[test]
    fn sorted_by_place_and_unique() {
        let file = SourceMap::new().add("a", "0123456789");
        let at = |start| Span::new(file, start, start + 1);
        let mut all = Diagnostics::new();
        all.push(Diagnostic::error(code::SYNTAX, "later").at(at(5)));
        all.push(Diagnostic::error(code::CYCLE, "earlier").at(at(1)));
        all.push(Diagnostic::error(code::SYNTAX, "later").at(at(5)));
        all.push(Diagnostic::error(code::SYNTAX, "and more").at(at(5)));
        all.push(Diagnostic::warning(code::DEPRECATED, "nowhere"));
        let titles: Vec<_> = all.into_sorted().into_iter().map(|d| d.title).collect();
        assert_eq!(titles, ["nowhere", "earlier", "later", "and more"]);
    }

    #[test]
    fn a_long_list_is_cut_but_keeps_its_errors() {
        let file = SourceMap::new().add("a", "");
        let mut all: Diagnostics =
            (0..60).map(|n| Diagnostic::warning(code::DEPRECATED, "w").at(Span::new(file, n, n))).collect();
        all.push(Diagnostic::error(code::SYNTAX, "the error").at(Span::new(file, 99, 99)));
        let shown = all.into_sorted();
        assert_eq!(shown.len(), 51);
        assert!(shown.iter().any(|d| d.title == "the error"));
        assert_eq!(shown[50].title, "11 more problems are not shown");
    }
}
