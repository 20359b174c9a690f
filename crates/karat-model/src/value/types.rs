//! The shapes of values, as HCL's type system knows them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The type of a [`Value`](super::Value), or what a value is to be converted to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Not known, or any type will do.
    Any,
    /// Unicode text in normal form C.
    String,
    /// A [`Number`](super::Number).
    Number,
    /// True or false.
    Bool,
    /// Any number of elements of one type, in order.
    List(Arc<Type>),
    /// Different elements of one type, in no order of their own.
    Set(Arc<Type>),
    /// Named elements of one type.
    Map(Arc<Type>),
    /// A fixed number of elements, each of its own type.
    Tuple(Arc<[Type]>),
    /// Fixed names, each with its own type.
    Object(Arc<BTreeMap<String, ObjectAttr>>),
}

/// One attribute of an object type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectAttr {
    /// Its type.
    pub ty: Type,
    /// Whether a value that lacks it may be converted to the object type; the attribute is then null.
    /// Types of values have no optional attributes.
    pub optional: bool,
}

impl Type {
    /// A list of such elements.
    pub fn list(element: Type) -> Self {
        Self::List(Arc::new(element))
    }

    /// A set of such elements.
    pub fn set(element: Type) -> Self {
        Self::Set(Arc::new(element))
    }

    /// A map of such elements.
    pub fn map(element: Type) -> Self {
        Self::Map(Arc::new(element))
    }

    /// A tuple of these elements.
    pub fn tuple(elements: impl IntoIterator<Item = Type>) -> Self {
        Self::Tuple(elements.into_iter().collect())
    }

    /// An object of these attributes, none of them optional.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Type)>) -> Self {
        let attributes = attributes
            .into_iter()
            .map(|(name, ty)| (name.into(), ObjectAttr { ty, optional: false }))
            .collect();
        Self::Object(Arc::new(attributes))
    }

    /// String, number or bool.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Self::String | Self::Number | Self::Bool)
    }

    /// List, set, map, tuple or object.
    pub fn is_compound(&self) -> bool {
        !self.is_primitive() && *self != Self::Any
    }

    /// The type of a list's, set's or map's elements.
    pub fn element(&self) -> Option<&Type> {
        match self {
            Self::List(element) | Self::Set(element) | Self::Map(element) => Some(element),
            _ => None,
        }
    }

    /// About how many bytes the type takes beyond its first node, and how deep it is.
    pub(super) fn extent(&self) -> (u64, u32) {
        let inside = |(size, depth): (u64, u32), ty: &Type, name: usize| {
            let (inner_size, inner_depth) = ty.extent();
            let inner_size = inner_size.saturating_add(super::NODE).saturating_add(name as u64);
            (size.saturating_add(inner_size), depth.max(inner_depth + 1))
        };
        match self {
            Self::Any | Self::String | Self::Number | Self::Bool => (0, 1),
            Self::List(element) | Self::Set(element) | Self::Map(element) => inside((0, 1), element, 0),
            Self::Tuple(elements) => elements.iter().fold((0, 1), |sum, ty| inside(sum, ty, 0)),
            Self::Object(attributes) => {
                attributes.iter().fold((0, 1), |sum, (name, found)| inside(sum, &found.ty, name.len()))
            }
        }
    }

    /// Whether some part of the type is [`Type::Any`].
    pub fn has_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::String | Self::Number | Self::Bool => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_any(),
            Self::Tuple(elements) => elements.iter().any(Self::has_any),
            Self::Object(attributes) => attributes.values().any(|attribute| attribute.ty.has_any()),
        }
    }

    /// The same type with every attribute required, as values have it.
    #[must_use]
    pub fn without_optional(&self) -> Type {
        match self {
            Self::Any | Self::String | Self::Number | Self::Bool => self.clone(),
            Self::List(element) => Self::list(element.without_optional()),
            Self::Set(element) => Self::set(element.without_optional()),
            Self::Map(element) => Self::map(element.without_optional()),
            Self::Tuple(elements) => Self::tuple(elements.iter().map(Self::without_optional)),
            Self::Object(attributes) => Self::object(
                attributes.iter().map(|(name, attribute)| (name, attribute.ty.without_optional())),
            ),
        }
    }
}

/// The name in words: `list of string`, `object`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any type"),
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::List(element) => write!(f, "list of {}", Element(element)),
            Self::Set(element) => write!(f, "set of {}", Element(element)),
            Self::Map(element) => write!(f, "map of {}", Element(element)),
            Self::Tuple(_) => f.write_str("tuple"),
            Self::Object(_) => f.write_str("object"),
        }
    }
}

struct Element<'a>(&'a Type);

impl fmt::Display for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Type::Any => f.write_str("any single type"),
            ty => ty.fmt(f),
        }
    }
}
