//! What a JSON text says, before a schema tells what it means.

use std::sync::Arc;

use karat_model::span::Span;
use karat_model::value::Number;

use crate::tree::{Ident, Label};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where it is.
    pub span: Span,
}

/// What a JSON value is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as exact as the numbers of the language are.
    Number(Box<Number>),
    /// `"…"`
    String(Text),
    /// `[…]`
    Array(Vec<Node>),
    /// `{…}`, its properties in the order of the text; names may repeat.
    Object(Vec<Property>),
}

/// `"name": value`. Whether that is an argument, a block or several of them only a schema can tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// The name.
    pub name: Text,
    /// The value.
    pub value: Node,
}

/// A string with its escapes resolved, that still knows where in the file each of its characters is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// What it says.
    pub text: Arc<str>,
    /// Where it is, quotes included.
    pub span: Span,
    /// Behind each escape: the offset in `text`, and the offset in the file that corresponds to it.
    pub(super) escapes: Box<[(u32, u32)]>,
}

impl Text {
    /// A text that is written at a place in another way than as a string: a number, for instance.
    pub fn new(text: impl Into<Arc<str>>, span: Span) -> Self {
        Self { text: text.into(), span, escapes: Box::default() }
    }

    /// The place in the file of the bytes from `start` up to `end` of the text.
    pub fn place(&self, start: u32, end: u32) -> Span {
        Span { start: self.offset(start), end: self.offset(end), ..self.span }
    }

    fn offset(&self, at: u32) -> u32 {
        let behind = self.escapes.partition_point(|(offset, _)| *offset <= at);
        let known = behind.checked_sub(1).and_then(|last| self.escapes.get(last));
        let (offset, source) = known.copied().unwrap_or((0, self.span.start + 1));
        source.saturating_add(at - offset)
    }

    /// The place of what it says, without the quotes.
    pub fn inside(&self) -> Span {
        Span { start: self.span.start + 1, end: self.span.end.saturating_sub(1), ..self.span }
    }

    /// As the name of an argument or the kind of a block.
    pub(super) fn ident(&self) -> Ident {
        Ident { name: self.text.as_ref().to_owned(), span: self.inside() }
    }

    /// As the label of a block.
    pub(super) fn label(&self) -> Label {
        Label { text: self.text.as_ref().to_owned(), span: self.span }
    }
}
