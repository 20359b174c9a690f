//! The real programs, which know the right answers.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Result;

/// A real program of the right version.
pub(crate) struct Oracle {
    /// What it is called, and its version.
    pub(crate) name: String,
    program: PathBuf,
    /// A home without configuration or plugins.
    home: TempDir,
}

impl Oracle {
    /// Packer 1.16: `$PACKER`, else `$PACKER_BIN`, else `packer` in `PATH`.
    pub(crate) fn packer() -> Result<Self> {
        Self::find("packer", &["PACKER", "PACKER_BIN"], "Packer v1.16.")
    }

    /// Terraform, for its `fmt` and `console`: `$TERRAFORM`, else `terraform` in `PATH`.
    pub(crate) fn terraform() -> Result<Self> {
        Self::find("terraform", &["TERRAFORM"], "Terraform v1.")
    }

    /// Go, for its `text/template`: `$GO`, else `go` in `PATH`. The version that Packer 1.16 is made with.
    pub(crate) fn go() -> Result<Self> {
        Self::find("go", &["GO"], "go version go1.26.")
    }

    fn find(name: &str, variables: &[&str], version: &str) -> Result<Self> {
        let program = variables.iter().find_map(std::env::var_os).unwrap_or_else(|| name.into());
        let mut oracle = Self {
            name: name.to_owned(),
            program: program.into(),
            home: TempDir::with_prefix("karat-oracle-")?,
        };
        let shown = oracle.program.display().to_string();
        let here = oracle.home.path().to_owned();
        let output = oracle.command(&here).arg("version").output();
        let output = output.map_err(|error| format!("{name}: {shown}: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let found = text.lines().next().unwrap_or("no answer to `version`");
        if !found.starts_with(version) {
            return Err(format!("{name}: {shown} is {found}, not {version}x").into());
        }
        oracle.name = found.to_owned();
        Ok(oracle)
    }

    /// Where the program is.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        if self.program.components().count() > 1 {
            return Ok(self.program.clone());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut candidates = std::env::split_paths(&path).map(|directory| directory.join(&self.program));
        let found = candidates.find(|path| path.is_file());
        Ok(found.ok_or_else(|| format!("{} is not in PATH", self.program.display()))?)
    }

    /// The program in `directory`, undisturbed by the caller's home and environment.
    pub(crate) fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(directory)
            .env_clear()
            .env("HOME", self.home.path())
            .env("CHECKPOINT_DISABLE", "1");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }
}
