//! `karat console`.

use std::path::PathBuf;

use clap::Args;

use super::packer::BEYOND;
use super::shared::Selection;

const EXAMPLES: &str = "\
Examples:
  karat console .                            Try expressions with a template's variables and locals
  echo 'cidrhost(\"10.0.0.0/8\", 5)' | karat console -config-type=hcl2";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Console {
    /// A template; without one, only functions are there
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: Option<PathBuf>,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long)]
    pub(crate) use_sequential_evaluation: bool,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what expressions are worth, and what is wrong, as JSON lines
    #[arg(long, help_heading = BEYOND)]
    pub(crate) json: bool,
    /// Read the data sources; otherwise what they offer is unknown
    #[arg(long, help_heading = BEYOND)]
    pub(crate) evaluate_datasources: bool,
}
