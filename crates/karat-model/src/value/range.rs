//! What is known of a value that is not known.

use std::sync::Arc;

use super::Data;
use super::{Type, Value};

/// What a value that is not known yet will be for sure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Range {
    /// Not null.
    not_null: bool,
    /// A string that starts like this.
    prefix: Option<Arc<str>>,
}

impl Range {
    /// What remains when the value is converted.
    pub(super) fn converted(&self, to: &Type) -> Range {
        let prefix = if *to == Type::String { self.prefix.clone() } else { None };
        Range { not_null: self.not_null, prefix }
    }
}

impl Value {
    pub(super) fn refined(mut self, range: Range) -> Self {
        if let Data::Unknown(_) = self.data {
            self.data = Data::Unknown(range);
        }
        self
    }

    /// The same value; if it is unknown, it will not be null.
    #[must_use]
    pub fn not_null(self) -> Self {
        match &self.data {
            Data::Unknown(range) => {
                let range = Range { not_null: true, ..range.clone() };
                self.refined(range)
            }
            _ => self,
        }
    }

    /// The same value; if it is an unknown string, it will start with `prefix`. The last character of the prefix may
    /// combine with what follows, so it does not count.
    #[must_use]
    pub fn starting_with(self, prefix: &str) -> Self {
        let sure =
            prefix.char_indices().next_back().map_or("", |(at, _)| prefix.get(..at).unwrap_or_default());
        match &self.data {
            Data::Unknown(_) if self.ty == Type::String && !sure.is_empty() => {
                self.refined(Range { not_null: true, prefix: Some(sure.into()) })
            }
            _ => self,
        }
    }

    /// Whether this is not null, and will not turn out to be.
    pub fn is_surely_not_null(&self) -> bool {
        match &self.data {
            Data::Null | Data::Error => false,
            Data::Unknown(range) => range.not_null,
            _ => true,
        }
    }

    /// Whether this unknown value cannot turn out to be `known`.
    pub(super) fn excludes(&self, known: &Value) -> bool {
        match (&self.data, known.as_str()) {
            (Data::Unknown(Range { prefix: Some(prefix), .. }), Some(text)) => {
                !text.starts_with(prefix.as_ref())
            }
            _ => false,
        }
    }
}
