//! What is wrong with a template: drawn for people at a terminal, in Packer's layout elsewhere.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use karat_model::diagnostic::{Diagnostic, Diagnostics, Severity};
use karat_model::diagnostic_plain::render_plain;
use karat_model::span::{SourceMap, Span};

/// Packer 1.16's layout: `Error: …`, the excerpt, the explanation, each with its own blank lines.
pub(crate) fn plain(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    diagnostics.iter().map(|diagnostic| render_plain(diagnostic, sources)).collect()
}

/// Excerpts with underlines, notes and suggested edits.
pub(crate) fn drawn(diagnostics: &Diagnostics, sources: &SourceMap, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Unicode);
    diagnostics.iter().map(|one| draw(one, sources, &renderer)).collect::<Vec<_>>().join("\n\n")
}

fn draw(diagnostic: &Diagnostic, sources: &SourceMap, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        Group::with_title(level.primary_title(diagnostic.title.as_str()).id(diagnostic.code.name()));
    let labels = diagnostic
        .primary
        .iter()
        .map(|label| (AnnotationKind::Primary, label))
        .chain(diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label)))
        .collect::<Vec<_>>();
    // One excerpt per file, the primary's first.
    let mut files = labels.iter().map(|(_, label)| label.span.file).collect::<Vec<_>>();
    files.dedup();
    let mut shown = Vec::new();
    for file in files {
        if shown.contains(&file) {
            continue;
        }
        shown.push(file);
        let mut snippet = Snippet::source(sources.text(file)).path(sources.name(file));
        for (kind, label) in labels.iter().filter(|(_, label)| label.span.file == file) {
            snippet = snippet.annotation(kind.span(range(label.span)).label(label.message.as_str()));
        }
        group = group.element(snippet);
    }
    if let Some(detail) = &diagnostic.detail {
        group = group.element(Level::NOTE.message(detail.as_str()));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut report = vec![group];
    for fix in &diagnostic.fixes {
        let snippet = Snippet::source(sources.text(fix.span.file)).path(sources.name(fix.span.file));
        let patch = Patch::new(range(fix.span), fix.replacement.as_str());
        report.push(
            Group::with_title(Level::HELP.secondary_title("write this instead"))
                .element(snippet.patch(patch)),
        );
    }
    renderer.render(&report)
}

fn range(span: Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}
