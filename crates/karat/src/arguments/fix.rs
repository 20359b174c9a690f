//! `karat fix`.

use std::path::PathBuf;

use clap::Args;
use karat_migrate::fix::{FIXERS, Fixer};

use super::shared::Selection;

#[derive(Args, Debug)]
#[command(after_help = fixers())]
pub(crate) struct Fix {
    /// A legacy JSON template, or - for standard input
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: PathBuf,
    /// Check that the mended template holds together; -validate=false only mends
    #[arg(long, default_value = "true")]
    pub(crate) validate: bool,
    #[command(flatten)]
    pub(crate) _meaningless: Selection,
}

/// What is mended, in the order in which that is done.
fn fixers() -> String {
    let line = |fixer: &Fixer| {
        let since = fixer.since.map(|version| format!(" (Packer {version})")).unwrap_or_default();
        format!("\n  {:<26} {}{since}", fixer.name, fixer.about)
    };
    let lines: String = FIXERS.iter().map(line).collect();
    format!(
        "The mended template goes to standard output. What is mended, in this order:{lines}\n\n\
         Examples:\n  karat fix old.json > new.json      What changed is said at the terminal"
    )
}
