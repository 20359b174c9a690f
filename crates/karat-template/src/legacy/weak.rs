//! How Packer reads one JSON type as another: its decoder (mapstructure) is called weakly typed.

use karat_hcl::json::{Node, NodeKind, Property, Text};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::value::Number;

use crate::code;

/// What a value is called.
pub(crate) fn kind(node: &Node) -> &'static str {
    match &node.kind {
        NodeKind::Null => "null",
        NodeKind::Bool(_) => "a truth value",
        NodeKind::Number(_) => "a number",
        NodeKind::String(_) => "a string",
        NodeKind::Array(_) => "an array",
        NodeKind::Object(_) => "an object",
    }
}

/// The problem that `name` is something else than `wanted`.
pub(crate) fn wrong_type(name: &str, wanted: &str, node: &Node) -> Diagnostic {
    let title = format!("{name} must be {wanted}");
    Diagnostic::error(code::WRONG_TYPE, title).label(node.span, format!("this is {}", kind(node)))
}

/// A string, or a number or truth value as one.
pub(crate) fn text(node: &Node) -> Option<Text> {
    match &node.kind {
        NodeKind::String(text) => Some(text.clone()),
        NodeKind::Number(number) => Some(Text::new(digits(number), node.span)),
        NodeKind::Bool(truth) => Some(Text::new(if *truth { "1" } else { "0" }, node.span)),
        NodeKind::Null | NodeKind::Array(_) | NodeKind::Object(_) => None,
    }
}

/// A number with as many digits as a double has: that is what Packer reads.
pub(crate) fn digits(number: &Number) -> String {
    number.to_f64().map(|number| number.to_string()).unwrap_or_default()
}

/// A string. Null is none.
pub(crate) fn string(name: &str, node: &Node, diagnostics: &mut Diagnostics) -> Option<Text> {
    match &node.kind {
        NodeKind::String(text) => return Some(text.clone()),
        NodeKind::Null => {}
        _ => diagnostics.push(wrong_type(name, "a string", node)),
    }
    None
}

/// The elements of an array. Null has none.
pub(crate) fn array<'n>(name: &str, node: &'n Node, diagnostics: &mut Diagnostics) -> &'n [Node] {
    match &node.kind {
        NodeKind::Array(elements) => return elements,
        NodeKind::Null => {}
        _ => diagnostics.push(wrong_type(name, "an array", node)),
    }
    &[]
}

/// The properties of an object. Null has none.
pub(crate) fn object<'n>(name: &str, node: &'n Node, diagnostics: &mut Diagnostics) -> &'n [Property] {
    match &node.kind {
        NodeKind::Object(properties) => return properties,
        NodeKind::Null => {}
        _ => diagnostics.push(wrong_type(name, "an object", node)),
    }
    &[]
}
