//! What a Packer template asks for: text in, a plan of builds out.
//!
//! [`load`] reads the files, [`evaluate`] turns them and the [`Inputs`] into a [`Plan`](karat_model::plan::Plan), and
//! [`inspect`] describes a template without deciding anything. Nothing but [`load`] touches the file system.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod assignment;
mod build;
mod component;
mod constraint;
mod evaluate;
mod expand;
mod fixed;
mod functions;
mod inputs;
mod inspect;
mod late;
mod load;
mod local;
mod meta;
mod names;
mod plugin;
mod requirement;
mod select;
mod settle;
mod shape;
mod show;
mod template;
mod variable;

pub use evaluate::{Evaluation, evaluate};
pub use inputs::{Inputs, VarFile};
pub use inspect::{Inspection, inspect};
pub use load::{Loaded, from_texts, load};
pub use requirement::Requirement;

pub(crate) use karat_model::diagnostic::code;
