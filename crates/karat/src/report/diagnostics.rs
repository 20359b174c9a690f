//! What is wrong with a template: drawn for people at a terminal, in Packer's layout elsewhere.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use karat_model::diagnostic::{Diagnostic, Diagnostics, NamedValue, Severity};
use karat_model::diagnostic_plain::render_plain;
use karat_model::span::{FileId, SourceMap, Span};

/// How wide drawings are; longer lines are cut around what they are about.
const WIDTH: usize = 140;

/// Packer 1.16's layout: `Error: …`, the excerpt, the explanation, each with its own blank lines.
pub(crate) fn plain(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    diagnostics.iter().map(|diagnostic| render_plain(diagnostic, sources)).collect()
}

/// Excerpts with underlines, notes and suggested edits.
pub(crate) fn drawn(diagnostics: &Diagnostics, sources: &SourceMap, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Unicode).term_width(WIDTH);
    diagnostics.iter().map(|one| draw(one, sources, &renderer)).collect::<Vec<_>>().join("\n\n")
}

/// The line that says how to learn more: once, behind everything.
pub(crate) fn more(diagnostics: &Diagnostics) -> String {
    let mut codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code.name()).collect();
    codes.sort_unstable();
    codes.dedup();
    match codes.as_slice() {
        [] => String::new(),
        [code] => format!("For more: karat explain {code}\n"),
        codes => format!("For more: karat explain CODE; the codes are {}\n", codes.join(", ")),
    }
}

fn draw(diagnostic: &Diagnostic, sources: &SourceMap, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.title.as_str()).id(diagnostic.code.name());
    let mut group = Group::with_title(title);
    let primary = diagnostic.primary.iter().map(|label| (AnnotationKind::Primary, label));
    let secondary = diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label));
    let labels: Vec<_> = primary.chain(secondary).collect();
    for file in files(labels.iter().map(|(_, label)| label.span)) {
        let here = || labels.iter().filter(|(_, label)| label.span.file == file);
        let excerpt = Excerpt::new(file, here().map(|(_, label)| label.span), sources);
        let annotations =
            here().map(|(kind, label)| kind.span(excerpt.range(label.span)).label(label.message.as_str()));
        group = group.element(excerpt.snippet().annotations(annotations));
    }
    if let Some(detail) = &diagnostic.detail {
        group = group.element(Level::NOTE.message(detail.as_str()));
    }
    let values: Vec<String> = diagnostic.values.iter().flatten().map(NamedValue::sentence).collect();
    if !values.is_empty() {
        group = group.element(Level::INFO.with_name("where").message(values.join("\n")));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut report = vec![group];
    for file in files(diagnostic.fixes.iter().map(|fix| fix.span)) {
        let here = || diagnostic.fixes.iter().filter(|fix| fix.span.file == file);
        let excerpt = Excerpt::new(file, here().map(|fix| fix.span), sources);
        let patches = here().map(|fix| Patch::new(excerpt.range(fix.span), fix.replacement.as_str()));
        let adds = here().all(|fix| fix.span.range().is_empty() && fix.replacement.contains('\n'));
        let title = if adds {
            "add this"
        } else if here().all(|fix| fix.replacement.is_empty()) {
            "leave this out"
        } else {
            "write this instead"
        };
        report.push(
            Group::with_title(Level::HELP.secondary_title(title)).element(excerpt.snippet().patches(patches)),
        );
    }
    renderer.render(&report)
}

/// Each file once, in the order of their first mention.
fn files(spans: impl Iterator<Item = Span>) -> Vec<FileId> {
    let mut files = Vec::new();
    for span in spans {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    files
}

/// The lines of a file that are worth looking at: a drawing needs no more of a file of any size.
struct Excerpt<'a> {
    name: &'a str,
    text: &'a str,
    start: usize,
    line: usize,
}

impl<'a> Excerpt<'a> {
    fn new(file: FileId, spans: impl Iterator<Item = Span> + Clone, sources: &'a SourceMap) -> Self {
        let text = sources.text(file);
        let first = spans.clone().map(|span| span.range().start).min().unwrap_or(0).min(text.len());
        let last = spans.map(|span| span.range().end).max().unwrap_or(0).clamp(first, text.len());
        let bytes = text.as_bytes();
        let start = bytes[..first].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = bytes[last..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| last + at + 1);
        let line = sources.position(Span::new(file, start, start)).line;
        Self { name: sources.name(file), text: text.get(start..end).unwrap_or(""), start, line }
    }

    fn snippet<T: Clone>(&self) -> Snippet<'a, T> {
        Snippet::source(self.text).path(self.name).line_start(self.line)
    }

    fn range(&self, span: Span) -> Range<usize> {
        let within = |offset: usize| offset.saturating_sub(self.start).min(self.text.len());
        let Range { start, end } = span.range();
        within(start)..within(end)
    }
}
