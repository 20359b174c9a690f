//! Legacy JSON templates: whatever a text says, there is a plan or a message, every place is inside a text, and what a step
//! is told has the shape of its schema.
#![no_main]

use std::sync::LazyLock;

use karat_model::diagnostic::Diagnostics;
use karat_model::facts::Facts;
use karat_model::id::ComponentKind;
use karat_model::schema::{Attribute, Block, Nesting, Schema};
use karat_model::schema_set::SchemaSet;
use karat_model::span::SourceMap;
use karat_model::value::Type;
use karat_template::{Inputs, Progress, VarFile, evaluate, legacy_from_bytes};
use libfuzzer_sys::fuzz_target;

static SCHEMAS: LazyLock<SchemaSet> = LazyLock::new(schemas);

/// Every kind of option, under short names: the same ones for each component.
fn schemas() -> SchemaSet {
    let text = || Attribute::new(Type::String);
    let attributes = [
        ("t", text()),
        ("n", Attribute::new(Type::Number)),
        ("b", Attribute::new(Type::Bool)),
        ("l", Attribute::new(Type::list(Type::String))),
        ("nn", Attribute::new(Type::list(Type::Number))),
        ("ll", Attribute::new(Type::list(Type::list(Type::String)))),
        ("m", Attribute::new(Type::map(Type::String))),
        ("late", Attribute { late: true, ..Attribute::new(Type::list(Type::String)) }),
        ("secret", Attribute { sensitive: true, ..text() }),
    ];
    let block = |nesting| Block {
        nesting,
        required: false,
        schema: Schema {
            attributes: [("n".to_owned(), Attribute::new(Type::Number).required())].into(),
            ..Schema::default()
        },
        doc: String::new(),
    };
    let schema = Schema {
        attributes: attributes.map(|(name, attribute)| (name.to_owned(), attribute)).into(),
        blocks: [("one".to_owned(), block(Nesting::Single)), ("many".to_owned(), block(Nesting::List))]
            .into(),
    };
    let mut set = SchemaSet::default();
    for kind in [ComponentKind::Builder, ComponentKind::Provisioner, ComponentKind::PostProcessor] {
        set.insert(kind, "x", schema.clone());
    }
    set
}

fuzz_target!(|text: &str| {
    let loaded = legacy_from_bytes("/fuzz/t.json".as_ref(), text.as_bytes());
    let mut inputs = Inputs::new("/fuzz", &SCHEMAS);
    inputs.arguments = vec![("a".to_owned(), "{{user `b`}}".to_owned())];
    inputs.var_files = vec![VarFile { name: "v.json".to_owned(), text: r#"{"v": "{{ .V }}"}"#.to_owned() }];
    let Progress::Done(evaluation) = evaluate(&loaded, &inputs) else { panic!("there is nothing to read") };
    assert!(evaluation.plan.is_some() || evaluation.diagnostics.has_errors(), "no plan and no message");
    inside(&evaluation.diagnostics, &evaluation.sources);
    let mut facts = Facts::default();
    facts.set("ID", "i-1");
    facts.set("Port", 22);
    for build in evaluation.plan.iter().flat_map(|plan| &plan.builds) {
        let steps = build.steps.iter().chain(&build.cleanup).map(|step| &step.node);
        let chains = build.post_processors.iter().flatten().map(|step| &step.node);
        for node in steps.chain(chains) {
            match node.config.evaluate(&facts) {
                Ok(value) => assert!(value.as_map().is_some_and(|options| options.len() == 11)),
                Err(problems) => inside(&problems, &evaluation.sources),
            }
        }
        assert!(build.source.config.as_map().is_some_and(|options| options.len() == 11));
    }
});

/// Every place must be inside its text.
fn inside(problems: &Diagnostics, sources: &SourceMap) {
    for problem in problems {
        for label in problem.primary.iter().chain(&problem.secondary) {
            let inside = sources.text(label.span.file).get(label.span.range());
            assert!(inside.is_some(), "{:?} is no part of the text: {}", label.span, problem.title);
        }
    }
}
