//! What a template says, once parsed. Written out again (`to_string`) it means the same: comments are gone, space that was
//! trimmed is trimmed, and every action stands alone between `{{ ` and ` }}`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::Value;

/// Bytes of the source.
pub type Span = Range<usize>;

/// A whole text: the part that is rendered, and the templates it defines.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The part that is rendered.
    pub body: Vec<Node>,
    /// The templates it defines, by name.
    pub defined: BTreeMap<String, Vec<Node>>,
    /// The names `X` that the text asks for as `.X` or `$.X`; of a chain `.X.Y`, the first.
    pub fields: BTreeSet<String>,
    /// Whether there is neither an action nor a comment.
    pub literal: bool,
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub enum Node {
    /// What stands between the actions.
    Text(String),
    /// `{{pipeline}}`
    Action(Pipeline),
    /// `{{if pipeline}}…{{else}}…{{end}}`
    If(Branch),
    /// `{{with pipeline}}…{{else}}…{{end}}`
    With(Branch),
    /// `{{range pipeline}}…{{else}}…{{end}}`
    Range(Branch),
    /// `{{template "name" pipeline}}`, and what is left of a `block`.
    Template {
        /// Behind `{{`, up to `}}`.
        span: Span,
        /// Which template.
        name: String,
        /// What is `.` there.
        data: Option<Pipeline>,
    },
    /// `{{break}}`
    Break,
    /// `{{continue}}`
    Continue,
}

/// The two ways of `if`, `with` and `range`.
#[derive(Debug, Clone)]
pub struct Branch {
    /// What decides.
    pub pipeline: Pipeline,
    /// What is rendered if it is true, or for each item.
    pub body: Vec<Node>,
    /// What is rendered otherwise. An `else if` is a single [`Node::If`] here.
    pub otherwise: Vec<Node>,
}

/// `$x := a | b c`.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Where it is.
    pub span: Span,
    /// The variables it sets, without `$`.
    pub variables: Vec<String>,
    /// `=` instead of `:=`.
    pub assigns: bool,
    /// Each gets what the one before gave as its last argument.
    pub commands: Vec<Command>,
}

/// An operand and its arguments.
#[derive(Debug, Clone)]
pub struct Command {
    /// What is called, or the value itself.
    pub first: Operand,
    /// What it is called with.
    pub arguments: Vec<Operand>,
}

/// A term and where it is.
#[derive(Debug, Clone)]
pub struct Operand {
    /// Where it is.
    pub span: Span,
    /// What it is.
    pub term: Term,
}

/// What stands between the blanks of a command.
#[derive(Debug, Clone)]
pub enum Term {
    /// `nil`
    Nil,
    /// `.`
    Dot,
    /// `.A.B`
    Field(Vec<String>),
    /// `$x.A.B`; the name is without `$`, so the root is "".
    Variable(String, Vec<String>),
    /// A name without a dot.
    Function(String),
    /// A text, number or truth value.
    Constant(Value),
    /// `(a b).A.B`
    Chain(Box<Operand>, Vec<String>),
    /// `(a | b)`
    Pipeline(Box<Pipeline>),
}
