//! Functions of maps and objects.

use std::collections::BTreeMap;

use karat_model::value::{Type, Value};

use super::argument::{elements, entries, text, wanted};
use super::{Function, FunctionError, FunctionTable, Kind, Param, settle};

type Result = std::result::Result<Value, FunctionError>;

pub(super) fn register(table: &mut FunctionTable) {
    let any = |name| Param::new(name, Type::Any);
    let mapping = |name| Param::of(name, Kind::Mapping);
    table.insert("keys", Function::new([any("map").or_unknown()], Type::Any, keys));
    table.insert("values", Function::new([any("map").or_unknown()], Type::Any, values));
    table.insert(
        "lookup",
        Function::new(
            [
                // As in Packer, nothing is said before all of it is known, whatever the key.
                mapping("map").wholly_known(),
                Param::new("key", Type::String),
                any("default").or_unknown_inside(),
            ],
            Type::Any,
            lookup,
        )
        .settling(settle::entry),
    );
    table.insert(
        "merge",
        Function::new([], Type::Any, merge).variadic(mapping("maps").or_null()).settling(settle::merged),
    );
    table.insert(
        "zipmap",
        Function::new(
            [Param::new("keys", Type::list(Type::String)), Param::of("values", Kind::Ordered)],
            Type::Any,
            zipmap,
        ),
    );
}

fn keys(args: &[Value]) -> Result {
    let Some(map) = args.first() else { return Ok(Value::error()) };
    if let Type::Object(attributes) = map.ty() {
        return Ok(Value::tuple(attributes.keys().map(|name| name.as_str().into()).collect()));
    }
    if !map.is_known() {
        return match map.ty() {
            Type::Any | Type::Map(_) => Ok(Value::unknown(Type::list(Type::String))),
            _ => Err(wanted(args, 0, "a map or an object")),
        };
    }
    let names = entries(args, 0)?.keys().map(|name| name.as_str().into());
    Ok(Value::list(Type::String, names.collect()))
}

fn values(args: &[Value]) -> Result {
    let Some(map) = args.first() else { return Ok(Value::error()) };
    if !map.is_known() {
        return match map.ty() {
            Type::Any => Ok(Value::unknown(Type::Any)),
            Type::Map(element) => Ok(Value::unknown(Type::List(element.clone()))),
            Type::Object(attributes) => {
                let types = attributes.values().map(|attribute| attribute.ty.clone());
                Ok(Value::unknown(Type::tuple(types)))
            }
            _ => Err(wanted(args, 0, "a map or an object")),
        };
    }
    let values = entries(args, 0)?.values().cloned().collect();
    Ok(match map.ty().element() {
        Some(element) => Value::list(element.clone(), values),
        None => Value::tuple(values),
    })
}

fn lookup(args: &[Value]) -> Result {
    let (Some(map), Some(default)) = (args.first(), args.get(2)) else { return Ok(Value::error()) };
    let found = entries(args, 0)?.get(text(args, 1));
    match map.ty().element() {
        None => Ok(found.unwrap_or(default).clone()),
        Some(element) => {
            let default = default.convert(element).map_err(|error| {
                FunctionError::argument(2, format!("it must be like the map's elements: {error}"))
            })?;
            Ok(found.cloned().unwrap_or(default))
        }
    }
}

fn merge(args: &[Value]) -> Result {
    let mut merged = BTreeMap::new();
    for map in args.iter().filter_map(Value::as_map) {
        merged.extend(map.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    // Maps of one type make another; anything else could hold values of several types.
    let mut types = args.iter().map(Value::ty);
    match types.next() {
        Some(Type::Map(element))
            if types.all(|ty| ty.element() == Some(element) && matches!(ty, Type::Map(_))) =>
        {
            Ok(Value::map(element.as_ref().clone(), merged))
        }
        _ => Ok(Value::object(merged)),
    }
}

fn zipmap(args: &[Value]) -> Result {
    let (keys, values) = (elements(args, 0)?, elements(args, 1)?);
    if keys.len() != values.len() {
        let (keys, values) = (keys.len(), values.len());
        return Err(FunctionError::new(format!("there are {keys} keys but {values} values")));
    }
    let mut entries = BTreeMap::new();
    for (key, value) in keys.iter().zip(values) {
        let Some(key) = key.as_str() else {
            return Err(FunctionError::argument(0, "its elements must not be null"));
        };
        entries.insert(key.to_owned(), value.clone());
    }
    Ok(match args.get(1).and_then(|values| values.ty().element()) {
        Some(element) => Value::map(element.clone(), entries),
        None => Value::object(entries),
    })
}
