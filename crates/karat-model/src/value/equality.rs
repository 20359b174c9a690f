//! `==`.

use super::{Data, Type, Value};

impl Value {
    /// What HCL's `==` says about two wholly known values: types must agree, marks do not matter. False where it is not
    /// known.
    pub fn equals(&self, other: &Value) -> bool {
        self.equality(other) == Some(true)
    }

    /// What HCL's `==` says; `None` as long as it is not known. Nulls of all types are equal. Types must agree
    /// otherwise, marks do not matter.
    pub fn equality(&self, other: &Value) -> Option<bool> {
        if self.is_null() && other.is_surely_not_null() || other.is_null() && self.is_surely_not_null() {
            return Some(false);
        }
        match (self.is_known(), other.is_known()) {
            (false, false) => return None,
            (true, false) => return Self::with_unknown(self, other),
            (false, true) => return Self::with_unknown(other, self),
            (true, true) => {}
        }
        if self.is_null() || other.is_null() {
            return Some(self.is_null() && other.is_null());
        }
        if self.ty != other.ty {
            // Where a type is not known, the types may still turn out to be the same.
            return if self.may_become(other) { None } else { Some(false) };
        }
        if self.has_unknown_type() || other.has_unknown_type() {
            return None;
        }
        match (&self.data, &other.data) {
            (Data::Bool(a), Data::Bool(b)) => Some(a == b),
            (Data::Number(a), Data::Number(b)) => Some(a.looks_like(b)),
            (Data::String(a), Data::String(b)) => Some(a == b),
            (Data::Sequence(a), Data::Sequence(b)) if matches!(self.ty, Type::Set(_)) => {
                if !self.is_wholly_known() || !other.is_wholly_known() {
                    return None;
                }
                let within = |a: &[Value], b: &[Value]| a.iter().all(|a| b.iter().any(|b| a.equals(b)));
                // Equal elements are in the same order, but for what sorting does not tell apart.
                let same_order = a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals(b));
                Some(same_order || within(a, b) && within(b, a))
            }
            (Data::Sequence(a), Data::Sequence(b)) => {
                if a.len() == b.len() {
                    all(a.iter().zip(b.iter()))
                } else {
                    Some(false)
                }
            }
            (Data::Mapping(a), Data::Mapping(b)) => {
                if a.keys().eq(b.keys()) {
                    all(a.values().zip(b.values()))
                } else {
                    Some(false)
                }
            }
            _ => Some(false),
        }
    }

    fn with_unknown(known: &Value, unknown: &Value) -> Option<bool> {
        if unknown.excludes(known) {
            return Some(false);
        }
        let may_be = known.is_null() || unknown.ty.has_any() || known.ty == unknown.ty;
        if may_be { None } else { Some(false) }
    }

    /// Whether an unknown value inside is of unknown type; nulls are not.
    fn has_unknown_type(&self) -> bool {
        if self.is_wholly_known() || !self.ty.has_any() {
            return false;
        }
        match &self.data {
            Data::Unknown(_) | Data::Error => true,
            Data::Sequence(elements) => elements.iter().any(Value::has_unknown_type),
            Data::Mapping(entries) => entries.values().any(Value::has_unknown_type),
            _ => false,
        }
    }

    fn may_become(&self, other: &Value) -> bool {
        (self.has_unknown_type() || other.has_unknown_type())
            && (conforms(&self.ty, &other.ty) || conforms(&other.ty, &self.ty))
    }
}

/// Whether `ty` is of the form of `wanted`, in which any type may stand for something.
fn conforms(ty: &Type, wanted: &Type) -> bool {
    match (ty, wanted) {
        (_, Type::Any) => true,
        (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) | (Type::Map(a), Type::Map(b)) => {
            conforms(a, b)
        }
        (Type::Tuple(a), Type::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| conforms(a, b))
        }
        (Type::Object(a), Type::Object(b)) => {
            a.keys().eq(b.keys()) && a.values().zip(b.values()).all(|(a, b)| conforms(&a.ty, &b.ty))
        }
        (a, b) => a == b,
    }
}

/// All pairs are equal. The first that is not known or not equal decides.
fn all<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> Option<bool> {
    for (a, b) in pairs {
        if !a.equality(b)? {
            return Some(false);
        }
    }
    Some(true)
}
