//! From arguments to a command, and from its end to an exit code.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::arguments::{self, Command};
use crate::report::{self, Console};

mod build;
mod console;
mod explain;
mod fmt;
mod gc;
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
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Success => 0,
            End::Failure => 1,
            End::NoCommand => 127,
            End::Unformatted => 3,
        })
    }
}

/// Runs one command line.
pub(crate) fn run(arguments: Vec<OsString>) -> End {
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
    match arguments.command {
        Command::Build(build) => build::run(&build, console, strict),
        Command::Validate(validate) => validate::run(&validate, console, strict),
        Command::Inspect(inspect) => inspect::run(&inspect, console, strict),
        Command::Console(arguments) => console::run(arguments, console, strict),
        Command::Fmt(fmt) => fmt::run(&fmt, console, strict),
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
