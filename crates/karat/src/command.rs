//! From arguments to a command, and from its end to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use clap::builder::StyledStr;
use karat_model::diagnostic::{Diagnostic, code};
use karat_model::secret::Redactor;
use karat_model::span::SourceMap;

use crate::arguments::{self, Asks, Command, Line};
use crate::configuration;
use crate::directories::Directories;
use crate::report::{self, Console, log};
use crate::session::PACKER_VERSION;

mod build;
mod completion;
mod console;
mod explain;
mod fix;
mod fmt;
mod gc;
mod hcl2_upgrade;
mod inspect;
mod man;
mod plugins;
mod rewrite;
mod runs;
mod validate;
mod version;

/// How a command ended, in Packer 1.16's exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It did what was asked.
    Success,
    /// It did not.
    Failure,
    /// There is no such command.
    NoCommand,
    /// `build -detailed-exitcode`: some builds failed, others did not.
    PartlyFailed,
    /// `build -detailed-exitcode`: the template or its variables are wrong.
    Invalid,
    /// `build -detailed-exitcode`: somebody stopped it.
    Cancelled,
    /// `fmt -check` found something to change.
    Unformatted,
    /// A bug of ours stopped it.
    Crashed,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Success => 0,
            End::Failure => 1,
            // As every program that Go's runtime ends after a panic.
            End::Crashed => 2,
            End::NoCommand => 127,
            End::Unformatted => 3,
            // 10: unchanged; 13: the infrastructure failed. No build can end like that yet.
            End::PartlyFailed => 11,
            End::Invalid => 12,
            End::Cancelled => 14,
        })
    }
}

/// Runs one command line.
pub(crate) fn run(arguments: Vec<OsString>) -> End {
    if let Some(answer) = arguments::completions() {
        Console::new(false, false, None, false).raw(&answer);
        return End::Success;
    }
    let begun = Instant::now();
    if let Err(error) = log::start(PACKER_VERSION) {
        report::early_error(&error);
        return End::Failure;
    }
    log::info(format_args!("Command line: {}", for_the_log(&arguments)));
    let end = carry_out(arguments);
    log::info(format_args!("{end:?} after {:.1?}", begun.elapsed()));
    end
}

/// A command line without the values of its variables: which of them are secret, only the template knows.
fn for_the_log(arguments: &[OsString]) -> String {
    let hidden = |variable: &str| format!("{}=…", variable.split('=').next().unwrap_or_default());
    let mut is_variable = false;
    let shown = arguments.iter().map(|argument| {
        let text = argument.to_string_lossy();
        if std::mem::take(&mut is_variable) {
            return hidden(&text);
        }
        is_variable = matches!(&*text, "-var" | "--var");
        match text.split_once("var=") {
            Some((dashes @ ("-" | "--"), variable)) => format!("{dashes}var={}", hidden(variable)),
            _ => text.into_owned(),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn carry_out(words: Vec<OsString>) -> End {
    let Line { strict, machine_readable, json, asks } = arguments::read(words);
    let command = match asks {
        Asks::Run(command) => *command,
        Asks::Completion { install, uninstall } => {
            let console = Console::new(machine_readable, false, None, strict);
            return completion::set_up(install, uninstall, console, strict);
        }
        other => return answer(other, Console::new(machine_readable, json, None, strict)),
    };
    let color = match &command {
        Command::Build(build) => build.color,
        _ => None,
    };
    let machine_readable =
        machine_readable || matches!(&command, Command::Build(build) if build.machine_readable && !strict);
    let json = command.json();
    let console = Console::new(machine_readable, json, color, strict);
    if json && machine_readable {
        console.error("Error: -json does not go with -machine-readable");
        return End::Failure;
    }
    // What is only Karat's does not depend on how Packer is configured.
    let is_packers = !matches!(
        command,
        Command::Runs(_) | Command::Explain(_) | Command::Gc | Command::Completion(_) | Command::Man(_)
    );
    if is_packers && let Err(error) = configuration::check(&Directories::from_env()) {
        // Packer 1.16's layout, its first space included.
        report::early_error(&format!(" Error loading configuration: \n\n{error}"));
        return End::Failure;
    }
    match command {
        Command::Build(build) => build::run(&build, console, strict),
        Command::Validate(validate) => validate::run(&validate, console, strict),
        Command::Inspect(inspect) => inspect::run(&inspect, console, strict),
        Command::Console(arguments) => console::run(arguments, console, strict),
        Command::Fmt(fmt) => fmt::run(&fmt, console, strict),
        Command::Fix(fix) => fix::run(&fix, console, strict),
        Command::Hcl2Upgrade(arguments) => hcl2_upgrade::run(&arguments, console, strict),
        Command::Init(init) => plugins::init(&init, console, strict),
        Command::Plugins(plugins) => plugins::run(&plugins.action, console, strict),
        Command::Runs(runs) => runs::run(&runs, console),
        Command::Completion(completion) => completion::script(completion.shell, console),
        Command::Man(man) => man::run(&man, console),
        Command::Explain(explain) => explain::run(&explain, console),
        Command::Gc => gc::run(console),
        Command::VerifyAttestation(_) => {
            later(console, "verify-attestation", "with the attestations of builds")
        }
        Command::SbomGenerate(_) => later(console, "sbom-generate", "with the provisioner hcp-sbom"),
        Command::Execute(_) => {
            console.error(
                "Error: execute is what a Packer calls to run its own components. \
                 Karat's run inside its own process; there is nothing to call.",
            );
            End::Failure
        }
        Command::Version { .. } => version::run(console, strict),
    }
}

/// Says that a command of Packer's is not there yet.
fn later(console: Console, command: &str, release: &str) -> End {
    console.error(&format!("Error: {command} arrives {release}, in a later release of Karat"));
    End::Failure
}

/// Help, or what is wrong with the command line: all on stdout, as Packer does.
fn answer(asks: Asks, console: Console) -> End {
    let shown = |text: &StyledStr| match console.color && console.terminal {
        true => text.ansi().to_string(),
        false => text.to_string(),
    };
    match asks {
        Asks::Help { text, end } => {
            console.raw(&shown(&text));
            end
        }
        Asks::Nonsense { message: Some(message), end, .. } if console.json => {
            let problems = [diagnostic(&message.to_string())].into_iter().collect();
            console.diagnostics(&problems, &SourceMap::default(), &Redactor::default());
            end
        }
        Asks::Nonsense { help, message, end } => {
            if let Some(help) = help {
                console.say(shown(&help).trim_end());
            }
            if let Some(message) = message {
                console.error(shown(&message).trim_end());
            }
            end
        }
        Asks::Run(_) | Asks::Completion { .. } => End::Success,
    }
}

/// What clap says, as data.
fn diagnostic(message: &str) -> Diagnostic {
    let mut lines = message.lines().map(str::trim);
    let title = lines.next().unwrap_or_default();
    let problem = Diagnostic::error(code::COMMAND_LINE, title.strip_prefix("error: ").unwrap_or(title));
    lines.filter_map(|line| line.strip_prefix("tip: ")).fold(problem, |problem, tip| problem.help(tip))
}

/// A runtime for commands that wait. `threads`: as many as there are cores, or just this one.
fn runtime(threads: bool) -> Result<tokio::runtime::Runtime, End> {
    let mut builder = match threads {
        true => tokio::runtime::Builder::new_multi_thread(),
        false => tokio::runtime::Builder::new_current_thread(),
    };
    builder.enable_all().build().map_err(|error| {
        report::early_error(&format!("cannot start the runtime: {error}"));
        End::Failure
    })
}

/// Does `work` on threads, and does not wait for those that it leaves: a read that nobody answers ends with the process.
fn block_on<T>(work: impl Future<Output = Result<T, End>>) -> Result<T, End> {
    let runtime = runtime(true)?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_29_the_log_has_the_command_line_without_values_of_variables() {
        let line =
            "karat build -var a=hunter22 --var b=hunter22 -var=c=hunter22 -var-file v.hcl -only=x t.pkr.hcl";
        let shown = for_the_log(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(shown, "karat build -var a=… --var b=… -var=c=… -var-file v.hcl -only=x t.pkr.hcl");
    }
}
