//! Karat against the real programs, input by input: generated from fixed seeds, so that every run asks the same.
//!
//! An input that is treated otherwise is either explained by a rule, which has a row in `differences.md`, or a failure.
//! Where a real program is missing, its share is left out and the output says so.

mod commands;
mod expressions;
mod fix;
mod fmt;
pub(crate) mod oracle;
mod random;
mod spread;
mod tally;
mod templates;
mod upgrade;

use std::path::Path;

use crate::Result;

/// `differential SUITE [arguments]`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    match arguments {
        ["commands", rest @ ..] => commands::run(root, rest),
        ["fix", rest @ ..] => fix::run(root, rest),
        ["fmt", rest @ ..] => fmt::run(root, rest),
        ["expressions", rest @ ..] => expressions::run(rest),
        ["templates", rest @ ..] => templates::run(rest),
        ["upgrade", rest @ ..] => upgrade::run(root, rest),
        _ => Err("differential knows: commands, expressions, fix, fmt, templates, upgrade".into()),
    }
}
