//! Builders, provisioners and post-processors of a document: the keys that are Packer's own, and the rest.

use std::collections::HashMap;
use std::sync::Arc;

use karat_hcl::json::{Node, NodeKind, Property, Text};
use karat_model::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use karat_model::duration;
use karat_model::span::Span;

use super::document::{Builder, Override, PostProcessor, Provisioner};
use super::weak;
use crate::code;

pub(super) fn builders(nodes: &[Node], diagnostics: &mut Diagnostics) -> Vec<Builder> {
    let mut names: HashMap<Arc<str>, Text> = HashMap::new();
    let mut builders = Vec::new();
    for (node, n) in nodes.iter().zip(1..) {
        let title = format!("builder {n}");
        let Some(mut keys) = Keys::of(node, &title, diagnostics) else { continue };
        let kind = keys.kind("builder", diagnostics);
        let name = keys.text("name", diagnostics).filter(|name| !name.text.is_empty());
        let Some(kind) = kind else { continue };
        let name = name.unwrap_or_else(|| kind.clone());
        if let Some(first) = names.get(&name.text) {
            let problem = format!("{title}: builder with name '{}' already exists", name.text);
            diagnostics.push(
                Diagnostic::error(code::DUPLICATE, problem)
                    .at(name.span)
                    .label(first.span, "the first one is here")
                    .help("give each builder a \"name\" of its own; without one its type is its name"),
            );
            continue;
        }
        names.insert(name.text.clone(), name.clone());
        builders.push(Builder { kind, name, options: keys.rest(), span: node.span });
    }
    builders
}

/// A provisioner, called `title` in messages.
pub(super) fn provisioner(node: &Node, title: &str, diagnostics: &mut Diagnostics) -> Option<Provisioner> {
    let mut keys = Keys::of(node, title, diagnostics)?;
    let kind = keys.kind("provisioner", diagnostics);
    let only = keys.weak_texts("only", diagnostics);
    let except = keys.weak_texts("except", diagnostics);
    let overrides = keys.overrides(diagnostics);
    let pause_before = keys.duration("pause_before", diagnostics);
    let timeout = keys.duration("timeout", diagnostics);
    let max_retries = keys.text("max_retries", diagnostics).filter(|text| !text.text.is_empty());
    let kind = kind?;
    let options = keys.rest();
    let span = node.span;
    Some(Provisioner { kind, only, except, overrides, pause_before, timeout, max_retries, options, span })
}

/// The `n`th element of `post-processors`.
pub(super) fn chain(node: &Node, n: usize, diagnostics: &mut Diagnostics) -> Vec<PostProcessor> {
    let elements = match &node.kind {
        NodeKind::String(_) | NodeKind::Object(_) => std::slice::from_ref(node),
        NodeKind::Array(elements) => elements,
        _ => {
            diagnostics.push(weak::wrong_type(
                &format!("post-processor {n}"),
                "a string, an object or an array",
                node,
            ));
            &[]
        }
    };
    let read = |(element, m)| post_processor(element, &format!("post-processor {n}.{m}"), diagnostics);
    elements.iter().zip(1usize..).filter_map(read).collect()
}

fn post_processor(node: &Node, title: &str, diagnostics: &mut Diagnostics) -> Option<PostProcessor> {
    match &node.kind {
        NodeKind::String(kind) if !kind.text.is_empty() => {
            return Some(PostProcessor {
                kind: kind.clone(),
                name: kind.clone(),
                only: Vec::new(),
                except: Vec::new(),
                keep_input: None,
                options: Vec::new(),
                span: node.span,
            });
        }
        NodeKind::String(_) => {
            diagnostics.push(missing_type(title, "post-processor", node));
            return None;
        }
        NodeKind::Object(_) => {}
        NodeKind::Array(_) => {
            let problem = format!("{title}: sequence not allowed to be nested in a sequence");
            diagnostics.push(Diagnostic::error(code::WRONG_TYPE, problem).at(node.span));
            return None;
        }
        _ => {
            diagnostics.push(weak::wrong_type(title, "a string or an object", node));
            return None;
        }
    }
    let mut keys = Keys::of(node, title, diagnostics)?;
    let kind = keys.kind("post-processor", diagnostics);
    let name = keys.string("name", diagnostics).filter(|name| !name.text.is_empty());
    let only = keys.texts("only", diagnostics);
    let except = keys.texts("except", diagnostics);
    let keep_input = keys.truth("keep_input_artifact", diagnostics);
    let kind = kind?;
    let name = name.unwrap_or_else(|| kind.clone());
    Some(PostProcessor { kind, name, only, except, keep_input, options: keys.rest(), span: node.span })
}

fn missing_type(title: &str, component: &str, node: &Node) -> Diagnostic {
    // The whole of it may be long.
    let brace = Span { end: node.span.start + 1, ..node.span };
    let place = if matches!(node.kind, NodeKind::Object(_)) { brace } else { node.span };
    Diagnostic::error(code::MISSING_ARGUMENT, format!("{title}: missing 'type'"))
        .label(place, format!("this {component} has no type"))
        .help(format!("say which {component} it is: \"type\": \"…\""))
}

/// The properties of an object, from which the ones that are Packer's own are taken out. Their names are to be
/// written exactly so: in Packer, otherwise they are read and then are unknown to the component.
struct Keys<'n> {
    title: &'n str,
    node: &'n Node,
    left: Vec<&'n Property>,
}

impl<'n> Keys<'n> {
    fn of(node: &'n Node, title: &'n str, diagnostics: &mut Diagnostics) -> Option<Self> {
        if let NodeKind::Object(properties) = &node.kind {
            return Some(Self { title, node, left: properties.iter().collect() });
        }
        diagnostics.push(weak::wrong_type(title, "an object", node));
        None
    }

    fn take(&mut self, name: &str) -> Option<&'n Node> {
        let at = self.left.iter().position(|property| property.name.text.as_ref() == name)?;
        Some(&self.left.remove(at).value).filter(|value| value.kind != NodeKind::Null)
    }

    fn rest(self) -> Vec<Property> {
        self.left.into_iter().cloned().collect()
    }

    fn wrong(&self, name: &str, wanted: &str, node: &Node) -> Diagnostic {
        weak::wrong_type(&format!("{}: {name}", self.title), wanted, node)
    }

    fn kind(&mut self, component: &str, diagnostics: &mut Diagnostics) -> Option<Text> {
        let found = self.take("type");
        let kind = found.map(weak::text);
        match kind {
            Some(Some(kind)) if !kind.text.is_empty() => return Some(kind),
            Some(None) => {
                let node = found.unwrap_or(self.node);
                diagnostics.push(self.wrong("type", "a string", node));
            }
            _ => {
                let problem = missing_type(self.title, component, self.node);
                let names = self.left.iter().map(|property| property.name.text.as_ref());
                diagnostics.push(match did_you_mean("type", names.clone()) {
                    Some(near) => problem.help(format!("did you mean \"type\" where \"{near}\" stands?")),
                    None => problem,
                });
            }
        }
        None
    }

    /// A string, or what Packer reads as one.
    fn text(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<Text> {
        let node = self.take(name)?;
        let text = weak::text(node);
        if text.is_none() {
            diagnostics.push(self.wrong(name, "a string", node));
        }
        text
    }

    fn string(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<Text> {
        let node = self.take(name)?;
        weak::string(&format!("{}: {name}", self.title), node, diagnostics)
    }

    fn truth(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let node = self.take(name)?;
        match node.kind {
            NodeKind::Bool(truth) => return Some(truth),
            _ => diagnostics.push(self.wrong(name, "true or false", node)),
        }
        None
    }

    fn texts(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Vec<Text> {
        let Some(node) = self.take(name) else { return Vec::new() };
        let name = format!("{}: {name}", self.title);
        let elements = weak::array(&name, node, diagnostics).iter();
        elements.filter_map(|element| weak::string(&name, element, diagnostics)).collect()
    }

    /// Strings, of which one may stand alone.
    fn weak_texts(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Vec<Text> {
        let Some(node) = self.take(name) else { return Vec::new() };
        let elements = match &node.kind {
            NodeKind::Array(elements) => elements,
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::new();
        for element in elements {
            match weak::text(element) {
                Some(text) => texts.push(text),
                None => diagnostics.push(self.wrong(name, "an array of strings", element)),
            }
        }
        texts
    }

    fn overrides(&mut self, diagnostics: &mut Diagnostics) -> Vec<Override> {
        let Some(node) = self.take("override") else { return Vec::new() };
        let entries = weak::object(&format!("{}: override", self.title), node, diagnostics);
        let title = |builder: &Text| format!("{}: override for '{}'", self.title, builder.text);
        let read = |Property { name, value }: &Property| {
            let options = weak::object(&title(name), value, diagnostics).to_vec();
            Override { builder: name.clone(), options }
        };
        entries.iter().map(read).collect()
    }

    fn duration(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<Text> {
        let node = self.take(name)?;
        let text = match &node.kind {
            NodeKind::String(text) => Some(text.clone()),
            // What follows the point of a number of nanoseconds does not count.
            NodeKind::Number(number) => {
                let whole = number.to_f64().map(|number| number as i64);
                whole.map(|whole| Text::new(format!("{whole}ns"), node.span))
            }
            _ => weak::text(node).map(|text| Text::new(format!("{}ns", text.text), text.span)),
        };
        let Some(text) = text else {
            diagnostics.push(self.wrong(name, "a duration", node));
            return None;
        };
        if let Err(error) = duration::parse(&text.text) {
            let title = format!("{}: {name}: {error}", self.title);
            let problem = Diagnostic::error(code::INVALID_META, title).at(node.span);
            diagnostics
                .push(problem.help("write it as \"30s\", \"5m\" or \"1h30m\"; it can be no Go template"));
        }
        Some(text)
    }
}
