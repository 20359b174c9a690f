//! `karat inspect`.

use std::path::PathBuf;

use clap::Args;

use super::shared::Selection;

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// A .pkr.hcl file, or a directory of them
    pub(crate) template: PathBuf,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what is wrong as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long)]
    pub(crate) use_sequential_evaluation: bool,
}
