//! `shell-local`: runs scripts on this host. The provisioner and the post-processor are the same but for the form of
//! `execute_command`, so the post-processor uses what is here.

mod process;
mod temporary;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::config::UNKNOWN_TEXT;
use karat_sdk::{
    About, CheckContext, Checked, Component, Config, Guest, Problems, Provisioner, StepContext, StepError,
};

use self::temporary::TemporaryScript;
use crate::script::{Environment, ExitRule, brace_warning, inline_script, parse_pairs};

/// Runs scripts on this host while the guest is up.
pub struct ShellLocal;

/// The options of both components.
#[derive(Config)]
pub(crate) struct Options {
    /// A command line for the shell. The old form of `inline`.
    #[config(settled)]
    command: String,
    /// Lines of a script.
    #[config(settled)]
    inline: Vec<String>,
    /// A script. It must be executable.
    script: String,
    /// Several scripts, run in order.
    scripts: Vec<String>,
    /// What runs a script: a program and its arguments, without a shell around them. Variables `Vars`, `Script` and
    /// `Command` (the same as `Script`). In the post-processor a single element is given to `sh -c`.
    #[config(late, default = default_execute_command())]
    execute_command: Vec<String>,
    /// The first line of the script made of `inline` or `command`, without `#!`.
    #[config(default = SHEBANG.to_string())]
    inline_shebang: String,
    /// Variables of the script's environment. They win over `environment_vars`.
    #[config(settled)]
    env: BTreeMap<String, String>,
    /// Variables of the script's environment, each as `NAME=VALUE`.
    #[config(settled)]
    environment_vars: Vec<String>,
    /// How one variable becomes part of `Vars`: its name and its quoted value take the places of `%s`.
    #[config(default = ENV_VAR_FORMAT.to_string())]
    env_var_format: String,
    /// The operating systems to run on, all if none is named: `darwin`, `freebsd`, `linux`, `openbsd`, `solaris`,
    /// `windows`.
    only_on: Vec<String>,
    /// The ending of the temporary script's name, with or without a dot.
    tempfile_extension: String,
    /// For scripts that Windows gives to its Linux subsystem; changes nothing on other systems, but excludes `inline` and
    /// `command`.
    use_linux_pathing: bool,
    /// Exit codes that count as success.
    #[config(default = vec![0])]
    valid_exit_codes: Vec<i32>,
}

const SHEBANG: &str = "/bin/sh -e";
const ENV_VAR_FORMAT: &str = "%s='%s' ";
const SYSTEMS: [&str; 6] = ["darwin", "freebsd", "linux", "openbsd", "solaris", "windows"];

impl Options {
    /// What is wrong with these options. `config` is what they were read from: what is not known yet is not missing.
    fn problems(&self, cx: &CheckContext, config: &Value) -> Problems {
        let mut problems = Problems::new();
        if let Some(bad) =
            self.only_on.iter().find(|name| *name != UNKNOWN_TEXT && !SYSTEMS.contains(&name.as_str()))
        {
            problems.add(
                "only_on",
                format!(
                    "Invalid OS specified in only_on: '{bad}'\nSupported OS names: {}",
                    SYSTEMS.join(", ")
                ),
            );
            return problems;
        }
        let set = [
            ("command", !self.command.is_empty()),
            ("inline", !self.inline.is_empty()),
            ("script", !self.script.is_empty()),
            ("scripts", !self.scripts.is_empty()),
        ];
        let ways =
            set.iter().filter(|(name, set)| *set || config.get(name).is_some_and(|value| !value.is_known()));
        match ways.count() {
            0 => problems.add_general("Command, Inline, Script and Scripts options cannot all be empty."),
            1 => {}
            _ => problems.add_general(
                "You may only specify one of the following options: Command, Inline, Script or Scripts. Please \
                 consolidate these options in your config.",
            ),
        }
        if self.use_linux_pathing && self.inline().is_some() {
            problems.add(
                "use_linux_pathing",
                "Packer is unable to use the Command and Inline features with the Windows Linux Subsystem. Please use \
                 the Script or Scripts options instead",
            );
        }
        for path in self.paths().filter(|path| *path != UNKNOWN_TEXT) {
            if let Err(error) = std::fs::metadata(cx.info.cwd.join(path)) {
                problems.add("script", format!("Bad script '{path}': {error}"));
            }
        }
        for entry in self.environment_vars.iter().filter(|entry| *entry != UNKNOWN_TEXT) {
            if let Err(message) = parse_pairs(std::slice::from_ref(entry)) {
                problems.add("environment_vars", message);
            }
        }
        problems
    }

    /// What the components say about the options.
    pub(crate) fn checked(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        let script = self.inline().filter(|_| !cx.info.strict);
        let warnings = script.and_then(|script| brace_warning(&script, &self.execute_command.join(" ")));
        self.problems(cx, config)
            .or(Checked { warnings: warnings.into_iter().collect(), ..Checked::default() })
    }

    /// The scripts that are files of the user.
    fn paths(&self) -> impl Iterator<Item = &str> {
        let script = Some(self.script.as_str()).filter(|script| !script.is_empty());
        script.into_iter().chain(self.scripts.iter().map(String::as_str))
    }

    /// The post-processor's form: one element is a command line.
    pub(crate) fn with_shell(mut self) -> Self {
        if let [line] = self.execute_command.as_mut_slice() {
            self.execute_command = vec!["sh".to_string(), "-c".to_string(), std::mem::take(line)];
        }
        self
    }

    fn execute_command(&self) -> Vec<String> {
        if self.execute_command.is_empty() { default_execute_command() } else { self.execute_command.clone() }
    }

    /// What `Vars` stands for: the build's own variables, then `environment_vars`, then `env`; later ones win.
    fn vars(&self, cx: &StepContext) -> Result<String, Problems> {
        let mut environment = Environment::of_build(cx);
        let pairs = parse_pairs(&self.environment_vars);
        environment.extend(pairs.map_err(|message| Problems::one("environment_vars", message))?);
        environment.extend(self.env.clone());
        let format = if self.env_var_format.is_empty() { ENV_VAR_FORMAT } else { &self.env_var_format };
        Ok(environment.text(format))
    }

    /// The script that stands in the template, if one does.
    fn inline(&self) -> Option<String> {
        let lines = match (self.command.as_str(), self.inline.as_slice()) {
            ("", []) => return None,
            ("", lines) => lines.to_vec(),
            (command, _) => vec![command.to_string()],
        };
        // Unlike `shell`, this one adds its first line always.
        let shebang = if self.inline_shebang.is_empty() { SHEBANG } else { &self.inline_shebang };
        Some(inline_script(&lines, Some(shebang)))
    }
}

fn default_execute_command() -> Vec<String> {
    ["/bin/sh", "-c", "{{.Vars}} {{.Script}}"].map(String::from).to_vec()
}

/// Runs the scripts.
pub(crate) async fn run(cx: &StepContext, options: &Options) -> Result<(), StepError> {
    let here = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    if !options.only_on.is_empty() && !options.only_on.iter().any(|name| name == here) {
        cx.say("Skipping shell-local due to runtime OS");
        return Ok(());
    }
    let vars = options.vars(cx)?;
    if let Some(text) = options.inline() {
        let script = TemporaryScript::write(cx, &text, &options.tempfile_extension).await?;
        return run_one(cx, options, &vars, script.path(), &script.path().display().to_string()).await;
    }
    for path in options.paths() {
        run_one(cx, options, &vars, &cx.resolve(path), path).await?;
    }
    Ok(())
}

async fn run_one(
    cx: &StepContext,
    options: &Options,
    vars: &str,
    script: &Path,
    shown: &str,
) -> Result<(), StepError> {
    // As Go cleans paths: `./x` becomes `/where/we/are/x`.
    let script: PathBuf = script.components().collect();
    let script = script.display().to_string();
    let argv = options.execute_command().into_iter().map(|argument| {
        let variables = [("Vars", vars), ("Script", script.as_str()), ("Command", script.as_str())];
        cx.decoder().render_late(&argument, variables.map(|(name, text)| (name, text.into())))
    });
    let argv = argv.collect::<Result<Vec<_>, _>>();
    let argv =
        argv.map_err(|message| Problems::one("execute_command", format!("execute_command: {message}")))?;

    cx.say(format!("Running local shell script: {shown}"));
    match process::run(cx, &argv).await {
        Ok(code) => {
            ExitRule::new(&options.valid_exit_codes).check(code, cx.info().strict).map_err(StepError::failed)
        }
        Err(error) if error.is_cancelled() => Err(error),
        Err(error) => {
            cx.complain(error.to_string());
            Err(StepError::Failed {
                message: format!(
                    "Error executing script: {shown}\n\nPlease see output above for more information."
                ),
                source: Some(Box::new(error)),
            })
        }
    }
}

impl Component for ShellLocal {
    fn about(&self) -> About {
        About { kind: ComponentKind::Provisioner, name: "shell-local", summary: "Runs scripts on this host." }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl Provisioner for ShellLocal {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        cx.decode::<Options>(config)?.checked(cx, config)
    }

    async fn provision(&self, cx: &StepContext, config: &Value, _: &dyn Guest) -> Result<(), StepError> {
        run(cx, &cx.decode(config)?).await
    }
}

#[cfg(test)]
mod tests;
