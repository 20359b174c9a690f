//! From text to a document. Reports what it can at once, and hands out a document when nothing is wrong.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use karat_hcl::json::{Node, NodeKind, Property, Text, read};
use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit, did_you_mean};
use karat_model::span::FileId;

use super::document::{Document, Variable};
use super::{hint, member, weak};
use crate::code;

/// The keys that the root may have. Their case does not count, as in Packer.
const KEYS: [&str; 10] = [
    "builders",
    "comments",
    "description",
    "error-cleanup-provisioner",
    "min_packer_version",
    "post-processors",
    "provisioners",
    "push",
    "sensitive-variables",
    "variables",
];

impl Document {
    /// Reads a template. `None` when something is wrong with it as a text or as a document: that goes to `diagnostics`.
    /// What Packer finds out later is up to [`Document::validate`].
    pub fn read(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut problems = Diagnostics::new();
        let root = read_json(file, text, &mut problems);
        let document = root.and_then(|root| of_node(&root, &mut problems));
        let document = document.filter(|_| !problems.has_errors());
        diagnostics.extend(problems);
        document
    }
}

/// Reads a file that is to be a legacy JSON template as JSON. `None` when it is none: that goes to `diagnostics`.
pub fn read_json(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut problems = Diagnostics::new();
    let comments =
        "in a legacy JSON template, root keys that start with `_` are comments: \"_comment\": \"…\"";
    let root = read(file, text, comments, &mut problems);
    let hint = if root.is_none() { hint::native(file, text) } else { None };
    match hint {
        Some(hint) => diagnostics.push(hint),
        None => diagnostics.extend(problems),
    }
    root
}

fn of_node(root: &Node, diagnostics: &mut Diagnostics) -> Option<Document> {
    let mut document = Document {
        span: root.span,
        description: None,
        min_packer_version: None,
        comments: Vec::new(),
        variables: Vec::new(),
        parallel: None,
        sensitive: Vec::new(),
        builders: Vec::new(),
        provisioners: Vec::new(),
        cleanup: None,
        post_processors: Vec::new(),
    };
    let NodeKind::Object(properties) = &root.kind else {
        diagnostics
            .push(weak::wrong_type("the template", "an object", root).help("write `{ \"builders\": […] }`"));
        return None;
    };
    if let Some(problem) = hint::json(properties) {
        diagnostics.push(problem);
        return None;
    }
    walk(root, diagnostics);
    let mut taken = HashMap::new();
    for (at, property) in properties.iter().enumerate() {
        match key(&property.name.text) {
            // Written in small letters it counts, whatever else is there.
            Some(key) if *property.name.text == *key => drop(taken.insert(key, at)),
            Some(key) => drop(taken.entry(key).or_insert(at)),
            None => {}
        }
    }
    for (at, property) in properties.iter().enumerate() {
        match key(&property.name.text) {
            Some(key) if taken.get(key) == Some(&at) => document.set(key, &property.value, diagnostics),
            _ if &*property.name.text == "parallel" => document.set_parallel(property, diagnostics),
            _ if property.name.text.starts_with('_') => comment(property, &mut document, diagnostics),
            _ => diagnostics.push(unknown_key(&property.name)),
        }
    }
    Some(document)
}

fn key(name: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|key| key.eq_ignore_ascii_case(name))
}

fn comment(property: &Property, document: &mut Document, diagnostics: &mut Diagnostics) {
    if matches!(property.value.kind, NodeKind::String(_)) {
        document.comments.push(property.clone());
        return;
    }
    let title = format!("the comment \"{}\" must be a string", property.name.text);
    let problem = Diagnostic::error(code::WRONG_TYPE, title);
    diagnostics.push(problem.label(property.value.span, format!("this is {}", weak::kind(&property.value))));
}

fn unknown_key(name: &Text) -> Diagnostic {
    let title = format!("Unknown root level key in template: '{}'", name.text);
    let problem = Diagnostic::error(code::UNKNOWN_ARGUMENT, title).at(name.span);
    // One that stands there twice in different cases is no slip of the pen.
    match did_you_mean(&name.text, KEYS).filter(|near| !near.eq_ignore_ascii_case(&name.text)) {
        Some(near) => problem
            .help(format!("did you mean `{near}`?"))
            .fix(Edit { span: name.span, replacement: format!("\"{near}\"") }),
        None if name.text.as_ref() == "//" => problem.help("the name of a comment starts with `_`"),
        None => problem.help(format!("these are known: {}; others must start with `_`", KEYS.join(", "))),
    }
}

/// What holds anywhere in a file: no name twice in an object, no number that does not fit a double.
fn walk(node: &Node, diagnostics: &mut Diagnostics) {
    match &node.kind {
        NodeKind::Object(properties) => {
            let mut seen = HashMap::with_capacity(properties.len());
            for Property { name, value } in properties {
                match seen.entry(name.text.as_ref()) {
                    Entry::Vacant(entry) => drop(entry.insert(name.span)),
                    Entry::Occupied(first) => {
                        let title = format!("template has duplicate field: {}", name.text);
                        let problem = Diagnostic::error(code::DUPLICATE_KEY, title);
                        let problem = problem.label(name.span, "set again here");
                        diagnostics.push(problem.label(*first.get(), "first set here"));
                    }
                }
                walk(value, diagnostics);
            }
        }
        NodeKind::Array(elements) => elements.iter().for_each(|element| walk(element, diagnostics)),
        NodeKind::Number(number) if number.to_f64().is_none() => {
            let problem =
                Diagnostic::error(code::NO_NUMBER, "The number is too large for a legacy JSON template");
            diagnostics.push(problem.at(node.span));
        }
        _ => {}
    }
}

impl Document {
    fn set(&mut self, key: &str, value: &Node, diagnostics: &mut Diagnostics) {
        match key {
            "description" => self.description = weak::string(key, value, diagnostics),
            "min_packer_version" => self.min_packer_version = weak::string(key, value, diagnostics),
            "variables" => self.variables = variables(weak::object(key, value, diagnostics), diagnostics),
            "sensitive-variables" => {
                let names = weak::array(key, value, diagnostics).iter();
                self.sensitive = names
                    .filter_map(|name| weak::string("the name of a variable", name, diagnostics))
                    .collect();
            }
            "builders" => {
                self.builders = member::builders(weak::array(key, value, diagnostics), diagnostics);
            }
            "provisioners" => {
                let all = weak::array(key, value, diagnostics).iter().zip(1..);
                let read = |(node, n): (_, usize)| {
                    member::provisioner(node, &format!("provisioner {n}"), diagnostics)
                };
                self.provisioners = all.filter_map(read).collect();
            }
            "error-cleanup-provisioner" if value.kind != NodeKind::Null => {
                self.cleanup = member::provisioner(value, key, diagnostics);
            }
            "post-processors" => {
                let all = weak::array(key, value, diagnostics).iter().zip(1..);
                self.post_processors = all.map(|(node, n)| member::chain(node, n, diagnostics)).collect();
            }
            "comments" => {
                for comments in weak::array(key, value, diagnostics) {
                    let comments = weak::object("a comment", comments, diagnostics);
                    comments.iter().for_each(|property| comment(property, self, diagnostics));
                }
            }
            // Of the service that it was for, nothing is left.
            "push" => drop(weak::object(key, value, diagnostics)),
            _ => {}
        }
    }
}

impl Document {
    /// Reports what Karat has and Packer does not know: for `--strict`.
    pub fn refuse_ours(&self, diagnostics: &mut Diagnostics) {
        diagnostics.extend(self.parallel.iter().map(|(key, _)| unknown_key(key)));
    }

    fn set_parallel(&mut self, property: &Property, diagnostics: &mut Diagnostics) {
        match property.value.kind {
            NodeKind::Bool(truth) => self.parallel = Some((property.name.clone(), truth)),
            _ => diagnostics.push(weak::wrong_type("parallel", "true or false", &property.value)),
        }
    }
}

fn variables(properties: &[Property], diagnostics: &mut Diagnostics) -> Vec<Variable> {
    let read = |property: &Property| {
        let default = match &property.value.kind {
            NodeKind::Null => None,
            NodeKind::String(text) => Some(text.clone()),
            _ => {
                let name = format!("variable {}: its default", property.name.text);
                let problem =
                    weak::wrong_type(&name, "a string, or null if a value must be given", &property.value);
                diagnostics.push(match weak::text(&property.value) {
                    Some(text) => problem.fix(Edit { span: text.span, replacement: quoted(property) }),
                    None => problem.help("a list can be written as text with commas: \"a,b\""),
                });
                return None;
            }
        };
        Some(Variable { name: property.name.clone(), default })
    };
    properties.iter().filter_map(read).collect()
}

/// A number or truth value as a string.
fn quoted(property: &Property) -> String {
    match &property.value.kind {
        NodeKind::Bool(truth) => format!("\"{truth}\""),
        NodeKind::Number(number) => format!("\"{}\"", weak::digits(number)),
        _ => String::new(),
    }
}
