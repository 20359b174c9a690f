//! The options of the `shell` provisioner.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use karat_sdk::config::UNKNOWN_TEXT;
use karat_sdk::{Config, Problems};

use crate::script::{brace_warning, inline_script, parse_pairs};

/// What runs, and how.
#[derive(Config, Clone, Debug)]
pub(super) struct ShellOptions {
    /// Lines of a script.
    #[config(settled)]
    pub(super) inline: Vec<String>,
    /// Path of a script on this host.
    pub(super) script: Option<String>,
    /// Paths of scripts on this host, run in order.
    pub(super) scripts: Vec<String>,
    /// Interpreter of the `inline` script, without `#!`. Without it `/bin/sh -e`, unless the lines begin with `#!`.
    pub(super) inline_shebang: Option<String>,
    /// Variables of the script's environment, as `KEY=VALUE`.
    pub(super) environment_vars: Vec<String>,
    /// Variables of the script's environment; they win over `environment_vars`.
    pub(super) env: BTreeMap<String, String>,
    /// printf format of one variable: `%s='%s' `, or `export %s='%s'\n` with `use_env_var_file`.
    pub(super) env_var_format: Option<String>,
    /// Whether the variables travel in a file of their own.
    pub(super) use_env_var_file: bool,
    /// How the script is run: a template with `.Path`, `.Vars` and `.EnvVarFile`.
    #[config(late)]
    pub(super) execute_command: Option<String>,
    /// Directory of the script in the guest.
    #[config(default = "/tmp".to_string())]
    pub(super) remote_folder: String,
    /// Name of the script in the guest; `script_N.sh` with some number by default.
    pub(super) remote_file: Option<String>,
    /// Path of the script in the guest, instead of `remote_folder` and `remote_file`.
    pub(super) remote_path: Option<String>,
    /// Whether the script is sent byte by byte; else its line ends become those of Unix.
    pub(super) binary: bool,
    /// Exit codes that count as success; only 0 by default.
    pub(super) valid_exit_codes: Vec<i32>,
    /// Whether the script may cut the connection, for example by a reboot.
    pub(super) expect_disconnect: bool,
    /// How long starting the script is tried again while the guest cannot be reached.
    #[config(default = Duration::from_secs(300))]
    pub(super) start_retry_timeout: Duration,
    /// Whether the script stays in the guest.
    pub(super) skip_clean: bool,
    /// Pause after the last script.
    pub(super) pause_after: Duration,
}

impl ShellOptions {
    /// Packer's rules.
    pub(super) fn check(&self, cwd: &Path) -> Problems {
        let mut problems = Problems::new();
        let script = self.script.as_deref().filter(|script| !script.is_empty());
        if script.is_some() && !self.scripts.is_empty() {
            problems.add("scripts", "Only one of script or scripts can be specified.");
        }
        let files: Vec<&str> = script.into_iter().chain(self.scripts.iter().map(String::as_str)).collect();
        match (files.is_empty(), self.inline.is_empty()) {
            (true, true) => problems.add_general("Either a script file or inline script must be specified."),
            (false, false) => {
                problems.add("inline", "Only a script file or an inline script can be specified, not both.");
            }
            _ => {}
        }
        for file in files.into_iter().filter(|file| *file != UNKNOWN_TEXT) {
            if let Err(error) = std::fs::metadata(cwd.join(file)) {
                problems.add("scripts", format!("Bad script '{file}': {error}"));
            }
        }
        if let Err(message) = parse_pairs(&self.environment_vars) {
            problems.add("environment_vars", message);
        }
        problems
    }

    /// What the template probably does not mean.
    pub(super) fn warnings(&self) -> Option<String> {
        let script = inline_script(&self.inline, self.inline_shebang.as_deref());
        brace_warning(&script, self.template_command().unwrap_or_default())
    }

    /// The scripts on this host, in order.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let script = self.script.as_deref().filter(|script| !script.is_empty());
        script.into_iter().chain(self.scripts.iter().map(String::as_str))
    }

    /// How one variable is written.
    pub(super) fn format(&self) -> &str {
        match self.env_var_format.as_deref().filter(|format| !format.is_empty()) {
            Some(format) => format,
            None if self.use_env_var_file => "export %s='%s'\n",
            None => "%s='%s' ",
        }
    }

    fn template_command(&self) -> Option<&str> {
        self.execute_command.as_deref().filter(|command| !command.is_empty())
    }

    /// Whether the template leaves it to us how the script is run.
    pub(super) fn has_own_command(&self) -> bool {
        self.template_command().is_none()
    }

    /// How the script is run.
    pub(super) fn command(&self) -> &str {
        match self.template_command() {
            Some(command) => command,
            None if self.use_env_var_file => "chmod +x {{.Path}}; . {{.EnvVarFile}} && {{.Path}}",
            None => "chmod +x {{.Path}}; {{.Vars}} {{.Path}}",
        }
    }

    /// Where the script goes; `number` makes the name unlike those of other scripts.
    pub(super) fn path(&self, number: u32) -> String {
        if let Some(path) = self.remote_path.as_deref().filter(|path| !path.is_empty()) {
            return path.to_string();
        }
        let file = self.remote_file.clone().filter(|file| !file.is_empty());
        format!("{}/{}", self.folder(), file.unwrap_or_else(|| format!("script_{number}.sh")))
    }

    /// Where the file of variables goes.
    pub(super) fn env_path(&self, number: u32) -> String {
        format!("{}/varfile_{number}.sh", self.folder())
    }

    fn folder(&self) -> &str {
        if self.remote_folder.is_empty() { "/tmp" } else { &self.remote_folder }
    }
}
