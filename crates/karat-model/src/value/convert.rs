//! Conversion of values to types, by HCL's rules.
//!
//! Whether there is a conversion at all depends on the two types and is settled first, by a plan; carrying it out can
//! still fail where the value decides: a string that is no number, a map that lacks a key. The rules are those of
//! go-cty 1.13 (MIT, © Martin Atkins), which Packer 1.16 uses.

use std::collections::BTreeMap;
use std::fmt;

use super::unify::unify_with;
use super::{Data, Number, Type, Value};

/// Why a value cannot have a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertError {
    /// Where inside the value.
    pub path: Vec<PathStep>,
    /// The reason, a fragment such as `a string is required, but this is a tuple`.
    pub message: String,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// Into the attribute of an object.
    Attribute(String),
    /// To the element of a list, set or tuple, from 0.
    Index(usize),
    /// To the element of a map.
    Key(String),
}

impl ConvertError {
    fn new(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), message: message.into() }
    }

    /// The same error, seen from one step further out.
    #[must_use]
    pub fn inside(mut self, step: PathStep) -> Self {
        self.path.insert(0, step);
        self
    }
}

impl fmt::Display for PathStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(name) => write!(f, ".{name}"),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Key(key) => write!(f, "[{key:?}]"),
        }
    }
}

/// `.disk[2].size: a number is required, but this is a string`.
impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.iter().try_for_each(|step| step.fmt(f))?;
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConvertError {}

impl Type {
    /// The name with its article: `a list of string`, `an object`.
    pub fn with_article(&self) -> String {
        match self {
            Self::Any => "a value of any type".to_owned(),
            Self::Object(_) => "an object".to_owned(),
            ty => format!("a {ty}"),
        }
    }
}

fn mismatch(from: &Type, to: &Type) -> ConvertError {
    ConvertError::new(format!("{} is required, but this is {}", to.with_article(), from.with_article()))
}

impl Value {
    /// The value as a value of type `to`, by HCL's rules: numbers and bools to strings and back, sequences to sequences,
    /// objects and maps to one another; object attributes that the type does not have are dropped. Unknown values
    /// become unknown values of the type, sensitive ones stay sensitive.
    pub fn convert(&self, to: &Type) -> Result<Value, ConvertError> {
        if *to == Type::Any || self.ty == *to || self.is_error() {
            return Ok(self.clone());
        }
        Plan::new(&self.ty, to, true)?.apply(self)
    }

    /// The text for a message, unless it must not be shown.
    fn shown(&self) -> String {
        match self.as_str() {
            Some(text) if !self.is_sensitive() && text.chars().count() <= 60 => format!("{text:?}"),
            _ => "this string".to_owned(),
        }
    }
}

/// Whether every value of type `from` can be converted to `to`. With `lossy`, whether some may be.
pub(super) fn is_convertible(from: &Type, to: &Type, lossy: bool) -> bool {
    from == to || Plan::new(from, to, lossy).is_ok()
}

/// How values of one type become values of another.
struct Plan {
    to: Type,
    how: How,
    lossy: bool,
}

enum How {
    /// They are so already.
    Keep,
    /// Their type shows when they are known.
    ByValue,
    Primitive,
    /// By attribute.
    Object(BTreeMap<String, Plan>),
    /// By attribute; what has no plan must not be there.
    MapToObject(BTreeMap<String, Result<Plan, ConvertError>>),
    /// By index.
    Tuple(Vec<Plan>),
    /// A tuple's elements or an object's attributes to those of a collection, by their types.
    Collect(Vec<(Type, Plan)>),
    /// A collection's elements to those of another.
    Elements(Box<Plan>),
}

impl Plan {
    fn new(from: &Type, to: &Type, lossy: bool) -> Result<Self, ConvertError> {
        let none = || mismatch(from, to);
        let how = match (from, to) {
            (_, Type::Any) => How::Keep,
            (from, to) if from == to => How::Keep,
            (Type::Any, _) if lossy => How::ByValue,
            (Type::Number | Type::Bool, Type::String) => How::Primitive,
            (Type::String, Type::Number | Type::Bool) if lossy => How::Primitive,
            (Type::Object(has), Type::Object(wants)) => {
                let mut plans = BTreeMap::new();
                for (name, wanted) in wants.iter() {
                    match has.get(name) {
                        Some(found) => {
                            let plan = Plan::new(&found.ty, &wanted.ty, lossy)
                                .map_err(|error| error.inside(PathStep::Attribute(name.clone())))?;
                            plans.insert(name.clone(), plan);
                        }
                        None if wanted.optional => {}
                        None => return Err(missing(name)),
                    }
                }
                How::Object(plans)
            }
            (Type::Map(element), Type::Object(wants)) if lossy => {
                let mut plans = BTreeMap::new();
                for (name, wanted) in wants.iter() {
                    let plan = Plan::new(element, &wanted.ty, lossy)
                        .map_err(|error| error.inside(PathStep::Key(name.clone())));
                    match plan {
                        Err(error) if !wanted.optional => return Err(error),
                        plan => plans.insert(name.clone(), plan),
                    };
                }
                How::MapToObject(plans)
            }
            (Type::Tuple(has), Type::Tuple(wants)) => {
                if has.len() != wants.len() {
                    return Err(wrong_length(wants.len(), has.len()));
                }
                let plan = |(at, (has, wants)): (usize, (&Type, &Type))| {
                    Plan::new(has, wants, lossy).map_err(|error| error.inside(PathStep::Index(at)))
                };
                How::Tuple(has.iter().zip(wants.iter()).enumerate().map(plan).collect::<Result<_, _>>()?)
            }
            // A list forgets its order when it becomes a set.
            (Type::List(_), Type::Set(_)) if !lossy => return Err(none()),
            (Type::List(has) | Type::Set(has), Type::List(wants) | Type::Set(wants))
            | (Type::Map(has), Type::Map(wants)) => {
                How::Elements(Box::new(Plan::new(has, wants, lossy).map_err(|_| none())?))
            }
            (Type::Tuple(has), Type::List(wants) | Type::Set(wants)) => {
                let types = has.iter().enumerate().map(|(at, ty)| (ty, PathStep::Index(at)));
                return Self::collect(to, types.collect(), wants, lossy);
            }
            (Type::Object(has), Type::Map(wants)) => {
                let types = has.iter().map(|(name, found)| (&found.ty, PathStep::Key(name.clone())));
                return Self::collect(to, types.collect(), wants, lossy);
            }
            _ => return Err(none()),
        };
        Ok(Self { to: to.clone(), how, lossy })
    }

    /// The plan for a tuple or an object of which a collection is to be made. A collection of anything gets the one
    /// type that all can have.
    fn collect(
        to: &Type,
        types: Vec<(&Type, PathStep)>,
        wanted: &Type,
        lossy: bool,
    ) -> Result<Self, ConvertError> {
        let mut element = wanted.clone();
        if element == Type::Any && !types.is_empty() {
            let all = || types.iter().map(|(ty, _)| *ty);
            element = unify_with(&all().collect::<Vec<_>>(), lossy).ok_or_else(nothing_in_common)?;
            let is_map = matches!(to, Type::Map(_));
            if element == Type::Any && !is_map && all().any(|ty| *ty != Type::Any) {
                return Err(nothing_in_common());
            }
        }
        let mut plans: Vec<(Type, Plan)> = Vec::new();
        for (ty, step) in types {
            if !plans.iter().any(|(known, _)| known == ty) {
                let plan = Plan::new(ty, &element, lossy).map_err(|error| error.inside(step))?;
                plans.push((ty.clone(), plan));
            }
        }
        let to = match to {
            Type::List(_) => Type::list(element),
            Type::Set(_) => Type::set(element),
            _ => Type::map(element),
        };
        Ok(Self { to, how: How::Collect(plans), lossy })
    }

    fn apply(&self, value: &Value) -> Result<Value, ConvertError> {
        let to = &self.to;
        let converted = match (&self.how, &value.data) {
            (How::Keep, _) | (_, Data::Error) => return Ok(value.clone()),
            (_, Data::Null) => Value::null(filled(&value.ty, &to.without_optional())),
            (_, Data::Unknown(range)) => {
                Value::unknown(filled(&value.ty, &to.without_optional())).refined(range.converted(to))
            }
            (How::ByValue, _) => return value.convert(to),
            (How::Primitive, _) => primitive(value, to)?,
            (How::Object(plans), Data::Mapping(entries)) => {
                let Type::Object(wants) = to else { return Err(mismatch(&value.ty, to)) };
                let entry = |(name, wanted): (&String, &super::ObjectAttr)| {
                    let found = entries.get(name).zip(plans.get(name));
                    let converted = match found {
                        Some((entry, plan)) => plan
                            .apply(entry)
                            .map_err(|error| error.inside(PathStep::Attribute(name.clone())))?,
                        None => Value::null(wanted.ty.clone()),
                    };
                    Ok((name.clone(), converted))
                };
                Value::object(wants.iter().map(entry).collect::<Result<_, _>>()?)
            }
            (How::MapToObject(plans), Data::Mapping(entries)) => {
                let Type::Object(wants) = to else { return Err(mismatch(&value.ty, to)) };
                let mut converted = BTreeMap::new();
                for (name, wanted) in wants.iter() {
                    let entry = match (entries.get(name), plans.get(name)) {
                        (Some(entry), Some(Ok(plan))) => {
                            plan.apply(entry).map_err(|error| error.inside(PathStep::Key(name.clone())))?
                        }
                        (Some(_), Some(Err(error))) => return Err(error.clone()),
                        _ if wanted.optional => Value::null(wanted.ty.clone()),
                        _ => return Err(missing(name)),
                    };
                    converted.insert(name.clone(), entry);
                }
                Value::object(converted)
            }
            (How::Tuple(plans), Data::Sequence(elements)) => {
                let pairs = elements.iter().zip(plans).enumerate();
                let element = |(at, (element, plan)): (usize, (&Value, &Plan))| {
                    plan.apply(element).map_err(|error| error.inside(PathStep::Index(at)))
                };
                Value::tuple(pairs.map(element).collect::<Result<_, _>>()?)
            }
            (How::Collect(plans), Data::Sequence(elements)) => {
                let plan =
                    |element: &Value| plans.iter().find(|(ty, _)| *ty == element.ty).map(|(_, plan)| plan);
                self.sequence(elements, plan, to.element())?
            }
            (How::Elements(plan), Data::Sequence(elements)) => {
                // An empty list says as much about its elements as it did before.
                let wanted = to.element().filter(|wanted| **wanted != Type::Any).or(value.ty.element());
                self.sequence(elements, |_| Some(plan.as_ref()), wanted)?
            }
            (How::Collect(plans), Data::Mapping(entries)) => {
                let plan =
                    |element: &Value| plans.iter().find(|(ty, _)| *ty == element.ty).map(|(_, plan)| plan);
                self.map(entries, plan, to.element(), self.lossy)?
            }
            (How::Elements(plan), Data::Mapping(entries)) => {
                let wanted = to.element().filter(|wanted| **wanted != Type::Any).or(value.ty.element());
                self.map(entries, |_| Some(plan.as_ref()), wanted, false)?
            }
            _ => return Err(mismatch(&value.ty, to)),
        };
        Ok(converted.mark_if(value.is_itself_sensitive()))
    }

    fn sequence<'p>(
        &self,
        elements: &[Value],
        plan: impl Fn(&Value) -> Option<&'p Plan>,
        wanted: Option<&Type>,
    ) -> Result<Value, ConvertError> {
        let is_set = matches!(self.to, Type::Set(_));
        let collection =
            |ty: Type, elements| if is_set { Value::set(ty, elements) } else { Value::list(ty, elements) };
        if elements.is_empty() {
            return Ok(collection(wanted.map_or(Type::Any, Type::without_optional), Vec::new()));
        }
        let convert = |(at, element): (usize, &Value)| match plan(element) {
            Some(plan) => plan.apply(element).map_err(|error| error.inside(PathStep::Index(at))),
            None => Ok(element.clone()),
        };
        let mut converted = elements.iter().enumerate().map(convert).collect::<Result<Vec<_>, _>>()?;
        // What anything stood for inside of the elements may still differ.
        let from_tuple = matches!(self.how, How::Collect(_));
        if from_tuple && !is_set && !is_uniform(converted.iter()) {
            let types: Vec<&Type> = converted.iter().map(Value::ty).collect();
            let ty = unify_with(&types, self.lossy).ok_or_else(nothing_in_common)?;
            converted = converted
                .iter()
                .enumerate()
                .map(|(at, element)| element.convert(&ty).map_err(|error| error.inside(PathStep::Index(at))))
                .collect::<Result<_, _>>()?;
        }
        let ty = one_type(converted.iter())?;
        Ok(collection(ty, converted))
    }

    fn map<'p>(
        &self,
        entries: &BTreeMap<String, Value>,
        plan: impl Fn(&Value) -> Option<&'p Plan>,
        wanted: Option<&Type>,
        lossy: bool,
    ) -> Result<Value, ConvertError> {
        if entries.is_empty() {
            return Ok(Value::map(wanted.map_or(Type::Any, Type::without_optional), BTreeMap::new()));
        }
        let inside = |name: &String, error: ConvertError| error.inside(PathStep::Key(name.clone()));
        let convert = |(name, entry): (&String, &Value)| {
            let entry = match plan(entry) {
                Some(plan) => plan.apply(entry).map_err(|error| inside(name, error))?,
                None => entry.clone(),
            };
            Ok((name.clone(), entry))
        };
        let mut converted = entries.iter().map(convert).collect::<Result<BTreeMap<_, _>, ConvertError>>()?;
        let may_differ =
            matches!(self.to.element(), Some(Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Object(_)));
        if may_differ && !is_uniform(converted.values()) {
            let types: Vec<&Type> = converted.values().map(Value::ty).collect();
            let ty = unify_with(&types, lossy).ok_or_else(nothing_in_common)?;
            for (name, entry) in &mut converted {
                *entry = entry.convert(&ty).map_err(|error| inside(name, error))?;
            }
        }
        let ty = one_type(converted.values())?;
        Ok(Value::map(ty, converted))
    }
}

fn is_uniform<'v>(mut values: impl Iterator<Item = &'v Value>) -> bool {
    let Some(first) = values.next() else { return true };
    values.all(|value| value.ty == first.ty)
}

/// The type of the elements of a collection. Nulls and unknown values of any type go with all others.
fn one_type<'v>(values: impl Iterator<Item = &'v Value>) -> Result<Type, ConvertError> {
    let mut found = Type::Any;
    for value in values {
        if found == Type::Any {
            found = value.ty.clone();
        } else if value.ty != Type::Any && value.ty != found {
            return Err(nothing_in_common());
        }
    }
    Ok(found)
}

fn primitive(value: &Value, to: &Type) -> Result<Value, ConvertError> {
    match (to, &value.data) {
        (Type::String, Data::Number(number)) => Ok(Value::string(number.to_string())),
        (Type::String, Data::Bool(truth)) => Ok(Value::string(truth.to_string())),
        (Type::Number, Data::String(text)) => text.parse::<Number>().map(Value::number).map_err(|error| {
            ConvertError::new(format!("a number is required, but {} is {error}", value.shown()))
        }),
        (Type::Bool, Data::String(text)) => match text.as_ref() {
            "true" | "1" => Ok(Value::bool(true)),
            "false" | "0" => Ok(Value::bool(false)),
            text if ["true", "false"].contains(&text.to_ascii_lowercase().as_str()) => {
                let lower = text.to_ascii_lowercase();
                Err(ConvertError::new(format!("a bool is required; write {lower} in lower case")))
            }
            _ => Err(ConvertError::new(format!(
                "a bool is required, but {} is neither true nor false",
                value.shown()
            ))),
        },
        _ => Err(mismatch(&value.ty, to)),
    }
}

fn wrong_length(expected: usize, found: usize) -> ConvertError {
    let plural = if expected == 1 { "" } else { "s" };
    ConvertError::new(format!("a tuple of {expected} element{plural} is required, but this one has {found}"))
}

fn missing(name: &str) -> ConvertError {
    ConvertError::new(format!("the attribute \"{name}\" is required"))
}

fn nothing_in_common() -> ConvertError {
    ConvertError::new("all elements must have the same type, and these have no type in common")
}

/// The type `to` with its gaps filled by what is known of `from`: the type of a null or unknown value.
fn filled(from: &Type, to: &Type) -> Type {
    let all = |types: Vec<&Type>| unify_with(&types, true).unwrap_or(Type::Any);
    let element = |wanted: &Type| match from {
        Type::List(element) | Type::Set(element) | Type::Map(element) => filled(element, wanted),
        Type::Tuple(types) => filled(&all(types.iter().collect()), wanted),
        Type::Object(attributes) => {
            filled(&all(attributes.values().map(|found| &found.ty).collect()), wanted)
        }
        _ => wanted.clone(),
    };
    match (from, to) {
        (Type::Any, _) => to.clone(),
        (_, Type::Any) => from.clone(),
        (_, Type::String | Type::Number | Type::Bool) => to.clone(),
        (_, Type::List(wanted)) => Type::list(element(wanted)),
        (_, Type::Set(wanted)) => Type::set(element(wanted)),
        (_, Type::Map(wanted)) => Type::map(element(wanted)),
        (Type::Tuple(has), Type::Tuple(wants)) => {
            Type::tuple(has.iter().zip(wants.iter()).map(|(has, wants)| filled(has, wants)))
        }
        (_, Type::Tuple(_)) => to.clone(),
        (_, Type::Object(wants)) => Type::object(wants.iter().map(|(name, wanted)| {
            let found = match from {
                Type::Object(has) => has.get(name).map(|found| &found.ty),
                _ => from.element(),
            };
            (name.clone(), found.map_or_else(|| wanted.ty.clone(), |found| filled(found, &wanted.ty)))
        })),
    }
}
