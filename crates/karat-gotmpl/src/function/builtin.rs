//! The functions that every Go template has. `and` and `or` are here for their names only: they need not evaluate all
//! of their arguments, so the executor does them.

use std::cmp::Ordering;

use super::escape;
use crate::Value;
use crate::print::{print_all, print_line, print_result};
use crate::printf;
use crate::verb::plain;

type Result<T> = std::result::Result<T, String>;

const NAMES: [&str; 19] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print",
    "printf", "println", "slice", "urlquery",
];

/// Whether Go itself has a function of that name.
pub(crate) fn is_builtin(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Calls a function of Go's own.
pub(crate) fn call_builtin(name: &str, arguments: &[Value]) -> Result<Value> {
    match name {
        "not" => Ok(Value::Bool(!one(arguments)?.is_true())),
        "len" => length(one(arguments)?),
        "index" => index(arguments),
        "slice" => slice(arguments),
        "print" => Ok(print_all(arguments).into()),
        "println" => Ok(print_line(arguments).into()),
        "printf" => match arguments {
            [Value::String(format), rest @ ..] => printf::format(format, rest).map(Value::from),
            [other, ..] => {
                Err(format!("wrong type for the format; expected string; got {}", other.type_name()))
            }
            [] => Err("wrong number of args: want at least 1 got 0".to_owned()),
        },
        "html" => Ok(escape::html(&joined(arguments)).into()),
        "js" => Ok(escape::js(&joined(arguments)).into()),
        "urlquery" => Ok(escape::url_query(&joined(arguments)).into()),
        "eq" => equal_any(arguments).map(Value::Bool),
        "ne" => two(arguments).and_then(|(a, b)| Ok(Value::Bool(!equal(a, b)?))),
        "lt" => ordered(arguments, |order| order == Some(Ordering::Less)),
        "le" => ordered(arguments, |order| matches!(order, Some(Ordering::Less | Ordering::Equal))),
        "gt" => ordered(arguments, |order| !matches!(order, Some(Ordering::Less | Ordering::Equal))),
        "ge" => ordered(arguments, |order| order != Some(Ordering::Less)),
        "call" => match arguments {
            [] => Err("wrong number of args: want at least 1 got 0".to_owned()),
            [Value::Null, ..] => Err("call of nil".to_owned()),
            [other, ..] => Err(format!("non-function of type {}", other.type_name())),
        },
        _ => Err("this function is not known here".to_owned()),
    }
}

fn one(arguments: &[Value]) -> Result<&Value> {
    match arguments {
        [value] => Ok(value),
        _ => Err(format!("wrong number of args: want 1 got {}", arguments.len())),
    }
}

fn two(arguments: &[Value]) -> Result<(&Value, &Value)> {
    match arguments {
        [a, b] => Ok((a, b)),
        _ => Err(format!("wrong number of args: want 2 got {}", arguments.len())),
    }
}

/// The text that `html`, `js` and `urlquery` work on.
fn joined(arguments: &[Value]) -> String {
    match arguments {
        [Value::String(text)] => text.clone(),
        _ => {
            let printable: Vec<_> = arguments
                .iter()
                .map(|value| if *value == Value::Null { print_result(value).into() } else { value.clone() })
                .collect();
            print_all(&printable)
        }
    }
}

fn length(value: &Value) -> Result<Value> {
    let length = match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        Value::Null => return Err("len of nil pointer".to_owned()),
        other => return Err(format!("len of type {}", other.type_name())),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// A whole number from 0 to `limit`.
fn position(value: &Value, limit: usize) -> Result<usize> {
    match value {
        Value::Int(number) => usize::try_from(*number)
            .ok()
            .filter(|position| *position <= limit)
            .ok_or_else(|| format!("index out of range: {number}")),
        Value::Null => Err("cannot index slice/array with nil".to_owned()),
        other => Err(format!("cannot index slice/array with type {}", other.type_name())),
    }
}

fn index(arguments: &[Value]) -> Result<Value> {
    let [value, keys @ ..] = arguments else {
        return Err("wrong number of args: want at least 1 got 0".to_owned());
    };
    if *value == Value::Null {
        return Err("index of untyped nil".to_owned());
    }
    let mut value = value.clone();
    for key in keys {
        value = match (&value, key) {
            (Value::List(items), key) => {
                let position = position(key, items.len())?;
                items.get(position).cloned().ok_or_else(|| format!("index out of range: {position}"))?
            }
            (Value::String(text), key) => {
                let position = position(key, text.len())?;
                let byte = text.as_bytes().get(position);
                Value::Int(i64::from(*byte.ok_or_else(|| format!("index out of range: {position}"))?))
            }
            (Value::Map(entries), Value::String(key)) => entries.get(key).cloned().unwrap_or_default(),
            (Value::Map(_), Value::Null) => return Err("value is nil; should be string".to_owned()),
            (Value::Map(_), key) => {
                return Err(format!("value has type {}; should be string", key.type_name()));
            }
            (Value::Null, _) => return Err("index of untyped nil".to_owned()),
            (other, _) => return Err(format!("can't index item of type {}", other.type_name())),
        };
    }
    Ok(value)
}

fn slice(arguments: &[Value]) -> Result<Value> {
    let [value, bounds @ ..] = arguments else {
        return Err("wrong number of args: want at least 1 got 0".to_owned());
    };
    if bounds.len() > 3 {
        return Err(format!("too many slice indexes: {}", bounds.len()));
    }
    let length = match value {
        Value::String(_) if bounds.len() == 3 => return Err("cannot 3-index slice a string".to_owned()),
        Value::String(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Null => return Err("slice of untyped nil".to_owned()),
        other => return Err(format!("can't slice item of type {}", other.type_name())),
    };
    let mut positions = [0, length, length];
    for (slot, bound) in positions.iter_mut().zip(bounds) {
        *slot = position(bound, length)?;
    }
    let [from, to, capacity] = positions;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    if to > capacity {
        return Err(format!("invalid slice index: {to} > {capacity}"));
    }
    match value {
        // A bound may fall inside of a character.
        Value::String(text) => Ok(String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned().into()),
        Value::List(items) => Ok(Value::List(items[from..to].to_vec())),
        _ => Ok(Value::Null),
    }
}

fn equal_any(arguments: &[Value]) -> Result<bool> {
    let (first, others) = match arguments {
        [first, others @ ..] if !others.is_empty() => (first, others),
        _ => return Err("missing argument for comparison".to_owned()),
    };
    for other in others {
        if equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal(a: &Value, b: &Value) -> Result<bool> {
    match (a, b) {
        (Value::Null, b) => Ok(*b == Value::Null),
        (_, Value::Null) => Ok(false),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::String(a), Value::String(b)) => Ok(a == b),
        (Value::Struct(a), Value::Struct(b)) if a.values().chain(b.values()).all(is_comparable) => Ok(a == b),
        (Value::List(_), Value::List(_))
        | (Value::Map(_), Value::Map(_))
        | (Value::Struct(_), Value::Struct(_)) => Err(format!(
            "non-comparable types {}: {}, {}: {}",
            plain(a),
            a.type_name(),
            b.type_name(),
            plain(b)
        )),
        _ => Err("incompatible types for comparison".to_owned()),
    }
}

fn is_comparable(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Map(_) => false,
        Value::Struct(fields) => fields.values().all(is_comparable),
        _ => true,
    }
}

fn ordered(arguments: &[Value], holds: impl Fn(Option<Ordering>) -> bool) -> Result<Value> {
    let order = match two(arguments)? {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (
            Value::Int(_) | Value::Float(_) | Value::String(_),
            Value::Int(_) | Value::Float(_) | Value::String(_),
        ) => {
            return Err("incompatible types for comparison".to_owned());
        }
        _ => return Err("invalid type for comparison".to_owned()),
    };
    Ok(Value::Bool(holds(order)))
}
