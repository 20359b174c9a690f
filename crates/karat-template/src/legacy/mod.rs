//! Legacy JSON templates: Packer's first language, JSON with Go templates in its strings.
//!
//! A [`Document`] is what a file says, with nothing rendered. [`evaluate`] makes a plan of it: the variables first
//! ([`Variables`]), then the names of the builders, then a build for each of them, whose options become values that have
//! the shape of a component's schema (`lower`). Strings in these are still Go templates: who decodes the configuration
//! renders them, as for HCL2. `.pkr.json` files are something else: HCL2 in JSON's syntax.

mod build;
mod console;
mod document;
mod evaluate;
mod fixable;
mod given;
mod hint;
mod inspect;
mod late;
mod lower;
mod member;
mod read;
mod select;
mod stage;
mod unset;
mod validate;
mod variables;
mod weak;

pub use document::{Builder, Document, Override, PostProcessor, Provisioner, Variable};
pub use fixable::is_fixable;
pub use read::read_json;
pub use variables::Variables;

pub(crate) use console::{Console, console};
pub(crate) use evaluate::evaluate;
pub(crate) use inspect::inspect;
