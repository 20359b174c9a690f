//! Legacy JSON templates: Packer's first language, JSON with Go templates in its strings.
//!
//! A [`Document`] is what a file says, with nothing rendered. `.pkr.json` files are something else: HCL2 in JSON's syntax.

mod document;
mod hint;
mod member;
mod read;
mod validate;
mod weak;

pub use document::{Builder, Document, Override, PostProcessor, Provisioner, Variable};
pub use read::read_json;
