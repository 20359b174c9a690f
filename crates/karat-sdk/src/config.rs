//! One definition of a configuration: `#[derive(Config)]` on a struct gives its schema, its decoding and its docs.
//!
//! ```
//! use std::time::Duration;
//!
//! use karat_sdk::config::Config;
//!
//! /// How to get in.
//! #[derive(Config)]
//! struct Login {
//!     /// Who logs in.
//!     #[config(default = "root".to_string())]
//!     ssh_username: String,
//! }
//!
//! /// Runs a script in the guest.
//! #[derive(Config)]
//! #[config(unsupported(use_magic = "magic arrives with a later release"))]
//! struct Shell {
//!     /// Lines of a script.
//!     #[config(late)]
//!     inline: Vec<String>,
//!     /// How long a lost connection is tried again.
//!     #[config(default = Duration::from_secs(300))]
//!     start_retry_timeout: Duration,
//!     #[config(flatten)]
//!     login: Login,
//! }
//!
//! let schema = Shell::schema();
//! let names: Vec<&str> = schema.attributes.keys().map(String::as_str).collect();
//! assert_eq!(names, ["inline", "ssh_username", "start_retry_timeout", "use_magic"]);
//! ```
//!
//! Field attributes: `required`; `default = EXPR` (else the type's `Default`); `late` (a Go template with variables that
//! only the component knows: parsed when decoded, rendered by [`Decoder::render_late`]); `settled` (rendered until nothing
//! changes any more, where Packer renders again before it uses the option); `sensitive`;
//! `deprecated = "what to use instead"`; `rename = "name"`; `flatten` (another `Config`); `block` (a nested block, on
//! `Option<C>` or `Vec<C>`).
//! Struct attribute: `unsupported(name = "why and when", …)` for options that Packer has and Karat not yet: a clear
//! error, never ignored.

mod decode;
mod field;

pub use decode::{Decoder, Rendering, UNKNOWN_TEXT};
pub use field::{Field, decode_field, refuse_unsupported};
pub use karat_sdk_derive::Config;

use karat_model::schema::Schema;
use karat_model::value::Value;

/// A configuration.
pub trait Config: Sized {
    /// What it looks like.
    fn schema() -> Schema;
    /// Reads it from an object that has the schema's shape; reports every problem, not the first.
    fn decode(value: &Value, decoder: &Decoder) -> Result<Self, Problems>;
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The argument, where it is one argument's fault.
    pub argument: Option<String>,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// One problem with one argument.
    pub fn one(argument: &str, message: impl Into<String>) -> Self {
        let mut problems = Self::new();
        problems.add(argument, message);
        problems
    }

    /// Adds a problem with one argument.
    pub fn add(&mut self, argument: &str, message: impl Into<String>) {
        self.0.push(Problem { argument: Some(argument.to_string()), message: message.into() });
    }

    /// Adds a problem with the whole.
    pub fn add_general(&mut self, message: impl Into<String>) {
        self.0.push(Problem { argument: None, message: message.into() });
    }

    /// Keeps `result`'s value, or its problems.
    pub fn keep<T>(&mut self, result: Result<T, Problems>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problems) => {
                self.0.extend(problems.0);
                None
            }
        }
    }

    /// `value` if nothing is wrong.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_slice() {
            [only] => f.write_str(&only.message),
            many => {
                writeln!(f, "{} error(s) occurred:", many.len())?;
                many.iter().try_for_each(|problem| write!(f, "\n* {}", problem.message))
            }
        }
    }
}

impl std::error::Error for Problems {}
