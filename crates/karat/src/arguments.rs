//! What the user types: one definition, from which parsing, help, completion and man pages come.
//!
//! Each command has a file with its flags; what several share is in `shared`. [`line`] takes a command line apart, [`go`]
//! makes clap read flags as Go does, [`packer`] says what of all this Packer has.

mod attestation;
mod build;
mod complete;
mod completion;
mod console;
mod explain;
mod fix;
mod fmt;
mod go;
mod hcl2_upgrade;
mod help;
mod inspect;
mod line;
mod mistake;
mod packer;
mod plugins;
mod runs;
mod shared;
mod validate;

use clap::{Parser, Subcommand};

pub(crate) use attestation::{Execute, VerifyAttestation, Words};
pub(crate) use build::{Build, OnErrorArgument};
pub(crate) use complete::answer as completions;
pub(crate) use completion::{Completion, Man, Shell};
pub(crate) use console::Console;
pub(crate) use explain::Explain;
pub(crate) use fix::Fix;
pub(crate) use fmt::Fmt;
pub(crate) use hcl2_upgrade::Hcl2Upgrade;
pub(crate) use help::documented;
pub(crate) use inspect::Inspect;
pub(crate) use line::{Asks, Line, read};
pub(crate) use plugins::{Init, Plugins, PluginsAction};
pub(crate) use runs::{Runs, RunsAction};
pub(crate) use shared::{ConfigType, Selection};
pub(crate) use validate::Validate;

/// Golden machine images from Packer templates, without the flakiness.
// The flags that stand anywhere (-machine-readable, --strict) are read by `line`.
#[derive(Parser, Debug)]
#[command(name = "karat", disable_version_flag = true, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A command that is not hidden has its place in `help`; one that Packer lacks is named in `packer`.
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
    /// Mend a legacy JSON template of an old version of Packer
    Fix(Fix),
    /// Write a legacy JSON template anew as HCL2
    #[command(name = "hcl2_upgrade")]
    Hcl2Upgrade(Hcl2Upgrade),
    /// Install the plugins that a template requires
    Init(Init),
    /// Install, list and remove plugins
    #[command(alias = "plugin")]
    Plugins(Plugins),
    /// List earlier runs, or show one again
    Runs(Runs),
    /// Say more about a kind of problem, with an example
    Explain(Explain),
    /// Remove what killed runs left behind: machines, directories, sockets, keys
    Gc,
    /// Have a shell complete karat's command lines
    Completion(Completion),
    /// Write manual pages
    #[command(hide = true)]
    Man(Man),
    /// Check a signed attestation against what it must say
    VerifyAttestation(VerifyAttestation),
    /// Show the version
    Version {
        /// Packer does not mind.
        #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
        ignored: Vec<String>,
    },
    /// List the software of this machine, for the provisioner hcp-sbom
    #[command(hide = true)]
    SbomGenerate(Words),
    /// Run a component for a Packer
    #[command(hide = true)]
    Execute(Execute),
}

impl Command {
    /// Whether everything shall be JSON lines.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Build(Build { json, .. })
            | Self::Validate(Validate { json, .. })
            | Self::Inspect(Inspect { json, .. })
            | Self::Console(Console { json, .. })
            | Self::Fmt(Fmt { json, .. }) => *json,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use super::*;
    use crate::command::End;

    fn line(text: &str) -> Line {
        read(text.split(' ').map(OsString::from).collect())
    }

    fn command(text: &str) -> Command {
        match line(text).asks {
            Asks::Run(command) => *command,
            other => panic!("{text}: {other:?}"),
        }
    }

    /// What is said about a command line that cannot be understood.
    fn nonsense(text: &str) -> String {
        match line(text).asks {
            Asks::Nonsense { message, .. } => message.map(|message| message.to_string()).unwrap_or_default(),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn end(text: &str) -> End {
        match line(text).asks {
            Asks::Nonsense { end, .. } | Asks::Help { end, .. } => end,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn build(text: &str) -> Build {
        match command(text) {
            Command::Build(build) => build,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn fmt(text: &str) -> Fmt {
        match command(text) {
            Command::Fmt(fmt) => fmt,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        line::definition(false).debug_assert();
        line::definition(true).debug_assert();
        line::shown(false).debug_assert();
        line::shown(true).debug_assert();
    }

    #[test]
    fn every_command_has_its_place_in_the_help() {
        let definition = line::definition(false);
        let shown = definition.get_subcommands().filter(|command| !command.is_hide_set());
        let mut shown: Vec<_> = shown.map(|command| command.get_name()).collect();
        let mut grouped: Vec<_> = help::GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        shown.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(shown, grouped);
        for ours in packer::OURS {
            assert!(definition.find_subcommand(ours).is_some(), "{ours}");
        }
    }

    #[test]
    fn gos_flags_are_understood() {
        let build = build(
            "karat build -color=false -force -on-error=abort -parallel-builds=-1 -var a=b -var -c=-d \
             -var-file x.pkrvars.hcl -only=a,b --only c t.pkr.hcl",
        );
        assert_eq!(build.color, Some(false));
        assert!(build.force && !build.debug);
        assert!(matches!(build.on_error, OnErrorArgument::Abort));
        assert_eq!(build.parallel_builds, -1);
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(build.selection.variables, [pair("a", "b"), pair("-c", "-d")]);
        assert_eq!(build.selection.only, ["a", "b", "c"]);
        assert_eq!(build.template, PathBuf::from("t.pkr.hcl"));
    }

    #[test]
    fn truths_are_read_as_go_reads_them() {
        let build = build("karat build -timestamp-ui=1 -force=T -debug=0 -color=False t");
        assert!(build.timestamp_ui && build.force && !build.debug);
        assert_eq!(build.color, Some(false));
        assert!(nonsense("karat build -color=no t").contains("write true or false"));
        assert!(nonsense("karat build -force= t").contains("write true or false"));
        let check = fmt("karat fmt -check -recursive=false t");
        assert!(check.check && check.write && !check.recursive);
        assert!(!fmt("karat fmt -write=0 t").write);
    }

    #[test]
    fn the_last_of_a_repeated_flag_wins() {
        let build = build("karat build -force -force=0 -parallel-builds 1 -parallel-builds 0x10 t");
        assert!(!build.force);
        assert_eq!(build.parallel_builds, 16);
    }

    #[test]
    fn flags_may_follow_the_template_but_not_under_strict() {
        assert!(build("karat build t -force -var a=b").force);
        assert_eq!(nonsense("packer build t -force"), "");
        assert_eq!(end("karat --strict build t -force"), End::Failure);
    }

    #[test]
    fn cli_01_version_flags_are_the_version_command() {
        for text in
            ["karat -v", "karat -version -machine-readable", "packer --version build -zz", "karat -h -v"]
        {
            assert!(matches!(command(text), Command::Version { .. }), "{text}");
        }
        assert!(matches!(command("packer version extra -zz"), Command::Version { .. }));
        assert!(nonsense("karat runs -v").contains("-v"));
    }

    #[test]
    fn cli_01_exit_codes_of_what_is_no_command() {
        for (text, expected) in [
            ("karat", End::NoCommand),
            ("karat biuld", End::NoCommand),
            ("karat -h", End::Success),
            ("karat build -h", End::Success),
            ("karat build t -zz -help", End::Success),
            ("karat biuld -h", End::NoCommand),
            ("karat plugins", End::Failure),
            ("packer plugins foo", End::Failure),
            ("packer gc", End::NoCommand),
            ("packer -- build", End::NoCommand),
            ("karat -force build t", End::Failure),
            ("packer --strict build t", End::Failure),
        ] {
            assert_eq!(end(text), expected, "{text}");
        }
    }

    #[test]
    fn machine_readable_lines_are_asked_for_by_one_spelling() {
        for text in [
            "packer -machine-readable version",
            "packer version -machine-readable",
            "karat version --machine-readable",
        ] {
            assert!(line(text).machine_readable, "{text}");
        }
        let twice = line("packer build -machine-readable -machine-readable t");
        assert!(twice.machine_readable && matches!(twice.asks, Asks::Run(_)));
        let other = line("packer build --machine-readable=0 t");
        assert!(!other.machine_readable && matches!(other.asks, Asks::Run(_)));
        assert_eq!(
            nonsense("packer inspect --machine-readable t"),
            "flag provided but not defined: -machine-readable"
        );
    }

    #[test]
    fn under_strict_mistakes_are_told_in_gos_words() {
        for (flags, message) in [
            ("-zz", "flag provided but not defined: -zz"),
            ("-json", "flag provided but not defined: -json"),
            ("-force=maybe", "invalid boolean value \"maybe\" for -force: parse error"),
            ("-var x", "invalid value \"x\" for flag -var: No '=' value in arg: x"),
            ("-parallel-builds=x", "invalid value \"x\" for flag -parallel-builds: parse error"),
            ("---force", "bad flag syntax: ---force"),
            (
                "-on-error=x",
                "invalid value \"x\" for flag -on-error: expected one of [\"cleanup\" \"abort\" \"ask\" \
                 \"run-cleanup-provisioner\"]",
            ),
            (
                "-config-type=x",
                "invalid value \"x\" for flag -config-type: x does not belong to configType values",
            ),
        ] {
            assert_eq!(nonsense(&format!("packer build {flags} t")), message);
        }
        assert_eq!(nonsense("packer build -only"), "flag needs an argument: -only");
    }

    #[test]
    fn a_wrong_mode_lists_the_right_ones() {
        let text = nonsense("karat build -on-error=explode t");
        for mode in ["cleanup", "abort", "ask", "run-cleanup-provisioner"] {
            assert!(text.contains(mode), "{text}");
        }
    }

    #[test]
    fn a_mistyped_flag_gets_a_suggestion() {
        assert!(nonsense("karat build -forze t").contains("--force"));
    }

    #[test]
    fn a_template_behind_only_is_explained() {
        let text = nonsense("karat build -only=amazon-ebs.template1.json");
        assert!(text.contains("TEMPLATE"), "{text}");
        assert!(text.contains("write -only=amazon-ebs template1.json"), "{text}");
        assert_eq!(nonsense("packer build -only=amazon-ebs.template1.json"), "");
    }

    #[test]
    fn what_packer_accepts_everywhere_is_accepted() {
        let selection = "-only=a -except b -var c=d -var-file e -config-type=HCL2";
        for start in
            ["build", "validate", "inspect", "console", "fmt", "init", "plugins install", "plugin required"]
        {
            command(&format!("packer {start} {selection} t"));
        }
    }
}
