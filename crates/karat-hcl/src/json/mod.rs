//! HCL's JSON syntax.
//!
//! A JSON text alone does not say what is an argument and what is a block: the schema does. So a body that was read from
//! JSON has *properties*, and who knows its schema [settles](Body::settle) what they are:
//!
//! - the value of an argument is an expression; strings in it are templates, or texts as they stand, or hold an
//!   expression, by their [`Form`];
//! - a block is an object; its labels are the names of nested objects; several blocks are arrays, around the bodies or
//!   at any label; null is no block;
//! - a body may be an array of objects, which count as one; a property `//` of a body is a comment.

use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::{FileId, Span};

use crate::parser::SYNTAX;
use crate::tree::Body;

mod edit;
mod lower;
mod node;
mod reader;
mod relocate;
mod scalar;
mod settle;

pub use edit::fit;
pub use lower::Form;
pub use node::{Node, NodeKind, Property, Text};
pub use reader::read;
pub use settle::{Role, settle};

/// How HCL's JSON has comments.
const COMMENTS: &str =
    "where arguments and blocks stand, a property named \"//\" is a comment: \"//\": \"…\"";

/// Reads a file. Never fails: what cannot be read is reported.
pub fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Body {
    let node = read(file, text, COMMENTS, diagnostics).filter(|node| match node.kind {
        NodeKind::Object(_) | NodeKind::Array(_) => true,
        _ => {
            let problem = Diagnostic::error(SYNTAX, "The text must be an object");
            diagnostics
                .push(problem.label(node.span, "this is something else").help("write `{ \"name\": … }`"));
            false
        }
    });
    let end = Span::new(file, text.len(), text.len());
    let empty = Node { kind: NodeKind::Null, span: end };
    settle::body(node.unwrap_or(empty), diagnostics)
}

#[cfg(test)]
mod tests;
