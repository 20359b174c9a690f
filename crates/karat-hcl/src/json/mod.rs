//! HCL's JSON syntax.
//!
//! A JSON text alone does not say what is an argument and what is a block: the schema does. So a body that was read from
//! JSON has *properties*, and who knows its schema decides them.

mod node;

pub use node::{Node, NodeKind, Property, Text};
