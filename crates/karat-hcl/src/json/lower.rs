//! JSON values to expressions.

use std::collections::HashMap;

use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::value::{Type, Value};

use super::node::{Node, NodeKind, Property, Text};
use super::relocate::{relocate, relocate_problem};
use crate::parser::{parse_expression, parse_template};
use crate::tree::{Expr, ExprKind, ObjectItem};

/// How the strings in a value are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Each is a template, the names of properties included.
    Template,
    /// Each is a text as it stands.
    Verbatim,
    /// The value is a string that holds an expression: `"list(string)"`.
    Expression,
}

/// The expression that a value stands for.
pub(super) fn lower(node: &Node, form: Form, diagnostics: &mut Diagnostics) -> Expr {
    let literal = |value| ExprKind::Literal(Box::new(value));
    let kind = match &node.kind {
        NodeKind::Null => literal(Value::null(Type::Any)),
        NodeKind::Bool(truth) => literal(Value::bool(*truth)),
        NodeKind::Number(number) => literal(Value::number(number.as_ref().clone())),
        NodeKind::String(text) => return string(text, form, diagnostics),
        NodeKind::Array(elements) => {
            ExprKind::Tuple(elements.iter().map(|element| lower(element, form, diagnostics)).collect())
        }
        NodeKind::Object(properties) => object(properties, form, diagnostics),
    };
    Expr { kind, span: node.span }
}

fn object(properties: &[Property], form: Form, diagnostics: &mut Diagnostics) -> ExprKind {
    let mut seen = HashMap::with_capacity(properties.len());
    let mut items = Vec::with_capacity(properties.len());
    let mut twice = false;
    for Property { name, value } in properties {
        let key = string(name, form, diagnostics);
        items.push(ObjectItem { key, value: lower(value, form, diagnostics) });
        if let Some(first) = seen.insert(name.text.as_ref(), name.span) {
            twice = true;
            diagnostics.push(
                Diagnostic::error(code::DUPLICATE_KEY, format!("\"{}\" is in the object twice", name.text))
                    .label(name.span, "set again here")
                    .label(first, "first set here"),
            );
        }
    }
    if twice { ExprKind::Error } else { ExprKind::Object(items) }
}

fn string(text: &Text, form: Form, diagnostics: &mut Diagnostics) -> Expr {
    let source = text.text.as_ref();
    let plain = !source.contains("${") && !source.contains("%{");
    if form == Form::Verbatim || form == Form::Template && plain {
        return Expr { kind: ExprKind::Literal(Box::new(Value::string(source))), span: text.span };
    }
    let mut problems = Diagnostics::new();
    let mut expr = match form {
        Form::Expression => parse_expression(text.span.file, source, &mut problems),
        _ => parse_template(text.span.file, source, &mut problems),
    };
    if problems.has_errors() {
        expr = Expr::error(text.inside());
    } else {
        relocate(&mut expr, text);
    }
    diagnostics.extend(problems.into_iter().map(|problem| relocate_problem(problem, text)));
    // Around an expression the quotes mean nothing.
    if form == Form::Expression { expr } else { Expr { span: text.span, ..expr } }
}
