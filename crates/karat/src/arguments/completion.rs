//! `karat completion` and `karat man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  echo 'eval \"$(karat completion bash)\"' >> ~/.bashrc
  karat completion zsh > \"${fpath[1]}/_karat\"
  karat completion fish > ~/.config/fish/completions/karat.fish
  karat completion powershell >> $PROFILE";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completion {
    /// The shell that is to complete command lines
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// A shell that can complete our command lines.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Where they are written
    #[arg(value_name = "DIRECTORY")]
    pub(crate) directory: PathBuf,
}
