//! `karat validate`.

use std::path::PathBuf;

use clap::Args;

use super::packer::BEYOND;
use super::shared::Selection;

const EXAMPLES: &str = "\
Examples:
  karat validate .                            Find what is wrong, without building
  karat validate -syntax-only ubuntu.pkr.hcl  Look at the text alone: no variables needed
  karat validate -json . | jq .               For editors and CI";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Validate {
    /// A template: a .pkr.hcl file, a directory of them, a legacy JSON file, or - for JSON on standard input
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: PathBuf,
    /// Only whether the text can be read
    #[arg(long)]
    pub(crate) syntax_only: bool,
    /// Say nothing about values for variables that the template does not declare
    #[arg(long)]
    pub(crate) no_warn_undeclared_var: bool,
    /// Read data sources, to check with what they offer
    #[arg(long)]
    pub(crate) evaluate_datasources: bool,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long)]
    pub(crate) use_sequential_evaluation: bool,
    /// Use no plugin of a version like 1.2.3-dev
    #[arg(long)]
    pub(crate) ignore_prerelease_plugins: bool,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what is wrong as JSON lines
    #[arg(long, help_heading = BEYOND)]
    pub(crate) json: bool,
}
