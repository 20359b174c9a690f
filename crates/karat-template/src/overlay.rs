//! What `override` makes of a configuration.

use karat_model::value::{Type, Value};

/// One value with another one over it, as Packer 1.16 decodes one after the other: what is not set in the other stays, maps
/// are merged, and of lists that many elements are replaced as the other one has.
pub(crate) fn overlay(under: &Value, over: &Value) -> Value {
    if over.is_null() || under.is_null() {
        return if over.is_null() { under.clone() } else { over.clone() };
    }
    if !under.is_known() || !over.is_known() {
        return over.clone();
    }
    lay(under, over).mark_if(under.is_itself_sensitive())
}

fn lay(under: &Value, over: &Value) -> Value {
    if let (Some(below), Some(above)) = (under.as_slice(), over.as_slice()) {
        let Some(element) = over.ty().element() else { return over.clone() };
        let replaced = above.iter().enumerate().map(|(at, above)| match below.get(at) {
            Some(below) => overlay(below, above),
            None => above.clone(),
        });
        let rest = below.iter().skip(above.len()).cloned();
        return Value::list(element.clone(), replaced.chain(rest).collect());
    }
    if let (Some(below), Some(above)) = (under.as_map(), over.as_map()) {
        let mut merged = below.clone();
        for (name, above) in above {
            let value = below.get(name).map_or_else(|| above.clone(), |below| overlay(below, above));
            merged.insert(name.clone(), value);
        }
        return match over.ty() {
            Type::Map(element) => Value::map(element.as_ref().clone(), merged),
            _ => Value::object(merged),
        };
    }
    over.clone()
}
