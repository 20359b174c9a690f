//! Go templates: any text is parsed and rendered, or has a mistake with a place; it ends soon, and what is read is written
//! out as a text that means the same.
#![no_main]

use std::sync::LazyLock;

use karat_gotmpl::function::{RunFacts, standard};
use karat_gotmpl::time::Moment;
use karat_gotmpl::{Functions, Template, TemplateError, Value};
use libfuzzer_sys::fuzz_target;

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(|| {
    let mut functions = standard(&RunFacts {
        start: (1_700_000_000, 5_000_000),
        packer_version: "1.16.0".to_owned(),
        variables: [("v".to_owned(), "value".to_owned())].into(),
        ..RunFacts::default()
    });
    // Each call gives another one.
    functions.insert("uuid", |_| Ok("6553f100-0000".into()));
    functions.insert("list", |items| Ok(Value::List(items.to_vec())));
    functions.insert("at", |arguments| match arguments {
        [Value::Int(seconds), Value::String(layout)] => {
            let moment = Moment::from_unix(seconds % 1_000_000_000_000, 5_000_000);
            Ok((moment.format(layout) + &moment.strftime(layout)).into())
        }
        _ => Err("a number and a layout".to_owned()),
    });
    functions
});

static DATA: LazyLock<Value> = LazyLock::new(|| {
    Value::map([
        ("S", "text".into()),
        ("U", "äß日\u{301}😀".into()),
        ("N", 5.into()),
        ("F", (-1.5).into()),
        ("T", true.into()),
        ("Nil", Value::Null),
        ("L", Value::List(vec![1.into(), Value::Null, "x".into()])),
        ("M", Value::map([("a", 1.into()), ("b", Value::map([("c", "d".into())]))])),
        ("Q", Value::structure([("A", 1.into()), ("B", vec![2.5].into())])),
    ])
});

fuzz_target!(|text: &str| {
    let template = match Template::parse(text, &FUNCTIONS) {
        Ok(template) => template,
        Err(error) => return check(text, &error),
    };
    assert!(!template.is_literal() || !text.contains("{{"));
    let rendered = template.render(&DATA, &FUNCTIONS);
    if let Err(error) = &rendered {
        check(text, error);
    }
    let written = template.tree().to_string();
    let again = Template::parse(&written, &FUNCTIONS).expect("what is written can be read");
    let twice = again.render(&DATA, &FUNCTIONS);
    assert_eq!(rendered.ok(), twice.ok(), "it does not mean the same:\n{written}");
});

/// The place is inside of the text.
fn check(text: &str, error: &TemplateError) {
    let line = text.split('\n').nth(error.line - 1).expect("a line of the text");
    assert!((1..=line.chars().count() + 1).contains(&error.column), "{error}");
    assert!(!error.message.is_empty());
}
