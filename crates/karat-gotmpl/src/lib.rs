//! What does this Go template text render to?
//!
//! Packer puts strings through Go's `text/template` before it uses them: `boot_command`, `execute_command`, all of a
//! legacy JSON template. This crate is that language, written for Rust: parse a text once, render it with any data.
//!
//! ```
//! use karat_gotmpl::{Functions, Value, render};
//!
//! let data = Value::map([("HTTPIP", "10.0.2.2".into()), ("HTTPPort", 8080.into())]);
//! let text = render("http://{{ .HTTPIP }}:{{ .HTTPPort }}/ks.cfg", &data, &Functions::default());
//! assert_eq!(text.as_deref(), Ok("http://10.0.2.2:8080/ks.cfg"));
//! ```
//!
//! Four things differ from Go on purpose: every error, also one found while rendering, has a line and a column that count
//! from one in characters; nesting, steps and sizes are bounded, so no text can exhaust stack, memory or patience; texts
//! are Unicode, what is not becomes `\u{FFFD}`; and complex numbers do not exist. `cargo xtask differential templates`
//! compares all the rest with Go.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

mod call;
mod error;
mod execute;
mod float;
pub mod function;
mod lexer;
mod limit;
mod number;
mod parser;
mod print;
mod printf;
mod settle;
mod source;
pub mod time;
pub mod tree;
mod value;
mod verb;

use std::collections::BTreeSet;

pub use error::TemplateError;
pub use function::Functions;
pub use settle::settle;
pub use value::Value;

/// A parsed text, ready to be rendered any number of times.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
    tree: tree::Tree,
}

impl Template {
    /// Parses `text`. `functions` decides which names exist besides Go's own; what they do matters only when rendering.
    ///
    /// # Errors
    /// Bad syntax, an unknown function or variable, or blocks nested too deeply.
    pub fn parse(text: &str, functions: &Functions) -> Result<Self, TemplateError> {
        let tree = parser::parse(text, Some(functions))?;
        Ok(Self { source: text.to_owned(), tree })
    }

    /// Parses `text` whatever the functions are that it names: to read it, not to render it.
    ///
    /// # Errors
    /// Bad syntax, an unknown variable, or blocks nested too deeply.
    pub fn parse_any(text: &str) -> Result<Self, TemplateError> {
        let tree = parser::parse(text, None)?;
        Ok(Self { source: text.to_owned(), tree })
    }

    /// What the text says.
    #[must_use]
    pub fn tree(&self) -> &tree::Tree {
        &self.tree
    }

    /// Renders the template with `data` as `.` and `$`.
    ///
    /// # Errors
    /// A missing field of a struct, a function that failed or is absent from `functions`, values of unfit types.
    pub fn render(&self, data: &Value, functions: &Functions) -> Result<String, TemplateError> {
        execute::execute(&self.source, &self.tree, data, functions)
    }

    /// Whether the text holds no action and no comment, and so renders to itself.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.tree.literal
    }

    /// The names `X` that the text asks for as `.X` or `$.X`; of a chain `.X.Y`, the first.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<String> {
        self.tree.fields.clone()
    }
}

/// A text as Go's `%q` shows it: in double quotes.
pub fn quoted(text: &str) -> String {
    print::quote(text, false)
}

/// A number as Go's `%g` shows it: with as few digits as identify it.
pub fn shortest(number: f64) -> String {
    verb::plain(&Value::Float(number))
}

/// Parses and renders `text` at once.
///
/// # Errors
/// Those of [`Template::parse`] and [`Template::render`].
pub fn render(text: &str, data: &Value, functions: &Functions) -> Result<String, TemplateError> {
    Template::parse(text, functions)?.render(data, functions)
}
