//! Types as templates write them: `list(string)`, `object({ a = optional(number, 1) })`.

use std::collections::BTreeMap;
use std::sync::Arc;

use karat_model::diagnostic::{Code, Diagnostic, Diagnostics, Edit, code, did_you_mean};
use karat_model::span::{FileId, Span};
use karat_model::value::{ConvertError, ObjectAttr, PathStep, Type, Value};

use crate::function::FunctionTable;
use crate::scope::Scope;
use crate::tree::{Call, Expr, ExprKind};

/// The code of problems with how a type is written.
const CODE: Code = code::TYPE_CONSTRAINT;
const PRIMITIVE: &[(&str, Type)] =
    &[("string", Type::String), ("number", Type::Number), ("bool", Type::Bool), ("any", Type::Any)];
const WORDS: &[&str] = &["string", "number", "bool", "any", "list", "set", "map", "object", "tuple"];

/// What a value must be, with what stands in for optional attributes that it lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeConstraint {
    /// The type.
    pub ty: Type,
    defaults: Defaults,
}

/// The defaults of optional attributes, in the shape of the type.
#[derive(Debug, Clone, PartialEq, Default)]
struct Defaults {
    /// Of the attributes of an object.
    values: BTreeMap<String, Value>,
    /// Inside the attributes of an object; inside the elements of a tuple by their index.
    inside: BTreeMap<String, Defaults>,
    /// Inside the elements of a list, set or map.
    element: Option<Box<Defaults>>,
}

impl TypeConstraint {
    /// Whether an optional attribute has a default.
    pub fn has_defaults(&self) -> bool {
        !self.defaults.is_empty()
    }

    /// The value with defaults filled in, converted to the type. Defaults come before the conversion, at any depth, and
    /// only where the value around is known and not null.
    pub fn apply(&self, value: &Value) -> Result<Value, ConvertError> {
        self.defaults.fill(value)?.convert(&self.ty)
    }
}

impl From<Type> for TypeConstraint {
    fn from(ty: Type) -> Self {
        Self { ty, defaults: Defaults::default() }
    }
}

impl Defaults {
    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.inside.is_empty() && self.element.is_none()
    }

    fn fill(&self, value: &Value) -> Result<Value, ConvertError> {
        if self.is_empty() || value.is_null() || !value.is_known() {
            return Ok(value.clone());
        }
        let sensitive = value.is_itself_sensitive();
        if let Some(entries) = value.as_map() {
            let mut filled = entries.clone();
            for (name, default) in &self.values {
                if entries.get(name).is_none_or(Value::is_null) {
                    filled.insert(name.clone(), default.clone());
                }
            }
            for (name, entry) in &mut filled {
                let inside = self.inside.get(name).or(self.element.as_deref());
                if let Some(inside) = inside {
                    *entry = inside
                        .fill(entry)
                        .map_err(|error| error.inside(PathStep::Attribute(name.clone())))?;
                }
            }
            return Ok(Value::object(filled).mark_if(sensitive));
        }
        let Some(elements) = value.as_slice() else { return Ok(value.clone()) };
        let filled = elements.iter().enumerate().map(|(at, element)| {
            match self.inside.get(&at.to_string()).or(self.element.as_deref()) {
                Some(inside) => inside.fill(element).map_err(|error| error.inside(PathStep::Index(at))),
                None => Ok(element.clone()),
            }
        });
        Ok(Value::tuple(filled.collect::<Result<_, _>>()?).mark_if(sensitive))
    }
}

/// Reads a type. What is wrong with it is reported, and the result is then `None`.
pub fn type_constraint(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<TypeConstraint> {
    let (ty, defaults) = read(expr, diagnostics)?;
    Some(TypeConstraint { ty, defaults })
}

fn read(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<(Type, Defaults)> {
    let result = match &expr.kind {
        ExprKind::Variable(word) => match PRIMITIVE.iter().find(|(name, _)| name == word) {
            Some((_, ty)) => return Some((ty.clone(), Defaults::default())),
            None => Err(unknown_word(word, expr)),
        },
        ExprKind::Call(call) => return read_call(call, expr, diagnostics),
        ExprKind::Parens(_) => {
            Err(Diagnostic::error(CODE, "A type is written without parentheses around it").at(expr.span))
        }
        ExprKind::Error => return None,
        _ => Err(no_type(expr)),
    };
    result.map_err(|problem| diagnostics.push(problem)).ok()
}

fn read_call(call: &Call, expr: &Expr, diagnostics: &mut Diagnostics) -> Option<(Type, Defaults)> {
    let word = call.name.name.as_str();
    if !["list", "set", "map", "object", "tuple"].contains(&word) {
        diagnostics.push(unknown_word(word, expr));
        return None;
    }
    let [argument] = call.arguments.as_slice() else {
        diagnostics.push(
            Diagnostic::error(CODE, format!("`{word}` is written with one argument"))
                .at(expr.span)
                .help(example(word)),
        );
        return None;
    };
    match word {
        "object" => object(argument, diagnostics),
        "tuple" => tuple(argument, diagnostics),
        _ => {
            let (element, defaults) = read(argument, diagnostics)?;
            let ty = match word {
                "list" => Type::list(element),
                "set" => Type::set(element),
                _ => Type::map(element),
            };
            let element = (!defaults.is_empty()).then(|| Box::new(defaults));
            Some((ty, Defaults { element, ..Defaults::default() }))
        }
    }
}

fn object(argument: &Expr, diagnostics: &mut Diagnostics) -> Option<(Type, Defaults)> {
    let Some(items) = argument.as_object() else {
        diagnostics.push(
            Diagnostic::error(CODE, "The attributes of an object type are written in braces")
                .at(argument.span)
                .help(example("object")),
        );
        return None;
    };
    let mut attributes = BTreeMap::new();
    let mut defaults = Defaults::default();
    for item in items {
        let Some(name) = item.key.as_literal_str() else {
            diagnostics
                .push(Diagnostic::error(CODE, "The name of an attribute must be plain").at(item.key.span));
            return None;
        };
        if attributes.contains_key(name) {
            let problem = format!("The attribute `{name}` is there more than once");
            diagnostics.push(Diagnostic::error(CODE, problem).at(item.key.span));
            return None;
        }
        let (optional, of, default) = match item.value.as_call() {
            Some(call) if call.name.name == "optional" => match call.arguments.as_slice() {
                [ty] => (true, ty, None),
                [ty, default] => (true, ty, Some(default)),
                _ => {
                    let problem = "`optional` is written with a type, and a default if there is one";
                    diagnostics.push(
                        Diagnostic::error(CODE, problem).at(item.value.span).help("optional(string, \"a\")"),
                    );
                    return None;
                }
            },
            _ => (false, &item.value, None),
        };
        let (ty, inside) = read(of, diagnostics)?;
        if let Some(default) = default {
            defaults.values.insert(name.to_owned(), read_default(default, &ty, &inside, diagnostics)?);
        }
        if !inside.is_empty() {
            defaults.inside.insert(name.to_owned(), inside);
        }
        attributes.insert(name.to_owned(), ObjectAttr { ty, optional });
    }
    Some((Type::Object(Arc::new(attributes)), defaults))
}

/// A default is a constant and must have the attribute's type.
fn read_default(expr: &Expr, ty: &Type, inside: &Defaults, diagnostics: &mut Diagnostics) -> Option<Value> {
    let scope = Scope::new(FunctionTable::new());
    let value = crate::eval::eval(expr, &scope, diagnostics);
    if value.is_error() {
        return None;
    }
    let converted = inside.fill(&value).and_then(|value| value.convert(ty));
    let problem = |error: ConvertError| {
        Diagnostic::error(CODE, "The default does not have the type of the attribute")
            .label(expr.span, error.to_string())
    };
    converted.map_err(|error| diagnostics.push(problem(error))).ok()
}

fn tuple(argument: &Expr, diagnostics: &mut Diagnostics) -> Option<(Type, Defaults)> {
    let Some(elements) = argument.as_list() else {
        diagnostics.push(
            Diagnostic::error(CODE, "The elements of a tuple type are written in brackets")
                .at(argument.span)
                .help(example("tuple")),
        );
        return None;
    };
    let mut types = Vec::new();
    let mut defaults = Defaults::default();
    for (at, element) in elements.iter().enumerate() {
        let (ty, inside) = read(element, diagnostics)?;
        types.push(ty);
        if !inside.is_empty() {
            defaults.inside.insert(at.to_string(), inside);
        }
    }
    Some((Type::tuple(types), defaults))
}

fn example(word: &str) -> String {
    match word {
        "object" => "for example `object({ name = string, size = optional(number, 10) })`".to_owned(),
        "tuple" => "for example `tuple([string, number])`".to_owned(),
        _ => format!("for example `{word}(string)`"),
    }
}

fn unknown_word(word: &str, expr: &Expr) -> Diagnostic {
    match word {
        "list" | "set" | "map" | "object" | "tuple" => {
            let problem =
                Diagnostic::error(CODE, format!("It is not said what a `{word}` consists of")).at(expr.span);
            return problem.help(example(word));
        }
        "optional" => {
            return Diagnostic::error(CODE, "Only attributes of an object can be `optional`")
                .at(expr.span)
                .help(example("object"));
        }
        _ => {}
    }
    let problem = Diagnostic::error(CODE, format!("There is no type `{word}`")).at(expr.span);
    match did_you_mean(word, WORDS.iter().copied()) {
        Some(meant) => {
            let word = expr.as_call().map_or(expr.span, |call| call.name.span);
            problem.did_you_mean(word, meant)
        }
        None => problem.help(format!("types are {}", WORDS.join(", "))),
    }
}

fn no_type(expr: &Expr) -> Diagnostic {
    let problem = Diagnostic::error(CODE, "This is not a type").at(expr.span);
    match expr.as_literal_str() {
        // The quotes of long ago, when lists and maps did not say of what.
        Some(word @ ("list" | "map")) => without_quotes(problem, expr.span, &format!("{word}(string)")),
        Some(text) if is_type(text) => without_quotes(problem, expr.span, text),
        _ => problem.help("for example `string`, `list(string)` or `object({ name = string })`"),
    }
}

fn without_quotes(problem: Diagnostic, span: Span, ty: &str) -> Diagnostic {
    problem
        .help(format!("types are written without quotes: {ty}"))
        .fix(Edit { span, replacement: ty.to_owned() })
}

/// Whether a text would be a type without its quotes.
fn is_type(text: &str) -> bool {
    let mut problems = Diagnostics::new();
    let expr = crate::parse_expression(FileId::default(), text, &mut problems);
    type_constraint(&expr, &mut problems);
    problems.is_empty()
}

#[cfg(test)]
mod tests {
    use karat_model::span::SourceMap;

    use super::*;
    use crate::parse_expression;
    use crate::testing::{problems, show};

    fn read(text: &str) -> Result<TypeConstraint, String> {
        let mut map = SourceMap::new();
        let file = map.add("test", text);
        let mut diagnostics = Diagnostics::new();
        let expr = parse_expression(file, text, &mut diagnostics);
        type_constraint(&expr, &mut diagnostics).ok_or_else(|| problems(&map, diagnostics))
    }

    #[test]
    fn types() {
        for (text, expected) in [
            ("string", r#""string""#),
            ("any", r#""dynamic""#),
            ("list(set(map(bool)))", r#"["list",["set",["map","bool"]]]"#),
            ("tuple([string, number])", r#"["tuple",["string","number"]]"#),
            (
                "object({ a = string, b = optional(list(any)) })",
                r#"["object",{"a":"string","b":["list","dynamic"]},["b"]]"#,
            ),
        ] {
            assert_eq!(read(text).unwrap().ty.to_json().to_string(), expected);
        }
    }

    #[test]
    fn mistakes() {
        for (text, expected) in [
            ("\"string\"", "1:1 This is not a type; types are written without quotes: string"),
            ("list((string))", "1:6 A type is written without parentheses around it"),
            ("object({ a = string, a = number })", "1:22 The attribute `a` is there more than once"),
            ("strin", "1:1 There is no type `strin`; did you mean `string`?"),
            ("list", "1:1 It is not said what a `list` consists of; for example `list(string)`"),
            ("list(string, number)", "1:1 `list` is written with one argument; for example `list(string)`"),
            (
                "object([])",
                "1:8 The attributes of an object type are written in braces; for example `object({ name = string, size = optional(number, 10) })`",
            ),
            (
                "optional(string)",
                "1:1 Only attributes of an object can be `optional`; for example `object({ name = string, size = optional(number, 10) })`",
            ),
            (
                "object({ a = optional(number, \"x\") })",
                "1:31 The default does not have the type of the attribute (a number is required, but \"x\" is not a number)",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn defaults_are_filled_in_at_any_depth() {
        let constraint = read(
            "map(object({ a = optional(string, \"x\"), b = optional(object({ c = optional(number, 1) }), {}) }))",
        );
        let value =
            Value::from_json(&serde_json::json!({"k": {}, "l": {"a": 5, "b": {"c": "7"}}, "m": {"a": null}}));
        let filled = constraint.unwrap().apply(&value).unwrap();
        assert_eq!(
            show(&filled),
            r#"map{k = {a = "x", b = {c = 1}}, l = {a = "5", b = {c = 7}}, m = {a = "x", b = {c = 1}}}"#
        );
    }
}
