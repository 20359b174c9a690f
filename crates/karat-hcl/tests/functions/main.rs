//! The functions of expressions: calls, and what they are worth. Most results were recorded from the language's first
//! implementation.
#![allow(clippy::expect_used, clippy::panic)]

mod collection;
mod encoding;
mod file;
mod number;
mod recorded;
mod text;
mod time;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

use karat_hcl::function::{Callable, FunctionContext, standard};
use karat_model::value::{Type, Value};
use serde_json::Value as Json;

/// A directory with the files of the tests in [`file`].
fn template_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/functions/template")
}

/// Makes a call such as `join("-", {"$list": ["a", "b"]})` and shows its result or its error. Arguments are JSON; objects
/// with one key `$list`, `$set`, `$map`, `$unknown` or `$secret` are values that JSON does not have.
fn call(expression: &str) -> String {
    let (name, arguments) = expression.split_once('(').expect("an opening parenthesis");
    let arguments = arguments.strip_suffix(')').expect("a closing parenthesis");
    let arguments: Vec<Json> = serde_json::from_str(&format!("[{arguments}]")).expect("arguments in JSON");
    let arguments: Vec<Value> = arguments.iter().map(argument).collect();
    let context = FunctionContext {
        base_dir: template_dir(),
        cwd: PathBuf::from("/the/cwd"),
        home: Some(PathBuf::from("/home/me")),
        ..FunctionContext::default()
    };
    match standard(&context).get(name) {
        Some(Callable::Function(function)) => match function.call(&arguments) {
            Ok(value) => show(&value),
            Err(error) => match error.argument {
                Some(at) => format!("error in argument {}: {}", at + 1, error.message),
                None => format!("error: {}", error.message),
            },
        },
        _ => panic!("there is no function {name}"),
    }
}

fn argument(json: &Json) -> Value {
    if let Json::Array(elements) = json {
        return Value::tuple(elements.iter().map(argument).collect());
    }
    let Json::Object(entries) = json else { return Value::from_json(json) };
    let special = entries.iter().next().filter(|(name, _)| name.starts_with('$'));
    let convert = |of: &Json, ty: Type| argument(of).convert(&ty).expect("elements of one type");
    match special {
        None => Value::object(entries.iter().map(|(name, entry)| (name.clone(), argument(entry))).collect()),
        Some((kind, of)) => match kind.as_str() {
            "$list" => convert(of, Type::list(Type::Any)),
            "$set" => convert(of, Type::set(Type::Any)),
            "$map" => convert(of, Type::map(Type::Any)),
            "$secret" => argument(of).mark_sensitive(),
            "$unknown" => Value::unknown(Type::from_json(of).expect("a type")),
            other => panic!("there is no kind {other}"),
        },
    }
}

fn show(value: &Value) -> String {
    let all = |values: Vec<String>| values.join(", ");
    let elements = || all(value.as_slice().unwrap_or_default().iter().map(show).collect());
    let entries = |entries: &BTreeMap<String, Value>| {
        all(entries.iter().map(|(name, entry)| format!("{name} = {}", show(entry))).collect())
    };
    if value.is_sensitive() {
        return format!("secret {}", show(&value.clone().unmark()));
    }
    match value.ty() {
        ty if value.is_null() => format!("null {ty}"),
        ty if !value.is_known() => format!("unknown {ty}"),
        Type::List(_) => format!("list[{}]", elements()),
        Type::Set(_) => format!("set[{}]", elements()),
        Type::Tuple(_) => format!("[{}]", elements()),
        Type::Map(_) => format!("map{{{}}}", value.as_map().map(entries).unwrap_or_default()),
        Type::Object(_) => format!("{{{}}}", value.as_map().map(entries).unwrap_or_default()),
        Type::String => format!("{:?}", value.as_str().unwrap_or_default()),
        Type::Number => value.as_number().map(ToString::to_string).unwrap_or_default(),
        _ => value.as_bool().unwrap_or_default().to_string(),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(call(expression), *expected, "{expression}");
    }
}
