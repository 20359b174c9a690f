//! Expressions in our own evaluator, in this process.

use karat_hcl::function::{Function, FunctionContext, FunctionError, Param, standard};
use karat_hcl::{Scope, eval, is_identifier, parse_expression, type_constraint};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use karat_model::value::{ObjectAttr, Type, Value};

use super::case::{Dialect, Outcome, UNKNOWN, VARIABLES};
use crate::Result;

/// What the expressions see in one dialect.
pub(super) struct Karat {
    scope: Scope<'static>,
}

impl Karat {
    pub(super) fn new(dialect: Dialect) -> Result<Self> {
        let mut functions = standard(&FunctionContext::default());
        if dialect == Dialect::Terraform {
            let any = || Param::new("value", Type::Any).or_null().or_unknown();
            let kinds = [
                ("tostring", Type::String),
                ("tonumber", Type::Number),
                ("tobool", Type::Bool),
                ("tolist", Type::list(Type::Any)),
                ("toset", Type::set(Type::Any)),
                ("tomap", Type::map(Type::Any)),
            ];
            for (name, ty) in kinds {
                let run = move |args: &[Value]| {
                    args[0].convert(&ty).map_err(|error| FunctionError::new(error.to_string()))
                };
                functions.insert(name, Function::new([any()], Type::Any, run));
            }
            functions.insert(
                "sensitive",
                Function::new([any()], Type::Any, |args| Ok(args[0].clone().mark_sensitive())),
            );
        }
        let mut variables = std::collections::BTreeMap::new();
        for (name, ty, default) in VARIABLES {
            variables.insert((*name).to_owned(), typed(ty, default)?);
        }
        // Packer has other unknown values.
        for (name, ty) in UNKNOWN.iter().filter(|_| dialect == Dialect::Terraform) {
            variables.insert(format!("u_{name}"), Value::unknown(type_of(ty)?.ty.without_optional()));
        }
        let packer = [("iterationID".to_owned(), Value::unknown(Type::String))];
        let scope = Scope::new(functions)
            .with("var", Value::object(variables))
            .with("packer", Value::object(packer.into()));
        Ok(Self { scope })
    }

    /// The value, if the text can be read and evaluated.
    pub(super) fn value(&self, text: &str) -> std::result::Result<Value, Outcome> {
        let (expr, mut diagnostics) = parse(text);
        if diagnostics.has_errors() {
            return Err(Outcome::Unreadable);
        }
        let value = eval(&expr, &self.scope, &mut diagnostics);
        if diagnostics.has_errors() { Err(Outcome::Error) } else { Ok(value) }
    }

    /// What the text evaluates to, as JSON by the language's own function.
    pub(super) fn outcome(&self, text: &str) -> Outcome {
        match self.value(text) {
            Err(outcome) => return outcome,
            Ok(value) if value.is_error() => return Outcome::Error,
            Ok(_) => {}
        }
        match self.value(&format!("jsonencode(\n{text}\n)")) {
            Ok(value) => match value.as_str() {
                Some(json) => Outcome::Value(json.to_owned()),
                None => Outcome::Unknown,
            },
            Err(outcome) => outcome,
        }
    }

    /// Whether all variables exist. A program that looks at them before it evaluates stops at others.
    pub(super) fn knows_the_names(&self, text: &str) -> bool {
        let (expr, _) = parse(text);
        expr.references().iter().all(|reference| match self.scope.variable(&reference.root.name) {
            Some(value) => reference.path.first().is_none_or(|name| value.get(&name.name).is_some()),
            None => false,
        })
    }

    /// What is wrong with the text, for the report.
    pub(super) fn problems(&self, text: &str) -> String {
        let (expr, mut diagnostics) = parse(text);
        eval(&expr, &self.scope, &mut diagnostics);
        diagnostics.iter().map(|problem| format!("; {}", problem.title)).collect()
    }
}

fn parse(text: &str) -> (karat_hcl::tree::Expr, Diagnostics) {
    let mut map = SourceMap::new();
    // As the oracles are asked: between parentheses.
    let text = format!("(\n{text}\n)");
    let file = map.add("expression", text.as_str());
    let mut diagnostics = Diagnostics::new();
    let expr = parse_expression(file, &text, &mut diagnostics);
    (expr, diagnostics)
}

fn type_of(text: &str) -> Result<karat_hcl::TypeConstraint> {
    // Types stand without parentheses.
    let file = SourceMap::new().add("type", text);
    let mut diagnostics = Diagnostics::new();
    let expr = parse_expression(file, text, &mut diagnostics);
    type_constraint(&expr, &mut diagnostics).ok_or_else(|| format!("{text} is no type").into())
}

fn typed(ty: &str, default: &str) -> Result<Value> {
    let (expr, mut diagnostics) = parse(default);
    let value = eval(&expr, &Scope::default(), &mut diagnostics);
    type_of(ty)?.apply(&value).map_err(|error| format!("{default} as {ty}: {error}").into())
}

/// A type as Packer's templates write it; not every object type can be written.
pub(super) fn constraint(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Any => "any".to_owned(),
        Type::String => "string".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::List(of) => format!("list({})", constraint(of)?),
        Type::Set(of) => format!("set({})", constraint(of)?),
        Type::Map(of) => format!("map({})", constraint(of)?),
        Type::Tuple(of) => {
            format!("tuple([{}])", of.iter().map(constraint).collect::<Option<Vec<_>>>()?.join(", "))
        }
        Type::Object(of) => {
            let attribute = |(name, attribute): (&String, &ObjectAttr)| {
                let plain = is_identifier(name) && name != "for";
                plain.then(|| Some(format!("{name} = {}", constraint(&attribute.ty)?))).flatten()
            };
            format!("object({{{}}})", of.iter().map(attribute).collect::<Option<Vec<_>>>()?.join(", "))
        }
    })
}

/// A type as Terraform's console prints it, without blanks and without commas at the end.
pub(super) fn printed(ty: &Type) -> String {
    match ty {
        Type::Any => "dynamic".to_owned(),
        Type::String => "string".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::List(of) => format!("list({})", printed(of)),
        Type::Set(of) => format!("set({})", printed(of)),
        Type::Map(of) => format!("map({})", printed(of)),
        Type::Tuple(of) => format!("tuple([{}])", of.iter().map(printed).collect::<Vec<_>>().join(",")),
        Type::Object(of) => {
            let name = |name: &str| name.split_whitespace().collect::<String>();
            let attribute = |(key, attribute): (&String, &ObjectAttr)| {
                format!("{}:{}", name(key), printed(&attribute.ty))
            };
            format!("object({{{}}})", of.iter().map(attribute).collect::<Vec<_>>().join(","))
        }
    }
}
