//! Evaluation: any expression has a value or a message, and no secret gets into a message.
#![no_main]

use std::sync::LazyLock;

use karat_hcl::function::{Callable, FunctionContext, FunctionTable, standard};
use karat_hcl::{Scope, eval, parse_expression};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use karat_model::value::{Number, Type, Value};
use libfuzzer_sys::fuzz_target;

/// They ask the file system, the clock, a random source, the network, or much of the processor.
const LEFT_OUT: &[&str] = &[
    "abspath",
    "aws_secretsmanager",
    "aws_secretsmanager_raw",
    "bcrypt",
    "consul_key",
    "file",
    "filebase64",
    "fileexists",
    "fileset",
    "legacy_isotime",
    "legacy_strftime",
    "pathexpand",
    "templatefile",
    "timestamp",
    "uuidv4",
    "vault",
];

/// What no message may contain.
const SECRET: &str = "hush-hush-4711";

static WORLD: LazyLock<(FunctionTable, Value)> = LazyLock::new(|| (functions(), variables()));

fn functions() -> FunctionTable {
    let all = standard(&FunctionContext::default());
    let mut table = FunctionTable::new();
    for name in all.names().filter(|name| !LEFT_OUT.contains(name)) {
        match all.get(name) {
            Some(Callable::Function(function)) => table.insert(name, function.clone()),
            Some(Callable::Special(special)) => table.insert_special(name, *special),
            None => {}
        }
    }
    table
}

/// One of everything, under names of one letter.
fn variables() -> Value {
    let number = |text: &str| Value::number(text.parse::<Number>().expect("a number"));
    let strings = || ["b", "a", "é日", ""].map(Value::from).to_vec();
    let object = Value::object([("a".to_owned(), 1.into()), ("b c".to_owned(), "x".into())].into());
    let entries = [
        ("a", Value::tuple(vec![1.into(), "x".into(), Value::bool(true), Value::null(Type::Any)])),
        ("b", Value::bool(false)),
        ("e", Value::list(Type::String, vec![])),
        ("f", number("-0.1")),
        ("g", number("98765432109876543210987654321098765432109876543210.5")),
        ("h", Value::number(Number::infinity())),
        ("i", 3.into()),
        ("j", Value::string(r#"{"a": [1, 2.5e-7, null, "x"], "b": {"c": true}}"#)),
        ("k", Value::null(Type::String)),
        ("l", Value::list(Type::String, strings())),
        ("m", Value::map(Type::String, [("k".to_owned(), "v".into()), ("a".to_owned(), "w".into())].into())),
        ("n", Value::null(Type::Any)),
        ("o", object.clone()),
        ("p", Value::list(object.ty().clone(), vec![object.clone(), object])),
        ("q", Value::set(Type::String, strings())),
        ("s", Value::string("Some text, äöü 👩‍👩‍👧‍👦\r\n\tand more")),
        ("t", Value::string("2026-11-21T12:34:56Z")),
        ("u", Value::unknown(Type::String)),
        ("v", Value::unknown(Type::Any)),
        ("w", Value::unknown(Type::list(Type::Number))),
        ("x", Value::string(SECRET).mark_sensitive()),
        ("y", Value::list(Type::String, vec!["open".into(), Value::string(SECRET).mark_sensitive()])),
        ("z", Value::string("")),
    ];
    Value::object(entries.map(|(name, value)| (name.to_owned(), value)).into())
}

fuzz_target!(|text: &str| {
    let file = SourceMap::new().add("fuzz", text);
    let mut diagnostics = Diagnostics::new();
    let expr = parse_expression(file, text, &mut diagnostics);
    if diagnostics.has_errors() {
        return;
    }
    let (functions, variables) = &*WORLD;
    let scope = Scope::new(functions.clone()).with("var", variables.clone());
    let value = eval(&expr, &scope, &mut diagnostics);
    assert!(!value.is_error() || diagnostics.has_errors(), "no value and no message");
    for problem in &diagnostics {
        let words = [Some(&problem.title), problem.detail.as_ref()].into_iter().flatten();
        let labels = problem.primary.iter().chain(&problem.secondary);
        let mut words =
            words.chain(labels.map(|label| &label.message)).chain(&problem.notes).chain(&problem.help);
        let secret = words.find(|words| words.contains(SECRET) && !text.contains(SECRET));
        assert!(secret.is_none(), "a secret is shown: {secret:?}");
    }
    // What comes out can be shown, kept and compared.
    value.equals(&value.clone());
    let _ = value.to_json();
    let _ = format!("{}", value.ty());
});
