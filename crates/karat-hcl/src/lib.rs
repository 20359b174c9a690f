//! HCL2: what a text says and what an expression is worth.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod function;
