//! What several commands take.

use std::path::PathBuf;

use clap::{Args, Command, ValueEnum};

use super::go::parse_assignment;

const SELECTION: &str = "Builds and variables";

/// Which builds, and with which values: Packer's flags for every command that is handed a template, whether or not they
/// mean something there.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = SELECTION)]
pub(crate) struct Selection {
    /// Take only these builds: comma-separated names; * and ? match any text in HCL2 templates
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Take every build but these; post-processors, too, can be named
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) except: Vec<String>,
    /// Set a variable
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_assignment)]
    pub(crate) variables: Vec<(String, String)>,
    /// Read variables from a file: .pkrvars.hcl or .json
    #[arg(long = "var-file", value_name = "FILE")]
    pub(crate) variable_files: Vec<PathBuf>,
    /// The language of a template whose name does not tell it; legacy JSON unless given
    #[arg(long, value_name = "TYPE", ignore_case = true)]
    pub(crate) config_type: Option<ConfigType>,
}

/// A template's language.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigType {
    /// Legacy JSON
    Json,
    /// HCL2
    Hcl2,
}

/// Leaves flags out of the help of commands that take them as Packer does, and do nothing with them.
pub(super) fn hide_meaningless(definition: Command) -> Command {
    let hide = |command: Command| {
        command.mut_args(|flag| match flag.get_help_heading() {
            Some(SELECTION) => flag.hide(true),
            _ => flag,
        })
    };
    definition
        .mut_subcommand("fmt", hide)
        .mut_subcommand("hcl2_upgrade", hide)
        .mut_subcommand("plugins", |plugins| plugins.mut_subcommand("install", hide))
}
