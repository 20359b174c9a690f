//! Functions of text.

use karat_model::value::{Type, Value};

use super::{Function, FunctionError, FunctionTable, Param};

pub(super) fn register(table: &mut FunctionTable) {
    table.insert("upper", Function::new([text()], Type::String, |args| Ok(map(args, str::to_uppercase))));
    table.insert("lower", Function::new([text()], Type::String, |args| Ok(map(args, str::to_lowercase))));
    table.insert(
        "join",
        Function::new([Param::new("separator", Type::String)], Type::String, join)
            .variadic(Param::new("lists", Type::list(Type::String))),
    );
}

fn text() -> Param {
    Param::new("text", Type::String)
}

fn map(args: &[Value], change: impl Fn(&str) -> String) -> Value {
    Value::string(change(args.first().and_then(Value::as_str).unwrap_or_default()))
}

fn join(args: &[Value]) -> Result<Value, FunctionError> {
    let Some((separator, lists)) = args.split_first() else { return Ok(Value::string("")) };
    let mut parts = Vec::new();
    for (at, list) in lists.iter().enumerate() {
        for element in list.as_slice().unwrap_or_default() {
            let part = element.as_str();
            parts.push(part.ok_or_else(|| FunctionError::argument(at + 1, "its elements must not be null"))?);
        }
    }
    Ok(Value::string(parts.join(separator.as_str().unwrap_or_default())))
}
