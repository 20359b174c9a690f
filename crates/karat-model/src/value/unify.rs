//! The one type that values of several types can all have. The rules are those of go-cty 1.13 (MIT, © Martin Atkins),
//! which Packer 1.16 uses.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::Type;
use super::convert::is_convertible;

/// The type that values of all of `types` may be converted to, or `None`. No types at all agree on [`Type::Any`].
/// A conversion that can fail for some values, such as that of a string to a number, counts.
pub fn unify<'a>(types: impl IntoIterator<Item = &'a Type>) -> Option<Type> {
    let types: Vec<&Type> = types.into_iter().collect();
    if types.is_empty() { Some(Type::Any) } else { unify_with(&types, true) }
}

/// The same for at least one type. Without `lossy` only conversions that never fail count.
pub(super) fn unify_with(types: &[&Type], lossy: bool) -> Option<Type> {
    let first = types.first()?;
    let count = |is: fn(&Type) -> bool| types.iter().filter(|ty| is(ty)).count();
    let any = count(|ty| *ty == Type::Any);
    let lists = count(|ty| matches!(ty, Type::List(_)));
    let sets = count(|ty| matches!(ty, Type::Set(_)));
    let maps = count(|ty| matches!(ty, Type::Map(_)));
    let tuples = count(|ty| matches!(ty, Type::Tuple(_)));
    let objects = count(|ty| matches!(ty, Type::Object(_)));
    let all = types.len();
    // Any type beside a structure may turn out to be anything.
    let or_any = |unified: &dyn Fn() -> Option<Type>| if any > 0 { Some(Type::Any) } else { unified() };
    if types.iter().all(|ty| ty == first) {
        return Some((*first).clone());
    }
    if maps > 0 && maps + any == all {
        return or_any(&|| elements(types, lossy).map(Type::map));
    }
    if maps > 0 && maps + objects + any == all {
        let is_object = |ty: &Type| matches!(ty, Type::Object(_));
        if let Some(map) = replaced(types, is_object, to_map, lossy).filter(|ty| matches!(ty, Type::Map(_))) {
            return Some(map);
        }
    } else if lists > 0 && lists + any == all {
        return or_any(&|| elements(types, lossy).map(Type::list));
    } else if lists > 0 && lists + tuples + any == all {
        let is_tuple = |ty: &Type| matches!(ty, Type::Tuple(_));
        if let Some(list) = replaced(types, is_tuple, to_list, lossy).filter(|ty| matches!(ty, Type::List(_)))
        {
            return Some(list);
        }
    } else if sets > 0 && sets + any == all {
        return or_any(&|| elements(types, lossy).map(Type::set));
    } else if objects > 0 && objects + any == all {
        return or_any(&|| unify_objects(types, lossy));
    } else if tuples > 0 && tuples + any == all {
        return or_any(&|| unify_tuples(types, lossy));
    } else if objects > 0 && tuples > 0 {
        return None;
    }
    let fits = |wanted: &&Type| types.iter().all(|ty| is_convertible(ty, wanted, lossy));
    by_preference(types).into_iter().find(fits).cloned()
}

fn elements(types: &[&Type], lossy: bool) -> Option<Type> {
    unify_with(&types.iter().filter_map(|ty| ty.element()).collect::<Vec<_>>(), lossy)
}

/// Unifies with the structures put together as one collection first.
fn replaced(
    types: &[&Type],
    is_structure: fn(&Type) -> bool,
    collection: fn(&[&Type], bool) -> Option<Type>,
    lossy: bool,
) -> Option<Type> {
    let structures: Vec<&Type> = types.iter().copied().filter(|ty| is_structure(ty)).collect();
    let collection = collection(&structures, lossy)?;
    let types: Vec<&Type> = types.iter().map(|ty| if is_structure(ty) { &collection } else { *ty }).collect();
    unify_with(&types, lossy)
}

fn all_convertible(types: &[&Type], to: &Type, lossy: bool) -> bool {
    types.iter().all(|ty| is_convertible(ty, to, lossy))
}

/// Objects of the same names stay objects, others become a map.
fn unify_objects(types: &[&Type], lossy: bool) -> Option<Type> {
    let objects: Vec<_> =
        types.iter().filter_map(|ty| if let Type::Object(of) = ty { Some(of) } else { None }).collect();
    let first = objects.first()?;
    if !objects.iter().all(|object| object.keys().eq(first.keys())) {
        return to_map(types, lossy);
    }
    let column = |name: &String| {
        let column: Vec<&Type> =
            objects.iter().filter_map(|object| object.get(name)).map(|attribute| &attribute.ty).collect();
        Some((name.clone(), unify_with(&column, lossy)?))
    };
    let object = Type::object(first.keys().map(column).collect::<Option<BTreeMap<_, _>>>()?);
    if all_convertible(types, &object, lossy) { Some(object) } else { to_map(types, lossy) }
}

fn to_map(types: &[&Type], lossy: bool) -> Option<Type> {
    let mut of = Vec::new();
    for ty in types {
        if let Type::Object(attributes) = ty {
            of.extend(attributes.values().map(|attribute| &attribute.ty));
        }
    }
    let map = Type::map(unify_with(&of, lossy)?);
    all_convertible(types, &map, lossy).then_some(map)
}

/// Tuples of one length stay tuples, others become a list.
fn unify_tuples(types: &[&Type], lossy: bool) -> Option<Type> {
    let tuples: Vec<_> =
        types.iter().filter_map(|ty| if let Type::Tuple(of) = ty { Some(of) } else { None }).collect();
    let first = tuples.first()?;
    if !tuples.iter().all(|tuple| tuple.len() == first.len()) {
        return to_list(types, lossy);
    }
    let column =
        |at: usize| unify_with(&tuples.iter().filter_map(|tuple| tuple.get(at)).collect::<Vec<_>>(), lossy);
    let tuple = Type::tuple((0..first.len()).map(column).collect::<Option<Vec<_>>>()?);
    if all_convertible(types, &tuple, lossy) { Some(tuple) } else { to_list(types, lossy) }
}

fn to_list(types: &[&Type], lossy: bool) -> Option<Type> {
    let mut of = Vec::new();
    for ty in types {
        if let Type::Tuple(elements) = ty {
            of.extend(elements.iter());
        }
    }
    let list = Type::list(unify_with(&of, lossy)?);
    all_convertible(types, &list, lossy).then_some(list)
}

/// The types, more general ones before those that they include, otherwise in their order.
fn by_preference<'a>(types: &[&'a Type]) -> Vec<&'a Type> {
    let mut distinct: Vec<&Type> = Vec::new();
    for ty in types {
        if !distinct.contains(ty) {
            distinct.push(ty);
        }
    }
    let mut after: Vec<Vec<usize>> = distinct.iter().map(|_| Vec::new()).collect();
    let mut waiting_for = vec![0usize; distinct.len()];
    for (i, a) in distinct.iter().enumerate() {
        for (j, b) in distinct.iter().enumerate().skip(i + 1) {
            let (general, special) = match generality(a, b) {
                Ordering::Less => (i, j),
                Ordering::Greater => (j, i),
                Ordering::Equal => continue,
            };
            if let (Some(after), Some(count)) = (after.get_mut(general), waiting_for.get_mut(special)) {
                after.push(special);
                *count += 1;
            }
        }
    }
    let mut order: Vec<usize> = (0..distinct.len()).filter(|at| waiting_for.get(*at) == Some(&0)).collect();
    let mut at = 0;
    while let Some(general) = order.get(at).copied() {
        for special in after.get(general).into_iter().flatten() {
            if let Some(count) = waiting_for.get_mut(*special) {
                *count -= 1;
                if *count == 0 {
                    order.push(*special);
                }
            }
        }
        at += 1;
    }
    order.into_iter().filter_map(|at| distinct.get(at).copied()).collect()
}

/// `Less`: `a` is the more general type, and preferred.
fn generality(a: &Type, b: &Type) -> Ordering {
    match (a, b) {
        (Type::Any, Type::Any) => Ordering::Equal,
        (Type::Any, _) => Ordering::Greater,
        (_, Type::Any) => Ordering::Less,
        (Type::String, Type::Number | Type::Bool) => Ordering::Less,
        (Type::Number | Type::Bool, Type::String) => Ordering::Greater,
        (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) | (Type::Map(a), Type::Map(b)) => {
            generality(a, b)
        }
        (Type::List(_), Type::Tuple(_) | Type::Set(_))
        | (Type::Tuple(_), Type::Set(_))
        | (Type::Map(_), Type::Object(_)) => Ordering::Less,
        (Type::Tuple(_) | Type::Set(_), Type::List(_))
        | (Type::Set(_), Type::Tuple(_))
        | (Type::Object(_), Type::Map(_)) => Ordering::Greater,
        (Type::Object(a), Type::Object(b)) if a.keys().eq(b.keys()) => {
            one_sided(a.values().zip(b.values()).map(|(a, b)| generality(&a.ty, &b.ty)))
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
            one_sided(a.iter().zip(b.iter()).map(|(a, b)| generality(a, b)))
        }
        _ => Ordering::Equal,
    }
}

/// The one direction that differences have, if they all have it.
fn one_sided(orders: impl Iterator<Item = Ordering>) -> Ordering {
    let mut side = Ordering::Equal;
    for order in orders.filter(|order| order.is_ne()) {
        if side == order.reverse() {
            return Ordering::Equal;
        }
        side = order;
    }
    side
}
