//! What a function's closure reads from its arguments, whose types were checked before.

use std::collections::BTreeMap;

use karat_model::value::{Number, Value};

use super::FunctionError;
use crate::limit::MAX_SIZE;

/// The text of a string argument.
pub(super) fn text(args: &[Value], at: usize) -> &str {
    args.get(at).and_then(Value::as_str).unwrap_or_default()
}

/// The number of a number argument.
pub(super) fn number(args: &[Value], at: usize) -> Number {
    args.get(at).and_then(Value::as_number).cloned().unwrap_or(Number::ZERO)
}

/// A number argument that must be whole.
pub(super) fn whole(args: &[Value], at: usize) -> Result<i64, FunctionError> {
    number(args, at).to_i64().ok_or_else(|| FunctionError::argument(at, "it must be a whole number"))
}

/// A number argument that must be whole and not negative.
pub(super) fn size(args: &[Value], at: usize) -> Result<usize, FunctionError> {
    usize::try_from(whole(args, at)?).map_err(|_| FunctionError::argument(at, "it must not be negative"))
}

/// The elements of an argument that may be a list, a set or a tuple.
pub(super) fn elements(args: &[Value], at: usize) -> Result<&[Value], FunctionError> {
    let wrong = || wanted(args, at, "a list, a set or a tuple");
    args.get(at).and_then(Value::as_slice).ok_or_else(wrong)
}

/// The entries of an argument that may be a map or an object.
pub(super) fn entries(args: &[Value], at: usize) -> Result<&BTreeMap<String, Value>, FunctionError> {
    args.get(at).and_then(Value::as_map).ok_or_else(|| wanted(args, at, "a map or an object"))
}

/// Says that an argument is of another type than `what`.
pub(super) fn wanted(args: &[Value], at: usize, what: &str) -> FunctionError {
    let found = args.get(at).map(|value| value.ty().with_article()).unwrap_or_default();
    FunctionError::argument(at, format!("it must be {what}, but it is {found}"))
}

/// Refuses a result of so many bytes, before it is made, if a value may not be as large.
pub(super) fn fits(size: usize) -> Result<(), FunctionError> {
    if size as u64 <= MAX_SIZE {
        return Ok(());
    }
    Err(FunctionError::new(format!("the result would be larger than {} MiB", MAX_SIZE >> 20)))
}

/// Refuses a result of so many elements, in the same way.
pub(super) fn fits_elements(count: usize) -> Result<(), FunctionError> {
    fits(count.saturating_mul(Value::ELEMENT_SIZE))
}

/// A string argument in quotes, for messages; a secret is not shown.
pub(super) fn shown(args: &[Value], at: usize) -> String {
    match args.get(at) {
        Some(value) if !value.is_sensitive() => format!("{:?}", value.as_str().unwrap_or_default()),
        _ => "a sensitive value".to_owned(),
    }
}
