//! Values and types as JSON.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{ConvertError, Data, Number, ObjectAttr, Type, Value};

/// Why a value has no JSON form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It, or something inside, is not known yet.
    #[error("a value that is not known yet cannot be written as JSON")]
    Unknown,
    /// A number in it is infinite or beyond what JSON readers understand.
    #[error("a number that is infinite or out of range cannot be written as JSON")]
    Infinite,
}

/// A JSON text that describes no type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a type: {0}")]
pub struct TypeJsonError(String);

impl Value {
    /// The value as JSON, sensitive parts included. Whole numbers of up to 64 bits are exact, others are the nearest
    /// machine float.
    pub fn to_json(&self) -> Result<Json, JsonError> {
        Ok(match &self.data {
            Data::Null => Json::Null,
            Data::Unknown(_) | Data::Error => return Err(JsonError::Unknown),
            Data::Bool(truth) => Json::Bool(*truth),
            Data::String(text) => Json::String(text.to_string()),
            Data::Number(number) => number_to_json(number).ok_or(JsonError::Infinite)?,
            Data::Sequence(elements) => {
                Json::Array(elements.iter().map(Value::to_json).collect::<Result<_, _>>()?)
            }
            Data::Mapping(entries) => {
                let entries = entries.iter().map(|(name, value)| Ok((name.clone(), value.to_json()?)));
                Json::Object(entries.collect::<Result<_, _>>()?)
            }
        })
    }

    /// The value that JSON says: arrays become tuples, objects become objects, null has no type of its own.
    pub fn from_json(json: &Json) -> Value {
        match json {
            Json::Null => Value::null(Type::Any),
            Json::Bool(truth) => Value::bool(*truth),
            Json::String(text) => Value::string(text.as_str()),
            // JSON's numbers are written like HCL's.
            Json::Number(number) => Value::number(number.to_string().parse().unwrap_or(Number::ZERO)),
            Json::Array(elements) => Value::tuple(elements.iter().map(Value::from_json).collect()),
            Json::Object(entries) => Value::object(
                entries.iter().map(|(name, value)| (name.clone(), Value::from_json(value))).collect(),
            ),
        }
    }

    /// The value that JSON says, converted to a type.
    pub fn from_json_as(json: &Json, ty: &Type) -> Result<Value, ConvertError> {
        Value::from_json(json).convert(ty)
    }
}

fn number_to_json(number: &Number) -> Option<Json> {
    if let Some(whole) = number.to_i64() {
        return Some(Json::from(whole));
    }
    if let Some(whole) = number.to_u64() {
        return Some(Json::from(whole));
    }
    serde_json::Number::from_f64(number.to_f64()?).map(Json::Number)
}

impl Type {
    /// The type as JSON in the form that Packer's plugins exchange: `"string"`, `["list", "string"]`,
    /// `["object", {"a": "number"}]`, `"dynamic"`.
    pub fn to_json(&self) -> Json {
        let pair = |kind: &str, of: Json| Json::Array(vec![Json::from(kind), of]);
        match self {
            Self::Any => Json::from("dynamic"),
            Self::String => Json::from("string"),
            Self::Number => Json::from("number"),
            Self::Bool => Json::from("bool"),
            Self::List(element) => pair("list", element.to_json()),
            Self::Set(element) => pair("set", element.to_json()),
            Self::Map(element) => pair("map", element.to_json()),
            Self::Tuple(elements) => pair("tuple", elements.iter().map(Self::to_json).collect()),
            Self::Object(attributes) => {
                let types = attributes.iter().map(|(name, attribute)| (name.clone(), attribute.ty.to_json()));
                let mut form = vec![Json::from("object"), Json::Object(types.collect())];
                let optional = attributes.iter().filter(|(_, attribute)| attribute.optional);
                let optional: Vec<Json> = optional.map(|(name, _)| Json::from(name.as_str())).collect();
                if !optional.is_empty() {
                    form.push(Json::Array(optional));
                }
                Json::Array(form)
            }
        }
    }

    /// Reads the form that [`Type::to_json`] writes.
    pub fn from_json(json: &Json) -> Result<Type, TypeJsonError> {
        let wrong = || TypeJsonError(json.to_string());
        if let Some(name) = json.as_str() {
            return match name {
                "dynamic" => Ok(Self::Any),
                "string" => Ok(Self::String),
                "number" => Ok(Self::Number),
                "bool" => Ok(Self::Bool),
                _ => Err(wrong()),
            };
        }
        let form = json.as_array().map(Vec::as_slice).unwrap_or_default();
        let (kind, of, optional) = match form {
            [kind, of] => (kind, of, None),
            [kind, of, optional] => (kind, of, Some(optional)),
            _ => return Err(wrong()),
        };
        match (kind.as_str(), optional) {
            (Some("list"), None) => Ok(Self::list(Self::from_json(of)?)),
            (Some("set"), None) => Ok(Self::set(Self::from_json(of)?)),
            (Some("map"), None) => Ok(Self::map(Self::from_json(of)?)),
            (Some("tuple"), None) => {
                let elements = of.as_array().ok_or_else(wrong)?;
                Ok(Self::tuple(elements.iter().map(Self::from_json).collect::<Result<Vec<_>, _>>()?))
            }
            (Some("object"), optional) => {
                let optional = optional.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
                let attributes = of.as_object().ok_or_else(wrong)?.iter().map(|(name, ty)| {
                    let optional = optional.iter().any(|other| other.as_str() == Some(name));
                    Ok((name.clone(), ObjectAttr { ty: Self::from_json(ty)?, optional }))
                });
                let attributes = attributes.collect::<Result<BTreeMap<_, _>, _>>()?;
                Ok(Self::Object(attributes.into()))
            }
            _ => Err(wrong()),
        }
    }
}
