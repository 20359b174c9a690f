//! The types that fields of a configuration may have.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use karat_model::duration;
use karat_model::secret::Secret;
use karat_model::value::{Type, Value};

use super::{Decoder, Problems, Rendering};

/// A type that a configuration field may have.
pub trait Field: Sized {
    /// The HCL type that templates write.
    fn ty() -> Type;
    /// Reads it. `value` has the type, is not null and is known, inner values included.
    fn read(value: &Value, text: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String>;
    /// A default as documentation shows it; `None` shows the expression that makes it.
    fn shown(&self) -> Option<String> {
        None
    }
}

/// Reads one field: `None` where it is absent. Strings in it are Go templates, rendered as `rendering` says.
pub fn decode_field<T: Field>(
    object: &Value,
    name: &str,
    rendering: Rendering,
    decoder: &Decoder,
    problems: &mut Problems,
) -> Option<T> {
    let value = object.get(name).filter(|value| !value.is_null())?;
    let value = decoder.known(value);
    let text = |text: &str| decoder.text(text, rendering);
    match T::read(&value, &text) {
        Ok(field) => Some(field),
        Err(message) => {
            problems.add(name, format!("{name}: {message}"));
            None
        }
    }
}

/// Reports an option that Packer has and Karat not yet, if the configuration sets it.
pub fn refuse_unsupported(object: &Value, name: &str, reason: &str, problems: &mut Problems) {
    if object.get(name).is_some_and(|value| !value.is_null()) {
        problems.add(name, format!("{name} is not supported yet: {reason}"));
    }
}

impl Field for String {
    fn ty() -> Type {
        Type::String
    }

    fn read(value: &Value, text: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        text(value.as_str().ok_or("a string is needed")?)
    }

    fn shown(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Field for Secret {
    fn ty() -> Type {
        Type::String
    }

    fn read(value: &Value, text: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        String::read(value, text).map(Secret::new)
    }
}

impl Field for PathBuf {
    fn ty() -> Type {
        Type::String
    }

    fn read(value: &Value, text: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        String::read(value, text).map(PathBuf::from)
    }

    fn shown(&self) -> Option<String> {
        Some(self.display().to_string())
    }
}

impl Field for Duration {
    fn ty() -> Type {
        Type::String
    }

    fn read(value: &Value, text: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        let text = String::read(value, text)?;
        // An empty or placeholder duration is an absent one, as in Packer.
        if text.is_empty() || text == super::UNKNOWN_TEXT {
            return Ok(Duration::ZERO);
        }
        duration::parse(&text).map_err(|error| error.to_string())
    }

    fn shown(&self) -> Option<String> {
        Some(duration::Go(*self).to_string())
    }
}

impl Field for bool {
    fn ty() -> Type {
        Type::Bool
    }

    fn read(value: &Value, _: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "true or false is needed".to_string())
    }

    fn shown(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! whole_number {
    ($($ty:ty),*) => {$(
        impl Field for $ty {
            fn ty() -> Type {
                Type::Number
            }

            fn read(value: &Value, _: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
                let number = value.as_number().ok_or("a number is needed")?;
                number
                    .to_i64()
                    .and_then(|number| <$ty>::try_from(number).ok())
                    .ok_or_else(|| format!("{number} is not a whole number from {} to {}", <$ty>::MIN, <$ty>::MAX))
            }

            fn shown(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}
whole_number!(u16, u32, i32, i64);

impl<T: Field> Field for Option<T> {
    fn ty() -> Type {
        T::ty()
    }

    fn read(value: &Value, text: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        T::read(value, text).map(Some)
    }

    fn shown(&self) -> Option<String> {
        self.as_ref()?.shown()
    }
}

impl<T: Field> Field for Vec<T> {
    fn ty() -> Type {
        Type::list(T::ty())
    }

    fn read(value: &Value, text: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        let items = value.as_slice().ok_or("a list is needed")?;
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                if item.is_null() {
                    return Err(format!("element {index} is null"));
                }
                T::read(item, text).map_err(|message| format!("element {index}: {message}"))
            })
            .collect()
    }

    fn shown(&self) -> Option<String> {
        let items: Option<Vec<String>> = self.iter().map(T::shown).collect();
        Some(format!("[{}]", items?.join(", ")))
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn ty() -> Type {
        Type::map(T::ty())
    }

    fn read(value: &Value, text: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        let entries = value.as_map().ok_or("a map is needed")?;
        entries
            .iter()
            .filter(|(_, item)| !item.is_null())
            .map(|(key, item)| {
                let item = T::read(item, text).map_err(|message| format!("key {key:?}: {message}"))?;
                Ok((text(key).map_err(|message| format!("key {key:?}: {message}"))?, item))
            })
            .collect()
    }
}
