//! Text in, plan and problems out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")]

mod build;
mod component;
mod console;
mod data;
mod files;
mod function;
mod inspect;
mod json;
mod legacy;
mod local;
mod problems;
mod rendering;
mod requirement;
mod variable;
