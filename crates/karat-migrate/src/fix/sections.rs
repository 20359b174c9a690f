//! The parts of a template that fixers look at.

use karat_hcl::json::{Node, NodeKind, Property};
use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::span::Span;

use super::rule::Section;
use crate::json::{Json, Object};

/// The root keys with components.
const KEYS: [&str; 3] = ["builders", "provisioners", "post-processors"];

/// The components of a template.
pub(super) struct Sections<'t, 'n> {
    builders: Vec<Component<'t, 'n>>,
    provisioners: Vec<Component<'t, 'n>>,
    post_processors: Vec<Component<'t, 'n>>,
    has_post_processors: bool,
}

/// A component.
pub(super) struct Component<'t, 'n> {
    pub(super) options: &'t mut Object,
    /// What it was before.
    node: &'n Node,
    /// What it is called: `builder 1`.
    pub(super) title: String,
}

impl<'t, 'n> Sections<'t, 'n> {
    /// Finds the components of a template. `None` if it is no template: that goes to `diagnostics`.
    ///
    /// As Packer's first fixer does, it gives a template without builders `"builders": null`.
    pub(super) fn of(template: &'t mut Json, root: &'n Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let Json::Object(keys) = template else {
            let problem = wrong_type("the template", "an object", root);
            diagnostics.push(problem.help("write `{ \"builders\": […] }`"));
            return None;
        };
        for key in KEYS {
            // Gives it its proper name.
            if let Some((_, value)) =
                property(root, key).and_then(|found| keys.remove_entry(found.name.text.as_ref()))
            {
                keys.insert(key.to_owned(), value);
            }
        }
        keys.entry("builders".to_owned()).or_insert(Json::Null);
        let has_post_processors = keys.get("post-processors").is_some_and(|value| *value != Json::Null);
        let mut sections = Self {
            builders: Vec::new(),
            provisioners: Vec::new(),
            post_processors: Vec::new(),
            has_post_processors,
        };
        for (key, value) in keys.iter_mut().filter(|(key, _)| KEYS.contains(&key.as_str())) {
            let Some(Property { value: node, .. }) = property(root, key) else { continue };
            match key.as_str() {
                "builders" => sections.builders = builders(value, node, diagnostics),
                "provisioners" => sections.provisioners = provisioners(value, node),
                _ => sections.post_processors = post_processors(value, node, diagnostics),
            }
        }
        Some(sections)
    }

    pub(super) fn components(&mut self, section: Section) -> &mut Vec<Component<'t, 'n>> {
        match section {
            Section::Builders => &mut self.builders,
            Section::Provisioners => &mut self.provisioners,
            Section::PostProcessors => &mut self.post_processors,
        }
    }

    pub(super) fn has_post_processors(&self) -> bool {
        self.has_post_processors
    }
}

impl<'t, 'n> Component<'t, 'n> {
    fn of(value: &'t mut Json, node: &'n Node, title: String) -> Option<Self> {
        match value {
            Json::Object(options) => Some(Self { options, node, title }),
            _ => None,
        }
    }

    /// Where an option is written; where the component starts, if it is not written.
    pub(super) fn place_of(&self, option: &str) -> Span {
        match property(self.node, option) {
            Some(property) => property.value.span,
            None => Span { end: self.node.span.start + 1, ..self.node.span },
        }
    }
}

/// The property that counts: the case of a root key does not, but one in small letters goes before others, and the last
/// of several equal ones before the first.
fn property<'n>(object: &'n Node, name: &str) -> Option<&'n Property> {
    let NodeKind::Object(properties) = &object.kind else { return None };
    let last = |same: fn(&str, &str) -> bool| {
        properties.iter().rev().find(|property| same(&property.name.text, name))
    };
    last(|a, b| a == b).or_else(|| last(|a, b| a.eq_ignore_ascii_case(b)))
}

fn builders<'t, 'n>(
    value: &'t mut Json,
    node: &'n Node,
    diagnostics: &mut Diagnostics,
) -> Vec<Component<'t, 'n>> {
    let mut builders = Vec::new();
    for ((value, node), n) in list("builders", value, node, diagnostics).zip(1..) {
        let title = format!("builder {n}");
        if !matches!(value, Json::Object(_) | Json::Null) {
            diagnostics.push(wrong_type(&title, "an object", node));
        }
        builders.extend(Component::of(value, node, title));
    }
    builders
}

/// What stands alone becomes a list of one, as in Packer; only `{}` stays.
fn provisioners<'t, 'n>(value: &'t mut Json, node: &'n Node) -> Vec<Component<'t, 'n>> {
    let stays = match value {
        Json::List(_) | Json::Null => true,
        Json::Object(options) => options.is_empty(),
        _ => false,
    };
    if !stays {
        *value = Json::List(vec![std::mem::replace(value, Json::Null)]);
    }
    let nodes = match &node.kind {
        NodeKind::Array(nodes) => nodes,
        _ => std::slice::from_ref(node),
    };
    let Json::List(values) = value else { return Vec::new() };
    let component = |((value, node), n)| Component::of(value, node, format!("provisioner {n}"));
    values.iter_mut().zip(nodes).zip(1usize..).filter_map(component).collect()
}

fn post_processors<'t, 'n>(
    value: &'t mut Json,
    node: &'n Node,
    diagnostics: &mut Diagnostics,
) -> Vec<Component<'t, 'n>> {
    let mut all = Vec::new();
    for ((value, node), n) in list("post-processors", value, node, diagnostics).zip(1..) {
        match (value, &node.kind) {
            (Json::List(values), NodeKind::Array(nodes)) => {
                let component =
                    |((value, node), m)| Component::of(value, node, format!("post-processor {n}.{m}"));
                all.extend(values.iter_mut().zip(nodes).zip(1usize..).filter_map(component));
            }
            (value, _) => all.extend(Component::of(value, node, format!("post-processor {n}"))),
        }
    }
    all
}

/// The elements of a list. Null has none.
fn list<'t, 'n>(
    key: &str,
    value: &'t mut Json,
    node: &'n Node,
    diagnostics: &mut Diagnostics,
) -> impl Iterator<Item = (&'t mut Json, &'n Node)> + use<'t, 'n> {
    let (values, nodes): (&mut [Json], &[Node]) = match (value, &node.kind) {
        (Json::List(values), NodeKind::Array(nodes)) => (values, nodes),
        (Json::Null, _) => Default::default(),
        _ => {
            diagnostics.push(wrong_type(key, "a list", node));
            Default::default()
        }
    };
    values.iter_mut().zip(nodes)
}

fn wrong_type(name: &str, must_be: &str, node: &Node) -> Diagnostic {
    let title = format!("Error fixing: {name} must be {must_be}");
    Diagnostic::error(code::WRONG_TYPE, title).label(node.span, format!("this is {}", kind(node)))
}

fn kind(node: &Node) -> &'static str {
    match &node.kind {
        NodeKind::Null => "null",
        NodeKind::Bool(_) => "a bool",
        NodeKind::Number(_) => "a number",
        NodeKind::String(_) => "a string",
        NodeKind::Array(_) => "a list",
        NodeKind::Object(_) => "an object",
    }
}
