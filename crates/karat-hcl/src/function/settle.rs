//! The types of results of functions whose arguments are not known yet.

use karat_model::value::{Type, Value, unify};

use super::FunctionError;
use super::argument::wanted;

type Result = std::result::Result<Type, FunctionError>;

fn ty(args: &[Value], at: usize) -> &Type {
    args.get(at).map_or(&Type::Any, Value::ty)
}

/// The type of the first argument, a list.
pub(super) fn first(args: &[Value]) -> Result {
    Ok(ty(args, 0).clone())
}

/// A list of lists like the first argument.
pub(super) fn chunks(args: &[Value]) -> Result {
    Ok(Type::list(ty(args, 0).clone()))
}

/// A part of the first argument, or all of it in another order.
pub(super) fn part(args: &[Value]) -> Result {
    match ty(args, 0) {
        list @ Type::List(_) => Ok(list.clone()),
        Type::Tuple(_) | Type::Any => Ok(Type::Any),
        _ => Err(wanted(args, 0, "a list or a tuple, which have an order")),
    }
}

/// The first argument the other way round.
pub(super) fn reversed(args: &[Value]) -> Result {
    match ty(args, 0) {
        Type::Set(element) => Ok(Type::List(element.clone())),
        Type::Tuple(types) => Ok(Type::tuple(types.iter().rev().cloned())),
        _ => part(args),
    }
}

/// An element of the first argument.
pub(super) fn element(args: &[Value]) -> Result {
    match part(args)? {
        Type::List(element) => Ok(element.as_ref().clone()),
        _ => Ok(Type::Any),
    }
}

/// An entry of the first argument.
pub(super) fn entry(args: &[Value]) -> Result {
    match ty(args, 0) {
        Type::Map(element) => Ok(element.as_ref().clone()),
        Type::Object(_) | Type::Any => Ok(Type::Any),
        _ => Err(wanted(args, 0, "a map or an object")),
    }
}

/// All lists, one after the other.
pub(super) fn concatenated(args: &[Value]) -> Result {
    for at in 0..args.len() {
        if !matches!(ty(args, at), Type::List(_) | Type::Tuple(_) | Type::Any) {
            return Err(wanted(args, at, "a list or a tuple"));
        }
    }
    if args.iter().all(|list| matches!(list.ty(), Type::List(_))) {
        return Ok(unify(args.iter().map(Value::ty)).unwrap_or(Type::Any));
    }
    let tuples = args.iter().map(|list| if let Type::Tuple(types) = list.ty() { Some(types) } else { None });
    let tuples: Option<Vec<_>> = tuples.collect();
    Ok(tuples
        .map_or(Type::Any, |tuples| Type::tuple(tuples.into_iter().flat_map(|types| types.iter().cloned()))))
}

/// All maps in one.
pub(super) fn merged(args: &[Value]) -> Result {
    for at in 0..args.len() {
        if !matches!(ty(args, at), Type::Map(_) | Type::Object(_) | Type::Any) {
            return Err(wanted(args, at, "a map or an object"));
        }
    }
    let first = ty(args, 0);
    let alike = matches!(first, Type::Map(_)) && args.iter().all(|map| map.ty() == first);
    Ok(if alike { first.clone() } else { Type::Any })
}

/// Sets of which one is made.
pub(super) fn sets(args: &[Value]) -> Result {
    let types = args.iter().map(Value::ty).filter(|ty| ty.element() != Some(&Type::Any));
    Ok(unify(types).unwrap_or(Type::Any))
}

/// Every element of one with every element of the others.
pub(super) fn product(args: &[Value]) -> Result {
    let mut columns = Vec::new();
    for at in 0..args.len() {
        columns.push(match ty(args, at) {
            Type::List(element) | Type::Set(element) => element.as_ref().clone(),
            Type::Tuple(types) => unify(types.iter()).unwrap_or(Type::Any),
            Type::Any => return Ok(Type::Any),
            _ => return Err(wanted(args, at, "a set, a list or a tuple")),
        });
    }
    let sets = args.iter().any(|list| matches!(list.ty(), Type::Set(_)));
    let row = Type::tuple(columns);
    Ok(if sets { Type::set(row) } else { Type::list(row) })
}
