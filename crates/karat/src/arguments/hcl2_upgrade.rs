//! `karat hcl2_upgrade`.

use std::path::PathBuf;

use clap::Args;

use super::shared::Selection;

const EXAMPLES: &str = "\
Examples:
  karat hcl2_upgrade template.json                       Writes template.json.pkr.hcl
  karat hcl2_upgrade -output-file=web.pkr.hcl web.json";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Hcl2Upgrade {
    /// A legacy JSON template, or - for standard input
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: PathBuf,
    /// Where to write the HCL2 template, instead of TEMPLATE.pkr.hcl; an existing file is replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
    /// Add comments that explain the parts of an HCL2 template
    #[arg(long)]
    pub(crate) with_annotations: bool,
    #[command(flatten)]
    pub(crate) _meaningless: Selection,
}
