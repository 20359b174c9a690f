//! `karat fmt`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct Fmt {
    /// .pkr.hcl and .pkrvars.hcl files, directories of them, or - for standard input
    #[arg(required = true)]
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
    /// Show names, changes and what is wrong as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}
