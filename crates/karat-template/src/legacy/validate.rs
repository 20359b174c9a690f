//! What holds for a document as a whole: Packer looks at it before it evaluates anything.

use std::collections::BTreeMap;

use karat_hcl::json::Text;
use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit, did_you_mean};
use karat_model::span::Span;

use super::document::Document;
use crate::code;

impl Document {
    /// Whether there are builders, and whether `only`, `except` and `override` name them: as they stand in the document,
    /// not as they are rendered. Those of the error-cleanup-provisioner have no meaning in Packer, and may be anything.
    pub fn validate(&self, diagnostics: &mut Diagnostics) {
        if self.builders.is_empty() {
            let problem = Diagnostic::error(code::MISSING_BUILD, "at least one builder must be defined");
            let start = Span { end: self.span.start + 1, ..self.span };
            diagnostics.push(problem.at(start).help("for example \"builders\": [{ \"type\": \"null\" }]"));
        }
        let names =
            Names(self.builders.iter().map(|builder| (&*builder.name.text, &*builder.kind.text)).collect());
        for (provisioner, n) in self.provisioners.iter().zip(1..) {
            let title = format!("provisioner {n}");
            names.check(&title, &provisioner.only, &provisioner.except, diagnostics);
            for entry in
                provisioner.overrides.iter().filter(|entry| !names.0.contains_key(&*entry.builder.text))
            {
                let problem = format!("{title}: override '{}' doesn't exist", entry.builder.text);
                diagnostics.push(names.unknown(Diagnostic::error(code::OVERRIDE, problem), &entry.builder));
            }
        }
        for (chain, n) in self.post_processors.iter().zip(1..) {
            for (used, m) in chain.iter().zip(1..) {
                names.check(&format!("post-processor {n}.{m}"), &used.only, &used.except, diagnostics);
            }
        }
    }
}

/// The names of all builders, and their types.
struct Names<'d>(BTreeMap<&'d str, &'d str>);

impl Names<'_> {
    fn check(&self, title: &str, only: &[Text], except: &[Text], diagnostics: &mut Diagnostics) {
        if let (Some(only), Some(except)) = (only.first(), except.first()) {
            let title = format!("{title}: only one of 'only' or 'except' may be specified");
            let problem = Diagnostic::error(code::INVALID_META, title);
            diagnostics.push(problem.label(except.span, "excluded here").label(only.span, "selected here"));
            return;
        }
        for (key, names) in [("only", only), ("except", except)] {
            for name in names.iter().filter(|name| !self.0.contains_key(&*name.text)) {
                let title = format!("{title}: '{key}' specified builder '{}' not found", name.text);
                diagnostics.push(self.unknown(Diagnostic::error(code::BAD_REFERENCE, title), name));
            }
        }
    }

    /// The problem that a name is no builder's.
    fn unknown(&self, problem: Diagnostic, name: &Text) -> Diagnostic {
        let problem = problem.at(name.span);
        let same_type =
            || self.0.iter().find(|(_, kind)| **kind == name.text.as_ref()).map(|(name, _)| *name);
        match did_you_mean(&name.text, self.0.keys().copied()).or_else(same_type) {
            Some(near) => problem
                .help(format!("did you mean `{near}`?"))
                .fix(Edit { span: name.span, replacement: format!("\"{near}\"") }),
            None => {
                let names: Vec<&str> = self.0.keys().copied().collect();
                problem.help(format!("the names of the builders: {}", names.join(", ")))
            }
        }
    }
}
