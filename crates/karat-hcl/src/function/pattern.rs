//! Functions of regular expressions, in Go's dialect.

use std::collections::BTreeMap;

use karat_model::value::{Type, Value};
use regex::{Captures, Regex};

use super::argument::{fits, fits_elements, text};
use super::{Function, FunctionError, FunctionTable, Param};

mod dialect;

type Result<T> = std::result::Result<T, FunctionError>;

pub(super) fn register(table: &mut FunctionTable) {
    let param = |name| Param::new(name, Type::String);
    table.insert(
        "regex",
        Function::new([param("pattern"), param("text").or_unknown()], Type::Any, |args| {
            let pattern = Pattern::new(args, 0)?;
            let Some(text) = args.get(1).and_then(Value::as_str) else {
                return Ok(Value::unknown(pattern.result_type()));
            };
            let captures = pattern.regex.captures(text);
            captures
                .map(|captures| pattern.found(&captures))
                .ok_or_else(|| FunctionError::argument(0, "the pattern does not match any part of the text"))
        }),
    );
    table.insert(
        "regexall",
        Function::new([param("pattern"), param("text").or_unknown()], Type::list(Type::Any), |args| {
            let pattern = Pattern::new(args, 0)?;
            let Some(text) = args.get(1).and_then(Value::as_str) else {
                return Ok(Value::unknown(Type::list(pattern.result_type())));
            };
            let mut matches = Vec::new();
            for captures in pattern.regex.captures_iter(text) {
                fits_elements(matches.len())?;
                matches.push(pattern.found(&captures));
            }
            Ok(Value::list(pattern.result_type(), matches))
        }),
    );
    table.insert(
        "regex_replace",
        Function::new([param("text"), param("pattern"), param("replacement")], Type::String, |args| {
            let (regex, names) = compile(args, 1)?;
            let (whole, replacement) = (text(args, 0), text(args, 2));
            // Each match can put the whole text into its replacement as often as that has a `$`.
            let mut size = whole.len();
            for found in regex.find_iter(whole) {
                let inserted = replacement.matches('$').count().saturating_mul(found.len());
                size = size.saturating_add(replacement.len()).saturating_add(inserted);
                fits(size)?;
            }
            let replaced =
                regex.replace_all(whole, |captures: &Captures<'_>| expand(replacement, captures, &names));
            Ok(replaced.into_owned().into())
        }),
    );
}

/// The regular expression in an argument, and the names of its groups.
fn compile(args: &[Value], at: usize) -> Result<(Regex, Vec<Option<String>>)> {
    let wrong = |reason: &str| {
        let secret = args.get(at).is_some_and(Value::is_sensitive);
        let reason = if secret { String::new() } else { format!(": {reason}") };
        FunctionError::argument(at, format!("it is not a regular expression{reason}"))
    };
    let translated = dialect::translate(text(args, at)).map_err(|reason| wrong(&reason))?;
    let regex = Regex::new(&translated.pattern).map_err(|error| {
        let reason = error.to_string();
        wrong(reason.lines().last().unwrap_or_default().trim_start_matches("error: "))
    })?;
    Ok((regex, translated.names))
}

/// A replacement with `$1`, `$name`, `${name}` and `$$` replaced; any other `$` stays.
fn expand(replacement: &str, captures: &Captures<'_>, names: &[Option<String>]) -> String {
    let mut expanded = String::new();
    let mut rest = replacement;
    while let Some((before, behind)) = rest.split_once('$') {
        expanded.push_str(before);
        rest = behind;
        if let Some(behind) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = behind;
            continue;
        }
        let inside = rest.strip_prefix('{');
        let name = inside.unwrap_or(rest);
        let length = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
        let (name, behind) = name.split_at(length);
        let behind = if inside.is_some() { behind.strip_prefix('}') } else { Some(behind) };
        let Some(behind) = behind.filter(|_| !name.is_empty()) else {
            expanded.push('$');
            continue;
        };
        rest = behind;
        let number = name.parse::<usize>().ok().filter(|_| name == "0" || !name.starts_with('0'));
        let group = match number {
            Some(number) => captures.get(number),
            None => {
                let named = names.iter().enumerate().filter(|(_, other)| other.as_deref() == Some(name));
                named.filter_map(|(at, _)| captures.get(at + 1)).next()
            }
        };
        expanded.push_str(group.map_or("", |group| group.as_str()));
    }
    expanded.push_str(rest);
    expanded
}

/// A regular expression and what a match of it gives: a string if it has no groups, a tuple of them if they have no
/// names, else an object.
struct Pattern {
    regex: Regex,
    names: Vec<String>,
}

impl Pattern {
    fn new(args: &[Value], at: usize) -> Result<Self> {
        let (regex, groups) = compile(args, at)?;
        let names: Vec<_> = groups.iter().flatten().cloned().collect();
        if !names.is_empty() && names.len() != groups.len() {
            return Err(FunctionError::argument(
                at,
                "its groups must either all have names or all have none",
            ));
        }
        Ok(Self { regex, names })
    }

    fn result_type(&self) -> Type {
        match (self.names.is_empty(), self.regex.captures_len() - 1) {
            (true, 0) => Type::String,
            (true, groups) => Type::tuple((0..groups).map(|_| Type::String)),
            (false, _) => Type::object(self.names.iter().map(|name| (name, Type::String))),
        }
    }

    fn found(&self, captures: &Captures<'_>) -> Value {
        let group = |group: Option<regex::Match<'_>>| match group {
            Some(group) => Value::string(group.as_str()),
            None => Value::null(Type::String),
        };
        if !self.names.is_empty() {
            let groups = self.names.iter().zip(captures.iter().skip(1));
            let groups = groups.map(|(name, found)| (name.clone(), group(found)));
            return Value::object(groups.collect::<BTreeMap<_, _>>());
        }
        match captures.len() {
            1 => group(captures.get(0)),
            _ => Value::tuple(captures.iter().skip(1).map(group).collect()),
        }
    }
}
