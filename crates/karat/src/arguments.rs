//! What the user types: one definition, from which parsing, help, completion and man pages come.
//!
//! Each command has a file with its flags; what several share is in `shared`. [`go`] makes clap read flags as Go does.

mod build;
mod console;
mod explain;
mod fmt;
mod go;
mod hcl2_upgrade;
mod inspect;
mod runs;
mod shared;
mod validate;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use build::{Build, OnErrorArgument};
pub(crate) use console::Console;
pub(crate) use explain::Explain;
pub(crate) use fmt::Fmt;
pub(crate) use hcl2_upgrade::Hcl2Upgrade;
pub(crate) use inspect::Inspect;
pub(crate) use runs::{Runs, RunsAction};
pub(crate) use shared::{ConfigType, Selection};
pub(crate) use validate::Validate;

/// Golden machine images from Packer templates, without the flakiness.
#[derive(Parser, Debug)]
#[command(name = "karat", disable_version_flag = true, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "Packer's one-dash flags work too: -var, -only=…, -on-error=…")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Exactly Packer 1.16: nothing better, nothing else. Also when called as `packer`.
    #[arg(long, global = true)]
    pub(crate) strict: bool,
    /// Lines for programs: UNIX-TIME,TARGET,CATEGORY,DATA…
    #[arg(long, global = true)]
    pub(crate) machine_readable: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Build the images that a template describes
    Build(Build),
    /// Check a template without building anything
    Validate(Validate),
    /// Show a template's variables and builds
    Inspect(Inspect),
    /// Try expressions out, with a template's variables and functions
    Console(Console),
    /// Lay templates and variable files out in the one canonical way
    Fmt(Fmt),
    /// Write a legacy JSON template anew as HCL2
    #[command(name = "hcl2_upgrade")]
    Hcl2Upgrade(Hcl2Upgrade),
    /// List earlier runs, or show one again
    Runs(Runs),
    /// Say more about a kind of problem, with an example
    Explain(Explain),
    /// Remove what killed runs left behind: machines, directories, sockets, keys
    Gc,
    /// Show the version
    Version {
        /// Packer does not mind.
        #[arg(hide = true)]
        ignored: Vec<OsString>,
    },
}

/// Reads a command line, the program's name first.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut definition = definition();
    let matches = definition.try_get_matches_from_mut(version_command(go::style(arguments)))?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut definition))
}

/// All commands with their flags, as they are read.
fn definition() -> clap::Command {
    go::truths(Arguments::command()).args_override_self(true)
}

/// `--version` or `-v` before any command: the command `version`. Takes arguments in clap's form.
fn version_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let flags =
        arguments.iter_mut().skip(1).take_while(|argument| argument.to_string_lossy().starts_with('-'));
    for flag in flags.filter(|flag| *flag == "--version" || *flag == "-v") {
        *flag = "version".into();
    }
    arguments
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(line: &str) -> Result<Arguments, clap::Error> {
        parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_definition_is_sound() {
        definition().debug_assert();
    }

    #[test]
    fn gos_flags_are_understood() {
        let arguments = read(
            "karat build -color=false -force -on-error=abort -parallel-builds=-1 -var a=b -var-file x.pkrvars.hcl \
             -only=a,b --only c t.pkr.hcl",
        )
        .unwrap();
        let Command::Build(build) = arguments.command else { panic!("not a build") };
        assert_eq!(build.color, Some(false));
        assert!(build.force && !build.debug);
        assert!(matches!(build.on_error, OnErrorArgument::Abort));
        assert_eq!(build.parallel_builds, -1);
        assert_eq!(build.selection.variables, ["a=b"]);
        assert_eq!(build.selection.only, ["a", "b", "c"]);
        assert_eq!(build.template, PathBuf::from("t.pkr.hcl"));
    }

    #[test]
    fn cli_01_version_flags_are_the_version_command() {
        let read =
            |line: &str| version_command(go::style(line.split(' ').map(OsString::from))).join(" ".as_ref());
        assert_eq!(read("karat -version -machine-readable"), "karat version --machine-readable");
        assert_eq!(read("karat --strict -v"), "karat --strict version");
        assert_eq!(read("karat runs -v"), "karat runs -v");
        parse("karat version extra".split(' ').map(OsString::from)).unwrap();
    }

    #[test]
    fn truths_are_read_as_go_reads_them() {
        let arguments = read("karat build -timestamp-ui=1 -force=T -debug=0 -color=False t").unwrap();
        let Command::Build(build) = arguments.command else { panic!("not a build") };
        assert!(build.timestamp_ui && build.force && !build.debug);
        assert_eq!(build.color, Some(false));
        let text = read("karat build -color=no t").unwrap_err().to_string();
        assert!(text.contains("write true or false"), "{text}");
        let Command::Fmt(fmt) = read("karat fmt -check -recursive=false t").unwrap().command else {
            panic!("not fmt")
        };
        assert!(fmt.check && fmt.write && !fmt.recursive);
        let Command::Fmt(fmt) = read("karat fmt -write=0 t").unwrap().command else { panic!("not fmt") };
        assert!(!fmt.write);
    }

    #[test]
    fn the_last_of_a_repeated_flag_wins() {
        let Command::Build(build) =
            read("karat build -force -force=0 -parallel-builds 1 -parallel-builds 2 t").unwrap().command
        else {
            panic!("not a build")
        };
        assert!(!build.force);
        assert_eq!(build.parallel_builds, 2);
    }

    #[test]
    fn a_wrong_mode_lists_the_right_ones() {
        let text = read("karat build -on-error=explode t").unwrap_err().to_string();
        for mode in ["cleanup", "abort", "ask", "run-cleanup-provisioner"] {
            assert!(text.contains(mode), "{text}");
        }
    }

    #[test]
    fn a_mistyped_flag_gets_a_suggestion() {
        let text = read("karat build -forze t").unwrap_err().to_string();
        assert!(text.contains("--force"), "{text}");
    }
}
