//! What the user types. One definition; help and completion come from it.
//!
//! Packer's flags are Go's: one dash or two, `-flag=value` or `-flag value`, and truths only as `-flag` or `-flag=false`.
//! [`go_style`] brings them into clap's form before clap sees them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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

/// Which builds, and with which values.
#[derive(Args, Debug, Default)]
pub(crate) struct Selection {
    /// Build only these: comma-separated names; * and ? match any text
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Build everything but these
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) except: Vec<String>,
    /// Set a variable
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Read variables from a file (.pkrvars.hcl)
    #[arg(long = "var-file", value_name = "FILE")]
    pub(crate) variable_files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Build {
    /// A .pkr.hcl file, or a directory of them
    pub(crate) template: PathBuf,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show the run and what is wrong as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Colour: on, off, or on where the output is a terminal
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, hide_possible_values = true)]
    pub(crate) color: Option<bool>,
    /// Stop at each step and ask
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) debug: bool,
    /// Replace what an earlier build made
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) force: bool,
    /// What to do with the machine when a build fails
    #[arg(long, value_name = "MODE", default_value = "cleanup")]
    pub(crate) on_error: OnErrorArgument,
    /// How many builds may run at once; 0 for no limit
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub(crate) parallel_builds: i64,
    /// Put the time before each line
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) timestamp_ui: bool,
    /// Warn about values for variables that the template does not declare
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) warn_on_undeclared_var: bool,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) use_sequential_evaluation: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum OnErrorArgument {
    /// Remove everything
    Cleanup,
    /// Leave everything as it is
    Abort,
    /// Ask
    Ask,
    /// Only run the error-cleanup-provisioner
    RunCleanupProvisioner,
}

#[derive(Args, Debug)]
pub(crate) struct Validate {
    /// A .pkr.hcl file, or a directory of them
    pub(crate) template: PathBuf,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what is wrong as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Only whether the text can be read
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) syntax_only: bool,
    /// Say nothing about values for variables that the template does not declare
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) no_warn_undeclared_var: bool,
    /// Read data sources, to check with what they offer
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) evaluate_datasources: bool,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) use_sequential_evaluation: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// A .pkr.hcl file, or a directory of them
    pub(crate) template: PathBuf,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what is wrong as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) use_sequential_evaluation: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Console {
    /// A .pkr.hcl file, or a directory of them; without one, only functions are there
    pub(crate) template: Option<PathBuf>,
    /// Set a variable
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Read variables from a file (.pkrvars.hcl)
    #[arg(long = "var-file", value_name = "FILE")]
    pub(crate) variable_files: Vec<PathBuf>,
    /// The language, where no template tells it
    #[arg(long, value_name = "TYPE")]
    pub(crate) config_type: Option<ConfigType>,
    /// Show what expressions are worth, and what is wrong, as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Read the data sources; otherwise what they offer is unknown
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) evaluate_datasources: bool,
    /// Packer's old order: data sources one after another, which see no locals, then locals
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) use_sequential_evaluation: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigType {
    /// HCL2
    Hcl2,
    /// Legacy JSON
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct Fmt {
    /// .pkr.hcl and .pkrvars.hcl files, directories of them, or - for standard input
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Write nothing; exit with 3 if something is laid out otherwise
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) check: bool,
    /// Show what changes
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) diff: bool,
    /// Write what changes to its file; -write=false only lists
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "true", hide_default_value = true, hide_possible_values = true)]
    pub(crate) write: bool,
    /// Enter subdirectories, too
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub(crate) recursive: bool,
    /// Show names, changes and what is wrong as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The code that the message shows, such as unknown-argument; without one, all are listed
    pub(crate) code: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Runs {
    #[command(subcommand)]
    pub(crate) action: Option<RunsAction>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum RunsAction {
    /// Show a run as it was seen
    Show {
        /// Its id, or enough of its beginning or end
        id: String,
        /// Put the time before each line
        #[arg(long)]
        timestamp_ui: bool,
        /// The recorded events, as JSON lines
        #[arg(long)]
        json: bool,
    },
}

/// `-flag` as `--flag`, up to a lone `--`. Single letters and negative numbers stay as they are.
pub(crate) fn go_style(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut literal = false;
    arguments
        .into_iter()
        .enumerate()
        .map(|(index, argument)| {
            let Some(text) = argument.to_str() else { return argument };
            literal |= text == "--";
            let name = text.strip_prefix('-').map(|rest| rest.split('=').next().unwrap_or(rest));
            match name {
                Some(name)
                    if index > 0
                        && !literal
                        && name.len() > 1
                        && name.starts_with(|c: char| c.is_ascii_alphabetic()) =>
                {
                    format!("-{text}").into()
                }
                _ => argument,
            }
        })
        .collect()
}

/// A truth as Go's flags read it.
fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("write true or false".to_string()),
    }
}

/// `--version` or `-v` before any command: the command `version`. Takes arguments in clap's form.
pub(crate) fn version_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let flags =
        arguments.iter_mut().skip(1).take_while(|argument| argument.to_string_lossy().starts_with('-'));
    for flag in flags.filter(|flag| *flag == "--version" || *flag == "-v") {
        *flag = "version".into();
    }
    arguments
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(go_style(line.split(' ').map(OsString::from)))
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn gos_flags_are_understood() {
        let arguments = parse(
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
            |line: &str| version_command(go_style(line.split(' ').map(OsString::from))).join(" ".as_ref());
        assert_eq!(read("karat -version -machine-readable"), "karat version --machine-readable");
        assert_eq!(read("karat --strict -v"), "karat --strict version");
        assert_eq!(read("karat runs -v"), "karat runs -v");
        parse("karat version extra").unwrap();
    }

    #[test]
    fn truths_are_read_as_go_reads_them() {
        let arguments = parse("karat build -timestamp-ui=1 -force=T -debug=0 -color=False t").unwrap();
        let Command::Build(build) = arguments.command else { panic!("not a build") };
        assert!(build.timestamp_ui && build.force && !build.debug);
        assert_eq!(build.color, Some(false));
        let text = parse("karat build -color=no t").unwrap_err().to_string();
        assert!(text.contains("write true or false"), "{text}");
    }

    #[test]
    fn a_wrong_mode_lists_the_right_ones() {
        let text = parse("karat build -on-error=explode t").unwrap_err().to_string();
        for mode in ["cleanup", "abort", "ask", "run-cleanup-provisioner"] {
            assert!(text.contains(mode), "{text}");
        }
    }

    #[test]
    fn a_mistyped_flag_gets_a_suggestion() {
        let text = parse("karat build -forze t").unwrap_err().to_string();
        assert!(text.contains("--force"), "{text}");
    }
}
