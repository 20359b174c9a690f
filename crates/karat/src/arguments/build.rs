//! `karat build`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::go::{parse_bool, parse_int};
use super::packer::BEYOND;
use super::shared::Selection;

const EXAMPLES: &str = "\
Examples:
  karat build ubuntu.pkr.hcl                       Everything in a template
  karat build -only='null.*' .                     Some builds of a directory of templates
  karat build -var version=1.2 -var-file=ci.pkrvars.hcl .
  karat build -on-error=ask -debug .               Stop at each step; ask what to do on failure
  karat build -color=false -timestamp-ui . | tee build.log

Exit codes:
  0  every build made what the template says
  1  something failed
With -detailed-exitcode, in place of 1:
  1   every build failed, or the command line is wrong
  10  nothing has changed since the last build (reserved: every build is made)
  11  some builds failed, others did not
  12  the template or its variables are wrong; nothing was built
  13  the network or a cloud failed; another try may succeed (reserved: counts as failed)
  14  cancelled";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Build {
    /// A template: a .pkr.hcl file, a directory of them, a legacy JSON file, or - for JSON on standard input
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: PathBuf,
    /// Colour: on, off, or on where the output is a terminal
    // The only truth that may also be left open.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = parse_bool)]
    pub(crate) color: Option<bool>,
    /// Stop at each step and ask; one build at a time
    #[arg(long)]
    pub(crate) debug: bool,
    /// Replace what an earlier build made
    #[arg(long)]
    pub(crate) force: bool,
    /// What to do with the machine when a build fails
    #[arg(long, value_name = "MODE", default_value = "cleanup")]
    pub(crate) on_error: OnErrorArgument,
    /// How many builds may run at once; 0 for no limit
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse_int)]
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
    /// Use no plugin of a version like 1.2.3-dev
    #[arg(long)]
    pub(crate) ignore_prerelease_plugins: bool,
    /// Leave out the provisioners that HCP Packer enforces
    #[arg(long)]
    pub(crate) skip_enforcement: bool,
    /// Lines for programs: UNIX-TIME,TARGET,CATEGORY,DATA…
    // Packer takes it off any command line; what is left for `build` to see is `--machine-readable`, without effect.
    #[arg(long)]
    pub(crate) machine_readable: bool,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Stop all builds when the first one fails, and clean up after them
    #[arg(long, help_heading = BEYOND)]
    pub(crate) fail_fast: bool,
    /// Tell by the exit code what came of it
    #[arg(long, help_heading = BEYOND)]
    pub(crate) detailed_exitcode: bool,
    /// Show the run and what is wrong as JSON lines
    #[arg(long, help_heading = BEYOND)]
    pub(crate) json: bool,
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
