//! Go templates: what Go's `text/template` makes of them, and what `karat_gotmpl` does.
//!
//! Most come from tables (every constant with every verb, every function with every pair of values), the others from a
//! generator with fixed seeds. Compared are the verdict, the text, and the line of a mistake.

mod random;
mod tables;

use std::io::Write;
use std::process::Stdio;

use karat_gotmpl::function::{RunFacts, standard};
use karat_gotmpl::time::Moment;
use karat_gotmpl::{Functions, TemplateError, Value};
use serde_json::json;
use tempfile::TempDir;

use super::oracle::Oracle;
use super::random::Random;
use super::tally::Tally;
use crate::{Result, option, target_directory};

/// How many templates are made up.
const GENERATED: u64 = 12_000;

/// The program that asks Go.
const ENGINE: &str = include_str!("templates/engine.go");

/// `differential templates [--inputs N] [--seed N]`.
pub(super) fn run(arguments: &[&str]) -> Result<()> {
    let (inputs, rest) = option(arguments, "--inputs")?;
    let (seed, rest) = option(&rest, "--seed")?;
    if !rest.is_empty() {
        return Err(format!("differential templates does not know {rest:?}").into());
    }
    let go = match Oracle::go() {
        Ok(go) => go,
        Err(absent) => {
            println!("left out: {absent}");
            return Ok(());
        }
    };
    let cases = cases(inputs.map_or(Ok(GENERATED), str::parse)?, seed.map_or(Ok(1), str::parse)?);
    let functions = functions();
    let mut tally = Tally::default();
    for (case, theirs) in cases.iter().zip(ask(&go, &cases)?) {
        let world = worlds().get(case.world).map(value).unwrap_or_default();
        let ours = karat_gotmpl::render(&case.template, &world, &functions);
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => tally.same(),
            (Err(ours), Err(theirs)) if said_line(theirs).is_none_or(|line| line == ours.line) => {
                tally.same()
            }
            _ => match reason(&ours, &theirs) {
                Some(reason) => tally.explained(reason),
                None => tally.unexplained(format!(
                    "--- {} {}\n--- Go: {theirs:?}\n--- Karat: {:?}",
                    case.world,
                    case.template,
                    ours.map_err(|error| error.to_string())
                )),
            },
        }
    }
    tally.finish("text/template")
}

/// A template, and the name of the data that it is rendered with.
struct Case {
    template: String,
    world: &'static str,
}

/// The text, or Go's message.
type Answer = std::result::Result<String, String>;

fn cases(generated: u64, seed: u64) -> Vec<Case> {
    let mut templates = Vec::new();
    let operands = || tables::FIELDS.iter().chain(tables::LITERALS);
    let mut random = Random::new(seed);
    for operand in operands() {
        templates.push(format!("{{{{{operand}}}}}"));
        templates.push(format!(
            "a{{{{range $i, $x := {operand}}}}}{{{{$i}}}}={{{{.}}}},{{{{else}}}}{{{{$x}}}}{{{{end}}}}"
        ));
        templates.push(format!("{{{{range {operand}}}}}{{{{.}}}},{{{{.x}}}}{{{{end}}}}"));
        templates.push(format!(
            "{{{{with {operand}}}}}{{{{.}}}}{{{{else}}}}no{{{{end}}}}{{{{if not {operand}}}}}y{{{{end}}}}"
        ));
        for verb in tables::VERBS {
            for flags in ["", "+", "#", "08", "-8", ".3", " ", "+#012.4", "x"] {
                templates.push(format!("{{{{printf {:?} {operand}}}}}", format!("%{flags}{verb}|")));
            }
        }
        for (function, ..) in tables::FUNCTIONS {
            templates.push(format!("{{{{{function} {operand}}}}}"));
            templates.push(format!("{{{{{operand} | {function}}}}}"));
        }
        for other in operands().filter(|other| !other.contains('\n')) {
            let function = random
                .choose(&["eq", "lt", "index", "slice", "print", "ne", "ge", "gt", "le", "println", "html"]);
            templates.push(format!("{{{{{function} {operand} {other}}}}}"));
        }
    }
    // The characters of blocks where Unicode has added none since the version that Go knows, but for three.
    const BLOCKS: &[std::ops::Range<u32>] = &[
        0..0x800,
        0x1e00..0x2427,
        0x3000..0x31e0,
        0xe000..0xe100,
        0xfe00..0x10000,
        0x1f300..0x1f650,
        0xe0000..0xe0200,
    ];
    let characters: Vec<char> = BLOCKS.iter().cloned().flatten().filter_map(char::from_u32).collect();
    let characters: Vec<char> =
        characters.into_iter().filter(|c| !matches!(c, '\u{19b}' | '\u{264}' | '\u{20c1}')).collect();
    for text in characters.chunks(256).map(|chunk| random::quoted(&chunk.iter().collect::<String>())) {
        templates.push(format!("{{{{printf `%q %+q %#q` {text} {text} {text}}}}}"));
        templates.push(format!("{{{{js {text}}}}}{{{{html {text}}}}}{{{{urlquery {text}}}}}"));
        templates.push(format!("{{{{upper {text}}}}}{{{{lower {text}}}}}"));
    }
    for _ in 0..generated / 5 {
        templates.push(format!(
            "{{{{printf {} {} {}}}}}",
            random::quoted(&(random::directive(&mut random) + &random::directive(&mut random))),
            random.choose(tables::LITERALS),
            random.choose(tables::FIELDS)
        ));
        let (seconds, nanos) = tables::STAMPS[random.below(tables::STAMPS.len())];
        templates
            .push(format!("{{{{at {seconds} {nanos} {}}}}}", random::quoted(&random::layout(&mut random))));
    }
    templates.extend((0..generated).map(|at| random::template(seed.wrapping_mul(1 << 32) + at)));
    templates
        .into_iter()
        .map(|template| Case {
            template,
            world: ["map", "map", "struct", "map", "text", "nothing"][random.below(6)],
        })
        .collect()
}

/// The data that templates are rendered with. Where an object has the one key `struct`, it is a struct.
fn worlds() -> serde_json::Map<String, serde_json::Value> {
    let fields = json!({
        "S": "text", "N": 5, "F": 1.5, "T": true, "Z": 0, "E": "", "L": [1, 2, 3], "LS": ["a", "b", "c"],
        "M": {"b": 2, "a": 1}, "MM": {"x": {"y": "deep"}}, "LM": [{"x": 1}, null, {"x": [2.5, true]}],
        "H": "<a href=\"x\">'&'</a>", "U": "äß日\u{301}\u{200b}😀\u{feff}", "Big": 9_223_372_036_854_775_807_i64,
        "Neg": -17, "Tiny": 1.0e-9, "Q": {"struct": {"A": 1, "B": "q", "X": [1, null]}}
    });
    let mut map = fields.clone();
    map["Nil"] = json!(null);
    let worlds = json!({"map": map, "struct": {"struct": fields}, "text": "some text", "nothing": null});
    worlds.as_object().cloned().unwrap_or_default()
}

/// What Karat makes of a JSON value; as in `engine.go`.
fn value(raw: &serde_json::Value) -> Value {
    match raw {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::String(text.clone()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(value).collect()),
        serde_json::Value::Object(entries) => match entries.get("struct") {
            Some(serde_json::Value::Object(fields)) => {
                Value::structure(fields.iter().map(|(name, field)| (name.clone(), value(field))))
            }
            _ => Value::map(entries.iter().map(|(key, item)| (key.clone(), value(item)))),
        },
    }
}

fn functions() -> Functions {
    let mut functions = standard(&RunFacts {
        start: (1_700_000_000, 5_000_000),
        build_name: Some("web".to_owned()),
        build_type: Some("qemu".to_owned()),
        packer_version: "1.16.0".to_owned(),
        variables: [("region".to_owned(), "Here".to_owned())].into(),
        ..RunFacts::default()
    });
    functions.insert("list", |items| Ok(Value::List(items.to_vec())));
    functions.insert("at", |arguments| match arguments {
        [Value::Int(seconds), Value::Int(nanos), Value::String(layout)] => {
            let nanos = u32::try_from(*nanos).map_err(|error| error.to_string())?;
            Ok(Moment::from_unix(*seconds, nanos).format(layout).into())
        }
        _ => Err("two numbers and a layout".to_owned()),
    });
    functions
}

/// What Go says about each.
fn ask(go: &Oracle, cases: &[Case]) -> Result<Vec<Answer>> {
    let directory = TempDir::with_prefix("karat-differential-")?;
    std::fs::write(directory.path().join("engine.go"), ENGINE)?;
    let mut input = serde_json::to_vec(&worlds())?;
    for case in cases {
        input.push(b'\n');
        serde_json::to_writer(&mut input, &json!({"Template": case.template, "World": case.world}))?;
    }
    let mut engine = go
        .command(directory.path())
        .args(["run", "engine.go"])
        .env("GOTOOLCHAIN", "local")
        .env("GOCACHE", target_directory()?.join("go-cache"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = engine.stdin.take().ok_or("no standard input")?;
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = engine.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("engine.go: {}", output.status).into());
    }
    feeder.join().map_err(|_| "the templates were not written")??;
    let answers =
        serde_json::Deserializer::from_slice(&output.stdout).into_iter::<serde_json::Value>().map(|line| {
            let line = line?;
            let member = |name: &str| line[name].as_str().map(str::to_owned);
            Ok(member("error").map_or_else(|| Ok(member("text").unwrap_or_default()), Err))
        });
    let answers = answers.collect::<Result<Vec<Answer>>>()?;
    match answers.len() == cases.len() {
        true => Ok(answers),
        false => Err(format!("{} answers to {} templates", answers.len(), cases.len()).into()),
    }
}

/// The line that Go names: `template: t:2: …`, `template: t:2:5: …`.
fn said_line(message: &str) -> Option<usize> {
    message.strip_prefix("template: t:")?.split(':').next()?.parse().ok()
}

/// Why an answer may be another one: what the documentation of `karat_gotmpl` promises, and some words of Go's.
fn reason(ours: &std::result::Result<String, TemplateError>, theirs: &Answer) -> Option<&'static str> {
    let says = |words: &str| ours.as_ref().is_err_and(|error| error.message.contains(words));
    match (ours, theirs) {
        (Err(ours), Err(theirs)) => {
            let line = said_line(theirs)?;
            let while_rendering = theirs.contains(": executing ");
            if !while_rendering && ours.line < line {
                Some("Go names the line up to which it has read")
            } else if while_rendering && !says("not defined") {
                Some("of two mistakes in one action another one is named")
            } else {
                None
            }
        }
        (Err(_), Ok(_)) if says("nested deeper than") || says("exceeded the maximum depth") => {
            Some("nesting is bounded")
        }
        (Err(_), Ok(_)) if says("18446744073709551615") => {
            Some("a number above 2^63 is a mistake also where it is not used")
        }
        (Err(_), Ok(theirs)) if theirs.contains("i)") => Some("there are no complex numbers"),
        (Ok(_), Err(theirs)) if theirs.contains("cannot index slice/array with type interface {}") => {
            Some("`slice` takes numbers of the data")
        }
        (Ok(_), Ok(theirs)) if theirs.contains('\u{FFFD}') => Some("texts are Unicode"),
        (Ok(_), Ok(theirs)) if theirs.to_lowercase().contains("struct { ") || theirs.contains("uint8") => {
            Some("names of Go's types")
        }
        _ => None,
    }
}
