//! `karat hcl2_upgrade`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct Hcl2Upgrade {
    /// A legacy JSON template, or - for standard input
    pub(crate) template: PathBuf,
    /// Where to write the HCL2 template, instead of TEMPLATE.pkr.hcl; an existing file is replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
    /// Add comments that explain the parts of an HCL2 template
    #[arg(long)]
    pub(crate) with_annotations: bool,
}
