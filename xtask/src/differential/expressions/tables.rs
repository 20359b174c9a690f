//! Expressions by table: every value with every value, type, operator, index and use.

mod uses;
mod whole;

use super::case::{Case, Dialect};

/// Values of every kind of type, also empty ones, nulls, and values of one type by conversion.
const VALUES: &[&str] = &[
    "null",
    "true",
    "1",
    "\"a\"",
    "\"1\"",
    "[]",
    "[1]",
    "[\"a\"]",
    "[1, \"a\"]",
    "[true, 1]",
    "[[1]]",
    "[[], [1]]",
    "[null]",
    "[null, 1]",
    "{}",
    "{ a = 1 }",
    "{ a = \"x\" }",
    "{ a = 1, b = \"x\" }",
    "{ b = 2 }",
    "{ a = [1] }",
    "{ a = null }",
    "{ a = {} }",
    "[{ a = 1 }]",
    "[{ a = 1 }, { b = 1 }]",
    "var.ls",
    "var.ln",
    "var.le",
    "var.lnull",
    "var.ss",
    "var.sl",
    "var.ms",
    "var.mnull",
    "var.ml",
    "var.o",
    "var.lo",
    "var.t",
    "var.snull",
    "var.any",
];

/// Values that conversions make, by value and kind.
const CONVERTED: &[(&str, &str)] = &[
    ("[]", "list"),
    ("[1]", "list"),
    ("[1, \"b\"]", "set"),
    ("{ a = 1 }", "map"),
    ("{}", "map"),
    ("null", "string"),
    ("[null]", "list"),
];

const TYPES: &[&str] = &[
    "string",
    "number",
    "bool",
    "any",
    "list(any)",
    "list(string)",
    "list(number)",
    "set(any)",
    "set(string)",
    "map(any)",
    "map(string)",
    "list(list(string))",
    "list(any)",
    "map(list(any))",
    "tuple([])",
    "tuple([string])",
    "tuple([number, any])",
    "object({})",
    "object({ a = string })",
    "object({ a = any })",
    "object({ a = optional(number) })",
    "object({ a = optional(string, \"d\"), b = optional(list(any)) })",
    "list(object({ a = optional(string, \"q\") }))",
    "map(object({ a = optional(number, 1) }))",
    "set(object({ a = optional(any) }))",
    "list(map(string))",
    "list(tuple([any]))",
];

const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "&&", "||"];

/// Operands: numbers in every form, texts that are and are not numbers and bools, and others.
const OPERANDS: &[&str] = &[
    "0",
    "1",
    "-3",
    "2.5",
    "1e30",
    "0.1",
    "\"7\"",
    "\"-0.5e2\"",
    "\"x\"",
    "\"\"",
    "\" 1\"",
    "\"0x10\"",
    "\"1_0\"",
    "\"true\"",
    "\"TRUE\"",
    "\"1\"",
    "true",
    "false",
    "null",
    "[]",
    "{}",
    "var.snull",
    "length([1])",
    "9007199254740993",
    "(1/3)",
    "(1/0)",
    "(-1/0)",
    "\"Inf\"",
    "\"+5\"",
    "\".5\"",
    "\"5.\"",
    "\"1e5\"",
];

const KEYS: &[&str] = &[
    "0", "1", "-1", "0.5", "\"0\"", "\"a\"", "\"zz\"", "null", "true", "[]", "1e3", "\"é k\"", "\"\"",
    "1e30", "-0",
];

/// Whether a category has so many expressions that a share of them will do.
pub(super) fn is_large(category: &str) -> bool {
    !["numbers", "texts", "heredocs", "syntax"].contains(&category)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let values: Vec<Box<dyn Fn(Dialect) -> String>> = VALUES
        .iter()
        .map(|value| Box::new(move |_| (*value).to_owned()) as Box<dyn Fn(Dialect) -> String>)
        .chain(CONVERTED.iter().map(|(value, kind)| {
            Box::new(move |dialect: Dialect| dialect.convert(value, kind)) as Box<dyn Fn(Dialect) -> String>
        }))
        .collect();
    for (at, a) in values.iter().enumerate() {
        for (other, b) in values.iter().enumerate() {
            let side = (at * 7 + other * 3) % 2 == 0;
            cases.push(Case::spelled("conditions", |d| format!("{side} ? {} : {}", a(d), b(d))));
            cases.push(Case::spelled("unification", |d| {
                d.convert(&format!("[{}, {}]", a(d), b(d)), if at % 3 == 0 { "set" } else { "list" })
            }));
            if at <= other {
                cases.push(Case::spelled("equality", |d| format!("{} == {}", a(d), b(d))));
            }
            if (at * 11 + other) % 4 == 0 {
                cases.push(Case::spelled("unification", |d| {
                    d.convert(&format!("{{ x = {}, y = {} }}", a(d), b(d)), "map")
                }));
                cases.push(Case::spelled("conditions", |d| format!("{side} ? [{}] : [{}]", a(d), b(d))));
                cases.push(Case::spelled("conditions", |d| {
                    format!("{side} ? {{ k = {} }} : {{ k = {} }}", a(d), b(d))
                }));
                cases.push(Case::spelled("functions", |d| format!("coalesce({}, {})", a(d), b(d))));
            }
        }
        for ty in TYPES {
            cases.push(Case::packer("conversions", format!("convert({}, {ty})", a(Dialect::Packer))));
        }
        for key in KEYS {
            cases.push(Case::spelled("indexes", |d| format!("{}[{key}]", a(d))));
        }
        for pattern in uses::KNOWN {
            cases.push(Case::spelled("uses", |d| pattern.replace('C', &a(d))));
        }
    }
    for (at, a) in OPERANDS.iter().enumerate() {
        for (other, b) in OPERANDS.iter().enumerate() {
            for step in 0..2 {
                let operator = OPERATORS[(at * 5 + other * 3 + step * 4) % OPERATORS.len()];
                cases.push(Case::both("operators", format!("{a} {operator} {b}")));
            }
        }
    }
    let both =
        |category, texts: &[&str]| texts.iter().map(|text| Case::both(category, *text)).collect::<Vec<_>>();
    cases.extend(both("numbers", whole::NUMBERS));
    cases.extend(both("texts", whole::TEXTS));
    cases.extend(both("heredocs", whole::HEREDOCS));
    cases.extend(both("syntax", whole::SYNTAX));
    for (name, ty) in super::case::UNKNOWN {
        for pattern in uses::UNKNOWN {
            cases.push(Case::spelled("unknown values", |d| pattern.replace('U', &d.unknown(name, ty))));
        }
    }
    // Packer has no function that marks a value as sensitive.
    for pattern in uses::KNOWN.iter().chain(uses::UNKNOWN) {
        for value in ["\"s\"", "[1, 2]", "{ a = 1, b = 2 }", "true", "5"] {
            let whole = format!("sensitive({value})");
            cases.push(Case::terraform("sensitive values", pattern.replace(['C', 'U'], &whole)));
        }
        for value in ["[sensitive(1), 2]", "{ a = sensitive(1), b = 2 }"] {
            cases.push(Case::terraform("sensitive values", pattern.replace(['C', 'U'], value)));
        }
    }
    cases
}
