//! HCL2: what a text says and what an expression is worth.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

mod constraint;
mod decode;
mod dynamic;
mod eval;
mod expression;
mod format;
pub mod function;
pub mod habit;
pub mod json;
mod layout;
mod lexer;
mod limit;
mod parser;
mod scope;
#[cfg(test)]
mod testing;
pub mod token;
pub mod tree;

pub use constraint::{TypeConstraint, type_constraint};
pub use decode::decode;
pub use dynamic::Dynamic;
pub use eval::{eval, mentioned};
pub use expression::{Reference, Traversal};
pub use format::format;
pub use lexer::{goes_on, is_identifier, lex, lex_template};
pub use parser::{MAX_DEPTH, parse, parse_expression, parse_template};
pub use scope::Scope;
