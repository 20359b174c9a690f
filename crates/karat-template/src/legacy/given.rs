//! Values that the command line gives to the variables of a legacy JSON template.

use std::collections::{BTreeMap, HashSet};

use karat_hcl::json::{NodeKind, Property, Text, read};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::secret::REDACTED;
use karat_model::span::{SourceMap, Span};

use super::{Document, weak};
use crate::code;
use crate::inputs::{Inputs, VarFile};

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) text: Text,
    /// How the text stands in the file: errors inside it can be located.
    pub(super) exact: bool,
    /// Not even a word of it may be shown.
    pub(super) hidden: bool,
}

/// The values of `-var-file` and `-var`, of which the last one counts. Names need not be declared.
pub(super) fn collect(
    document: &Document,
    inputs: &Inputs<'_>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Given> {
    let mut given = BTreeMap::new();
    for file in &inputs.var_files {
        for Property { name, value } in of_file(file, sources, diagnostics) {
            let text = match value.kind {
                NodeKind::String(text) => text,
                // So it is in Packer.
                NodeKind::Null => Text::new("", value.span),
                _ => {
                    let title =
                        format!("Error reading variables in '{}': the value of {}", file.name, name.text);
                    let problem = weak::wrong_type(&title, "a string", &value);
                    diagnostics.push(problem.help("write it in double quotes"));
                    continue;
                }
            };
            given.insert(name.text.to_string(), Given { text, exact: true, hidden: false });
        }
    }
    let sensitive: HashSet<&str> = document.sensitive.iter().map(|name| name.text.as_ref()).collect();
    for (name, text) in &inputs.arguments {
        // Excerpts must not show what is secret.
        let hidden = sensitive.contains(name.as_str());
        let shown = if hidden { REDACTED } else { text };
        let file = sources.add(format!("<value for {name} from arguments>"), shown);
        let text = Text::new(text.as_str(), Span::new(file, 0, shown.len()));
        given.insert(name.clone(), Given { text, exact: false, hidden });
    }
    given
}

fn of_file(file: &VarFile, sources: &mut SourceMap, diagnostics: &mut Diagnostics) -> Vec<Property> {
    let id = sources.add(file.name.as_str(), file.text.as_str());
    let mut problems = Diagnostics::new();
    let comments =
        "a file of values has none; a value that no variable takes does no harm: \"_comment\": \"…\"";
    let node = read(id, &file.text, comments, &mut problems);
    if problems.has_errors() && file.name.ends_with(".hcl") {
        let title = format!("Error reading variables in '{}': it is no JSON file", file.name);
        let problem = Diagnostic::error(code::SYNTAX, title).at(Span::new(id, 0, 0));
        problems =
            [problem.help("a legacy JSON template takes its values from files like { \"name\": \"value\" }")]
                .into_iter()
                .collect();
    }
    diagnostics.extend(problems);
    let Some(node) = node else { return Vec::new() };
    match node.kind {
        NodeKind::Object(properties) => properties,
        NodeKind::Null => Vec::new(),
        _ => {
            let title = format!("Error reading variables in '{}': it", file.name);
            diagnostics.push(weak::wrong_type(&title, "an object", &node));
            Vec::new()
        }
    }
}
