//! From arguments to a command, and from its end to an exit code.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::error::ErrorKind;

use crate::arguments::{self, Command};
use crate::configuration;
use crate::directories::Directories;
use crate::report::{self, Console, log};
use crate::session::PACKER_VERSION;

mod build;
mod console;
mod explain;
mod fmt;
mod gc;
mod hcl2_upgrade;
mod inspect;
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
        })
    }
}

/// Runs one command line.
pub(crate) fn run(arguments: Vec<OsString>) -> End {
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
    let mut is_variable = false;
    let shown = arguments.iter().map(|argument| {
        let text = argument.to_string_lossy();
        let variable = match text.trim_start_matches('-').split_once('=') {
            Some(("var", variable)) if text.starts_with('-') => Some(variable),
            _ if is_variable => Some(&*text),
            _ => None,
        };
        is_variable = matches!(&*text, "-var" | "--var");
        match variable.map(|variable| variable.split('=').next().unwrap_or_default()) {
            Some(name) => format!("{}{name}=…", if text.starts_with('-') { "-var=" } else { "" }),
            None => text.into_owned(),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn carry_out(arguments: Vec<OsString>) -> End {
    let called_packer =
        arguments.first().is_some_and(|name| Path::new(name).file_stem() == Some("packer".as_ref()));
    let arguments = match arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let strict = arguments.strict || called_packer;
    let color = match &arguments.command {
        Command::Build(build) => build.color,
        _ => None,
    };
    let json = match &arguments.command {
        Command::Build(build) => build.json,
        Command::Validate(validate) => validate.json,
        Command::Inspect(inspect) => inspect.json,
        Command::Console(console) => console.json,
        Command::Fmt(fmt) => fmt.json,
        _ => false,
    };
    let console = Console::new(arguments.machine_readable, json, color, strict);
    if json && (strict || arguments.machine_readable) {
        let other = if strict { "--strict, which is exactly Packer" } else { "--machine-readable" };
        console.error(&format!("Error: --json does not go with {other}"));
        return End::Failure;
    }
    // What is only Karat's does not depend on how Packer is configured.
    let is_packers = !matches!(arguments.command, Command::Runs(_) | Command::Explain(_) | Command::Gc);
    if is_packers && let Err(error) = configuration::check(&Directories::from_env()) {
        // Packer 1.16's layout, its first space included.
        report::early_error(&format!(" Error loading configuration: \n\n{error}"));
        return End::Failure;
    }
    match arguments.command {
        Command::Build(build) => build::run(&build, console, strict),
        Command::Validate(validate) => validate::run(&validate, console, strict),
        Command::Inspect(inspect) => inspect::run(&inspect, console, strict),
        Command::Console(arguments) => console::run(arguments, console, strict),
        Command::Fmt(fmt) => fmt::run(&fmt, console, strict),
        Command::Hcl2Upgrade(arguments) => hcl2_upgrade::run(&arguments, console, strict),
        Command::Runs(runs) => runs::run(&runs, console),
        Command::Explain(explain) => explain::run(&explain, console),
        Command::Gc => gc::run(console),
        Command::Version { .. } => version::run(console, strict),
    }
}

/// Help, or what is wrong with the command line: all on stdout, as Packer does.
fn usage(error: &clap::Error) -> End {
    let console = Console::new(false, false, None, false);
    let text = if console.color { error.render().ansi().to_string() } else { error.render().to_string() };
    console.raw(&text);
    match error.kind() {
        ErrorKind::DisplayHelp => End::Success,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::InvalidSubcommand => End::NoCommand,
        _ => End::Failure,
    }
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
