//! Names of user variables that no one has declared or given a value: a slip is seen before it is baked into an image.

use std::collections::{BTreeMap, BTreeSet};

use karat_gotmpl::Template;
use karat_hcl::json::{Node, NodeKind, Property, Text};
use karat_model::diagnostic::{Diagnostic, Diagnostics, did_you_mean};

use super::Document;
use crate::code;

/// Warns of each `{{user "NAME"}}` in the options of components that has no value: Packer renders it to nothing.
pub(super) fn warn(document: &Document, values: &BTreeMap<String, String>, diagnostics: &mut Diagnostics) {
    let mut search = Search { values, seen: BTreeSet::new(), diagnostics };
    for builder in &document.builders {
        search.properties(&builder.options);
    }
    for provisioner in document.provisioners.iter().chain(&document.cleanup) {
        search.properties(&provisioner.options);
        provisioner.overrides.iter().for_each(|over| search.properties(&over.options));
    }
    for processor in document.post_processors.iter().flatten() {
        search.properties(&processor.options);
    }
}

struct Search<'a> {
    values: &'a BTreeMap<String, String>,
    /// Once is enough for a name.
    seen: BTreeSet<String>,
    diagnostics: &'a mut Diagnostics,
}

impl Search<'_> {
    fn properties(&mut self, properties: &[Property]) {
        for property in properties {
            self.text(&property.name);
            self.node(&property.value);
        }
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::String(text) => self.text(text),
            NodeKind::Array(nodes) => nodes.iter().for_each(|node| self.node(node)),
            NodeKind::Object(properties) => self.properties(properties),
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) => {}
        }
    }

    /// What is no Go template is reported by whoever renders it.
    fn text(&mut self, text: &Text) {
        if !text.text.contains("{{") || !text.text.contains("user") {
            return;
        }
        let Ok(template) = Template::parse_any(&text.text) else { return };
        for (name, span) in template.tree().texts_given_to("user") {
            if self.values.contains_key(name) || !self.seen.insert(name.to_owned()) {
                continue;
            }
            // The name without its quotes.
            let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            let place = text.place(narrow(span.start + 1), narrow(span.end.saturating_sub(1)));
            let problem =
                Diagnostic::warning(code::UNDECLARED, format!("The variable `{name}` has no value"))
                    .label(place, "this renders to nothing")
                    .help("declare it in `variables`, or set it with -var or -var-file");
            self.diagnostics.push(match did_you_mean(name, self.values.keys().map(String::as_str)) {
                Some(near) => problem.did_you_mean(place, near),
                None => problem,
            });
        }
    }
}
