//! Options of a legacy JSON template to a value of the shape that a schema says.
//!
//! Packer reads options loosely (mapstructure, weakly typed): a number may be written as text, a lone value stands for a
//! list of one, text for a list is split at commas, the case of names does not count. Strings for options that are text
//! stay Go templates, for whoever decodes the value; the others are rendered here, because they must be numbers, truth
//! values or lists.

use std::collections::BTreeMap;

use karat_gotmpl::{Template, TemplateError, quoted};
use karat_hcl::json::{Node, NodeKind, Property, Text};
use karat_model::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use karat_model::schema::{self, Nesting, Schema};
use karat_model::value::{Number, Type, Value};

use super::{fixable, stage, weak};
use crate::code;

/// What a text renders to: `None` while that depends on what the build finds out.
pub(super) type Render<'r> = dyn Fn(&str) -> Result<Option<String>, TemplateError> + 'r;

/// Reads the options of one component.
pub(super) struct Lowering<'r, 'd> {
    pub(super) render: &'r Render<'r>,
    /// The component, for options that `fix` mends.
    pub(super) component: &'r str,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl Lowering<'_, '_> {
    /// An object that has every argument and every block of the schema; null, if it is not set.
    pub(super) fn options(&mut self, properties: &[Property], schema: &Schema, path: &str) -> Value {
        let mut found: BTreeMap<&str, &Property> = BTreeMap::new();
        for property in properties {
            match schema_name(&property.name.text, schema) {
                // Of two that differ in case, the one that is written exactly counts; the other one is left over.
                Some(name) => match found.get(name) {
                    Some(_) if *property.name.text != *name => self.unknown(property, schema, path),
                    earlier => {
                        if let Some(earlier) = earlier {
                            self.unknown(earlier, schema, path);
                        }
                        found.insert(name, property);
                    }
                },
                // Packer's own, which nobody can set: it has no effect in Packer.
                None if path.is_empty() && property.name.text.starts_with("packer_") => {
                    let title = format!("`{}` has no effect: Packer sets it itself", property.name.text);
                    self.diagnostics.push(Diagnostic::warning(code::NO_EFFECT, title).at(property.name.span));
                }
                None => self.unknown(property, schema, path),
            }
        }
        let mut values = BTreeMap::new();
        for (name, spec) in &schema.attributes {
            let value = match found.get(name.as_str()) {
                Some(property) => self.attribute(property, name, spec, path),
                None => Value::null(spec.ty.clone()),
            };
            values.insert(name.clone(), value);
        }
        for (name, spec) in &schema.blocks {
            let value = match found.get(name.as_str()) {
                Some(property) => self.blocks(&property.value, spec, &format!("{path}{name}")),
                None => Value::null(spec.ty()),
            };
            values.insert(name.clone(), value);
        }
        Value::object(values)
    }

    fn unknown(&mut self, property: &Property, schema: &Schema, path: &str) {
        let name = property.name.text.as_ref();
        let span = property.name.span;
        if path.is_empty() && fixable::is_fixable(self.component, name) {
            let title = format!("Deprecated configuration key: '{name}'");
            let problem = Diagnostic::error(code::UNKNOWN_ARGUMENT, title).at(span);
            self.diagnostics
                .push(problem.help("`karat fix` brings the template up to date (`packer fix` did so)"));
            return;
        }
        let title = format!("unknown configuration key: '\"{path}{name}\"'");
        let problem = Diagnostic::error(code::UNKNOWN_ARGUMENT, title).at(span);
        let known = schema.attributes.keys().chain(schema.blocks.keys()).map(String::as_str);
        self.diagnostics.push(match did_you_mean(name, known) {
            Some(near) => problem.did_you_mean(property.name.inside(), near),
            None => problem,
        });
    }

    fn attribute(&mut self, property: &Property, name: &str, spec: &schema::Attribute, path: &str) -> Value {
        if property.value.kind == NodeKind::Null {
            return Value::null(spec.ty.clone());
        }
        if let Some(reason) = &spec.unsupported {
            let title = format!("The argument `{path}{name}` is not supported yet");
            let problem = Diagnostic::error(code::UNSUPPORTED, title);
            self.diagnostics.push(problem.label(property.name.span, reason.clone()));
            return Value::error();
        }
        if let Some(instead) = &spec.deprecated {
            let title = format!("The argument `{path}{name}` is deprecated");
            let problem = Diagnostic::warning(code::DEPRECATED, title);
            self.diagnostics.push(problem.label(property.name.span, instead.clone()));
        }
        let mut value = Attribute { name: &format!("{path}{name}"), late: spec.late, lowering: self };
        value.value(&property.value, &spec.ty).mark_if(spec.sensitive)
    }

    fn blocks(&mut self, node: &Node, spec: &schema::Block, path: &str) -> Value {
        if node.kind == NodeKind::Null {
            return Value::null(spec.ty());
        }
        match spec.nesting {
            Nesting::Single => self.block(node, spec, path),
            Nesting::List => {
                let nodes = match &node.kind {
                    NodeKind::Array(nodes) => nodes.as_slice(),
                    NodeKind::Object(properties) if properties.is_empty() => &[],
                    _ => std::slice::from_ref(node),
                };
                let blocks = nodes.iter().enumerate();
                let blocks = blocks.map(|(at, node)| self.block(node, spec, &format!("{path}[{at}]")));
                let blocks: Vec<Value> = blocks.collect();
                if blocks.iter().any(Value::is_error) {
                    Value::error()
                } else {
                    Value::list(spec.schema.ty(), blocks)
                }
            }
        }
    }

    fn block(&mut self, node: &Node, spec: &schema::Block, path: &str) -> Value {
        let NodeKind::Object(properties) = &node.kind else {
            let title = format!("`{path}` must be an object");
            let problem = Diagnostic::error(code::WRONG_TYPE, title);
            self.diagnostics.push(problem.label(node.span, format!("this is {}", weak::kind(node))));
            return Value::error();
        };
        let before = self.diagnostics.len();
        let value = self.options(properties, &spec.schema, &format!("{path}."));
        require(&value, &spec.schema, node.span, &format!("{path}."), self.diagnostics);
        let failed = self.diagnostics.iter().skip(before).any(Diagnostic::is_error);
        if failed { Value::error() } else { value }
    }
}

/// Reports what must be set and is not.
pub(super) fn require(
    value: &Value,
    schema: &Schema,
    span: karat_model::span::Span,
    path: &str,
    diagnostics: &mut Diagnostics,
) {
    let attributes = schema.attributes.iter().map(|(name, spec)| (name, spec.required));
    let blocks = schema.blocks.iter().map(|(name, spec)| (name, spec.required));
    for (name, _) in attributes.chain(blocks).filter(|(_, required)| *required) {
        if value.get(name).is_none_or(|value| value.is_null() && !value.is_error()) {
            let title = format!("The argument `{path}{name}` is required");
            let start = karat_model::span::Span { end: span.start + 1, ..span };
            diagnostics
                .push(Diagnostic::error(code::MISSING_ARGUMENT, title).label(start, "it is missing here"));
        }
    }
}

/// What the schema calls an option: exactly so, or in another case.
pub(super) fn schema_name<'s>(name: &str, schema: &'s Schema) -> Option<&'s str> {
    let exact = |(key, _): (&'s String, _)| key.as_str();
    if let Some(key) = schema.attributes.get_key_value(name).map(exact) {
        return Some(key);
    }
    if let Some((key, _)) = schema.blocks.get_key_value(name) {
        return Some(key);
    }
    let mut names = schema.attributes.keys().chain(schema.blocks.keys());
    names.find(|key| key.eq_ignore_ascii_case(name)).map(String::as_str)
}

/// One argument.
struct Attribute<'a, 'r, 'd> {
    name: &'a str,
    /// Whether its strings stay as they are.
    late: bool,
    lowering: &'a mut Lowering<'r, 'd>,
}

impl Attribute<'_, '_, '_> {
    fn value(&mut self, node: &Node, ty: &Type) -> Value {
        match ty {
            Type::Number => self.number(node),
            Type::Bool => self.truth(node),
            Type::List(element) | Type::Set(element) => self.list(node, element, ty),
            Type::Map(element) => self.map(node, element, ty),
            Type::String | Type::Any => match (weak::text(node), &node.kind) {
                (Some(text), _) => self.template(text),
                (None, NodeKind::Null) => Value::verbatim(""),
                (None, _) => self.wrong(node, "a string is required", weak::kind(node)),
            },
            Type::Tuple(_) | Type::Object(_) => {
                self.wrong(node, "this cannot be written in JSON", weak::kind(node))
            }
        }
    }

    fn wrong(&mut self, node: &Node, wanted: &str, found: &str) -> Value {
        let title = format!("The argument `{}` has the wrong type", self.name);
        let problem = Diagnostic::error(code::WRONG_TYPE, title);
        self.lowering.diagnostics.push(problem.label(node.span, format!("{wanted}, but this is {found}")));
        Value::error()
    }

    /// A text, which stays a Go template. What is wrong with that is said here, where its place is known.
    fn template(&mut self, text: Text) -> Value {
        let problem = match text.text.contains("{{") {
            false => None,
            true if self.late => Template::parse_any(&text.text).err(),
            true => (self.lowering.render)(&text.text).err(),
        };
        match problem {
            Some(error) => self.not_rendered(&text, &error),
            None => Value::verbatim(text.text),
        }
    }

    fn not_rendered(&mut self, text: &Text, error: &TemplateError) -> Value {
        let title = format!("render '{}': {}", self.name, error.message);
        let problem = Diagnostic::error(code::GO_TEMPLATE, title);
        self.lowering.diagnostics.push(problem.at(stage::place(text, error)));
        Value::error()
    }

    /// What a string renders to; `None` after a problem, or while that is not known.
    fn rendered(&mut self, text: &Text, ty: &Type) -> Result<String, Value> {
        if self.late || !text.text.contains("{{") {
            return Ok(text.text.to_string());
        }
        match (self.lowering.render)(&text.text) {
            Ok(Some(rendered)) => Ok(rendered),
            Ok(None) => Err(Value::unknown(ty.clone())),
            Err(error) => Err(self.not_rendered(text, &error)),
        }
    }

    fn not_parsed(&mut self, node: &Node, text: &Text, rendered: &str, wanted: &str) -> Value {
        let from = if *text.text == *rendered { "" } else { "rendered, " };
        let shown: String = rendered.chars().take(60).collect();
        self.wrong(node, wanted, &format!("{from}{}", quoted(&shown)))
    }

    fn number(&mut self, node: &Node) -> Value {
        match &node.kind {
            NodeKind::Number(number) => Value::number(number.as_ref().clone()),
            NodeKind::Bool(truth) => Value::number(i64::from(*truth)),
            NodeKind::Null => Value::number(0),
            NodeKind::String(text) => match self.rendered(text, &Type::Number) {
                Ok(rendered) => match go_number(&rendered) {
                    Some(number) => Value::number(number),
                    None => self.not_parsed(node, text, &rendered, "a number is required"),
                },
                Err(value) => value,
            },
            NodeKind::Array(_) | NodeKind::Object(_) => {
                self.wrong(node, "a number is required", weak::kind(node))
            }
        }
    }

    fn truth(&mut self, node: &Node) -> Value {
        match &node.kind {
            NodeKind::Bool(truth) => Value::bool(*truth),
            NodeKind::Number(number) => Value::bool(!number.is_zero()),
            NodeKind::Null => Value::bool(false),
            NodeKind::String(text) => match self.rendered(text, &Type::Bool) {
                Ok(rendered) => match rendered.as_str() {
                    // In Packer that is false, or not set where it makes a difference.
                    "" => Value::null(Type::Bool),
                    "1" | "t" | "T" | "true" | "TRUE" | "True" => Value::bool(true),
                    "0" | "f" | "F" | "false" | "FALSE" | "False" => Value::bool(false),
                    _ => self.not_parsed(node, text, &rendered, "true or false is required"),
                },
                Err(value) => value,
            },
            NodeKind::Array(_) | NodeKind::Object(_) => {
                self.wrong(node, "true or false is required", weak::kind(node))
            }
        }
    }

    fn list(&mut self, node: &Node, element: &Type, ty: &Type) -> Value {
        let elements: Vec<Value> = match &node.kind {
            NodeKind::Array(nodes) => nodes.iter().map(|node| self.value(node, element)).collect(),
            NodeKind::String(text) => match self.rendered(text, ty) {
                Ok(rendered) if rendered.is_empty() => Vec::new(),
                Ok(rendered) => {
                    let parts = rendered.split(',').map(|part| Node {
                        kind: NodeKind::String(Text::new(self.finished(part), text.span)),
                        span: node.span,
                    });
                    let parts: Vec<Node> = parts.collect();
                    parts.iter().map(|part| self.value(part, element)).collect()
                }
                Err(value) => return value,
            },
            NodeKind::Object(properties) if properties.is_empty() => Vec::new(),
            _ => vec![self.value(node, element)],
        };
        match elements.iter().find(|element| element.is_error()) {
            Some(error) => error.clone(),
            None => Value::list(element.clone(), elements),
        }
    }

    /// A text that is rendered already, so that rendering changes nothing about it.
    fn finished(&self, text: &str) -> String {
        if self.late || !text.contains("{{") { text.to_owned() } else { format!("{{{{{}}}}}", quoted(text)) }
    }

    fn map(&mut self, node: &Node, element: &Type, ty: &Type) -> Value {
        let mut entries = BTreeMap::new();
        let objects = match &node.kind {
            // Several objects count as one.
            NodeKind::Array(objects) => objects.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for object in objects {
            let NodeKind::Object(properties) = &object.kind else {
                let wanted = format!("{} is required", ty.with_article());
                return self.wrong(object, &wanted, weak::kind(object));
            };
            for Property { name, value } in properties {
                entries.insert(name.text.to_string(), self.value(value, element));
            }
        }
        match entries.values().find(|entry| entry.is_error()) {
            Some(error) => error.clone(),
            None => Value::map(element.clone(), entries),
        }
    }
}

/// A number as Go reads it from text: `0x1f`, `0b1`, `0o7`, `017` and `1_000` are such.
fn go_number(text: &str) -> Option<Number> {
    if text.is_empty() {
        return Some(Number::from(0_i64));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefix = digits.get(..2).unwrap_or("").to_ascii_lowercase();
    let (radix, digits) = match prefix.as_str() {
        "0x" => (16, digits.get(2..)?),
        "0b" => (2, digits.get(2..)?),
        "0o" => (8, digits.get(2..)?),
        _ if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) => {
            (8, digits.get(1..)?)
        }
        _ => (10, digits),
    };
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    if let Ok(number) =
        i64::from_str_radix(&plain, radix).map(|number| if negative { -number } else { number })
        && plain.starts_with(|c: char| c.is_ascii_hexdigit())
    {
        return Some(Number::from(number));
    }
    // A fraction, for options that take one.
    let unsigned = digits.starts_with(|c: char| c.is_ascii_digit());
    if radix == 10 && unsigned { text.trim_start_matches('+').parse().ok() } else { None }
}
