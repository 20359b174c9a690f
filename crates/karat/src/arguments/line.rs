//! A command line, taken apart as Packer does it: which command, is help wanted, which manner. clap reads the rest.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::builder::StyledStr;
use clap::{Command, CommandFactory, FromArgMatches};

use super::{Arguments, go, help, mistake, packer};
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
    Run(Box<super::Command>),
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
    let asks = Reader { definition, strict }.read(&words);
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

fn one_of(words: &[OsString], flags: &[&str]) -> bool {
    words.iter().any(|word| flags.iter().any(|flag| word == flag))
}

fn is_flag(word: &OsString) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

struct Reader {
    definition: Command,
    strict: bool,
}

impl Reader {
    fn read(&mut self, words: &[OsString]) -> Asks {
        let literal = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let (early, _) = words.split_at(literal);
        let named = early.iter().position(|word| !word.is_empty() && !is_flag(word));
        let (before, rest) = words.split_at(named.unwrap_or(literal));
        if one_of(before, &["-v", "-version", "--version"]) {
            return self.command(&["version"], &[]);
        }
        let wants_help = one_of(early, &["-h", "-help", "--help"]);
        if wants_help && named.is_none() {
            return self.no_command(None, End::Success);
        }
        let install = one_of(early, &["-autocomplete-install", "--autocomplete-install"]);
        let uninstall = one_of(early, &["-autocomplete-uninstall", "--autocomplete-uninstall"]);
        if install || uninstall {
            return Asks::Completion { install, uninstall };
        }
        let Some(named) = named else { return self.no_command(None, End::NoCommand) };
        let path = self.path(&words[named..literal]);
        let Some(rest) = rest.get(path.len()..).filter(|_| !path.is_empty()) else {
            return self.no_command(rest.first(), End::NoCommand);
        };
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        if wants_help {
            return Asks::Help { text: self.help(&path), end: End::Success };
        }
        match before.iter().find(|word| is_flag(word)) {
            Some(flag) => self.misplaced(&flag.to_string_lossy(), &path),
            None => self.command(&path, rest),
        }
    }

    /// The command and its subcommands that the first words name.
    fn path(&self, words: &[OsString]) -> Vec<String> {
        let mut command = &self.definition;
        let mut path = Vec::new();
        for word in words {
            let Some(next) = command.find_subcommand(word) else { break };
            if self.strict && path.is_empty() && !packer::has_command(next) {
                break;
            }
            path.push(next.get_name().to_string());
            command = next;
        }
        path
    }

    /// There is no command; `word` is what was taken for one.
    fn no_command(&mut self, word: Option<&OsString>, end: End) -> Asks {
        let text = match word {
            _ if self.strict => packer::usage(&self.definition).into(),
            None => help::text(&self.definition),
            Some(word) => {
                let words = [OsString::from(self.definition.get_name()), word.clone()];
                let error = self.definition.try_get_matches_from_mut(words).err();
                return Asks::Nonsense { help: None, message: error.map(|error| error.render()), end };
            }
        };
        Asks::Help { text, end }
    }

    fn help(&self, path: &[&str]) -> StyledStr {
        let mut shown = shown(self.strict);
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

    /// A flag stands before the command.
    fn misplaced(&self, flag: &str, path: &[&str]) -> Asks {
        let message = match self.strict {
            true => "Invalid flags before the subcommand. If these flags are for\n\
                 the subcommand, please put them after the subcommand.\n"
                .to_string(),
            false => {
                let (program, command) = (self.definition.get_name(), path.join(" "));
                format!("error: {flag} stands before the command: write {program} {command} {flag}\n")
            }
        };
        let help = self.strict.then(|| self.help(path));
        Asks::Nonsense { help, message: Some(message.into()), end: End::Failure }
    }

    /// A command that exists, with its words.
    fn command(&mut self, path: &[&str], words: &[OsString]) -> Asks {
        let find = |command, name| Command::find_subcommand(command, name).unwrap_or(command);
        let found = path.iter().fold(&self.definition, find);
        if found.is_subcommand_required_set() && (self.strict || words.is_empty()) {
            return Asks::Help { text: self.help(path), end: End::Failure };
        }
        let flags = match go::flags(found, words, self.strict) {
            Ok(flags) => flags,
            Err(message) => return self.nonsense(path, Some(message)),
        };
        let program = OsString::from(self.definition.get_name());
        let full = std::iter::once(program).chain(path.iter().map(OsString::from)).chain(flags);
        let read = self.definition.try_get_matches_from_mut(full.collect::<Vec<_>>());
        match read.and_then(|matches| Arguments::from_arg_matches(&matches)) {
            Ok(arguments) => Asks::Run(Box::new(arguments.command)),
            Err(error) if self.strict => self.nonsense(path, mistake::in_gos_words(&error)),
            Err(error) => {
                let message = mistake::with_tips(error, words).render();
                Asks::Nonsense { help: None, message: Some(message), end: End::Failure }
            }
        }
    }

    /// As Packer has it: the help, then what is wrong.
    fn nonsense(&self, path: &[&str], message: Option<String>) -> Asks {
        let message = message.map(StyledStr::from);
        Asks::Nonsense { help: Some(self.help(path)), message, end: End::Failure }
    }
}
