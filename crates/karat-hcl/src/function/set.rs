//! Functions of sets.

use karat_model::value::{Type, Value, unify};

use super::argument::{elements, fits_elements, wanted};
use super::{Function, FunctionError, FunctionTable, Kind, Param, settle};

type Result<T> = std::result::Result<T, FunctionError>;

pub(super) fn register(table: &mut FunctionTable) {
    let set = || Param::new("sets", Type::set(Type::Any)).or_unknown_inside();
    table.insert("setunion", Function::new([set()], Type::Any, union).variadic(set()).settling(settle::sets));
    table.insert(
        "setintersection",
        Function::new([set()], Type::Any, intersection).variadic(set()).settling(settle::sets),
    );
    let any = || Param::of("sets", Kind::Sequence);
    table.insert(
        "setproduct",
        Function::new([any(), any()], Type::Any, product).variadic(any()).settling(settle::product),
    );
}

/// The sets as sets of one type, and the type of their elements.
fn alike(args: &[Value]) -> Result<(Type, Vec<Value>)> {
    // An empty set has no type to insist on.
    let types = args.iter().map(Value::ty).filter(|ty| ty.element() != Some(&Type::Any));
    let ty = unify(types).ok_or_else(|| FunctionError::new("the sets must have elements of one type"))?;
    let Some(element) = ty.element().cloned() else { return Ok((Type::Any, args.to_vec())) };
    let sets = args.iter().map(|set| set.convert(&ty)).collect::<std::result::Result<_, _>>();
    Ok((element, sets.map_err(|error| FunctionError::new(error.to_string()))?))
}

fn union(args: &[Value]) -> Result<Value> {
    let (element, sets) = alike(args)?;
    Ok(Value::set(element, sets.iter().filter_map(Value::as_slice).flatten().cloned().collect()))
}

fn intersection(args: &[Value]) -> Result<Value> {
    let (element, sets) = alike(args)?;
    // What is not known yet may be common to all.
    if sets.iter().any(|set| !set.is_wholly_known()) {
        return Ok(Value::unknown(Type::set(element)));
    }
    let mut sets = sets.iter().filter_map(Value::as_slice);
    let mut common = sets.next().unwrap_or_default().to_vec();
    for set in sets {
        common.retain(|element| set.iter().any(|other| other.equals(element)));
    }
    Ok(Value::set(element, common))
}

fn product(args: &[Value]) -> Result<Value> {
    let mut rows = vec![Vec::new()];
    let mut total = 1_usize;
    // Unknown elements of a set may turn out to be one.
    if args.iter().any(|list| matches!(list.ty(), Type::Set(_)) && !list.is_wholly_known()) {
        return Ok(Value::unknown(settle::product(args)?));
    }
    for at in 0..args.len() {
        let elements = elements(args, at).map_err(|_| wanted(args, at, "a set, a list or a tuple"))?;
        total = total.saturating_mul(elements.len());
        fits_elements(total.saturating_mul(args.len() + 1))?;
        rows = rows
            .iter()
            .flat_map(|row: &Vec<Value>| {
                elements.iter().map(|element| [row.as_slice(), std::slice::from_ref(element)].concat())
            })
            .collect();
    }
    let columns = args.iter().map(|list| match list.ty() {
        Type::Tuple(types) => unify(types.iter()).ok_or(()),
        ty => Ok(ty.element().cloned().unwrap_or(Type::Any)),
    });
    let columns = columns.collect::<std::result::Result<Vec<_>, ()>>();
    let columns =
        columns.map_err(|()| FunctionError::new("the elements of each list must be of one type"))?;
    let row_type = Type::tuple(columns);
    let rows = rows.into_iter().map(|row| Value::tuple(row).convert(&row_type));
    let rows =
        rows.collect::<std::result::Result<_, _>>().map_err(|error| FunctionError::new(error.to_string()))?;
    // An order is kept if all have one.
    if args.iter().any(|list| matches!(list.ty(), Type::Set(_))) {
        Ok(Value::set(row_type, rows))
    } else {
        Ok(Value::list(row_type, rows))
    }
}
