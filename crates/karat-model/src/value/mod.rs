//! Values as HCL has them: typed, possibly null, possibly not known yet, possibly secret.

use std::collections::BTreeMap;
use std::sync::Arc;

mod convert;
mod equality;
mod json;
mod number;
mod range;
mod set;
mod types;
mod unify;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::is_nfc;

pub use convert::{ConvertError, PathStep};
pub use json::{JsonError, TypeJsonError};
pub use number::{Number, ParseNumberError};
use range::Range;
pub use types::{ObjectAttr, Type};
pub use unify::unify;

/// A value. Cloning is cheap.
///
/// *Unknown* and *sensitive* are properties of the value: an unknown value is one that a later phase will supply,
/// a sensitive one must not be shown. Whatever is inside a sensitive value is sensitive too.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    ty: Type,
    data: Data,
    /// About the value and everything inside, kept so that the common questions need no walk.
    facts: Facts,
}

#[derive(Debug, Clone, PartialEq)]
enum Data {
    Null,
    Unknown(Range),
    /// The value of an expression that was already reported as wrong.
    Error,
    Bool(bool),
    Number(Number),
    String(Arc<str>),
    Sequence(Arc<[Value]>),
    Mapping(Arc<BTreeMap<String, Value>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Facts {
    /// This value is sensitive.
    sensitive: bool,
    /// This value or one inside is.
    sensitive_inside: bool,
    /// This value or one inside is unknown.
    unknown_inside: bool,
    /// See [`Value::size`].
    size: u64,
    /// See [`Value::depth`].
    depth: u32,
}

impl Facts {
    fn of<'a>(elements: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut facts = Self::default();
        for element in elements {
            facts.sensitive_inside |= element.facts.sensitive_inside;
            facts.unknown_inside |= element.facts.unknown_inside;
            facts.size = facts.size.saturating_add(element.facts.size);
            facts.depth = facts.depth.max(element.facts.depth);
        }
        facts.size = facts.size.saturating_add(NODE);
        facts.depth = facts.depth.saturating_add(1);
        facts
    }
}

const NODE: u64 = Value::ELEMENT_SIZE as u64;

impl Facts {
    /// Of an empty collection only the type tells how large it is.
    fn with_type(mut self, ty: &Type, is_empty: bool) -> Self {
        if is_empty {
            let (size, depth) = ty.extent();
            self.size = self.size.saturating_add(size);
            self.depth = depth;
        }
        self
    }
}

impl Value {
    /// What a value counts in [`Value::size`] beside the text in it.
    pub const ELEMENT_SIZE: usize = 64;

    /// About how many bytes the value has when it is written out: parts that occur twice count twice, although they are
    /// in memory once.
    pub fn size(&self) -> u64 {
        self.facts.size
    }

    /// How deep lists, maps and the like are nested in it; 1 for a string.
    pub fn depth(&self) -> u32 {
        self.facts.depth
    }

    fn leaf(ty: Type, data: Data) -> Self {
        let unknown_inside = matches!(data, Data::Unknown(_) | Data::Error);
        let (inside, depth) = match &data {
            Data::String(text) => (text.len() as u64, 1),
            Data::Null | Data::Unknown(_) => ty.extent(),
            _ => (0, 1),
        };
        let facts = Facts { unknown_inside, size: inside.saturating_add(NODE), depth, ..Facts::default() };
        Self { ty, data, facts }
    }

    /// Text, brought to normal form C as HCL does.
    pub fn string(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let text: Arc<str> =
            if text.is_ascii() || is_nfc(text) { text.into() } else { text.nfc().collect::<String>().into() };
        Self::leaf(Type::String, Data::String(text))
    }

    /// Text in whatever normal form it is: what legacy JSON templates say is not changed.
    pub fn verbatim(text: impl Into<Arc<str>>) -> Self {
        Self::leaf(Type::String, Data::String(text.into()))
    }

    /// A number.
    pub fn number(number: impl Into<Number>) -> Self {
        Self::leaf(Type::Number, Data::Number(number.into()))
    }

    /// True or false.
    pub fn bool(truth: bool) -> Self {
        Self::leaf(Type::Bool, Data::Bool(truth))
    }

    /// The null of a type.
    pub fn null(ty: Type) -> Self {
        Self::leaf(ty.without_optional(), Data::Null)
    }

    /// A value of that type which is not known yet.
    pub fn unknown(ty: Type) -> Self {
        Self::leaf(ty.without_optional(), Data::Unknown(Range::default()))
    }

    /// What an expression that was reported as wrong evaluates to: unknown, and nothing that follows from it is
    /// reported again.
    pub fn error() -> Self {
        Self::leaf(Type::Any, Data::Error)
    }

    fn sequence(ty: Type, elements: Vec<Value>) -> Self {
        let facts = Facts::of(&elements).with_type(&ty, elements.is_empty());
        Self { ty, data: Data::Sequence(elements.into()), facts }
    }

    fn mapping(ty: Type, entries: BTreeMap<String, Value>) -> Self {
        let mut facts = Facts::of(entries.values()).with_type(&ty, entries.is_empty());
        let names = entries.keys().map(|name| name.len() as u64).sum();
        facts.size = facts.size.saturating_add(names);
        Self { ty, data: Data::Mapping(Arc::new(entries)), facts }
    }

    /// A list. The elements must be of the element type already; see [`Value::convert`] to make them so.
    pub fn list(element: Type, elements: Vec<Value>) -> Self {
        Self::sequence(Type::list(element), elements)
    }

    /// A tuple.
    pub fn tuple(elements: Vec<Value>) -> Self {
        Self::sequence(Type::tuple(elements.iter().map(|element| element.ty.clone())), elements)
    }

    /// A map. The elements must be of the element type already; see [`Value::convert`] to make them so.
    pub fn map(element: Type, entries: BTreeMap<String, Value>) -> Self {
        Self::mapping(Type::map(element), entries)
    }

    /// An object.
    pub fn object(attributes: BTreeMap<String, Value>) -> Self {
        let ty = Type::object(attributes.iter().map(|(name, value)| (name, value.ty.clone())));
        Self::mapping(ty, attributes)
    }

    /// The type.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// Whether this value itself is null.
    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    /// Whether this value itself is known; something inside may not be.
    pub fn is_known(&self) -> bool {
        !matches!(self.data, Data::Unknown(_) | Data::Error)
    }

    /// Whether this value and everything inside is known.
    pub fn is_wholly_known(&self) -> bool {
        !self.facts.unknown_inside
    }

    /// Whether this stands for a problem that has been reported.
    pub fn is_error(&self) -> bool {
        matches!(self.data, Data::Error)
    }

    /// Whether this value or anything inside is sensitive.
    pub fn is_sensitive(&self) -> bool {
        self.facts.sensitive_inside
    }

    /// Whether this value as a whole is sensitive, not only something inside.
    pub fn is_itself_sensitive(&self) -> bool {
        self.facts.sensitive
    }

    /// The same value, sensitive together with everything inside.
    #[must_use]
    pub fn mark_sensitive(self) -> Self {
        self.marked(true)
    }

    /// The same value with nothing sensitive about it.
    #[must_use]
    pub fn unmark(self) -> Self {
        if self.is_sensitive() { self.marked(false) } else { self }
    }

    /// The same value, sensitive if `sensitive` says so; marks that it has already stay.
    #[must_use]
    pub fn mark_if(self, sensitive: bool) -> Self {
        if sensitive { self.mark_sensitive() } else { self }
    }

    fn marked(mut self, sensitive: bool) -> Self {
        if self.facts.sensitive && sensitive {
            return self;
        }
        self.facts.sensitive = sensitive;
        self.facts.sensitive_inside = sensitive;
        self.data = match self.data {
            Data::Sequence(elements) => {
                Data::Sequence(elements.iter().map(|element| element.clone().marked(sensitive)).collect())
            }
            Data::Mapping(entries) => {
                let entry =
                    |(name, value): (&String, &Value)| (name.clone(), value.clone().marked(sensitive));
                Data::Mapping(Arc::new(entries.iter().map(entry).collect()))
            }
            leaf => leaf,
        };
        self
    }

    /// The text of a known string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth of a known bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self.data {
            Data::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// The number of a known number.
    pub fn as_number(&self) -> Option<&Number> {
        match &self.data {
            Data::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The elements of a known list, set (in value order) or tuple.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match &self.data {
            Data::Sequence(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries of a known map or object.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        match &self.data {
            Data::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of a known map or object.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_map()?.get(name)
    }

    /// Every known string inside that is sensitive, for the filter that keeps secrets out of the output.
    /// A sensitive number counts as its text, unless that is so short that it stands in every other line.
    pub fn sensitive_strings(&self) -> Vec<String> {
        fn collect(value: &Value, found: &mut Vec<String>) {
            if !value.is_sensitive() {
                return;
            }
            match &value.data {
                Data::String(text) => found.push(text.to_string()),
                Data::Number(number) => found.extend(Some(number.to_string()).filter(|text| text.len() > 3)),
                Data::Sequence(elements) => elements.iter().for_each(|element| collect(element, found)),
                Data::Mapping(entries) => entries.values().for_each(|entry| collect(entry, found)),
                Data::Null | Data::Unknown(_) | Data::Error | Data::Bool(_) => {}
            }
        }
        let mut found = Vec::new();
        collect(self, &mut found);
        found
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::bool(truth)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::number(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::number(number)
    }
}

#[cfg(test)]
mod tests;
