//! Flags as Go's `flag` package reads them, which Packer uses: one dash or two, `-flag=value` or `-flag value`, and truths
//! only as `-flag` or `-flag=false`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

/// `-flag` as `--flag`, up to a lone `--`. Single letters and negative numbers stay as they are.
pub(super) fn style(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
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

/// Makes every `bool` of a definition a flag that also takes `=true` and `=false`. A default of `true` stays.
pub(super) fn truths(command: Command) -> Command {
    command.mut_args(truth).mut_subcommands(truths)
}

fn truth(argument: Arg) -> Arg {
    match argument.get_action() {
        ArgAction::SetTrue if argument.get_default_values().is_empty() => {
            flag(argument).default_value("false")
        }
        ArgAction::SetTrue => flag(argument),
        _ => argument,
    }
}

/// A flag that is given, given a truth, or left out.
fn flag(argument: Arg) -> Arg {
    argument
        .action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_parser(parse_bool)
        .hide_default_value(true)
}

/// A truth in Go's spellings.
pub(super) fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("write true or false".to_string()),
    }
}
