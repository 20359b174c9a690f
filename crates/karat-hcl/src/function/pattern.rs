//! Functions of regular expressions, in Go's dialect.

use std::collections::BTreeMap;

use karat_model::value::{Type, Value};
use regex::{Captures, Regex};

use super::argument::{fits, fits_elements, text};
use super::{Function, FunctionError, FunctionTable, Param};

type Result<T> = std::result::Result<T, FunctionError>;

pub(super) fn register(table: &mut FunctionTable) {
    let param = |name| Param::new(name, Type::String);
    table.insert(
        "regex",
        Function::new([param("pattern"), param("text")], Type::Any, |args| {
            let pattern = Pattern::new(args, 0)?;
            let captures = pattern.regex.captures(text(args, 1));
            captures
                .map(|captures| pattern.found(&captures))
                .ok_or_else(|| FunctionError::new("the pattern does not match any part of the text"))
        }),
    );
    table.insert(
        "regexall",
        Function::new([param("pattern"), param("text")], Type::Any, |args| {
            let pattern = Pattern::new(args, 0)?;
            let mut matches = Vec::new();
            for captures in pattern.regex.captures_iter(text(args, 1)) {
                fits_elements(matches.len())?;
                matches.push(pattern.found(&captures));
            }
            Ok(Value::list(pattern.result_type(), matches))
        }),
    );
    table.insert(
        "regex_replace",
        Function::new([param("text"), param("pattern"), param("replacement")], Type::String, |args| {
            let regex = compile(args, 1)?;
            let (whole, replacement) = (text(args, 0), text(args, 2));
            // Each match can put the whole text into its replacement as often as that has a `$`.
            let mut size = whole.len();
            for found in regex.find_iter(whole) {
                let inserted = replacement.matches('$').count().saturating_mul(found.len());
                size = size.saturating_add(replacement.len()).saturating_add(inserted);
                fits(size)?;
            }
            Ok(regex.replace_all(whole, replacement).into_owned().into())
        }),
    );
}

fn compile(args: &[Value], at: usize) -> Result<Regex> {
    Regex::new(&translate(text(args, at))).map_err(|error| {
        let secret = args.get(at).is_some_and(Value::is_sensitive);
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let reason = if secret { "" } else { reason };
        FunctionError::argument(at, format!("it is not a regular expression: {reason}"))
    })
}

/// A regular expression and what a match of it gives: a string if it has no groups, a tuple of them if they have no
/// names, else an object.
struct Pattern {
    regex: Regex,
    names: Vec<String>,
}

impl Pattern {
    fn new(args: &[Value], at: usize) -> Result<Self> {
        let regex = compile(args, at)?;
        let names: Vec<_> = regex.capture_names().flatten().map(str::to_owned).collect();
        if !names.is_empty() && names.len() + 1 != regex.captures_len() {
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
            let groups = self.names.iter().map(|name| (name.clone(), group(captures.name(name))));
            return Value::object(groups.collect::<BTreeMap<_, _>>());
        }
        match captures.len() {
            1 => group(captures.get(0)),
            _ => Value::tuple(captures.iter().skip(1).map(group).collect()),
        }
    }
}

/// The same pattern in the dialect of the regex crate: there `\d`, `\w`, `\s` and `\b` mean all of Unicode, brackets
/// inside of brackets nest, and a lone brace is a mistake.
fn translate(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        let next = rest[length..].chars().next();
        match c {
            '\\' => {
                length += next.map_or(0, char::len_utf8);
                let set = match next {
                    Some('d') => "[0-9]",
                    Some('D') => "[^0-9]",
                    Some('w') => "[0-9A-Za-z_]",
                    Some('W') => "[^0-9A-Za-z_]",
                    Some('s') => "[\\t\\n\\f\\r ]",
                    Some('S') => "[^\\t\\n\\f\\r ]",
                    Some('b') if !in_class => "(?-u:\\b)",
                    // In the crate these are the ends of words.
                    Some('<') => "<",
                    Some('>') => ">",
                    Some('_') => "_",
                    Some('Q') => {
                        let quoted = &rest[length..];
                        let (quoted, behind) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                        translated.push_str(&regex::escape(quoted));
                        rest = behind;
                        continue;
                    }
                    _ => &rest[..length],
                };
                translated.push_str(set);
            }
            '[' if in_class => match rest.strip_prefix("[:").and_then(|name| name.find(":]")) {
                Some(end) => {
                    length = 2 + end + 2;
                    translated.push_str(&rest[..length]);
                }
                None => translated.push_str("\\["),
            },
            '[' => {
                in_class = true;
                // A bracket that comes first is one of the characters.
                let opening = ["[^]", "[]", "[^", "["].into_iter().find(|opening| rest.starts_with(opening));
                length = opening.map_or(1, str::len);
                translated.push_str(&rest[..length].replace(']', "\\]"));
            }
            ']' if in_class => {
                in_class = false;
                translated.push(']');
            }
            // Doubled, these are operators between sets in the crate.
            '-' if in_class && next == Some('-') => translated.push_str("\\-"),
            '&' | '~' if in_class => translated.extend(['\\', c]),
            '{' if !in_class && !is_repetition(&rest[1..]) => translated.push_str("\\{"),
            c => translated.push(c),
        }
        rest = &rest[length..];
    }
    translated
}

/// Whether a brace is followed by `n}`, `n,}` or `n,m}`.
fn is_repetition(behind_brace: &str) -> bool {
    let Some((counts, _)) = behind_brace.split_once('}') else { return false };
    let (from, to) = counts.split_once(',').unwrap_or((counts, ""));
    !from.is_empty() && [from, to].iter().all(|count| count.chars().all(|c| c.is_ascii_digit()))
}
