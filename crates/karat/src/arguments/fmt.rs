//! `karat fmt`.

use std::path::PathBuf;

use clap::Args;

use super::packer::BEYOND;
use super::shared::Selection;

const EXAMPLES: &str = "\
Examples:
  karat fmt -recursive .            Lay out all templates below here
  karat fmt -check -diff .          For CI: show what would change; exit with 3 if something would
  karat fmt - < a.pkr.hcl           From standard input to standard output";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Fmt {
    /// .pkr.hcl and .pkrvars.hcl files, directories of them, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write nothing; exit with 3 if something is laid out otherwise
    #[arg(long)]
    pub(crate) check: bool,
    /// Show what changes
    #[arg(long)]
    pub(crate) diff: bool,
    /// Write what changes to its file; -write=false only lists
    #[arg(long, default_value = "true")]
    pub(crate) write: bool,
    /// Enter subdirectories, too
    #[arg(long)]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) _meaningless: Selection,
    /// Show names, changes and what is wrong as JSON lines
    #[arg(long, help_heading = BEYOND)]
    pub(crate) json: bool,
}
