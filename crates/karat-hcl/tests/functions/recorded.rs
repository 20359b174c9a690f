//! Calls whose results were recorded from the functions of Packer 1.16.0 itself: expressions, and what they are worth.

use std::collections::BTreeMap;

use karat_hcl::function::{FunctionContext, standard};
use karat_hcl::{Scope, eval, parse_expression};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use karat_model::value::{Type, Value};

/// One per line, a tab before the result; `error` stands for every error.
const RECORDED: &str = include_str!("recorded.tsv");

/// The variables of the expressions: unknown ones begin with `u`, nulls with `n`, empty ones with `e`; those that end with
/// `u` are unknown in parts.
fn variables() -> Vec<(&'static str, Value)> {
    let unknown = Value::unknown;
    let strings = |texts: &[&str]| texts.iter().map(|text| Value::string(*text)).collect::<Vec<_>>();
    let numbers = |numbers: &[i64]| numbers.iter().map(|number| Value::number(*number)).collect::<Vec<_>>();
    let entries = |entries: &[(&str, Value)]| -> BTreeMap<String, Value> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    };
    let partly = || vec!["a".into(), unknown(Type::String)];
    let (text, number) = (Type::String, Type::Number);
    vec![
        ("us", unknown(text.clone())),
        ("un", unknown(number.clone())),
        ("ub", unknown(Type::Bool)),
        ("ud", unknown(Type::Any)),
        ("ul", unknown(Type::list(text.clone()))),
        ("um", unknown(Type::map(text.clone()))),
        ("ut", unknown(Type::tuple([text.clone(), number.clone()]))),
        ("uset", unknown(Type::set(text.clone()))),
        ("uo", unknown(Type::object([("a", text.clone()), ("b", number.clone())]))),
        ("lu", Value::list(text.clone(), partly())),
        ("su", Value::set(text.clone(), partly())),
        ("mu", Value::map(text.clone(), entries(&[("a", "x".into()), ("b", unknown(text.clone()))]))),
        ("tu", Value::tuple(vec!["a".into(), unknown(number.clone())])),
        ("ou", Value::object(entries(&[("a", "x".into()), ("b", unknown(number.clone()))]))),
        ("ns", Value::null(text.clone())),
        ("nn", Value::null(number.clone())),
        ("nl", Value::null(Type::list(text.clone()))),
        ("nm", Value::null(Type::map(text.clone()))),
        ("el", Value::list(text.clone(), Vec::new())),
        ("em", Value::map(text.clone(), BTreeMap::new())),
        ("es", Value::set(text.clone(), Vec::new())),
        ("ed", Value::list(Type::Any, Vec::new())),
        ("ls", Value::list(text.clone(), strings(&["b", "a", "b"]))),
        ("ln", Value::list(number.clone(), numbers(&[3, 1, 3]))),
        ("ss", Value::set(text.clone(), strings(&["b", "a"]))),
        ("sn", Value::set(number.clone(), numbers(&[3, 1]))),
        ("ms", Value::map(text, entries(&[("a", "x".into()), ("b", "y".into())]))),
        ("mn", Value::map(number, entries(&[("a", 1.into()), ("c", 2.into())]))),
    ]
}

fn scope(change: fn(Value) -> Value) -> Scope<'static> {
    let variables = variables().into_iter();
    let scope = Scope::new(standard(&FunctionContext::default()));
    variables.fold(scope, |scope, (name, value)| scope.with(name, change(value)))
}

fn evaluate(text: &str, scope: &Scope<'_>) -> Option<Value> {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let expression = parse_expression(sources.add("call", text), text, &mut diagnostics);
    let value = eval(&expression, scope, &mut diagnostics);
    (!diagnostics.has_errors()).then_some(value)
}

fn type_name(ty: &Type) -> String {
    let all = |types: Vec<String>| types.join(",");
    match ty {
        Type::Any => "any".to_owned(),
        Type::String => "string".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::List(element) => format!("list({})", type_name(element)),
        Type::Set(element) => format!("set({})", type_name(element)),
        Type::Map(element) => format!("map({})", type_name(element)),
        Type::Tuple(types) => format!("tuple({})", all(types.iter().map(type_name).collect())),
        Type::Object(attributes) => {
            let attribute = |(name, attribute): (&String, &karat_model::value::ObjectAttr)| {
                format!("{}={}", quoted(name), type_name(&attribute.ty))
            };
            format!("object({})", all(attributes.iter().map(attribute).collect()))
        }
    }
}

fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        c => format!("\\u{{{:x}}}", u32::from(c)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn shown(value: &Value) -> String {
    let ty = value.ty();
    if !value.is_known() {
        return format!("unknown {}", type_name(ty));
    }
    if value.is_null() {
        return format!("null {}", type_name(ty));
    }
    let prefix = if matches!(ty, Type::Tuple(_) | Type::Object(_)) { String::new() } else { type_name(ty) };
    match (value.as_str(), value.as_slice(), value.as_map(), value.as_number()) {
        (Some(text), ..) => quoted(text),
        (_, Some(elements), ..) => {
            format!("{prefix}[{}]", elements.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        (_, _, Some(entries), _) => {
            let entry = |(name, value): (&String, &Value)| format!("{}={}", quoted(name), shown(value));
            format!("{prefix}{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        (.., Some(number)) => number.to_string(),
        _ => value.as_bool().unwrap_or_default().to_string(),
    }
}

#[test]
fn tpl_10_calls_give_what_packer_gives() {
    let scope = scope(|value| value);
    let mut wrong = Vec::new();
    for line in RECORDED.lines() {
        let (call, expected) = line.split_once('\t').expect("a tab");
        let found = evaluate(call, &scope).map_or("error".to_owned(), |value| shown(&value));
        if found != expected {
            wrong.push(format!("{call}\n  expected: {expected}\n  found:    {found}"));
        }
    }
    assert!(RECORDED.lines().count() > 2_900);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whatever a function makes of a secret is one.
#[test]
fn tpl_10_results_from_secrets_are_secret() {
    let scope = scope(Value::mark_sensitive);
    let names: Vec<&str> = variables().iter().map(|(name, _)| *name).collect();
    let mut seen = 0;
    for (call, _) in RECORDED.lines().filter_map(|line| line.split_once('\t')) {
        let words: Vec<&str> = call.split(|c: char| !c.is_alphanumeric()).collect();
        // These may look at one argument only; texts may have such words in them.
        let is_special = ["try", "can", "convert"].contains(&words[0]) || call.contains('"');
        if is_special || !names.iter().any(|name| words.contains(name)) {
            continue;
        }
        if let Some(value) = evaluate(call, &scope) {
            seen += 1;
            assert!(value.is_sensitive(), "{call}");
        }
    }
    assert!(seen > 200, "{seen}");
}
