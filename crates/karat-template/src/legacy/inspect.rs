//! What a legacy JSON template has, in words: as it stands there, with nothing rendered.

use std::sync::Arc;

use karat_model::diagnostic::Diagnostics;

use super::document::{Document, Variable};
use super::variables::Variables;
use crate::inputs::Inputs;
use crate::inspect::{Inspection, Said};
use crate::load::Loaded;

/// Packer says so behind everything.
const NOTE: &str = "\nNote: If your build names contain user variables or template\n\
                    functions such as 'timestamp', these are processed at build time,\n\
                    and therefore only show in their raw form here.";

/// Describes a template. As in Packer, what is wrong with the values of variables does not matter.
pub(crate) fn inspect(loaded: &Loaded, document: Option<&Document>, inputs: &Inputs<'_>) -> Inspection {
    let diagnostics = loaded.diagnostics.clone();
    let Some(document) = document.filter(|_| !diagnostics.has_errors()) else {
        return Inspection {
            messages: None,
            diagnostics,
            sources: loaded.sources.clone(),
            secrets: Vec::new(),
        };
    };
    let mut sources = loaded.sources.as_ref().clone();
    let variables = Variables::collect(document, loaded, inputs, &mut sources, &mut Diagnostics::new());
    let messages = Some(describe(document));
    Inspection { messages, diagnostics, sources: Arc::new(sources), secrets: variables.secrets }
}

fn describe(document: &Document) -> Vec<Said> {
    let mut words = Words { said: Vec::new() };
    words.line("Packer Inspect: JSON mode");
    if let Some(description) =
        document.description.as_ref().filter(|description| !description.text.is_empty())
    {
        words.line("Description:\n");
        words.line(format!("{}\n", description.text));
    }
    words.variables(document);
    words.line("");
    words.line("Builders:\n");
    if document.builders.is_empty() {
        words.line("  <No builders>");
    }
    let mut builders: Vec<_> = document.builders.iter().collect();
    builders.sort_by(|a, b| a.name.text.cmp(&b.name.text));
    let width = builders.iter().map(|builder| builder.name.text.len()).max().unwrap_or(0);
    for builder in builders {
        let (name, kind) = (&builder.name.text, &builder.kind.text);
        words.record("template-builder", [name, kind]);
        let kind = if name == kind { String::new() } else { format!(" ({kind})") };
        words.line(format!("  {name}{}{kind}", " ".repeat(width - name.len())));
    }
    words.line("");
    words.line("Provisioners:\n");
    if document.provisioners.is_empty() {
        words.line("  <No provisioners>");
    }
    for provisioner in &document.provisioners {
        words.record("template-provisioner", [provisioner.kind.text.as_ref()]);
        words.line(format!("  {}", provisioner.kind.text));
    }
    words.line(NOTE);
    words.said
}

struct Words {
    said: Vec<Said>,
}

impl Words {
    fn line(&mut self, text: impl Into<String>) {
        self.said.push(Said::Line(text.into()));
    }

    fn record<'a>(
        &mut self,
        category: &'static str,
        arguments: impl IntoIterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>,
    ) {
        let arguments = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        self.said.push(Said::Record { category, arguments });
    }

    fn variables(&mut self, document: &Document) {
        if document.variables.is_empty() {
            self.line("Variables:\n");
            self.line("  <No variables>");
            return;
        }
        let mut variables: Vec<&Variable> = document.variables.iter().collect();
        variables.sort_by(|a, b| a.name.text.cmp(&b.name.text));
        let (required, optional): (Vec<&Variable>, Vec<&Variable>) =
            variables.iter().partition(|variable| variable.default.is_none());
        if !required.is_empty() {
            self.line("Required variables:\n");
            for variable in required {
                self.record(
                    "template-variable",
                    [variable.name.text.as_ref(), &default(variable, document), "1"],
                );
                self.line(format!("  {}", variable.name.text));
            }
            self.line("");
        }
        self.line("Optional variables and their defaults:\n");
        let width = variables.iter().map(|variable| variable.name.text.len()).max().unwrap_or(0);
        for variable in optional {
            let (name, default) = (variable.name.text.as_ref(), default(variable, document));
            self.record("template-variable", [name, &default, "0"]);
            self.line(format!("  {name}{} = {default}", " ".repeat(width - name.len())));
        }
    }
}

/// The default of a variable. What a sensitive one has is not shown, also not by another one.
fn default(variable: &Variable, document: &Document) -> String {
    let text = variable.default.as_ref().map_or("", |default| default.text.as_ref());
    let sensitive = |name: &str| document.sensitive.iter().any(|sensitive| *sensitive.text == *name);
    let same = |other: &&Variable| other.default.as_ref().is_some_and(|default| *default.text == *text);
    let is_secret = sensitive(&variable.name.text)
        || !text.is_empty()
            && document.variables.iter().filter(same).any(|other| sensitive(&other.name.text));
    if is_secret { "<sensitive>".to_owned() } else { text.to_owned() }
}
