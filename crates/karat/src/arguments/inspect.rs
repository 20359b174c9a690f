//! `karat inspect`.

use std::path::PathBuf;

use clap::Args;

use super::packer::BEYOND;
use super::shared::Selection;

const EXAMPLES: &str = "\
Examples:
  karat inspect ubuntu.pkr.hcl                 Variables, locals and builds
  karat inspect -machine-readable legacy.json  The same for a program";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Inspect {
    /// A template: a .pkr.hcl file, a directory of them, a legacy JSON file, or - for JSON on standard input
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: Option<PathBuf>,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long)]
    pub(crate) use_sequential_evaluation: bool,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what is wrong as JSON lines
    #[arg(long, help_heading = BEYOND)]
    pub(crate) json: bool,
}
