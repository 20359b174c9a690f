//! The functions that Packer adds, but for those of plugins.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Functions;
use crate::Value;
use crate::limit::{MAX_TEXT, too_long};
use crate::time::{Moment, RFC3339};

/// What the functions know about the run.
#[derive(Debug, Clone, Default)]
pub struct RunFacts {
    /// When the run started: seconds since 1970, and nanoseconds below a second.
    pub start: (i64, u32),
    /// Absolute path of the directory that holds the template; none if the template is not in a file.
    pub template_dir: Option<String>,
    /// Absolute path of the process's working directory.
    pub cwd: String,
    /// Name of the build, where one is running.
    pub build_name: Option<String>,
    /// Type of the builder, where a build is running.
    pub build_type: Option<String>,
    /// The version of Packer that we say we are.
    pub packer_version: String,
    /// The user variables of a legacy template.
    pub variables: BTreeMap<String, String>,
    /// What the builder tells about its machine; where there is none, `build "Key"` is an error.
    pub build_data: Option<BTreeMap<String, String>>,
}

/// `aws_secretsmanager`, `aws_secretsmanager_raw`, `build`, `build_name`, `build_type`, `consul_key`, `env`, `isotime`, `lower`,
/// `packer_version`, `pwd`, `replace`, `replace_all`, `sed`, `split`, `strftime`, `template_dir`, `timestamp`, `upper`, `user`,
/// `uuid` and `vault` as Packer 1.16 has them outside of its `variables` section. There, `env` reads the environment, four
/// functions ask secret stores, and a `user` without a value is an error: whoever renders that section replaces these.
#[must_use]
pub fn standard(facts: &RunFacts) -> Functions {
    let facts = Arc::new(facts.clone());
    let start = Moment::from_unix(facts.start.0, facts.start.1);
    let mut functions = Functions::default();
    let mut text_of = |name: &str, text: fn(&RunFacts) -> Option<&str>, missing: &'static str| {
        let facts = Arc::clone(&facts);
        functions.insert(name, move |arguments| {
            none(arguments)?;
            text(&facts).map(Value::from).ok_or_else(|| missing.to_owned())
        });
    };
    text_of("build_name", |facts| facts.build_name.as_deref(), "the name of the build is not available here");
    text_of(
        "build_type",
        |facts| facts.build_type.as_deref(),
        "the type of the builder is not available here",
    );
    text_of("packer_version", |facts| Some(&facts.packer_version), "");
    text_of("pwd", |facts| Some(&facts.cwd), "");
    text_of("template_dir", |facts| facts.template_dir.as_deref(), "the template is not in a file");

    let known = Arc::clone(&facts);
    functions.insert("user", move |arguments| {
        let [name] = texts(arguments)?;
        Ok(known.variables.get(name).map_or("", String::as_str).into())
    });
    let known = Arc::clone(&facts);
    functions.insert("build", move |arguments| {
        let [key] = texts(arguments)?;
        match &known.build_data {
            None => Err(format!(
                "{key:?} is known only in provisioners and post-processors, once there is a machine"
            )),
            Some(data) => data.get(key).map(|value| value.as_str().into()).ok_or_else(|| {
                let keys = data.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                format!("the build knows no {key:?}; it knows {keys}")
            }),
        }
    });
    functions.insert("env", |_| Err(only_in_variables("environment variables")));
    for name in ["vault", "consul_key", "aws_secretsmanager", "aws_secretsmanager_raw"] {
        functions.insert(name, |_| Err(only_in_variables("secret stores")));
    }
    functions.insert("sed", |_| {
        Err("the function was removed from Packer; use replace or replace_all instead".to_owned())
    });

    let seconds = facts.start.0;
    functions.insert("timestamp", move |arguments| {
        none(arguments)?;
        Ok(seconds.to_string().into())
    });
    functions.insert("isotime", move |arguments| match arguments {
        [] => Ok(start.format(RFC3339).into()),
        _ => {
            let [layout] = texts(arguments)?;
            Ok(start.format(layout).into())
        }
    });
    functions.insert("strftime", move |arguments| {
        let [format] = texts(arguments)?;
        Ok(start.strftime(format).into())
    });
    functions.insert("uuid", |arguments| {
        none(arguments)?;
        Ok(time_ordered_uuid().into())
    });

    functions.insert("lower", |arguments| {
        let [text] = texts(arguments)?;
        Ok(text.chars().map(|c| single(c, c.to_lowercase())).collect::<String>().into())
    });
    functions.insert("upper", |arguments| {
        let [text] = texts(arguments)?;
        Ok(text.chars().map(|c| single(c, c.to_uppercase())).collect::<String>().into())
    });
    functions.insert("replace_all", |arguments| {
        let [old, new, text] = texts(arguments)?;
        replace(old, new, usize::MAX, text)
    });
    functions.insert("replace", |arguments| {
        let [old, new, count, text] = exactly(arguments)?;
        let (old, new, text) = (as_text(old)?, as_text(new)?, as_text(text)?);
        replace(old, new, usize::try_from(as_int(count)?).unwrap_or(usize::MAX), text)
    });
    functions.insert("split", |arguments| {
        let [text, separator, position] = exactly(arguments)?;
        let (text, separator, position) = (as_text(text)?, as_text(separator)?, as_int(position)?);
        // Split between all characters, an empty separator gives no empty parts at the ends.
        let parts: Vec<String> = match separator {
            "" => text.chars().map(String::from).collect(),
            separator => text.split(separator).map(str::to_owned).collect(),
        };
        let part = usize::try_from(position).ok().and_then(|position| parts.get(position));
        part.map(|part| part.as_str().into()).ok_or_else(|| {
            format!("{text:?} has no part {position} when split at {separator:?}; parts count from 0")
        })
    });
    functions
}

fn only_in_variables(what: &str) -> String {
    format!(
        "{what} can be read only in the default values of variables; declare a variable with this default and use it here"
    )
}

/// At most `count` replacements, counted from the left.
fn replace(old: &str, new: &str, count: usize, text: &str) -> Result<Value, String> {
    let found = text.matches(old).take(count).count();
    match found.checked_mul(new.len()) {
        Some(added) if added <= MAX_TEXT => Ok(text.replacen(old, new, found).into()),
        _ => Err(too_long()),
    }
}

/// The other case of a character. As in Go it stays as it is if that would be several characters (`ß`), unless Unicode names
/// another one for that.
fn single(c: char, mut other_case: impl Iterator<Item = char>) -> char {
    match (c, other_case.next(), other_case.next()) {
        (_, Some(other), None) => other,
        ('İ', ..) => 'i',
        // Greek letters with an iota below.
        ('ᾀ'..='ᾇ' | 'ᾐ'..='ᾗ' | 'ᾠ'..='ᾧ', ..) => shifted(c, 8),
        ('ᾳ' | 'ῃ' | 'ῳ', ..) => shifted(c, 9),
        _ => c,
    }
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

fn exactly<const N: usize>(arguments: &[Value]) -> Result<&[Value; N], String> {
    arguments.try_into().map_err(|_| format!("wrong number of args: want {N} got {}", arguments.len()))
}

fn none(arguments: &[Value]) -> Result<(), String> {
    exactly::<0>(arguments).map(|_| ())
}

fn texts<const N: usize>(arguments: &[Value]) -> Result<[&str; N], String> {
    let mut texts = [""; N];
    for (text, argument) in texts.iter_mut().zip(exactly::<N>(arguments)?) {
        *text = as_text(argument)?;
    }
    Ok(texts)
}

fn as_text(value: &Value) -> Result<&str, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => Err("invalid value; expected string".to_owned()),
        other => Err(format!("wrong type for value; expected string; got {}", other.type_name())),
    }
}

fn as_int(value: &Value) -> Result<i64, String> {
    match value {
        Value::Int(number) => Ok(*number),
        // In Go a constant such as `1.0` is good for an int.
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => Ok(*number as i64),
        Value::Null => Err("invalid value; expected int".to_owned()),
        other => Err(format!("wrong type for value; expected int; got {}", other.type_name())),
    }
}

/// An identifier that sorts by the second it was made in: the time, then 96 random bits.
fn time_ordered_uuid() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    // Hashers are keyed from the system's random numbers, and each has a key of its own.
    let (a, b) = (RandomState::new().hash_one(seconds), RandomState::new().hash_one(seconds));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        seconds as u32,
        (a >> 48) as u16,
        (a >> 32) as u16,
        (a >> 16) as u16,
        b >> 16
    )
}
