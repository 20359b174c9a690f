//! A body by its schema: the arguments converted, the blocks collected, the mistakes reported.

use std::collections::BTreeMap;

use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit, code, did_you_mean};
use karat_model::schema::{self, Nesting, Schema};
use karat_model::value::{Type, Value};

use crate::dynamic::Dynamic;
use crate::eval::{eval, mentioned};
use crate::habit;
use crate::json::{Property, settle};
use crate::limit::MAX_SIZE;
use crate::scope::Scope;
use crate::tree::{Attribute, Block, Body};

/// The value of a body: an object that has every argument and every block of the schema. Absent arguments and single
/// blocks are null, absent lists of blocks are empty; what was reported as wrong is [`Value::error`].
/// `dynamic` blocks are expanded.
pub fn decode(body: &Body, schema: &Schema, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Value {
    let body = settle(body, schema, diagnostics);
    let mut attributes = BTreeMap::new();
    diagnostics.extend(body.properties.iter().map(|property| unknown_property(property, schema)));
    for attribute in &body.attributes {
        let name = &attribute.name.name;
        match schema.attributes.get(name) {
            Some(spec) => {
                let value = decode_attribute(attribute, spec, scope, diagnostics);
                attributes.insert(name.clone(), value);
            }
            None => diagnostics.push(unknown_attribute(attribute, schema)),
        }
    }
    for (name, spec) in &schema.attributes {
        if attributes.contains_key(name) {
            continue;
        }
        if spec.required {
            diagnostics.push(missing("argument", name, &body, &spec.doc));
        }
        attributes.insert(name.clone(), Value::null(spec.ty.clone()));
    }
    let mut found: BTreeMap<&str, Found<'_>> = BTreeMap::new();
    for block in &body.blocks {
        collect(block, schema, scope, diagnostics, &mut found);
    }
    for (name, spec) in &schema.blocks {
        let found = found.remove(name.as_str()).unwrap_or_default();
        if spec.required && found.first.is_none() {
            diagnostics.push(missing("block", name, &body, &spec.doc));
        }
        attributes.insert(name.clone(), found.into_value(spec));
    }
    Value::object(attributes)
}

fn decode_attribute(
    attribute: &Attribute,
    spec: &schema::Attribute,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> Value {
    let name = &attribute.name.name;
    if let Some(reason) = &spec.unsupported {
        diagnostics.push(
            Diagnostic::error(code::UNSUPPORTED, format!("The argument `{name}` is not supported yet"))
                .label(attribute.name.span, reason.clone()),
        );
    }
    if let Some(instead) = &spec.deprecated {
        diagnostics.push(
            Diagnostic::warning(code::DEPRECATED, format!("The argument `{name}` is deprecated"))
                .label(attribute.name.span, instead.clone()),
        );
    }
    let value = eval(&attribute.expr, scope, diagnostics);
    match value.convert(&spec.ty) {
        Ok(value) => value.mark_if(spec.sensitive),
        Err(error) => {
            let problem =
                Diagnostic::error(code::WRONG_TYPE, format!("The argument `{name}` has the wrong type"))
                    .label(attribute.expr.span, error.to_string())
                    .values(mentioned(&attribute.expr, scope));
            let is_element = spec.ty.element().is_some_and(|element| value.convert(element).is_ok());
            diagnostics.push(match spec.ty {
                Type::List(_) | Type::Set(_) if is_element => problem
                    .help("put it in brackets to make a list of it")
                    .fix(Edit { span: attribute.expr.span.at_start(), replacement: "[".to_owned() })
                    .fix(Edit { span: attribute.expr.span.at_end(), replacement: "]".to_owned() }),
                _ => problem,
            });
            Value::error()
        }
    }
}

fn unknown_attribute(attribute: &Attribute, schema: &Schema) -> Diagnostic {
    let name = &attribute.name.name;
    let span = attribute.name.span;
    if schema.blocks.contains_key(name) {
        return Diagnostic::error(code::UNKNOWN_ARGUMENT, format!("`{name}` is a block, not an argument"))
            .label(span, "it is set here with `=`")
            .help(format!(
                "write `{name} {{ … }}` without `=`; where there are several, write a block for each"
            ));
    }
    let problem =
        Diagnostic::error(code::UNKNOWN_ARGUMENT, format!("There is no argument `{name}` here")).at(span);
    if let Some(help) = habit::argument(name) {
        return problem.help(help);
    }
    let known = schema.attributes.keys().chain(schema.blocks.keys()).map(String::as_str);
    match did_you_mean(name, known) {
        Some(meant) if schema.blocks.contains_key(meant) => {
            problem.help(format!("did you mean the block `{meant}`?"))
        }
        Some(meant) => problem.did_you_mean(span, meant),
        None => problem,
    }
}

fn unknown_property(property: &Property, schema: &Schema) -> Diagnostic {
    let name = &property.name.text;
    let span = property.name.inside();
    let problem =
        Diagnostic::error(code::UNKNOWN_ARGUMENT, format!("There is no argument or block `{name}` here"))
            .at(span);
    match did_you_mean(name, schema.attributes.keys().chain(schema.blocks.keys()).map(String::as_str)) {
        Some(meant) => problem.did_you_mean(span, meant),
        None => problem,
    }
}

fn unknown_block(block: &Block, kind: &str, schema: &Schema) -> Diagnostic {
    let span = block.header;
    if let Some(attribute) = schema.attributes.get(kind) {
        let problem =
            Diagnostic::error(code::UNKNOWN_BLOCK, format!("`{kind}` is an argument, not a block")).at(span);
        return match attribute.ty {
            Type::Map(_) | Type::Object(_) | Type::Any => {
                problem.label(span, "the `=` is missing").help(format!("write `{kind} = {{ … }}`"))
            }
            _ => problem.help(format!("write `{kind} = …`; it is {}", attribute.ty.with_article())),
        };
    }
    let problem = Diagnostic::error(code::UNKNOWN_BLOCK, format!("There is no block `{kind}` here")).at(span);
    if let Some(help) = habit::block(kind) {
        return problem.help(help);
    }
    let known = schema.blocks.keys().chain(schema.attributes.keys()).map(String::as_str);
    match did_you_mean(kind, known) {
        Some(meant) if schema.attributes.contains_key(meant) => {
            problem.help(format!("did you mean the argument `{meant}`?"))
        }
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

fn missing(what: &str, name: &str, body: &Body, doc: &str) -> Diagnostic {
    let problem = Diagnostic::error(code::MISSING_ARGUMENT, format!("The {what} `{name}` is required"))
        .label(body.end, "it is missing here");
    let meaning = doc.split("\n\n").next().unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ");
    if meaning.is_empty() { problem } else { problem.note(format!("{name}: {meaning}")) }
}

/// The blocks of one kind.
#[derive(Default)]
struct Found<'b> {
    first: Option<&'b Block>,
    values: Vec<Value>,
    /// A `dynamic` block whose number of blocks is not known yet.
    unknown: bool,
    sensitive: bool,
}

impl Found<'_> {
    fn into_value(mut self, spec: &schema::Block) -> Value {
        let value = match spec.nesting {
            _ if self.unknown => Value::unknown(spec.ty()),
            Nesting::Single => self.values.pop().unwrap_or_else(|| Value::null(spec.ty())),
            Nesting::List => Value::list(spec.schema.ty(), self.values),
        };
        value.mark_if(self.sensitive)
    }
}

fn collect<'b>(
    block: &'b Block,
    schema: &'b Schema,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
    found: &mut BTreeMap<&'b str, Found<'b>>,
) {
    if block.kind.name == "dynamic" && !schema.blocks.contains_key("dynamic") {
        if let Some(dynamic) = Dynamic::read(block, scope, diagnostics) {
            collect_dynamic(block, &dynamic, schema, scope, diagnostics, found);
        }
        return;
    }
    let Some((kind, spec)) = schema.blocks.get_key_value(&block.kind.name) else {
        diagnostics.push(unknown_block(block, &block.kind.name, schema));
        return;
    };
    if let Some(label) = block.labels.first() {
        diagnostics.push(
            Diagnostic::error(code::UNKNOWN_BLOCK, format!("A block `{kind}` has no labels"))
                .label(label.span, "remove it"),
        );
    }
    let value = decode(&block.body, &spec.schema, scope, diagnostics);
    add(block, kind, spec, value, diagnostics, found);
}

fn collect_dynamic<'b>(
    block: &'b Block,
    dynamic: &Dynamic<'b>,
    schema: &'b Schema,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
    found: &mut BTreeMap<&'b str, Found<'b>>,
) {
    let Some((kind, spec)) = schema.blocks.get_key_value(dynamic.kind) else {
        diagnostics.push(unknown_block(block, dynamic.kind, schema));
        return;
    };
    if let Some(label) = dynamic.labels.first() {
        diagnostics.push(
            Diagnostic::error(code::LABELS, format!("A block `{kind}` has no labels"))
                .label(label.span, "remove `labels`"),
        );
    }
    let Some(scopes) = dynamic.scopes(scope) else {
        // What the blocks contain is not known either, but whether they may contain it is.
        let mut problems = Diagnostics::new();
        decode(dynamic.content, &spec.schema, &dynamic.unknown_scope(scope), &mut problems);
        let of_schema = [
            code::UNKNOWN_ARGUMENT,
            code::UNKNOWN_BLOCK,
            code::MISSING_ARGUMENT,
            code::DUPLICATE_BLOCK,
            code::LABELS,
            code::UNSUPPORTED,
        ];
        problems.iter().filter(|problem| of_schema.contains(&problem.code)).cloned().for_each(|problem| {
            diagnostics.push(problem);
        });
        let found = found.entry(kind).or_default();
        found.first.get_or_insert(block);
        found.unknown = true;
        return;
    };
    let mut size = 0_u64;
    for scope in scopes {
        let value = decode(dynamic.content, &spec.schema, &scope, diagnostics);
        size = size.saturating_add(value.size());
        if size > MAX_SIZE {
            let problem = format!("The blocks `{kind}` together are too large");
            let limit = format!("they would be more than {} MiB", MAX_SIZE >> 20);
            diagnostics.push(Diagnostic::error(code::TOO_LARGE, problem).label(block.header, limit));
            return;
        }
        add(block, kind, spec, value, diagnostics, found);
    }
    found.entry(kind).or_default().sensitive |= dynamic.sensitive;
}

fn add<'b>(
    block: &'b Block,
    kind: &'b str,
    spec: &schema::Block,
    value: Value,
    diagnostics: &mut Diagnostics,
    found: &mut BTreeMap<&'b str, Found<'b>>,
) {
    let found = found.entry(kind).or_default();
    if let (Nesting::Single, Some(first)) = (spec.nesting, found.first) {
        diagnostics.push(
            Diagnostic::error(code::DUPLICATE_BLOCK, format!("There can be only one block `{kind}`"))
                .label(block.header, "this is another one")
                .label(first.header, "the first one is here"),
        );
        return;
    }
    found.first.get_or_insert(block);
    found.values.push(value);
}

#[cfg(test)]
mod nested_tests;

#[cfg(test)]
mod tests {
    use karat_model::schema::Attribute;
    use karat_model::span::SourceMap;

    use super::*;
    use crate::function::standard;
    use crate::parse;
    use crate::testing::{problems, show};

    fn schema() -> Schema {
        let attribute = |ty: Type| Attribute::new(ty);
        let block = |nesting, required, name: &str, ty| schema::Block {
            nesting,
            required,
            schema: Schema { attributes: [(name.to_owned(), attribute(ty))].into(), ..Schema::default() },
            doc: String::new(),
        };
        let unsupported = Some("snapshots need a backing file".to_owned());
        let deprecated = Some("use `disk_size`".to_owned());
        Schema {
            attributes: [
                (
                    "disk_size",
                    Attribute {
                        doc: "Size of the\ndisk.\n\nMore.".to_owned(),
                        ..attribute(Type::Number).required()
                    },
                ),
                ("boot_command", attribute(Type::list(Type::String))),
                ("labels", attribute(Type::map(Type::String))),
                ("password", Attribute { sensitive: true, ..attribute(Type::String) }),
                ("snapshot", Attribute { unsupported, ..attribute(Type::Bool) }),
                ("size", Attribute { deprecated, ..attribute(Type::Number) }),
            ]
            .map(|(name, attribute)| (name.to_owned(), attribute))
            .into(),
            blocks: [
                ("vnc", block(Nesting::Single, false, "port", Type::Number)),
                ("disk", block(Nesting::List, false, "size", Type::Number)),
            ]
            .map(|(name, block)| (name.to_owned(), block))
            .into(),
        }
    }

    fn decoded(text: &str) -> (String, String) {
        let mut map = SourceMap::new();
        let file = map.add("test", text);
        let mut diagnostics = Diagnostics::new();
        let body = parse(file, text, &mut diagnostics);
        let scope =
            Scope::new(standard(&Default::default())).with("later", Value::unknown(Type::list(Type::Number)));
        let value = decode(&body, &schema(), &scope, &mut diagnostics);
        if !diagnostics.has_errors() {
            assert_eq!(*value.ty(), schema().ty(), "the type follows from the schema: {text}");
        }
        (show(&value), problems(&map, diagnostics))
    }

    const REST: &str = "size = null(number), snapshot = null(bool), vnc = null(object)}";

    #[test]
    fn every_key_is_present() {
        for (text, expected) in [
            (
                "disk_size = \"5\"",
                "{boot_command = null(list of string), disk = list[], disk_size = 5, labels = null(map of string), password = null(string), ",
            ),
            (
                "disk_size = 5\nboot_command = [\"a\", 1]\nlabels = { x = true }\npassword = \"p\"\ndisk { size = 1 }\ndisk {}",
                "{boot_command = list[\"a\", \"1\"], disk = list[{size = 1}, {size = null(number)}], disk_size = 5, labels = map{x = \"true\"}, password = sensitive(\"p\"), ",
            ),
            (
                "disk_size = 5\ndynamic \"disk\" {\n for_each = { a = 1, b = 2 }\n content {\n size = disk.value * 10\n}\n}",
                "{boot_command = null(list of string), disk = list[{size = 10}, {size = 20}], disk_size = 5, labels = null(map of string), password = null(string), ",
            ),
            (
                "disk_size = 5\ndynamic \"disk\" {\n for_each = later\n iterator = it\n content {\n size = it.key\n}\n}",
                "{boot_command = null(list of string), disk = unknown(list of object), disk_size = 5, labels = null(map of string), password = null(string), ",
            ),
        ] {
            assert_eq!(decoded(text), (format!("{expected}{REST}"), String::new()), "{text}");
        }
    }

    #[test]
    fn mistakes() {
        for (text, expected) in [
            ("", "1:1 The argument `disk_size` is required (it is missing here)"),
            (
                "disk_size = 1\ndisksize = 2",
                "2:1 There is no argument `disksize` here; did you mean `disk_size`?",
            ),
            ("disk_size = 1\nfoo = nowhere", "2:1 There is no argument `foo` here"),
            (
                "disk_size = [1]",
                "1:13 The argument `disk_size` has the wrong type (a number is required, but this is a tuple)",
            ),
            (
                "disk_size = 1\nboot_command = \"a\"",
                "2:16 The argument `boot_command` has the wrong type (a list of string is required, but this is a string); put it in brackets to make a list of it",
            ),
            (
                "disk_size = 1\nlabels = { a = [] }",
                "2:10 The argument `labels` has the wrong type ([\"a\"]: a string is required, but this is a tuple)",
            ),
            (
                "disk_size = 1\nsnapshot = true",
                "2:1 The argument `snapshot` is not supported yet (snapshots need a backing file)",
            ),
            ("disk_size = 1\nsize = 1", "2:1 warning: The argument `size` is deprecated (use `disk_size`)"),
            (
                "disk_size = 1\nlabels {\n}",
                "2:1 `labels` is an argument, not a block (the `=` is missing); write `labels = { … }`",
            ),
            (
                "disk_size = 1\ndisk = [{}]",
                "2:1 `disk` is a block, not an argument (it is set here with `=`); write `disk { … }` without `=`; where there are several, write a block for each",
            ),
            ("disk_size = 1\nvnc {}\nvnc {}", "3:1 There can be only one block `vnc` (this is another one)"),
            ("disk_size = 1\ndisks {}", "2:1 There is no block `disks` here; did you mean `disk`?"),
            ("disk_size = 1\nvnc { prt = 1 }", "2:7 There is no argument `prt` here; did you mean `port`?"),
            ("disk_size = 1\nvnc \"a\" {}", "2:5 A block `vnc` has no labels (remove it)"),
            (
                "disk_size = nowhere",
                "1:13 There is no `nowhere` here; if you meant the text, put it in quotes: \"nowhere\"",
            ),
            (
                "disk_size = 1\ndynamic \"disk\" {\n for_each = null\n content {}\n}",
                "3:13 `for` cannot iterate over null (this is null); give it a value, or iterate over `coalesce(…, [])`",
            ),
            (
                "disk_size = 1\ndynamic \"disk\" {\n content {}\n}",
                "4:1 A `dynamic` block needs `for_each` (it is missing here)",
            ),
            (
                "disk_size = 1\ndynamic \"dsk\" {\n for_each = []\n content {}\n}",
                "2:1 There is no block `dsk` here; did you mean `disk`?",
            ),
        ] {
            assert_eq!(decoded(text).1, expected, "{text}");
        }
    }
}
