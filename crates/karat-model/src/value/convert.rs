//! Conversion of values to types, by HCL's rules.

use std::collections::BTreeMap;
use std::fmt;

use super::{Data, Number, ObjectAttr, Type, Value, unify};

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
        let value = self.convert_unmarked(to)?;
        Ok(if self.is_itself_sensitive() { value.mark_sensitive() } else { value })
    }

    fn convert_unmarked(&self, to: &Type) -> Result<Value, ConvertError> {
        if *to == Type::Any || self.ty == *to || self.is_error() {
            return Ok(self.clone());
        }
        match &self.data {
            Data::Null if self.ty == Type::Any => return Ok(Value::null(to.clone())),
            Data::Unknown if self.ty == Type::Any => return Ok(Value::unknown(to.clone())),
            Data::Null => return converted_type(&self.ty, to).map(Value::null),
            Data::Unknown => return converted_type(&self.ty, to).map(Value::unknown),
            _ => {}
        }
        match to {
            Type::String => match &self.data {
                Data::Number(number) => Ok(Value::string(number.to_string())),
                Data::Bool(truth) => Ok(Value::string(truth.to_string())),
                _ => Err(mismatch(&self.ty, to)),
            },
            Type::Number => match &self.data {
                Data::String(text) => text.parse::<Number>().map(Value::number).map_err(|error| {
                    ConvertError::new(format!("a number is required, but {} is {error}", self.shown()))
                }),
                _ => Err(mismatch(&self.ty, to)),
            },
            Type::Bool => match self.as_str() {
                Some("true" | "1") => Ok(Value::bool(true)),
                Some("false" | "0") => Ok(Value::bool(false)),
                Some(text) if ["true", "false"].contains(&text.to_ascii_lowercase().as_str()) => {
                    let lower = text.to_ascii_lowercase();
                    Err(ConvertError::new(format!("a bool is required; write {lower} in lower case")))
                }
                Some(_) => Err(ConvertError::new(format!(
                    "a bool is required, but {} is neither true nor false",
                    self.shown()
                ))),
                None => Err(mismatch(&self.ty, to)),
            },
            Type::List(element) | Type::Set(element) => {
                let elements = self.as_slice().ok_or_else(|| mismatch(&self.ty, to))?;
                let (element, elements) = self.uniform(elements.iter(), element, PathStep::Index)?;
                Ok(match to {
                    Type::List(_) => Value::list(element, elements),
                    _ => Value::set(element, elements),
                })
            }
            Type::Tuple(types) => {
                let elements = match (&self.ty, self.as_slice()) {
                    (Type::Tuple(_), Some(elements)) => elements,
                    _ => return Err(mismatch(&self.ty, to)),
                };
                if elements.len() != types.len() {
                    return Err(wrong_length(types.len(), elements.len()));
                }
                let converted = elements.iter().zip(types.iter()).enumerate().map(|(at, (element, ty))| {
                    element.convert(ty).map_err(|error| error.inside(PathStep::Index(at)))
                });
                Ok(Value::tuple(converted.collect::<Result<_, _>>()?))
            }
            Type::Map(element) => {
                let entries = self.as_map().ok_or_else(|| mismatch(&self.ty, to))?;
                let names: Vec<_> = entries.keys().cloned().collect();
                let step = |at: usize| PathStep::Key(names.get(at).cloned().unwrap_or_default());
                let (element, values) = self.uniform(entries.values(), element, step)?;
                Ok(Value::map(element, names.iter().cloned().zip(values).collect()))
            }
            Type::Object(attributes) => {
                let entries = self.as_map().ok_or_else(|| mismatch(&self.ty, to))?;
                let converted = attributes.iter().map(|(name, attribute)| {
                    let value = match entries.get(name) {
                        Some(value) => value
                            .convert(&attribute.ty)
                            .map_err(|error| error.inside(PathStep::Attribute(name.clone())))?,
                        None => Value::null(missing(name, attribute)?),
                    };
                    Ok((name.clone(), value))
                });
                Ok(Value::object(converted.collect::<Result<BTreeMap<_, _>, _>>()?))
            }
            Type::Any => Ok(self.clone()),
        }
    }

    /// The text for a message, unless it must not be shown.
    fn shown(&self) -> String {
        match self.as_str() {
            Some(text) if !self.is_sensitive() && text.chars().count() <= 60 => format!("{text:?}"),
            _ => "this string".to_owned(),
        }
    }

    /// The elements, all of one type: `wanted` if it says one, else the one they agree on.
    fn uniform<'a>(
        &self,
        elements: impl Iterator<Item = &'a Value> + Clone,
        wanted: &Type,
        step: impl Fn(usize) -> PathStep,
    ) -> Result<(Type, Vec<Value>), ConvertError> {
        let convert = |ty: &Type| -> Result<Vec<Value>, ConvertError> {
            let converted = elements.clone().enumerate();
            converted
                .map(|(at, element)| element.convert(ty).map_err(|error| error.inside(step(at))))
                .collect()
        };
        if !wanted.has_any() {
            return Ok((wanted.without_optional(), convert(wanted)?));
        }
        // Each element fills the gaps of the wanted type in its own way; then they must agree.
        let filled = convert(wanted)?;
        let ty = unify(filled.iter().map(Value::ty)).ok_or_else(|| {
            ConvertError::new(
                "all elements must have the same type, and these have no type in common".to_owned(),
            )
        })?;
        let elements = filled.iter().enumerate();
        let elements = elements
            .map(|(at, element)| element.convert(&ty).map_err(|error| error.inside(step(at))))
            .collect::<Result<_, _>>()?;
        Ok((ty, elements))
    }
}

fn wrong_length(expected: usize, found: usize) -> ConvertError {
    let plural = if expected == 1 { "" } else { "s" };
    ConvertError::new(format!("a tuple of {expected} element{plural} is required, but this one has {found}"))
}

fn missing(name: &str, attribute: &ObjectAttr) -> Result<Type, ConvertError> {
    if attribute.optional {
        Ok(attribute.ty.clone())
    } else {
        Err(ConvertError::new(format!("the attribute \"{name}\" is required")))
    }
}

/// The type that a null or unknown value of type `from` gets when it is converted to `to`.
fn converted_type(from: &Type, to: &Type) -> Result<Type, ConvertError> {
    match (from, to) {
        (Type::Any, _) => Ok(to.without_optional()),
        (_, Type::Any) => Ok(from.clone()),
        (from, to) if from == to => Ok(from.clone()),
        (Type::Number | Type::Bool, Type::String) | (Type::String, Type::Number | Type::Bool) => {
            Ok(to.clone())
        }
        (Type::List(a) | Type::Set(a), Type::List(b)) => Ok(Type::list(converted_type(a, b)?)),
        (Type::List(a) | Type::Set(a), Type::Set(b)) => Ok(Type::set(converted_type(a, b)?)),
        (Type::Map(a), Type::Map(b)) => Ok(Type::map(converted_type(a, b)?)),
        (Type::Tuple(types), Type::List(element)) => Ok(Type::list(common(types.iter(), element)?)),
        (Type::Tuple(types), Type::Set(element)) => Ok(Type::set(common(types.iter(), element)?)),
        (Type::Object(attributes), Type::Map(element)) => {
            Ok(Type::map(common(attributes.values().map(|attribute| &attribute.ty), element)?))
        }
        (Type::Tuple(a), Type::Tuple(b)) => {
            if a.len() != b.len() {
                return Err(wrong_length(b.len(), a.len()));
            }
            let types = a.iter().zip(b.iter()).map(|(a, b)| converted_type(a, b));
            Ok(Type::tuple(types.collect::<Result<Vec<_>, _>>()?))
        }
        (Type::Object(_) | Type::Map(_), Type::Object(attributes)) => {
            let types = attributes.iter().map(|(name, attribute)| {
                let found = match from {
                    Type::Object(has) => has.get(name).map(|attribute| &attribute.ty),
                    // Which keys a map has shows when it is known.
                    _ => from.element(),
                };
                let ty = match found {
                    Some(ty) => converted_type(ty, &attribute.ty)
                        .map_err(|error| error.inside(PathStep::Attribute(name.clone())))?,
                    None => missing(name, attribute)?,
                };
                Ok((name.clone(), ty.without_optional()))
            });
            Ok(Type::object(types.collect::<Result<Vec<_>, _>>()?))
        }
        _ => Err(mismatch(from, to)),
    }
}

fn common<'a>(types: impl Iterator<Item = &'a Type>, wanted: &Type) -> Result<Type, ConvertError> {
    let types = types.map(|ty| converted_type(ty, wanted)).collect::<Result<Vec<_>, _>>()?;
    if !wanted.has_any() {
        return Ok(wanted.without_optional());
    }
    unify(&types).ok_or_else(|| ConvertError::new("all elements must have the same type"))
}
