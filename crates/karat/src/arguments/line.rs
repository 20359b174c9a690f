//! A command line, taken apart as Packer does it: which command, is help wanted, which manner. clap reads the rest.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, FromArgMatches};

use super::{Arguments, go, help, packer};
use crate::command::End;

/// What a command line asks for, and in which manner.
#[derive(Debug)]
pub(crate) struct Line {
    /// Exactly Packer.
    pub(crate) strict: bool,
    /// Lines for programs.
    pub(crate) machine_readable: bool,
    /// Whether what is wrong with the line itself shall be JSON, too.
    pub(crate) json: bool,
    /// What to do.
    pub(crate) asks: Asks,
}

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Asks {
    /// To run a command.
    Run(super::Command),
    /// To have shells complete command lines, or not any longer: `-autocomplete-install`, `-autocomplete-uninstall`.
    Completion {
        /// To have them.
        install: bool,
        /// Not any longer.
        uninstall: bool,
    },
    /// To read about a command.
    Help {
        /// What is to read.
        text: StyledStr,
        /// Whether that was asked for, or shown for want of a command.
        end: End,
    },
    /// Something that cannot be understood.
    Nonsense {
        /// What would be right.
        help: Option<StyledStr>,
        /// What is wrong.
        message: Option<StyledStr>,
        /// A failure, or no such command.
        end: End,
    },
}

/// Reads a command line, the program's name first.
pub(crate) fn read(words: Vec<OsString>) -> Line {
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_default();
    let mut words: Vec<_> = words.collect();
    let mut strict = is_packer(&program);
    // Packer takes the first word of this spelling, wherever it stands.
    let mut machine_readable = take(&mut words, &["-machine-readable"]);
    if !strict {
        strict = take(&mut words, &["-strict", "--strict"]);
        machine_readable |= !strict && take(&mut words, &["--machine-readable"]);
    }
    let mut definition = definition(strict);
    definition.build();
    let asks = asks(&mut definition, &words, strict).unwrap_or_else(|asks| asks);
    let json = !strict && words.iter().any(|word| word == "-json" || word == "--json");
    Line { strict, machine_readable, json, asks }
}

/// Whether we were called `packer`.
pub(super) fn is_packer(program: &OsStr) -> bool {
    Path::new(program).file_stem() == Some(OsStr::new("packer"))
}

/// All commands with their flags, as they are read.
pub(super) fn definition(strict: bool) -> Command {
    go::truths(shown(strict)).args_override_self(true)
}

/// All commands with their flags, as help shows them.
pub(super) fn shown(strict: bool) -> Command {
    let definition = super::shared::hide_meaningless(Arguments::command());
    if strict { packer::only(definition) } else { definition }
}

fn take(words: &mut Vec<OsString>, spellings: &[&str]) -> bool {
    let found = words.iter().position(|word| spellings.iter().any(|spelling| word == spelling));
    found.map(|index| words.remove(index)).is_some()
}

fn asks(definition: &mut Command, words: &[OsString], strict: bool) -> Result<Asks, Asks> {
    let literal = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let (early, _) = words.split_at(literal);
    let is_flag = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
    let named = early.iter().position(|word| !word.is_empty() && !is_flag(word)).unwrap_or(literal);
    let (before, rest) = words.split_at(named);
    let one_of =
        |words: &[OsString], flags: &[&str]| words.iter().any(|word| flags.iter().any(|flag| word == flag));
    if one_of(before, &["-v", "-version", "--version"]) {
        return command(definition, &["version"], &[], strict);
    }
    let wants_help = one_of(early, &["-h", "-help", "--help"]);
    let install = one_of(early, &["-autocomplete-install", "--autocomplete-install"]);
    let uninstall = one_of(early, &["-autocomplete-uninstall", "--autocomplete-uninstall"]);
    if (install || uninstall) && !(wants_help && named == literal) {
        return Err(Asks::Completion { install, uninstall });
    }
    let (path, rest) = path(definition, rest, rest.len() - (words.len() - literal), strict);
    if path.is_empty() {
        return Err(no_command(definition, rest, strict, wants_help && named == literal));
    }
    let misplaced = before.iter().find(|word| is_flag(word) && !wants_help);
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    if wants_help {
        return Err(Asks::Help { text: help_of(&path, strict), end: End::Success });
    }
    if let Some(flag) = misplaced {
        let flag = flag.to_string_lossy();
        let message = match strict {
            true => "Invalid flags before the subcommand. If these flags are for\n\
                 the subcommand, please put them after the subcommand.\n"
                .to_string(),
            false => {
                let (program, command) = (definition.get_name(), path.join(" "));
                format!("error: {flag} stands before the command: write {program} {command} {flag}\n")
            }
        };
        let help = strict.then(|| help_of(&path, strict));
        return Err(Asks::Nonsense { help, message: Some(message.into()), end: End::Failure });
    }
    command(definition, &path, rest, strict)
}

/// The words that name a command and its subcommands, and those behind them. `limit`: from there on no word names one.
fn path<'w>(
    definition: &Command,
    words: &'w [OsString],
    limit: usize,
    strict: bool,
) -> (Vec<String>, &'w [OsString]) {
    let mut command = definition;
    let mut path = Vec::new();
    for word in words.iter().take(limit) {
        let Some(next) = command.find_subcommand(word) else { break };
        if strict && path.is_empty() && !packer::has_command(next) {
            break;
        }
        path.push(next.get_name().to_string());
        command = next;
    }
    let rest = words.get(path.len()..).unwrap_or_default();
    (path, rest)
}

/// There is no command, or none that we know.
fn no_command(definition: &mut Command, words: &[OsString], strict: bool, asked: bool) -> Asks {
    let end = if asked { End::Success } else { End::NoCommand };
    if strict {
        return Asks::Help { text: packer::usage(definition).into(), end };
    }
    match words.first().filter(|word| *word != "--") {
        Some(word) => {
            let words = [OsString::from(definition.get_name()), word.clone()];
            let error = definition.try_get_matches_from_mut(words).err();
            Asks::Nonsense { help: None, message: error.map(|error| error.render()), end: End::NoCommand }
        }
        None => Asks::Help { text: help::text(definition), end },
    }
}

fn help_of(path: &[&str], strict: bool) -> StyledStr {
    let mut shown = shown(strict);
    shown.build();
    let mut command = &mut shown;
    for name in path {
        // The path was found in this definition.
        match command.find_subcommand_mut(name) {
            Some(next) => command = next,
            None => return StyledStr::new(),
        }
    }
    command.render_help()
}

/// A command that exists, with its words.
fn command(definition: &mut Command, path: &[&str], words: &[OsString], strict: bool) -> Result<Asks, Asks> {
    let mut found = &*definition;
    for name in path {
        found = found.find_subcommand(name).unwrap_or(found);
    }
    let only_groups = found.is_subcommand_required_set() && (strict || words.is_empty());
    if only_groups {
        return Err(Asks::Help { text: help_of(path, strict), end: End::Failure });
    }
    let flags = match go::flags(found, words, strict) {
        Ok(flags) => flags,
        Err(message) => {
            return Err(Asks::Nonsense {
                help: Some(help_of(path, strict)),
                message: Some(message.into()),
                end: End::Failure,
            });
        }
    };
    let program = OsString::from(definition.get_name());
    let full = std::iter::once(program).chain(path.iter().map(OsString::from)).chain(flags);
    let read = definition.try_get_matches_from_mut(full.collect::<Vec<_>>());
    let read = read.and_then(|matches| Arguments::from_arg_matches(&matches));
    let error = match read {
        Ok(arguments) => return Ok(Asks::Run(arguments.command)),
        Err(error) => error,
    };
    Err(match strict {
        true => Asks::Nonsense {
            help: Some(help_of(path, strict)),
            message: in_gos_words(&error).map(StyledStr::from),
            end: End::Failure,
        },
        false => {
            let error = with_tips(error, words);
            Asks::Nonsense { help: None, message: Some(error.render()), end: End::Failure }
        }
    })
}

/// What Go says about a flag's value. Packer says nothing about a template that is missing or one too many.
fn in_gos_words(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?.trim_start_matches('-');
    let flag = flag.split([' ', '=', '[']).next().unwrap_or(flag);
    let value = text(ContextKind::InvalidValue)?;
    if let Some(wrong) =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<go::WrongValue>())
    {
        return Some(match wrong.is_truth {
            true => format!("invalid boolean value {value:?} for -{flag}: {}", wrong.gos),
            false => format!("invalid value {value:?} for flag -{flag}: {}", wrong.gos),
        });
    }
    let (ErrorKind::InvalidValue, Some(ContextValue::Strings(right))) =
        (error.kind(), error.get(ContextKind::ValidValue))
    else {
        return None;
    };
    let why = match flag {
        "config-type" => format!("{value} does not belong to configType values"),
        _ => format!(
            "expected one of [{}]",
            right.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(" ")
        ),
    };
    Some(format!("invalid value {value:?} for flag -{flag}: {why}"))
}

/// Says what probably went wrong where clap only sees that the template is missing.
fn with_tips(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return error;
    }
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let Some((flag, value)) = builds_flag(&texts) else { return error };
    let Some((builds, template)) = template_in(value) else { return error };
    let tips = [
        format!("what follows {flag} are names of builds; {value} was read as one"),
        format!("for the build {builds} of {template}, write {flag}={builds} {template}"),
    ];
    let tips = tips.map(StyledStr::from).to_vec();
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    error
}

/// The last `-only` or `-except` of a command line, and its value.
fn builds_flag<'w>(words: &'w [std::borrow::Cow<'_, str>]) -> Option<(&'static str, &'w str)> {
    words.iter().enumerate().rev().find_map(|(index, word)| {
        let name = word.trim_start_matches('-');
        let flag =
            ["-only", "-except"].into_iter().find(|flag| name.starts_with(flag.trim_start_matches('-')))?;
        match name.split_once('=') {
            Some((_, value)) => Some((flag, value)),
            None => Some((flag, words.get(index + 1)?.as_ref())),
        }
    })
}

/// `amazon-ebs.template.json` is the build `amazon-ebs` of `template.json`, most likely.
fn template_in(value: &str) -> Option<(&str, &str)> {
    if !(value.ends_with(".json") || value.ends_with(".hcl")) {
        return None;
    }
    let splits = || value.match_indices(['.', ',']).map(|(at, _)| (&value[..at], &value[at + 1..]));
    let is_file = |(_, file): &(&str, &str)| Path::new(file).exists();
    splits()
        .find(is_file)
        .or_else(|| splits().next())
        .filter(|(builds, file)| !builds.is_empty() && file.contains('.'))
}
