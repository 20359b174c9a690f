//! What a Packer template asks for: text in, a plan of builds out.
//!
//! [`load`] reads the files, [`evaluate`] turns them and the [`Inputs`] into a [`Plan`](karat_model::plan::Plan), and
//! [`inspect`] describes a template without deciding anything; a [`Console`] evaluates what somebody types. Nothing but [`load`] touches the file system, and nothing
//! reads data sources: an evaluation asks for them and goes on when it is told what they offer ([`Progress`]).

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

mod assignment;
mod build;
mod component;
mod console;
mod constraint;
mod evaluate;
mod expand;
mod fixed;
mod functions;
mod glob;
mod graph;
mod inputs;
mod inspect;
mod late;
pub mod legacy;
mod load;
mod meta;
mod names;
mod need;
mod overlay;
mod plugin;
mod progress;
mod registry;
mod requirement;
mod select;
mod settle;
mod shape;
mod show;
mod survey;
mod template;
mod variable;
mod walk;

pub use console::{Console, Opened, Refused, console};
pub use evaluate::{Evaluation, evaluate};
pub use inputs::{Inputs, VarFile};
pub use inspect::{Inspection, Said, inspect};
pub use load::{
    Language, Loaded, from_texts, language, legacy_from_bytes, load, read_bounded, read_bytes, read_text,
};
pub use plugin::Plugin;
pub use progress::{Answer, DataRead, Paused, Progress};
pub use requirement::Requirement;

pub use karat_hcl::is_identifier as is_name;

pub(crate) use karat_model::diagnostic::code;
