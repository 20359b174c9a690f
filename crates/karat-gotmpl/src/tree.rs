//! What a template says, once parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::Value;

/// Bytes of the source.
pub(crate) type Span = Range<usize>;

/// A whole text: the part that is rendered, and the templates it defines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    pub(crate) body: Vec<Node>,
    pub(crate) defined: BTreeMap<String, Vec<Node>>,
    pub(crate) fields: BTreeSet<String>,
    pub(crate) literal: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Node {
    Text(String),
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    /// `{{template "name" pipeline}}`, and what is left of a `block`.
    Template {
        span: Span,
        name: String,
        data: Option<Pipeline>,
    },
    Break,
    Continue,
}

/// The two ways of `if`, `with` and `range`.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(crate) pipeline: Pipeline,
    pub(crate) body: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

/// `$x := a | b c`.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) span: Span,
    pub(crate) variables: Vec<String>,
    /// `=` instead of `:=`.
    pub(crate) assigns: bool,
    pub(crate) commands: Vec<Command>,
}

/// An operand and its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) first: Operand,
    pub(crate) arguments: Vec<Operand>,
}

#[derive(Debug, Clone)]
pub(crate) struct Operand {
    pub(crate) span: Span,
    pub(crate) term: Term,
}

#[derive(Debug, Clone)]
pub(crate) enum Term {
    Nil,
    Dot,
    /// `.A.B`
    Field(Vec<String>),
    /// `$x.A.B`; the name is without `$`, so the root is "".
    Variable(String, Vec<String>),
    Function(String),
    Constant(Value),
    /// `(a b).A.B`
    Chain(Box<Operand>, Vec<String>),
    Pipeline(Box<Pipeline>),
}
