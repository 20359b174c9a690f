//! `karat build`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::go::parse_bool;
use super::shared::Selection;

#[derive(Args, Debug)]
pub(crate) struct Build {
    /// A .pkr.hcl file, or a directory of them
    pub(crate) template: PathBuf,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show the run and what is wrong as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Colour: on, off, or on where the output is a terminal
    // The only truth that may also be left open.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = parse_bool)]
    pub(crate) color: Option<bool>,
    /// Stop at each step and ask
    #[arg(long)]
    pub(crate) debug: bool,
    /// Replace what an earlier build made
    #[arg(long)]
    pub(crate) force: bool,
    /// What to do with the machine when a build fails
    #[arg(long, value_name = "MODE", default_value = "cleanup")]
    pub(crate) on_error: OnErrorArgument,
    /// How many builds may run at once; 0 for no limit
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub(crate) parallel_builds: i64,
    /// Put the time before each line
    #[arg(long)]
    pub(crate) timestamp_ui: bool,
    /// Warn about values for variables that the template does not declare
    #[arg(long)]
    pub(crate) warn_on_undeclared_var: bool,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long)]
    pub(crate) use_sequential_evaluation: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum OnErrorArgument {
    /// Remove everything
    Cleanup,
    /// Leave everything as it is
    Abort,
    /// Ask
    Ask,
    /// Only run the error-cleanup-provisioner
    RunCleanupProvisioner,
}
