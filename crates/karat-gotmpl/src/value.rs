//! The data a template is rendered with.

use std::collections::BTreeMap;

/// A value inside a template.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing: Go's `nil`, and what a missing key of a [`Value::Map`] is. Prints `<no value>`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    String(String),
    /// Values in order.
    List(Vec<Value>),
    /// Values by key, in key order. A missing key is [`Value::Null`].
    Map(BTreeMap<String, Value>),
    /// Values by name. A missing field is an error.
    Struct(BTreeMap<String, Value>),
}

impl Value {
    /// A [`Value::Map`] of these entries.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// A [`Value::Struct`] of these fields.
    pub fn structure<K: Into<String>>(fields: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Struct(fields.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// Whether `if` takes this value for true: anything but null, false, zero and what is empty.
    #[must_use]
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
            Self::Struct(_) => true,
        }
    }

    /// About how many bytes the value has.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::String(text) => text.len(),
            Self::List(items) => items.iter().map(|item| size_of::<Self>() + item.size()).sum(),
            Self::Map(entries) | Self::Struct(entries) => {
                entries.iter().map(|(key, item)| size_of::<Self>() + key.len() + item.size()).sum()
            }
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => 0,
        }
    }

    /// How many texts, numbers and the like the value has in it, keys included.
    pub(crate) fn parts(&self) -> usize {
        match self {
            Self::List(items) => items.iter().map(Self::parts).sum(),
            Self::Map(entries) | Self::Struct(entries) => entries.values().map(|item| 1 + item.parts()).sum(),
            _ => 1,
        }
    }

    /// The name Go gives to the type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::String(_) => "string",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::Struct(_) => "struct",
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}
