use std::collections::BTreeMap;

use karat_model::diagnostic::{Diagnostics, Edit};
use karat_model::schema::{Attribute, Block, Nesting, Schema};
use karat_model::span::{SourceMap, Span};
use karat_model::value::{Type, Value};

use super::{Form, Role, fit, parse, reader};
use crate::function::standard;
use crate::testing::{problems, show};
use crate::tree::Body;
use crate::{MAX_DEPTH, Scope, decode, eval, type_constraint};

/// A JSON text, its body and what is wrong with it.
struct Stage {
    map: SourceMap,
    body: Body,
    diagnostics: Diagnostics,
}

fn read(text: &str) -> Stage {
    let mut map = SourceMap::new();
    let file = map.add("t.json", text);
    let mut diagnostics = Diagnostics::new();
    let body = parse(file, text, &mut diagnostics);
    Stage { map, body, diagnostics }
}

/// What the property `x` is worth, or what is wrong.
fn value(json: &str, form: Form) -> String {
    let mut stage = read(&format!("{{\"x\": {json}}}"));
    stage.body.settle(&|_| Some(Role::Argument(form)), &mut stage.diagnostics);
    let scope = Scope::new(standard(&Default::default())).with("n", Value::number(7));
    let value = match stage.body.attribute("x") {
        Some(attribute) => eval(&attribute.expr, &scope, &mut stage.diagnostics),
        None => Value::error(),
    };
    if stage.diagnostics.is_empty() { show(&value) } else { problems(&stage.map, stage.diagnostics) }
}

/// The blocks and arguments of a body whose blocks are `b` without labels, `l` with one and `m` with two.
fn shape(text: &str) -> String {
    let mut stage = read(text);
    let role = |name: &str| match name {
        "b" => Some(Role::Block(&[])),
        "l" => Some(Role::Block(&["kind"])),
        "m" => Some(Role::Block(&["kind", "name"])),
        "dynamic" => Some(Role::Dynamic),
        "a" | "c" => Some(Role::Argument(Form::Template)),
        _ => None,
    };
    stage.body.settle(&role, &mut stage.diagnostics);
    if !stage.diagnostics.is_empty() {
        return problems(&stage.map, stage.diagnostics);
    }
    outline(&stage.body, &stage.map)
}

/// Arguments as written, blocks with their headers, properties in parentheses.
fn outline(body: &Body, map: &SourceMap) -> String {
    let attributes = body.attributes.iter().map(|a| format!("{}={}", a.name.name, map.snippet(a.expr.span)));
    let blocks = body.blocks.iter().map(|b| format!("{} {{{}}}", b.title(), outline(&b.body, map)));
    let rest = body.properties.iter().map(|p| format!("({}: {})", p.name.text, map.snippet(p.value.span)));
    attributes.chain(blocks).chain(rest).collect::<Vec<_>>().join(" ")
}

#[test]
fn tpl_05_json_values_are_expressions() {
    for (json, expected) in [
        ("null", "null"),
        ("true", "true"),
        ("false", "false"),
        ("-0", "-0"),
        ("1.50", "1.5"),
        ("1E-3", "0.001"),
        ("0.1234567890123456789012345678901234567890", "0.123456789012345678901234567890123456789"),
        ("123456789012345678901234567890123456789012", "123456789012345678901234567890123456789012"),
        ("[1, \"a\", [], {}]", "[1, \"a\", [], {}]"),
        (r#"{"a": 1, "b${n}": 2, "//": 3}"#, "{// = 3, a = 1, b7 = 2}"),
        (r#""plain""#, "\"plain\""),
        (r#""""#, "\"\""),
        (r#""${n}""#, "7"),
        (r#""${[n]}""#, "[7]"),
        (r#""n is ${n}""#, "\"n is 7\""),
        (r#""$${n} %%{n} $n 100%""#, "\"${n} %{n} $n 100%\""),
        (r#""%{ for v in [1, 2] ~} ${v} %{ endfor }""#, "\"1 2 \""),
        (r#""${upper(\"a\\nb\")}""#, "\"A\\nB\""),
        // A backslash in a template outside of `${}` is nothing but itself.
        (r#""a\\nb""#, "\"a\\\\nb\""),
        (r#""${<<E\nx\nE\n}""#, "\"x\\n\""),
        (r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "\"\\\"\\\\/\\u{8}\\u{c}\\n\\r\\té😀\""),
        (r#""\ud83d|\ude00|\ud83d\u0041""#, "\"\u{FFFD}|\u{FFFD}|\u{FFFD}A\""),
        (r#""e\u0301""#, "\"é\""),
    ] {
        assert_eq!(value(json, Form::Template), expected, "{json}");
    }
}

#[test]
fn tpl_05_json_strings_stand_as_they_are_where_nothing_can_be_mentioned() {
    for (json, expected) in [
        (r#""${n} $${x} %{""#, "\"${n} $${x} %{\""),
        (r#"[{"${n}": "${"}]"#, "[{${n} = \"${\"}]"),
        ("5", "5"),
    ] {
        assert_eq!(value(json, Form::Verbatim), expected, "{json}");
    }
}

#[test]
fn tpl_05_json_strings_hold_types_as_expressions() {
    for (json, expected) in [
        (r#""string""#, "\"string\""),
        (r#"" list(\n string\n)""#, r#"["list","string"]"#),
        (r#""object({ a = optional(string, \"x\") })""#, r#"["object",{"a":"string"},["a"]]"#),
        (r#""lst(string)""#, "1:8 There is no type `lst`; did you mean `list`?"),
        (
            r#""\u006cist(strin\u0067, 1)""#,
            "1:8 `list` is written with one argument; for example `list(string)`",
        ),
        (
            r#"["string"]"#,
            "1:7 This is not a type; for example `string`, `list(string)` or `object({ name = string })`",
        ),
        (
            "null",
            "1:7 This is not a type; for example `string`, `list(string)` or `object({ name = string })`",
        ),
    ] {
        let mut stage = read(&format!("{{\"x\": {json}}}"));
        stage.body.settle(&|_| Some(Role::Argument(Form::Expression)), &mut stage.diagnostics);
        let attribute = stage.body.attribute("x").unwrap();
        let found = match type_constraint(&attribute.expr, &mut stage.diagnostics) {
            Some(constraint) => constraint.ty.to_json().to_string(),
            None => problems(&stage.map, stage.diagnostics),
        };
        assert_eq!(found, expected, "{json}");
    }
}

#[test]
fn tpl_05_json_mistakes_in_values() {
    for (json, expected) in [
        (
            r#""a ${nope} b""#,
            "1:12 There is no `nope` here; to leave it to the shell, double the first character: `$${nope}`",
        ),
        (
            r#""\n\ud83d\ude00\"${nope}""#,
            "1:26 There is no `nope` here; to leave it to the shell, double the first character: `$${nope}`",
        ),
        (r#""${upper(\"a\", no\u0070e)}""#, "1:23 There is no `nope` here"),
        (r#""a${n""#, "1:12 The `${` is not closed (`}` is expected here)"),
        (
            r#""${}""#,
            "1:8 There is nothing to evaluate in this `${}`; to write these characters themselves, double the first one: `$${`",
        ),
        (r#"{"a": 1, "b": 2, "a": 3}"#, "1:24 \"a\" is in the object twice (set again here)"),
        (r#"{"${null}": 1}"#, "1:8 A key must not be null"),
    ] {
        let found = value(json, Form::Template);
        assert!(found.starts_with(expected), "{json}\n{found}");
    }
}

#[test]
fn tpl_05_json_places_lead_back_through_every_escape() {
    let text = r#"{"x": ["\u0041\t\ud83d\ude00é${va\u0072.\"name\" == data[\"\u006b\"].\u0062}", {"k\n${key}": 1}]}"#;
    let body = read(text).body;
    let map = read(text).map;
    let references = body.references();
    let found: Vec<_> = references.iter().map(|reference| map.snippet(reference.span)).collect();
    // The first string is no template, so what it mentions is not known.
    assert_eq!(found, ["key"]);

    let text =
        r#"{"x": ["\u0041\t\ud83d\ude00é${va\u0072.name == data[\"\u006b\"].\u0062}", {"k\n${key}": 1}]}"#;
    let Stage { map, body, .. } = read(text);
    let references = body.references();
    let found: Vec<_> = references.iter().map(|reference| map.snippet(reference.span)).collect();
    assert_eq!(found, [r"va\u0072.name", r#"data[\"\u006b\"].\u0062"#, "key"]);
    assert_eq!(references[1].path.iter().map(|name| name.name.as_str()).collect::<Vec<_>>(), ["k", "b"]);
}

#[test]
fn tpl_05_json_changes_of_text_leave_it_json() {
    let text = r#"{"a": "${x}", "b": 1}"#;
    let edit = |start, end, replacement: &str| Edit {
        span: Span::new(Default::default(), start, end),
        replacement: replacement.to_owned(),
    };
    let shown =
        |edits: &[Edit]| fit(text, edits).into_iter().map(|edit| edit.replacement).collect::<Vec<_>>();
    assert_eq!(shown(&[edit(9, 10, "y")]), ["y"]);
    assert_eq!(shown(&[edit(9, 10, "\"y\"")]), [r#"\"y\""#], "inside a string");
    assert_eq!(shown(&[edit(6, 12, "\"y\"")]), [r#""y""#], "in place of a string");
    assert_eq!(shown(&[edit(6, 6, "["), edit(12, 12, "]")]), ["[", "]"], "only together");
    assert!(shown(&[edit(0, 0, "packer {\n}\n")]).is_empty(), "no JSON");
    assert_eq!(fit("{'a': 1}", &[edit(1, 4, "\"a\"")])[0].replacement, r#""a""#, "a slip of the text itself");
}

#[test]
fn tpl_05_json_bodies() {
    for (text, expected) in [
        ("{}", ""),
        ("[]", ""),
        (r#"{"a": [1], "c": "x"}"#, r#"a=[1] c="x""#),
        (r#"[{"a": 1}, {"c": 2}]"#, "a=1 c=2"),
        (r#"{"//": "x", "//": 1, "zzz": 2}"#, "(zzz: 2)"),
        (r#"{"b": {}}"#, "b {}"),
        (r#"{"b": null}"#, ""),
        (r#"{"b": []}"#, ""),
        (r#"{"b": [{"q": 1}, null, {}]}"#, "b {(q: 1)} b {} b {}"),
        (r#"{"b": [[{"q": 1}, {"r": 2}], {}]}"#, "b {(q: 1) (r: 2)} b {}"),
        (r#"{"b": {}, "a": 1, "b": {"//": 1}}"#, "a=1 b {} b {(//: 1)}"),
        (r#"{"l": {"x": {}, "y": {}}}"#, r#"l "x" {} l "y" {}"#),
        (r#"{"l": {"x": [{}, {}]}}"#, r#"l "x" {} l "x" {}"#),
        (r#"{"l": [{"x": {}}, {"y": {}, "x": null}]}"#, r#"l "x" {} l "y" {}"#),
        (r#"{"l": {"x": {}, "x": {}}}"#, r#"l "x" {} l "x" {}"#),
        (r#"{"m": {"x": {"y": {"q": 1}, "z": []}, "v": [{"w": {}}]}}"#, r#"m "x" "y" {(q: 1)} m "v" "w" {}"#),
        (
            r#"{"dynamic": {"b": {"for_each": [1], "iterator": "it", "labels": ["x"], "content": {"q": 1}}}}"#,
            r#"dynamic "b" {for_each=[1] iterator=it labels=["x"] content {(q: 1)}}"#,
        ),
        (r#"{"dynamic": [{"b": [{"//": 1}, {"zzz": 1}]}]}"#, r#"dynamic "b" {} dynamic "b" {zzz=1}"#),
    ] {
        assert_eq!(shape(text), expected, "{text}");
    }
}

#[test]
fn tpl_05_json_mistakes_in_bodies() {
    let object = "write `{ … }` for one block, `[{ … }, { … }]` for several";
    let label = "the kind is the name of a property: `{ \"KIND\": { … } }`";
    let body = "An object with arguments and blocks is expected here (this is something else); write `{ \"name\": … }`, or an array of such objects";
    for (text, expected) in [
        (r#"{"b": "x"}"#, format!("1:7 `b` is a block, not an argument (an object is expected here); {object}")),
        (r#"{"b": 1}"#, format!("1:7 `b` is a block, not an argument (an object is expected here); {object}")),
        (r#"{"b": [1]}"#, format!("1:8 {body}")),
        (r#"{"b": [[{}, 1]]}"#, format!("1:13 {body}")),
        (r#"[{}, 1]"#, format!("1:6 {body}")),
        (r#"{"l": {}}"#, format!("1:7 Missing kind for l; {label}")),
        (r#"{"l": null}"#, format!("1:7 Missing kind for l; {label}")),
        (r#"{"m": {"x": []}}"#, "1:13 Missing name for m; the name is the name of a property: `{ \"NAME\": { … } }`".to_owned()),
        (r#"{"l": "x"}"#, "1:7 An object is expected here, whose properties are named by the kind (this is something else); write `{ \"KIND\": { … } }`, or an array of such objects".to_owned()),
        (r#"{"l": {"x": 1}}"#, format!("1:13 `l` is a block, not an argument (an object is expected here); {object}")),
        (r#"{"a": 1, "a": 2}"#, "1:11 `a` is set twice (set again here); an argument can be set once; remove one of them".to_owned()),
        (r#""x""#, "1:1 The text must be an object (this is something else); write `{ \"name\": … }`".to_owned()),
    ] {
        assert_eq!(shape(text), expected, "{text}");
    }
}

#[test]
fn tpl_05_json_mistakes_in_the_text() {
    let escapes = r#"for a backslash write `\\`; known are \n \r \t \b \f \" \\ \/ \uXXXX"#;
    let a_value = "a value is a string in double quotes, a number, `true`, `false`, `null`, `[…]` or `{…}`";
    for (text, expected) in [
        ("", format!("1:1 The text ends where a value is expected (this is the end of the file); {a_value}")),
        ("{\"a\": }", format!("1:7 The value is missing (this is `}}`); {a_value}")),
        ("{\"a\": ?}", format!("1:7 A value is expected (this is `?`); {a_value}")),
        ("{} x", "1:4 Something follows the end of the JSON value (`x` is left over here)".to_owned()),
        ("{\n  \"a\": 1\n  \"b\": 2\n}", "3:3 There is no comma between two elements (the next element starts here)".to_owned()),
        ("[1 2]", "1:4 There is no comma between two elements (the next element starts here)".to_owned()),
        ("{\"a\": 1,\n}", "1:8 There is a comma too many (JSON has no comma before a `}`)".to_owned()),
        ("[{},]", "1:4 There is a comma too many (JSON has no comma before a `]`)".to_owned()),
        ("{,\"a\": 1,,\"b\": 2}", "1:2 There is a comma too many (nothing stands before it)\n1:10 There is a comma too many (nothing stands before it)".to_owned()),
        ("{\"a\": 1; \"b\": 2}", "1:8 Elements are separated by commas, not by semicolons".to_owned()),
        ("{'a': 'x'}", "1:2 Text is written in double quotes\n1:7 Text is written in double quotes".to_owned()),
        ("{\"a\": “x”}", "1:7 Text is written in double quotes".to_owned()),
        ("{a: 1}", "1:2 The name of a property is written in double quotes".to_owned()),
        ("{1: 1}", "1:2 The name of a property is expected, in double quotes (this is `1`)".to_owned()),
        ("{\"a\" = 1}", "1:6 In JSON a property is set with `:`".to_owned()),
        ("{\"a\" {}}", "1:6 There is no `:` between the name and the value (the value starts here)".to_owned()),
        ("{\"a\"}", "1:5 The property \"a\" has no value (`:` is expected here, not `}`)".to_owned()),
        ("[\"a\": 1]", "1:5 The elements of an array have no names (this would set what stands before it); names and their values stand in braces: `{ \"name\": … }`".to_owned()),
        ("# x\n{ // y\n\"a\": /* z */ 1}", "1:1 JSON has no comments; where arguments and blocks stand, a property named \"//\" is a comment: \"//\": \"…\"".to_owned()),
        ("{\"a\": \"x\n}", "1:7 The string is not closed (the closing `\"` is missing on this line); in a JSON string a line end is written \\n".to_owned()),
        ("{\"a\": \"x,\n\"b\": 1}", "1:7 The string is not closed (the closing `\"` is missing on this line); in a JSON string a line end is written \\n".to_owned()),
        ("{\"a\": \"x", "1:7 The string is not closed (the closing `\"` is missing on this line); in a JSON string a line end is written \\n".to_owned()),
        ("{\"a\": {\"b\": 1}", "1:15 A `}` is missing (the text ends here)".to_owned()),
        ("[[1]", "1:5 A `]` is missing (the text ends here)".to_owned()),
        ("{\"a\": [1}", "1:9 `]` is expected here, not `}`".to_owned()),
        ("[\"a\tb\"]", "1:4 In a JSON string a tab is written \\t".to_owned()),
        ("[\"a\u{1}b\"]", "1:4 In a JSON string a control character is written \\u0001".to_owned()),
        (r#"["\d+"]"#, format!("1:3 `\\d` means nothing in a JSON string; {escapes}")),
        (r#"["\u12"]"#, format!("1:3 `\\u` means nothing in a JSON string; {escapes}")),
        ("[NaN]", "1:2 `NaN` is not a value in JSON; JSON has no such number".to_owned()),
        ("[-Infinity]", "1:2 `-Infinity` is not a number in JSON; after the `-` a digit is expected".to_owned()),
        ("[True]", "1:2 `True` is not a value in JSON; did you mean `true`?".to_owned()),
        ("[undefined]", "1:2 `undefined` is not a value in JSON; write `null`".to_owned()),
        ("[qemu]", "1:2 `qemu` is not a value in JSON; text is written in double quotes".to_owned()),
        ("[+1]", "1:2 `+1` is not a number in JSON; leave the `+` out".to_owned()),
        ("[007]", "1:2 `007` is not a number in JSON; a number does not start with 0; to keep the zeros, put it in double quotes".to_owned()),
        ("[.5]", "1:2 `.5` is not a number in JSON; write a digit before the point: 0.5".to_owned()),
        ("[1.]", "1:2 `1.` is not a number in JSON; write a digit behind the point: 1.0".to_owned()),
        ("[1e]", "1:2 `1e` is not a number in JSON; the exponent has no digits".to_owned()),
        ("[10m]", "1:2 `10m` is not a number in JSON; if this is text, put it in double quotes".to_owned()),
        ("\u{FEFF}{}", "1:1 The file starts with a byte order mark, which JSON does not have; save it as UTF-8 without a byte order mark (BOM)".to_owned()),
        ("[\u{A0}1]", format!("1:2 A value is expected (this is `\u{A0}`); {a_value}")),
    ] {
        let Stage { map, diagnostics, .. } = read(text);
        assert_eq!(problems(&map, diagnostics), expected, "{text}");
    }
}

#[test]
fn tpl_05_json_slips_are_mended_by_their_fixes() {
    let text = "{ // c\n  a: 'x \"y\"',,\n  \"b\" = [1 2,];\n  \"c\": \"\\d\"\n}";
    let Stage { diagnostics, .. } = read(text);
    let mut mended = text.to_owned();
    let mut fixes: Vec<_> = diagnostics.iter().flat_map(|problem| problem.fixes.clone()).collect();
    fixes.sort_by_key(|fix| std::cmp::Reverse(fix.span.start));
    fixes.into_iter().for_each(|fix| mended.replace_range(fix.span.range(), &fix.replacement));
    assert_eq!(mended, "{ // c\n  \"a\": \"x \\\"y\\\"\",\n  \"b\" : [1, 2],\n  \"c\": \"\\\\d\"\n}");
    assert_eq!(
        problems(&read(&mended).map, read(&mended).diagnostics).lines().count(),
        1,
        "the comment is left"
    );
}

#[test]
fn tpl_05_json_reading_stops_after_enough_problems_and_at_a_depth() {
    let Stage { diagnostics, .. } = read(&"[x,".repeat(100_000));
    assert!(diagnostics.len() <= 50);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(read(&nested(MAX_DEPTH)).diagnostics.is_empty() || open == "[");
        let Stage { map, diagnostics, .. } = read(&nested(100_000));
        let shown = problems(&map, diagnostics);
        assert!(
            shown.ends_with("This is nested more than 512 levels deep (the limit is reached here)"),
            "{shown}"
        );
    }
    let Stage { map, diagnostics, .. } = read(&format!("[{}0]", "0,".repeat(reader::MAX_VALUES)));
    assert_eq!(
        problems(&map, diagnostics),
        "1:2000000 The file has more than 1000000 values (the limit is reached here)"
    );
    let deep = format!("\"${{{}1{}}}\"", "(".repeat(100), ")".repeat(100));
    let value = value(&format!("{}{deep}{}", "[".repeat(500), "]".repeat(500)), Form::Template);
    assert!(value.starts_with("[[[[") && value.contains("[1]"));
}

#[test]
fn tpl_05_json_any_piece_of_a_text_is_read_without_panic() {
    let text = r#"{"a": [1, -2.5e3, "x\n\ud83d\ude00${b["c"]}é", true], 'b': {c: // d
        null,}, "dynamic": [{"x": [[{}]]}]} "#;
    let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    for from in &boundaries {
        for to in boundaries.iter().filter(|to| *to >= from) {
            let mut body = read(&text[*from..*to]).body;
            body.settle(&|name| (name != "b").then_some(Role::Dynamic), &mut Diagnostics::new());
            body.references();
        }
    }
}

#[test]
fn tpl_05_json_bodies_are_decoded_by_their_schema() {
    let attribute = |name: &str, ty| (name.to_owned(), Attribute::new(ty));
    let disk = Schema { attributes: [attribute("size", Type::Number)].into(), blocks: BTreeMap::new() };
    let block = |nesting| Block { nesting, required: false, schema: disk.clone(), doc: String::new() };
    let schema = Schema {
        attributes: [attribute("tags", Type::map(Type::String)), attribute("list", Type::list(Type::String))]
            .into(),
        blocks: [("disk".to_owned(), block(Nesting::List)), ("boot".to_owned(), block(Nesting::Single))]
            .into(),
    };
    for (text, expected) in [
        (
            "{}",
            "{boot = null(object), disk = list[], list = null(list of string), tags = null(map of string)}",
        ),
        (
            r#"{"//": "c", "tags": {"${n}": 1}, "list": ["a", "${n}"], "disk": [{"size": "${n}"}, {"size": "8"}], "boot": {"size": 1}}"#,
            r#"{boot = {size = 1}, disk = list[{size = 7}, {size = 8}], list = list["a", "7"], tags = map{7 = "1"}}"#,
        ),
        (
            r#"{"disk": null, "dynamic": {"disk": {"for_each": ["1", "2"], "iterator": "it", "content": {"size": "${it.value}"}}}}"#,
            "{boot = null(object), disk = list[{size = 1}, {size = 2}], list = null(list of string), tags = null(map of string)}",
        ),
        (r#"{"tagss": {}}"#, "1:3 There is no argument or block `tagss` here; did you mean `tags`?"),
        (r#"{"dsk": {}}"#, "1:3 There is no argument or block `dsk` here; did you mean `disk`?"),
        (r#"{"disk": {"sze": 1}}"#, "1:12 There is no argument or block `sze` here; did you mean `size`?"),
        (
            r#"{"list": "a"}"#,
            "1:10 The argument `list` has the wrong type (a list of string is required, but this is a string); put it in brackets to make a list of it",
        ),
        (
            r#"{"disk": {"size": [1]}}"#,
            "1:19 The argument `size` has the wrong type (a number is required, but this is a tuple)",
        ),
        (r#"{"boot": [{}, {}]}"#, "1:15 There can be only one block `boot` (this is another one)"),
        (
            r#"{"dynamic": {"dsk": {"for_each": [], "content": {}}}}"#,
            "1:14 There is no block `dsk` here; did you mean `disk`?",
        ),
        (
            r#"{"dynamic": {"disk": {"for_each": [1], "iterator": "${it}", "content": {}}}}"#,
            "1:53 The character `$` has no meaning here; a value is named without `$`, as in `var.name`; templates are written in quotes: \"${…}\"",
        ),
    ] {
        let mut stage = read(text);
        let scope = Scope::new(standard(&Default::default())).with("n", Value::number(7));
        let value = decode(&stage.body, &schema, &scope, &mut stage.diagnostics);
        let found =
            if stage.diagnostics.is_empty() { show(&value) } else { problems(&stage.map, stage.diagnostics) };
        assert_eq!(found, expected, "{text}");
    }
}
