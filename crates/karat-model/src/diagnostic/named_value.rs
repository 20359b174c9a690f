//! What a name stands for where a problem is.

use crate::value::{Type, Value};

/// How many characters of a text are shown.
const SHOWN: usize = 60;

/// A variable that an expression mentions, and its value in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedValue {
    /// As it is mentioned: `var.region`, `each.value`.
    pub name: String,
    /// Its type, as types are written.
    pub ty: String,
    /// What is said about the value.
    pub shown: Shown,
}

/// What can be said about a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// `"abc"`, `10`, `list of string with 2 elements`.
    Value(String),
    /// It must not be shown.
    Sensitive,
    /// It depends on what a build finds out.
    AtRunTime,
}

impl NamedValue {
    /// The value in few words. `None` for an error, about which something was said already.
    pub fn new(name: impl Into<String>, value: &Value) -> Option<Self> {
        let shown = match value {
            value if value.is_error() => return None,
            value if value.is_itself_sensitive() => Shown::Sensitive,
            value if !value.is_known() => Shown::AtRunTime,
            value => Shown::Value(few_words(value)),
        };
        Some(Self { name: name.into(), ty: value.ty().to_string(), shown })
    }

    /// `var.region is "eu"`.
    pub fn sentence(&self) -> String {
        match &self.shown {
            Shown::Value(text) => format!("{} is {text}", self.name),
            Shown::Sensitive => format!("{} is a (sensitive value)", self.name),
            Shown::AtRunTime => format!("{} will be known at run time", self.name),
        }
    }
}

fn few_words(value: &Value) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    let elements = |count: usize| match count {
        1 => "1 element".to_owned(),
        count => format!("{count} elements"),
    };
    match (value.ty(), value.as_str(), value.as_number(), value.as_bool()) {
        (_, Some(text), _, _) => quoted(text),
        (_, _, Some(number), _) => cut(&number.to_string()),
        (_, _, _, Some(truth)) => truth.to_string(),
        (Type::Object(_), ..) => match value.as_map().map(|map| (map.len(), map.keys().next())) {
            Some((1, Some(name))) => format!("object with 1 attribute {}", quoted(name)),
            Some((count, Some(_))) => format!("object with {count} attributes"),
            _ => "object with no attributes".to_owned(),
        },
        (ty, ..) => {
            let count = value.as_slice().map(<[Value]>::len).or(value.as_map().map(|map| map.len()));
            match count.unwrap_or_default() {
                0 => format!("empty {ty}"),
                count => format!("{ty} with {}", elements(count)),
            }
        }
    }
}

/// In quotes, escaped, on one line, not too long.
fn quoted(text: &str) -> String {
    let cut = cut(text);
    let mut quoted = String::from("\"");
    for c in cut.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.extend(c.escape_unicode()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some(_) => text.chars().take(SHOWN - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(value: Value) -> String {
        NamedValue::new("x", &value).unwrap().sentence()
    }

    #[test]
    fn cli_28_values_are_shown_in_few_words() {
        let a = || Value::string("a");
        let object = |names: &[&str]| Value::object(names.iter().map(|n| ((*n).to_owned(), a())).collect());
        let cases = [
            (a(), "x is \"a\""),
            (Value::string("a\n\"b\"\u{1b}"), "x is \"a\\n\\\"b\\\"\\u{1b}\""),
            (Value::string("é".repeat(60)), &format!("x is \"{}\"", "é".repeat(60))),
            (Value::string("é".repeat(61)), &format!("x is \"{}…\"", "é".repeat(59))),
            (Value::number(10), "x is 10"),
            (Value::bool(true), "x is true"),
            (Value::null(Type::String), "x is null"),
            (Value::list(Type::String, vec![a(), a()]), "x is list of string with 2 elements"),
            (Value::list(Type::String, vec![]), "x is empty list of string"),
            (Value::tuple(vec![a()]), "x is tuple with 1 element"),
            (object(&[]), "x is object with no attributes"),
            (object(&["b"]), "x is object with 1 attribute \"b\""),
            (object(&["b", "c"]), "x is object with 2 attributes"),
            (Value::unknown(Type::String), "x will be known at run time"),
            (a().mark_sensitive(), "x is a (sensitive value)"),
            (Value::unknown(Type::String).mark_sensitive(), "x is a (sensitive value)"),
            (Value::tuple(vec![a().mark_sensitive()]), "x is tuple with 1 element"),
        ];
        for (value, expected) in cases {
            assert_eq!(says(value), expected);
        }
        assert_eq!(NamedValue::new("x", &Value::error()), None);
    }
}
