//! What several commands take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which builds, and with which values: flags that Packer gives to every command that is handed a template.
#[derive(Args, Debug, Default)]
pub(crate) struct Selection {
    /// Take only these builds: comma-separated names; * and ? match any text
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Take every build but these
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) except: Vec<String>,
    /// Set a variable
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Read variables from a file (.pkrvars.hcl)
    #[arg(long = "var-file", value_name = "FILE")]
    pub(crate) variable_files: Vec<PathBuf>,
    /// The language, where no file name tells it: legacy JSON unless said otherwise
    #[arg(long, value_name = "TYPE")]
    pub(crate) config_type: Option<ConfigType>,
}

/// A template's language.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigType {
    /// HCL2
    Hcl2,
    /// Legacy JSON
    Json,
}
