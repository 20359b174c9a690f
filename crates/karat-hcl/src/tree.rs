//! What a text says, as a tree. Every node knows where it stands.

use std::sync::Arc;

use karat_model::span::Span;
use karat_model::value::Value;

use crate::json::Property;

/// A name and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Where it is.
    pub span: Span,
}

/// The contents of a file or block, in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// `name = value`; each name once.
    pub attributes: Vec<Attribute>,
    /// Nested blocks.
    pub blocks: Vec<Block>,
    /// Properties of a JSON text about which no schema has decided yet whether they are arguments or blocks.
    pub properties: Vec<Property>,
    /// Where it ends: the closing brace, or the end of the file.
    pub end: Span,
}

/// `name = value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// The name.
    pub name: Ident,
    /// The value.
    pub expr: Expr,
    /// Name and value.
    pub span: Span,
}

/// `kind "label" … { body }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The word that it starts with.
    pub kind: Ident,
    /// What stands between that and the brace.
    pub labels: Vec<Label>,
    /// What is inside.
    pub body: Body,
    /// Kind and labels.
    pub header: Span,
    /// All of it.
    pub span: Span,
}

/// One label of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The text.
    pub text: String,
    /// Where it is, quotes included.
    pub span: Span,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where it is.
    pub span: Span,
}

/// What an expression says.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A number, `true`, `false`, `null`, or text without anything to evaluate.
    Literal(Box<Value>),
    /// Text with something to evaluate in it.
    Template(Vec<Part>),
    /// A variable by its name.
    Variable(String),
    /// What is found inside something: `.name`, `[key]`, `[*]`, in their order.
    Access(Box<Access>),
    /// A call.
    Call(Box<Call>),
    /// `[a, b]`
    Tuple(Vec<Expr>),
    /// `{ a = b }`
    Object(Vec<ObjectItem>),
    /// `[for …]` or `{for …}`
    For(Box<For>),
    /// `condition ? yes : no`
    Conditional(Box<Conditional>),
    /// Operators of one precedence, from left to right: `a + b - c`.
    Chain(Box<Chain>),
    /// `-a` or `!a`
    Unary(UnaryOp, Box<Expr>),
    /// `(a)`
    Parens(Box<Expr>),
    /// Something that could not be read and was reported.
    Error,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text, with escapes resolved, strip markers applied and heredoc indentation taken away.
    Text(Arc<str>),
    /// `${…}`, and where it stands as a whole.
    Interpolation(Expr, Span),
    /// `%{ if … }…%{ else }…%{ endif }`
    If(Box<IfPart>),
    /// `%{ for … in … }…%{ endfor }`
    For(Box<ForPart>),
}

/// A condition in a template.
#[derive(Debug, Clone, PartialEq)]
pub struct IfPart {
    /// What decides.
    pub condition: Expr,
    /// If it is true.
    pub yes: Vec<Part>,
    /// If it is false.
    pub no: Vec<Part>,
}

/// A repetition in a template.
#[derive(Debug, Clone, PartialEq)]
pub struct ForPart {
    /// The variables: `[value]` or `[key, value]`.
    pub names: Vec<Ident>,
    /// What is iterated.
    pub collection: Expr,
    /// What is repeated.
    pub body: Vec<Part>,
}

/// A value and the steps into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    /// The value.
    pub base: Expr,
    /// At least one.
    pub steps: Vec<Step>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which one.
    pub kind: StepKind,
    /// Where it is, punctuation included.
    pub span: Span,
}

/// What a step leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// `.name`
    Attribute(String),
    /// `[key]`, or the old form `.0`
    Index(Box<Expr>),
    /// `[*]` or `.*`: these steps, for each element.
    Splat(Vec<Step>),
}

/// `name(a, b...)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The name, including any `namespace::`.
    pub name: Ident,
    /// The arguments.
    pub arguments: Vec<Expr>,
    /// Whether the last argument is a list of arguments.
    pub expand: bool,
}

/// `key = value` in an object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectItem {
    /// The key; a bare name is a literal.
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// `[for key, value in collection : result if condition]` and its like in braces.
#[derive(Debug, Clone, PartialEq)]
pub struct For {
    /// The variables: `[value]` or `[key, value]`.
    pub names: Vec<Ident>,
    /// What is iterated.
    pub collection: Expr,
    /// The key, if the result is an object.
    pub key: Option<Expr>,
    /// The element.
    pub value: Expr,
    /// Whether the element counts.
    pub condition: Option<Expr>,
    /// `...`: elements with the same key are put together.
    pub group: bool,
}

/// `condition ? yes : no`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditional {
    /// What decides.
    pub condition: Expr,
    /// If it is true.
    pub yes: Expr,
    /// If it is false.
    pub no: Expr,
}

/// Operands and the operators between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The first operand.
    pub first: Expr,
    /// At least one.
    pub links: Vec<Link>,
}

/// An operator and its right operand.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The operator.
    pub op: BinaryOp,
    /// Where it is.
    pub op_span: Span,
    /// The operand.
    pub operand: Expr,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `!`
    Not,
}

impl Body {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.name == name)
    }

    /// The blocks of that kind.
    pub fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.kind.name == kind)
    }
}

impl Block {
    /// The header as people write it: `source "qemu" "x"`.
    pub fn title(&self) -> String {
        let labels = self.labels.iter().map(|label| format!(" \"{}\"", label.text));
        std::iter::once(self.kind.name.clone()).chain(labels).collect()
    }
}

impl Expr {
    /// Something that could not be read.
    pub fn error(span: Span) -> Self {
        Self { kind: ExprKind::Error, span }
    }
}
