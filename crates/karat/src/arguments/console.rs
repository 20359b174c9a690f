//! `karat console`.

use std::path::PathBuf;

use clap::Args;

use super::shared::Selection;

#[derive(Args, Debug)]
pub(crate) struct Console {
    /// A .pkr.hcl file, or a directory of them; without one, only functions are there
    pub(crate) template: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what expressions are worth, and what is wrong, as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Read the data sources; otherwise what they offer is unknown
    #[arg(long)]
    pub(crate) evaluate_datasources: bool,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long)]
    pub(crate) use_sequential_evaluation: bool,
}
