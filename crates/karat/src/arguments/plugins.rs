//! `karat init` and `karat plugins`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::Selection;

const EXAMPLES_OF_INIT: &str = "\
Examples:
  karat init .              Have what the templates of this directory require
  karat init -upgrade .     The newest versions that they allow";

const EXAMPLES: &str = "\
Examples:
  karat plugins required .                                  What the templates of this directory require
  karat plugins install github.com/hashicorp/qemu 1.1.0     One plugin, at one version";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES_OF_INIT)]
pub(crate) struct Init {
    /// A template: a .pkr.hcl file, or a directory of them
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: PathBuf,
    /// Take newer versions of installed plugins, as far as the template allows
    #[arg(long)]
    pub(crate) upgrade: bool,
    /// Install plugins even if they are installed
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Plugins {
    #[command(subcommand)]
    pub(crate) action: PluginsAction,
}

#[derive(Subcommand, Debug)]
pub(crate) enum PluginsAction {
    /// Install a plugin, at its newest version that fits
    Install(Install),
    /// List the installed plugins' files
    Installed {
        /// Packer does not mind.
        #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
        ignored: Vec<String>,
    },
    /// Remove plugins
    Remove {
        /// Where the plugin is from, or the path of its file; and which versions
        #[arg(value_name = "PLUGIN", required = true, num_args = 1..=2)]
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        plugin: Vec<String>,
    },
    /// List the plugins that a template requires
    Required {
        /// A template: a .pkr.hcl file, or a directory of them
        #[arg(value_name = "TEMPLATE")]
        template: PathBuf,
        #[command(flatten)]
        selection: Selection,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Install {
    /// Where the plugin is from: github.com/hashicorp/qemu
    #[arg(value_name = "PLUGIN")]
    pub(crate) plugin: String,
    /// Which versions: 1.2.3, or ">= 1.2, < 2"
    #[arg(value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Install this file
    #[arg(long, value_name = "FILE")]
    pub(crate) path: Option<PathBuf>,
    /// Install it even if it is installed
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) _meaningless: Selection,
}
