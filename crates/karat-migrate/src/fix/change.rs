//! What a fixer did.

use std::fmt;

use karat_model::span::Span;

use super::Fixer;
use super::sections::Component;
use crate::json::Object;

/// What a fixer did to one component.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The name of the fixer.
    pub fixer: &'static str,
    /// The component: `builder 1`.
    pub component: String,
    /// The options that are gone.
    pub gone: Vec<String>,
    /// The options that are new or have another value.
    pub set: Vec<String>,
    /// Where the first of them is written, or else the component.
    pub place: Span,
}

impl Change {
    pub(super) fn of(fixer: &Fixer, before: &Object, component: &Component<'_, '_>) -> Option<Self> {
        let after = &*component.options;
        let gone: Vec<String> = before.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
        let is_new = |(name, value): &(&String, _)| before.get(*name) != Some(*value);
        let set: Vec<String> = after.iter().filter(is_new).map(|(name, _)| name.clone()).collect();
        let first = gone.first().or(set.first())?;
        let place = component.place_of(first);
        Some(Self { fixer: fixer.name, component: component.title.clone(), place, gone, set })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fixer, component, gone, set, .. } = self;
        let (gone, set) = (gone.join(", "), set.join(", "));
        match (gone.as_str(), set.as_str()) {
            (gone, "") => write!(f, "{component}: {gone} is gone ({fixer})"),
            ("", set) => write!(f, "{component}: {set} is set ({fixer})"),
            (gone, set) => write!(f, "{component}: {gone} becomes {set} ({fixer})"),
        }
    }
}
