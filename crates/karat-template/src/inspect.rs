//! What a template has, in words.

use std::sync::Arc;

use karat_hcl::Scope;
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::SourceMap;

use crate::build::{BuildBlock, Reader, Use};
use crate::code;
use crate::inputs::Inputs;
use crate::legacy;
use crate::load::{Content, Loaded};
use crate::progress::Progress;
use crate::survey::{Survey, Unreadable, survey};
use crate::template::Template;

/// What came of looking at a template.
pub struct Inspection {
    /// What `packer inspect` says. `None` when the text, the declarations or the values of variables are wrong; mistakes in
    /// locals, sources and builds are passed over.
    pub messages: Option<Vec<Said>>,
    /// What is wrong, in the order of the text.
    pub diagnostics: Diagnostics,
    /// The texts that diagnostics point into.
    pub sources: Arc<SourceMap>,
    /// Texts that must not be shown: to be hidden wherever they stand in the messages.
    pub secrets: Vec<String>,
}

/// One thing that is said about a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A message, which may have several lines. A line end comes behind it.
    Line(String),
    /// For machines alone, when they read.
    Record {
        /// What it is about, such as `template-builder`.
        category: &'static str,
        /// What is known about that.
        arguments: Vec<String>,
    },
}

/// Describes a template. Sensitive values show as `<sensitive>`, those that are not known as `<unknown>`. Data sources are
/// read with [`Inputs::read_data`].
pub fn inspect<'a>(loaded: &'a Loaded, inputs: &'a Inputs<'a>) -> Progress<'a, Inspection> {
    let files = match &loaded.content {
        Content::Hcl2(files) => files,
        Content::Legacy(document) => {
            return Progress::Done(legacy::inspect(loaded, document.as_deref(), inputs));
        }
    };
    let inspected = survey(loaded, files, inputs, |survey| {
        let mut builds = String::from("> builds:\n");
        describe_builds(&survey.template, inputs, &survey.scope, &mut builds);
        let messages = ["Packer Inspect: HCL2 mode\n".to_owned(), survey.listing, builds];
        let messages = Some(messages.map(Said::Line).into());
        let Survey { diagnostics, sources, secrets, .. } = survey;
        Inspection { messages, diagnostics, sources, secrets }
    });
    inspected.unwrap_or_else(|Unreadable { diagnostics, sources }| {
        Progress::Done(Inspection { messages: None, diagnostics, sources, secrets: Vec::new() })
    })
}

fn describe_builds(template: &Template<'_>, inputs: &Inputs<'_>, scope: &Scope<'static>, text: &mut String) {
    let reader = Reader::new(template, inputs.schemas, inputs.strict);
    let mut shown = 0;
    for block in &template.builds {
        let mut problems = Diagnostics::new();
        let build = reader.read(block, scope, &mut problems);
        let inside = |problem: &&Diagnostic| {
            let place = problem.primary.as_ref().map(|label| label.span);
            place.is_some_and(|place| block.span.to(place) == block.span && place.file == block.span.file)
        };
        problems.extend(template.deferred.iter().filter(inside).cloned());
        // Packer leaves out a build with mistakes; a name that nobody knows is none, here.
        let unknown = [code::UNKNOWN_COMPONENT, code::UNKNOWN_SOURCE];
        if problems.iter().all(|problem| !problem.is_error() || unknown.contains(&problem.code)) {
            text.push_str(&describe(&build, shown));
            shown += 1;
        }
    }
}

fn describe(build: &BuildBlock<'_>, at: usize) -> String {
    let mut text = match build.name.as_str() {
        "" => format!("\n  > <unnamed build {at}>:\n"),
        name => format!("\n  > {name}:\n"),
    };
    if !build.description.is_empty() {
        text.push_str(&format!("\n  > Description: {}\n", build.description));
    }
    text.push_str("\n    sources:\n");
    for source in &build.sources {
        text.push_str(&format!("\n      {}.{}\n", source.kind, source.local));
    }
    text.push_str("\n    provisioners:\n\n");
    if build.provisioners.is_empty() {
        text.push_str("      <no provisioner>\n");
    }
    for used in &build.provisioners {
        text.push_str(&format!("      {}\n", title(used)));
    }
    text.push_str("\n    post-processors:\n");
    if build.chains.is_empty() {
        text.push_str("\n      <no post-processor>\n");
    }
    for (at, chain) in build.chains.iter().enumerate() {
        text.push_str(&format!("\n      {at}:\n"));
        for used in chain {
            text.push_str(&format!("        {}\n", title(used)));
        }
    }
    text
}

fn title(used: &Use) -> String {
    match &used.name {
        Some(name) => format!("{}.{name}", used.component),
        None => used.component.clone(),
    }
}
