//! The one type that values of several types can all have.

use std::collections::BTreeMap;

use super::Type;

/// The type that all of `types` can be converted to without losing anything, or `None`. No types at all agree on
/// [`Type::Any`].
pub fn unify<'a>(types: impl IntoIterator<Item = &'a Type>) -> Option<Type> {
    let types: Vec<&Type> = types.into_iter().collect();
    let Some(first) = types.first() else { return Some(Type::Any) };
    if types.iter().all(|ty| ty == first) {
        return Some((*first).clone());
    }
    if types.contains(&&Type::Any) {
        return Some(Type::Any);
    }
    if types.iter().all(|ty| ty.is_primitive()) {
        // Numbers and bools have nothing in common unless a string among them makes them all text.
        return types.contains(&&Type::String).then_some(Type::String);
    }
    sequences(&types).or_else(|| named(&types))
}

/// Lists, sets and tuples: tuples of one length stay tuples, otherwise a list, or a set if all are sets.
fn sequences(types: &[&Type]) -> Option<Type> {
    let tuples: Option<Vec<_>> =
        types.iter().map(|ty| if let Type::Tuple(of) = ty { Some(of) } else { None }).collect();
    if let Some(tuples) = &tuples
        && let Some(first) = tuples.first()
        && tuples.iter().all(|tuple| tuple.len() == first.len())
    {
        let column = |at: usize| unify(tuples.iter().filter_map(|tuple| tuple.get(at)));
        let columns: Option<Vec<_>> = (0..first.len()).map(column).collect();
        return columns.map(Type::tuple);
    }
    let mut elements = Vec::new();
    for ty in types {
        match ty {
            Type::List(element) | Type::Set(element) => elements.push(element.as_ref()),
            Type::Tuple(of) => elements.extend(of.iter()),
            _ => return None,
        }
    }
    let element = unify(elements)?;
    let all_sets = types.iter().all(|ty| matches!(ty, Type::Set(_)));
    Some(if all_sets { Type::set(element) } else { Type::list(element) })
}

/// Maps and objects: objects of the same names stay objects, otherwise a map.
fn named(types: &[&Type]) -> Option<Type> {
    let objects: Option<Vec<_>> =
        types.iter().map(|ty| if let Type::Object(of) = ty { Some(of) } else { None }).collect();
    if let Some(objects) = &objects
        && let Some(first) = objects.first()
        && objects.iter().all(|object| object.keys().eq(first.keys()))
    {
        let column =
            |name: &String| unify(objects.iter().filter_map(|object| object.get(name)).map(|a| &a.ty));
        let columns: Option<BTreeMap<_, _>> =
            first.keys().map(|name| Some((name.clone(), column(name)?))).collect();
        return columns.map(Type::object);
    }
    let mut elements = Vec::new();
    for ty in types {
        match ty {
            Type::Map(element) => elements.push(element.as_ref()),
            Type::Object(of) => elements.extend(of.values().map(|attribute| &attribute.ty)),
            _ => return None,
        }
    }
    unify(elements).map(Type::map)
}
