//! Flags as Go's `flag` package reads them, which Packer uses: one dash or two, `-flag=value` or `-flag value`, and truths
//! only as `-flag` or `-flag=false`. The word behind a flag that takes a value is its value, whatever it looks like.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;

use clap::{Arg, ArgAction, Command};

use super::packer;

/// Brings what follows a command's name into clap's form: each flag with two dashes, joined to its value.
///
/// `strict`: the first word that is no flag ends the flags, and what Packer does not know is an error in Go's words;
/// otherwise flags may follow the template, and clap says what is wrong.
pub(super) fn flags(command: &Command, words: &[OsString], strict: bool) -> Result<Vec<OsString>, String> {
    let mut words: VecDeque<_> = words.iter().cloned().collect();
    let mut read = Vec::new();
    if is_raw(command) {
        read.push("--".into());
        read.extend(words);
        return Ok(read);
    }
    while let Some(word) = words.pop_front() {
        let text = word.to_string_lossy();
        let Some(name) = text.strip_prefix('-').filter(|name| !name.is_empty()) else {
            if !strict {
                read.push(word);
                continue;
            }
            // Packer looks at a template that may be left out only where it stands alone.
            if words.is_empty() || !may_be_left_out(command) {
                read.push("--".into());
                read.push(word);
                break;
            }
            return Ok(read);
        };
        if text == "--" {
            read.push(word);
            break;
        }
        let name = name.strip_prefix('-').unwrap_or(name);
        let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
        if strict && (name.is_empty() || name.starts_with('-')) {
            return Err(format!("bad flag syntax: {text}"));
        }
        let Some(flag) = find(command, name, strict) else {
            if strict {
                return Err(format!("flag provided but not defined: -{name}"));
            }
            // Single letters and negative numbers are as they stand.
            let is_long = name.len() > 1 && name.starts_with(|letter: char| letter.is_ascii_alphabetic());
            read.push(if is_long && !text.starts_with("--") { format!("-{text}").into() } else { word });
            continue;
        };
        let mut full = OsString::from(match flag.get_long() {
            Some(long) => format!("--{long}"),
            None => format!("-{name}"),
        });
        match value {
            Some(value) => full.push(format!("={value}")),
            None if is_truth(flag) => {}
            None => match words.pop_front() {
                Some(value) => {
                    full.push("=");
                    full.push(value);
                }
                None if strict => return Err(format!("flag needs an argument: -{name}")),
                None => {}
            },
        }
        read.push(full);
    }
    read.extend(words);
    Ok(read)
}

/// A flag of a command by its long name, or by its letter.
pub(super) fn find<'c>(command: &'c Command, name: &str, strict: bool) -> Option<&'c Arg> {
    let is_it = |flag: &&Arg| {
        flag.get_long() == Some(name) || flag.get_short().is_some_and(|letter| name.chars().eq([letter]))
    };
    command.get_arguments().find(is_it).filter(|flag| !strict || packer::has_flag(flag))
}

/// Takes its words as they stand: Packer reads no flags there.
pub(super) fn is_raw(command: &Command) -> bool {
    command.get_positionals().any(Arg::is_trailing_var_arg_set)
}

/// One word that may be left out is all it takes besides flags.
fn may_be_left_out(command: &Command) -> bool {
    let mut values = command.get_positionals();
    values.next().is_some_and(|value| !value.is_required_set()) && values.next().is_none()
}

/// Given or left out, where other flags take a value.
pub(super) fn is_truth(flag: &Arg) -> bool {
    flag.get_num_args().is_some_and(|count| count.min_values() == 0)
}

/// Makes every `bool` of a definition a flag that also takes `=true` and `=false`. A default of `true` stays.
pub(super) fn truths(command: Command) -> Command {
    command.mut_args(truth).mut_subcommands(truths)
}

fn truth(argument: Arg) -> Arg {
    if !matches!(argument.get_action(), ArgAction::SetTrue) {
        return argument;
    }
    let argument = match argument.get_default_values().is_empty() {
        true => argument.default_value("false"),
        false => argument,
    };
    argument
        .action(ArgAction::Set)
        .value_name("BOOL")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_parser(parse_bool)
        .hide_default_value(true)
        .hide_possible_values(true)
}

/// What is wrong with a value, in our words and in Go's.
#[derive(Debug)]
pub(super) struct WrongValue {
    ours: &'static str,
    /// What Go says, behind the flag and its value.
    pub(super) gos: String,
    /// Go puts it differently for truths.
    pub(super) is_truth: bool,
}

impl fmt::Display for WrongValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.ours)
    }
}

impl std::error::Error for WrongValue {}

/// A truth in Go's spellings.
pub(super) fn parse_bool(text: &str) -> Result<bool, WrongValue> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(WrongValue { ours: "write true or false", gos: "parse error".into(), is_truth: true }),
    }
}

/// A whole number in Go's spellings: `0x10`, `0b11`, `0o7`, `07` and `1_000` are some.
pub(super) fn parse_int(text: &str) -> Result<i64, WrongValue> {
    let wrong = |gos: &str| WrongValue { ours: "write a whole number", gos: gos.into(), is_truth: false };
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("-", rest)) => ("-", rest),
        Some(("+", rest)) => ("", rest),
        _ => ("", text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.split_at_checked(2) {
        Some(("0x", rest)) => (16, rest),
        Some(("0o", rest)) => (8, rest),
        Some(("0b", rest)) => (2, rest),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, lower.get(1..).unwrap_or_default()),
        _ => (10, lower.as_str()),
    };
    // Go allows a _ between digits and behind the base.
    let apart = digits.ends_with('_') || digits.contains("__") || (radix == 10 && digits.starts_with('_'));
    let digits = digits.replace('_', "");
    if apart || digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(wrong("parse error"));
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).map_err(|_| wrong("value out of range"))
}

/// `NAME=VALUE`.
pub(super) fn parse_assignment(text: &str) -> Result<(String, String), WrongValue> {
    let gos = || format!("No '=' value in arg: {text}");
    let (name, value) = text.split_once('=').ok_or_else(|| WrongValue {
        ours: "there is no = in it; write NAME=VALUE",
        gos: gos(),
        is_truth: false,
    })?;
    Ok((name.to_string(), value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_gos() {
        for (text, number) in [
            ("0", 0),
            ("12", 12),
            ("-1", -1),
            ("+3", 3),
            ("0x1F", 31),
            ("-0b11", -3),
            ("0o17", 15),
            ("017", 15),
            ("0_7", 7),
            ("1_000", 1000),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse_int(text).unwrap(), number, "{text}");
        }
        for text in ["", "-", "x", "1.5", "08", "0x", "1__0", "_1", "1_", "--1", "1 ", "é"] {
            assert_eq!(parse_int(text).unwrap_err().gos, "parse error", "{text}");
        }
        assert_eq!(parse_int("9223372036854775808").unwrap_err().gos, "value out of range");
    }
}
