//! What a block of configuration may contain: enough to decode a body, to explain mistakes and to write docs.

use std::collections::BTreeMap;

use crate::value::Type;

/// The arguments and nested blocks of one kind of body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// `name = value`.
    pub attributes: BTreeMap<String, Attribute>,
    /// `name { … }`.
    pub blocks: BTreeMap<String, Block>,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// What its value is converted to.
    pub ty: Type,
    /// Whether the body must set it.
    pub required: bool,
    /// Whether its value is to be hidden wherever it is shown.
    pub sensitive: bool,
    /// Whether Go templates in it wait for variables that only the component knows, such as `{{ .Path }}`.
    pub late: bool,
    /// What it means, for reference docs.
    pub doc: String,
    /// What to use instead, when it is deprecated.
    pub deprecated: Option<String>,
    /// The default as text for docs.
    pub default: Option<String>,
    /// Why it cannot be used yet, when Packer knows it and Karat does not.
    pub unsupported: Option<String>,
}

/// One kind of nested block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// How many there may be.
    pub nesting: Nesting,
    /// Whether there must be one.
    pub required: bool,
    /// What is inside.
    pub schema: Schema,
    /// What it means, for reference docs.
    pub doc: String,
}

/// How often a block may appear, and therefore what it decodes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nesting {
    /// At most once; decodes to an object, or null when absent.
    Single,
    /// Any number; decodes to a list of objects.
    List,
}

impl Attribute {
    /// An optional argument.
    pub fn new(ty: Type) -> Self {
        Self {
            ty,
            required: false,
            sensitive: false,
            late: false,
            doc: String::new(),
            deprecated: None,
            default: None,
            unsupported: None,
        }
    }

    /// The same argument, required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

impl Schema {
    /// The type of what a body of this schema decodes to: an object that has every argument and every block.
    pub fn ty(&self) -> Type {
        let attributes = self.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.ty.clone()));
        let blocks = self.blocks.iter().map(|(name, block)| (name.clone(), block.ty()));
        Type::object(attributes.chain(blocks))
    }
}

impl Block {
    /// The type of what the blocks of this kind decode to together.
    pub fn ty(&self) -> Type {
        match self.nesting {
            Nesting::Single => self.schema.ty(),
            Nesting::List => Type::list(self.schema.ty()),
        }
    }
}
