//! What scripts have in common, whether they run in the guest or on this host: their environment, their first line,
//! what their exit codes mean, and their output as lines.

mod brace;
mod environment;
mod exit;
mod inline;
mod lines;

pub(crate) use brace::brace_warning;
pub(crate) use environment::{Environment, parse_pairs};
pub(crate) use exit::ExitRule;
pub(crate) use inline::inline_script;
pub(crate) use lines::OutputLines;
