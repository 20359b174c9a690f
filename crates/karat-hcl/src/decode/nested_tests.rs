//! Schemas as plugins give them: collections of collections, blocks in blocks.

use std::collections::BTreeMap;

use karat_model::diagnostic::Diagnostics;
use karat_model::schema::{Attribute, Block, Nesting, Schema};
use karat_model::span::SourceMap;
use karat_model::value::{Type, Value};

use super::decode;
use crate::function::standard;
use crate::testing::{problems, show};
use crate::{Scope, parse};

fn schema<const A: usize, const B: usize>(
    attributes: [(&str, Attribute); A],
    blocks: [(&str, Nesting, bool, Schema); B],
) -> Schema {
    let block = |(name, nesting, required, schema): (&str, _, _, Schema)| {
        (name.to_owned(), Block { nesting, required, schema, doc: String::new() })
    };
    Schema {
        attributes: attributes.map(|(name, attribute)| (name.to_owned(), attribute)).into(),
        blocks: blocks.map(block).into(),
    }
}

/// `boots = list(list(string))`, `tags = map(list(string))`, and blocks `disk { name, part { size, flag { on } } }`
/// and `net { mac }`, of which there is one.
fn plugin() -> Schema {
    let new = Attribute::new;
    let flag = schema([("on", new(Type::Bool))], []);
    let part = schema([("size", new(Type::Number).required())], [("flag", Nesting::List, false, flag)]);
    let disk = schema([("name", new(Type::String))], [("part", Nesting::List, true, part)]);
    let net = schema([("mac", new(Type::String))], []);
    schema(
        [
            ("boots", new(Type::list(Type::list(Type::String)))),
            ("tags", new(Type::map(Type::list(Type::String)))),
        ],
        [("disk", Nesting::List, false, disk), ("net", Nesting::Single, false, net)],
    )
}

fn decoded(text: &str) -> String {
    let mut map = SourceMap::new();
    let file = map.add("test", text);
    let mut diagnostics = Diagnostics::new();
    let body = parse(file, text, &mut diagnostics);
    let sizes =
        Value::map(Type::Number, BTreeMap::from([("a".to_owned(), 1.into()), ("b".to_owned(), 2.into())]));
    let scope = Scope::new(standard(&Default::default()))
        .with("later", Value::unknown(Type::list(Type::Number)))
        .with("later_text", Value::unknown(Type::String))
        .with("sizes", sizes)
        .with("secret", Value::tuple(vec!["s".into()]).mark_sensitive());
    let value = decode(&body, &plugin(), &scope, &mut diagnostics);
    if diagnostics.has_errors() {
        return problems(&map, diagnostics);
    }
    assert_eq!(*value.ty(), plugin().ty(), "the type follows from the schema: {text}");
    show(&value)
}

#[test]
fn values_have_the_types_of_the_schema() {
    let rest = |set: &str| match set {
        "boots" => ", disk = list[], net = null(object), tags = null(map of list of string)}",
        _ => ", net = null(object), tags = null(map of list of string)}",
    };
    for (text, expected) in [
        (r#"boots = [["a", 1], []]"#, format!(r#"{{boots = list[list["a", "1"], list[]]{}"#, rest("boots"))),
        ("boots = []", format!("{{boots = list[]{}", rest("boots"))),
        ("boots = null", format!("{{boots = null(list of list of string){}", rest("boots"))),
        ("boots = [null]", format!("{{boots = list[null(list of string)]{}", rest("boots"))),
        ("boots = [[later_text]]", format!("{{boots = list[list[unknown(string)]]{}", rest("boots"))),
        ("boots = [later]", format!("{{boots = list[unknown(list of string)]{}", rest("boots"))),
        (
            r#"tags = { a = ["x"], b = [] }"#,
            "{boots = null(list of list of string), disk = list[], net = null(object), \
             tags = map{a = list[\"x\"], b = list[]}}"
                .to_owned(),
        ),
        (
            "boots = [\"a\"]",
            "1:9 The argument `boots` has the wrong type ([0]: a list of string is required, but this is a string); put it in brackets to make a list of it"
                .to_owned(),
        ),
        (
            "tags = { a = { b = 1 } }",
            "1:8 The argument `tags` has the wrong type ([\"a\"]: a list of string is required, but this is an object)"
                .to_owned(),
        ),
        (
            "disk {\n name = \"d\"\n part {\n size = \"1\"\n flag {\n on = true\n}\n flag {}\n}\n}\ndisk {\n part { size = 2 }\n}",
            format!(
                "{{boots = null(list of list of string), disk = list[{{name = \"d\", part = \
                 list[{{flag = list[{{on = true}}, {{on = null(bool)}}], size = 1}}]}}, \
                 {{name = null(string), part = list[{{flag = list[], size = 2}}]}}]{}",
                rest("disk")
            ),
        ),
    ] {
        assert_eq!(decoded(text), expected, "{text}");
    }
}

#[test]
fn dynamic_blocks_nest_and_see_the_outer_iterator() {
    let disk = |inside: &str| {
        format!(
            "dynamic \"disk\" {{\n for_each = sizes\n iterator = d\n content {{\n name = d.key\n{inside}\n}}\n}}"
        )
    };
    let with = |parts: &str| {
        format!(
            "{{boots = null(list of list of string), disk = {parts}, net = null(object), tags = null(map of list of string)}}"
        )
    };
    let part =
        "dynamic \"part\" {\n for_each = [10, 20]\n content {\n size = part.value * d.value + part.key\n}\n}";
    let parts =
        |a: i32, b: i32| format!("list[{{flag = list[], size = {a}}}, {{flag = list[], size = {b}}}]");
    assert_eq!(
        decoded(&disk(part)),
        with(&format!(
            "list[{{name = \"a\", part = {}}}, {{name = \"b\", part = {}}}]",
            parts(10, 21),
            parts(20, 41)
        ))
    );
    // Inside of a known block an unknown number of blocks is an unknown list.
    let later = "dynamic \"part\" {\n for_each = later\n content {\n size = part.value\n}\n}";
    assert_eq!(
        decoded(&disk(later)),
        with(
            "list[{name = \"a\", part = unknown(list of object)}, {name = \"b\", part = unknown(list of object)}]"
        )
    );
    // A written block beside an unknown number of others is unknown with them.
    let mixed = "dynamic \"disk\" {\n for_each = later\n content {\n part { size = nowhere }\n}\n}\ndisk {\n part { size = 1 }\n}";
    assert_eq!(decoded(mixed), with("unknown(list of object)"));
    // How many there are is a secret where `for_each` is.
    let secret = "dynamic \"disk\" {\n for_each = secret\n content {\n part { size = 1 }\n}\n}";
    assert!(decoded(secret).contains("disk = sensitive(list["), "{}", decoded(secret));
}

#[test]
fn mistakes_in_blocks() {
    for (text, expected) in [
        ("disk {}", "1:7 The block `part` is required (it is missing here)"),
        ("disk {\n part {}\n}", "2:8 The argument `size` is required (it is missing here)"),
        (
            "disk {\n part { size = 1 }\n part { sise = 1 }\n}",
            "3:9 There is no argument `sise` here; did you mean `size`?\n3:18 The argument `size` is required (it is missing here)",
        ),
        ("net {}\nnet {}", "2:1 There can be only one block `net` (this is another one)"),
        (
            "dynamic \"net\" {\n for_each = [1, 2]\n content {}\n}",
            "1:1 There can be only one block `net` (this is another one)",
        ),
        (
            "dynamic \"net\" {\n for_each = [1]\n labels = [\"x\"]\n content {}\n}",
            "3:12 A block `net` has no labels (remove `labels`)",
        ),
        // The schema holds for blocks of which nobody knows how many there are.
        (
            "dynamic \"disk\" {\n for_each = later\n content {\n nme = disk.value\n}\n}",
            "4:2 There is no argument `nme` here; did you mean `name`?\n5:1 The block `part` is required (it is missing here)",
        ),
        (
            "dynamic \"disk\" {\n for_each = 5\n content {}\n}",
            "2:13 `for` needs a list, a set, a map or an object (this is a number)",
        ),
        (
            "dynamic \"disk\" {\n for_each = [1]\n iterator = \"x\"\n content {}\n}",
            "3:13 `iterator` must be a name without quotes",
        ),
        (
            "dynamic \"disk\" {\n for_each = [1]\n content {}\n content {}\n}",
            "1:1 A `dynamic` block needs exactly one `content` block (it says what each of the blocks contains)",
        ),
    ] {
        assert_eq!(decoded(text), expected, "{text}");
    }
}
