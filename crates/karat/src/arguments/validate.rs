//! `karat validate`.

use std::path::PathBuf;

use clap::Args;

use super::shared::Selection;

#[derive(Args, Debug)]
pub(crate) struct Validate {
    /// A .pkr.hcl file, or a directory of them
    pub(crate) template: PathBuf,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what is wrong as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
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
}
