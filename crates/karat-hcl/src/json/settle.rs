//! Properties to arguments and blocks, once it is known which is which.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::schema::Schema;
use karat_model::span::Span;

use super::lower::{Form, lower};
use super::node::{Node, NodeKind, Property};
use crate::expression::Reference;
use crate::tree::{Attribute, Block, Body, Ident, Label};

/// What a name means in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An argument, whose strings are to be read like that.
    Argument(Form),
    /// A kind of block, by what its labels are called.
    Block(&'static [&'static str]),
    /// Blocks that make other blocks; see [`Dynamic`](crate::Dynamic).
    Dynamic,
}

impl Body {
    /// Turns properties into arguments and blocks. What `role` does not know stays a property; those named `//` are
    /// comments and go away. Bodies of blocks keep their properties for whoever knows what they mean.
    pub fn settle(&mut self, role: &dyn Fn(&str) -> Option<Role>, diagnostics: &mut Diagnostics) {
        let mut kept = Vec::new();
        let mut names: HashMap<String, Span> = self
            .attributes
            .iter()
            .map(|attribute| (attribute.name.name.clone(), attribute.name.span))
            .collect();
        for property in std::mem::take(&mut self.properties) {
            match role(&property.name.text) {
                Some(Role::Argument(form)) => {
                    let name = property.name.ident();
                    match names.entry(name.name.clone()) {
                        Entry::Occupied(first) => diagnostics.push(set_twice(&name, *first.get())),
                        Entry::Vacant(entry) => {
                            entry.insert(name.span);
                            let expr = lower(&property.value, form, diagnostics);
                            let span = property.name.span.to(expr.span);
                            self.attributes.push(Attribute { name, expr, span });
                        }
                    }
                }
                Some(Role::Block(labels)) => {
                    Blocks { kind: property.name.ident(), blocks: &mut self.blocks, diagnostics }
                        .add(property, labels);
                }
                Some(Role::Dynamic) => {
                    let first = self.blocks.len();
                    Blocks { kind: property.name.ident(), blocks: &mut self.blocks, diagnostics }
                        .add(property, &["type"]);
                    for block in self.blocks.iter_mut().skip(first) {
                        block.body.settle(&role_in_dynamic, diagnostics);
                    }
                }
                None if property.name.text.as_ref() == "//" => {}
                None => kept.push(property),
            }
        }
        self.properties = kept;
    }

    /// Every variable that the body mentions, wherever that is.
    pub fn references(&self) -> Vec<Reference> {
        let mut references: Vec<Reference> =
            self.attributes.iter().flat_map(|attribute| attribute.expr.references()).collect();
        for property in &self.properties {
            // Mistakes show when it is decided what it means.
            let expr = lower(&property.value, Form::Template, &mut Diagnostics::new());
            references.extend(expr.references());
        }
        references.extend(self.blocks.iter().flat_map(|block| block.body.references()));
        references
    }
}

fn set_twice(name: &Ident, first: Span) -> Diagnostic {
    Diagnostic::error(code::DUPLICATE_ARGUMENT, format!("`{}` is set twice", name.name))
        .label(name.span, "set again here")
        .label(first, "first set here")
        .help("an argument can be set once; remove one of them")
}

/// The body as a schema reads it. What is neither an argument nor a block of the schema stays a property. The bodies of
/// its blocks are left for later.
pub fn settle<'b>(body: &'b Body, schema: &Schema, diagnostics: &mut Diagnostics) -> Cow<'b, Body> {
    if body.properties.is_empty() {
        return Cow::Borrowed(body);
    }
    let mut body = body.clone();
    let role = |name: &str| {
        if schema.attributes.contains_key(name) {
            Some(Role::Argument(Form::Template))
        } else if schema.blocks.contains_key(name) {
            Some(Role::Block(&[]))
        } else {
            (name == "dynamic").then_some(Role::Dynamic)
        }
    };
    body.settle(&role, diagnostics);
    Cow::Owned(body)
}

fn role_in_dynamic(name: &str) -> Option<Role> {
    match name {
        "//" => None,
        "content" => Some(Role::Block(&[])),
        "iterator" => Some(Role::Argument(Form::Expression)),
        _ => Some(Role::Argument(Form::Template)),
    }
}

/// The body that a file or the value of a block is: an object, or an array of objects that count as one.
pub(super) fn body(node: Node, diagnostics: &mut Diagnostics) -> Body {
    let Node { kind, span } = node;
    let end = Span { start: span.end.saturating_sub(1).max(span.start), ..span };
    let mut body = Body { attributes: Vec::new(), blocks: Vec::new(), properties: Vec::new(), end };
    match properties(kind, span) {
        Ok(properties) => body.properties = properties,
        Err(wrong) => diagnostics.push(
            Diagnostic::error(code::WRONG_TYPE, "An object with arguments and blocks is expected here")
                .label(wrong, "this is something else")
                .help("write `{ \"name\": … }`, or an array of such objects"),
        ),
    }
    body
}

/// The properties of an object, or of the objects in an array; null has none. Otherwise the place of what is none.
fn properties(kind: NodeKind, span: Span) -> Result<Vec<Property>, Span> {
    match kind {
        NodeKind::Null => Ok(Vec::new()),
        NodeKind::Object(properties) => Ok(properties),
        NodeKind::Array(elements) => {
            let mut all = Vec::new();
            for element in elements {
                match element.kind {
                    NodeKind::Object(properties) => all.extend(properties),
                    _ => return Err(element.span),
                }
            }
            Ok(all)
        }
        _ => Err(span),
    }
}

/// The blocks of one property.
struct Blocks<'a> {
    kind: Ident,
    blocks: &'a mut Vec<Block>,
    diagnostics: &'a mut Diagnostics,
}

impl Blocks<'_> {
    fn add(&mut self, property: Property, labels: &[&str]) {
        let header = property.name.span;
        self.labelled(property.value, labels, &mut Vec::new(), header);
    }

    /// Blocks whose first labels are known.
    fn labelled(&mut self, node: Node, missing: &[&str], labels: &mut Vec<Label>, header: Span) {
        let Some((label, missing)) = missing.split_first() else {
            return self.unlabelled(node, labels, header);
        };
        let Node { kind, span } = node;
        match properties(kind, span) {
            Ok(properties) if properties.is_empty() => self.diagnostics.push(
                Diagnostic::error(code::LABELS, format!("Missing {label} for {}", self.kind.name))
                    .at(span)
                    .help(format!(
                        "the {label} is the name of a property: `{{ \"{}\": {{ … }} }}`",
                        label.to_uppercase()
                    )),
            ),
            Ok(properties) => {
                for property in properties {
                    let header = property.name.span;
                    labels.push(property.name.label());
                    self.labelled(property.value, missing, labels, header);
                    labels.pop();
                }
            }
            Err(wrong) => self.diagnostics.push(
                Diagnostic::error(
                    code::WRONG_TYPE,
                    format!("An object is expected here, whose properties are named by the {label}"),
                )
                .label(wrong, "this is something else")
                .help(format!(
                    "write `{{ \"{}\": {{ … }} }}`, or an array of such objects",
                    label.to_uppercase()
                )),
            ),
        }
    }

    /// One block, or several in an array; null is none.
    fn unlabelled(&mut self, node: Node, labels: &[Label], header: Span) {
        match node.kind {
            NodeKind::Null => {}
            NodeKind::Object(_) => self.push(node, labels, header),
            NodeKind::Array(elements) => {
                for element in elements {
                    let header = Span { end: element.span.start + 1, ..element.span };
                    self.push(element, labels, header);
                }
            }
            _ => self.diagnostics.push(
                Diagnostic::error(
                    code::UNKNOWN_ARGUMENT,
                    format!("`{}` is a block, not an argument", self.kind.name),
                )
                .label(node.span, "an object is expected here")
                .help("write `{ … }` for one block, `[{ … }, { … }]` for several"),
            ),
        }
    }

    fn push(&mut self, node: Node, labels: &[Label], header: Span) {
        let span = header.to(node.span);
        let body = body(node, self.diagnostics);
        self.blocks.push(Block { kind: self.kind.clone(), labels: labels.to_vec(), body, header, span });
    }
}
