//! What may come next on a command line, for shells: `COMP_LINE`, as Packer's library and `complete -C` have it.

use std::path::Path;
use std::{env, fs};

use clap::{Arg, Command};
use karat_model::diagnostic::code;

use super::{go, line, packer};

/// Something to complete a word with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The whole word.
    pub(crate) word: String,
    /// What it means, in a few words; may be empty.
    pub(crate) about: String,
}

/// If a shell asks what may come next: the answer, to be printed.
///
/// Bash and Packer's `-autocomplete-install` look at a word behind its last `=` only. With `KARAT_COMPLETE` in the
/// environment whole words are wanted, each with what it means behind a tab.
pub(crate) fn answer() -> Option<String> {
    let line = env::var("COMP_LINE").ok().filter(|line| !line.is_empty())?;
    let point = env::var("COMP_POINT").ok().and_then(|point| point.parse().ok()).unwrap_or(line.len());
    let typed = line.get(..point).unwrap_or(&line);
    let whole = env::var_os("KARAT_COMPLETE").is_some();
    let shown = |Candidate { word, about }: Candidate| match whole {
        true => format!("{word}\t{about}\n"),
        false => format!(
            "{}\n",
            word.split_once('=').filter(|(_, value)| !value.is_empty()).map_or(&*word, |(_, value)| value)
        ),
    };
    Some(candidates(typed).into_iter().map(shown).collect())
}

/// What the last word of a command line may become. The first one is the program's name.
pub(crate) fn candidates(typed: &str) -> Vec<Candidate> {
    let mut words = split(typed);
    let last = words.pop().unwrap_or_default();
    let strict = words.first().is_some_and(|program| line::is_packer(program.as_ref()))
        || words.iter().skip(1).any(|word| word == "-strict" || word == "--strict");
    let mut definition = line::definition(strict);
    definition.build();
    let mut command = &definition;
    let mut words = words.into_iter().skip(1).peekable();
    // Flags before the command are its name's business no more than Packer's.
    while let Some(next) = words.peek() {
        if let Some(next) = command.find_subcommand(next).filter(|next| has(command, next, strict)) {
            command = next;
        } else if !(next.starts_with('-') && command.get_name() == definition.get_name()) {
            break;
        }
        words.next();
    }
    let mut values = command.get_positionals();
    let mut expected = values.next();
    let mut pending: Option<&Arg> = None;
    for word in words {
        if pending.take().is_some() {
            continue;
        }
        match word.strip_prefix('-').map(|name| name.strip_prefix('-').unwrap_or(name)) {
            Some(name) if !name.is_empty() => {
                pending = go::find(command, name, strict).filter(|flag| !go::is_truth(flag));
            }
            _ if expected.is_some_and(takes_many) => {}
            _ => expected = values.next(),
        }
    }
    let mut found = match (pending, last.strip_prefix('-')) {
        (Some(flag), _) => of_value(flag, "", &last),
        (None, Some(rest)) => of_flag(command, &last, rest, strict),
        (None, None) => {
            let commands =
                command.get_subcommands().filter(|next| !next.is_hide_set() && has(command, next, strict));
            let mut found: Vec<_> =
                commands.map(|next| candidate(next.get_name(), next.get_about())).collect();
            found.extend(expected.map(|value| of_value(value, "", &last)).unwrap_or_default());
            found
        }
    };
    found.retain(|candidate| candidate.word.starts_with(&last));
    found.sort_by(|one, other| one.word.cmp(&other.word));
    found
}

fn has(parent: &Command, command: &Command, strict: bool) -> bool {
    !strict || parent.get_name() != "packer" || packer::has_command(command)
}

fn takes_many(value: &Arg) -> bool {
    value.get_num_args().is_some_and(|count| count.max_values() > 1)
}

fn candidate(word: &str, about: Option<&clap::builder::StyledStr>) -> Candidate {
    Candidate { word: word.to_owned(), about: about.map(ToString::to_string).unwrap_or_default() }
}

/// `rest` is what stands behind the first dash.
fn of_flag(command: &Command, last: &str, rest: &str, strict: bool) -> Vec<Candidate> {
    let dashes = if rest.starts_with('-') { "--" } else { "-" };
    let name = rest.strip_prefix('-').unwrap_or(rest);
    if let Some((name, value)) = name.split_once('=') {
        let start = last.get(..last.len() - value.len()).unwrap_or_default();
        return go::find(command, name, strict).map(|flag| of_value(flag, start, value)).unwrap_or_default();
    }
    let shown = |flag: &&Arg| !flag.is_hide_set() && (!strict || packer::has_flag(flag));
    let flags = command.get_arguments().filter(shown).filter_map(|flag| {
        flag.get_long().map(|long| candidate(&format!("{dashes}{long}"), flag.get_help()))
    });
    let mut found: Vec<_> = flags.collect();
    if command.get_subcommands().next().is_some() && command.get_positionals().next().is_none() {
        let everywhere = ["autocomplete-install", "autocomplete-uninstall", "machine-readable", "version"];
        found.extend(everywhere.map(|name| candidate(&format!("{dashes}{name}"), None)));
        if !strict {
            found.push(candidate("--strict", None));
        }
    }
    found
}

/// What the value of a flag, or a word that is no flag, may become. `start` stands before it in the same word.
fn of_value(value: &Arg, start: &str, typed: &str) -> Vec<Candidate> {
    let possible = value.get_possible_values();
    if !possible.is_empty() {
        return possible
            .iter()
            .map(|one| candidate(&format!("{start}{}", one.get_name()), one.get_help()))
            .collect();
    }
    let name = value.get_value_names().and_then(<[_]>::first).map(|name| name.as_str());
    match name {
        Some("TEMPLATE") => files(start, typed, &[".pkr.hcl", ".json"]),
        Some("FILE" | "PATH" | "DIRECTORY" | "ATTESTATION") => files(start, typed, &[""]),
        Some("CODE") => code::ALL
            .iter()
            .map(|code| Candidate { word: format!("{start}{}", code.name()), about: code.title().to_owned() })
            .collect(),
        Some("BOOL") => ["false", "true"].map(|truth| candidate(&format!("{start}{truth}"), None)).into(),
        _ => Vec::new(),
    }
}

/// Directories, and files with one of these endings.
fn files(start: &str, typed: &str, endings: &[&str]) -> Vec<Candidate> {
    let (directory, name) = typed.rsplit_once('/').map_or(("", typed), |(directory, name)| (directory, name));
    let directory =
        typed.get(..typed.len() - name.len()).filter(|_| !directory.is_empty() || typed.starts_with('/'));
    let entries = fs::read_dir(directory.map_or(Path::new("."), Path::new));
    let found = entries.into_iter().flatten().flatten().filter_map(|entry| {
        let file = entry.file_name().into_string().ok()?;
        if !file.starts_with(name) || file.starts_with('.') && !name.starts_with('.') {
            return None;
        }
        let is_directory = entry.path().is_dir();
        let fits = is_directory || endings.iter().any(|ending| file.ends_with(ending));
        let slash = if is_directory { "/" } else { "" };
        fits.then(|| candidate(&format!("{start}{}{file}{slash}", directory.unwrap_or_default()), None))
    });
    found.collect()
}

/// The words of a command line as a shell sees them, the last of which may be empty: it is yet to be typed.
fn split(typed: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut letters = typed.chars();
    while let Some(letter) = letters.next() {
        let Some(word) = words.last_mut() else { break };
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None | Some('"'), '\\') => word.extend(letters.next()),
            (None, _) if letter.is_whitespace() => {
                if !word.is_empty() {
                    words.push(String::new());
                }
            }
            _ => word.push(letter),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(typed: &str) -> Vec<String> {
        candidates(typed).into_iter().map(|candidate| candidate.word).collect()
    }

    #[test]
    fn commands_and_subcommands_come_next() {
        assert_eq!(words("karat bu"), ["build"]);
        assert_eq!(words("packer plugins "), ["install", "installed", "remove", "required"]);
        assert!(words("karat ").contains(&"gc".to_string()));
        assert!(!words("packer ").contains(&"gc".to_string()));
        assert_eq!(words("karat build --strict v").len(), 0);
    }

    #[test]
    fn flags_have_the_dashes_that_were_typed() {
        assert_eq!(words("karat build -on"), ["-on-error", "-only"]);
        assert_eq!(words("packer build x.json --on"), ["--on-error", "--only"]);
        assert_eq!(words("packer fmt -"), ["-check", "-diff", "-recursive", "-write"]);
        assert!(words("packer -").contains(&"-autocomplete-install".to_string()));
    }

    #[test]
    fn values_stand_behind_their_flag() {
        assert_eq!(words("karat build -on-error=a"), ["-on-error=abort", "-on-error=ask"]);
        assert_eq!(words("karat build -on-error cl"), ["cleanup"]);
        assert_eq!(words("karat build -force="), ["-force=false", "-force=true"]);
        assert_eq!(words("karat explain unknown-a"), ["unknown-argument"]);
    }

    #[test]
    fn templates_are_files() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a.pkr.hcl", "b.json", "c.txt", ".hidden.json", "v.pkrvars.hcl"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        fs::create_dir(directory.path().join("d")).unwrap();
        let base = directory.path().display();
        let found = words(&format!("karat build -force {base}/"));
        assert_eq!(found, ["a.pkr.hcl", "b.json", "d/"].map(|name| format!("{base}/{name}")));
        let found = words(&format!("karat build -var-file={base}/v"));
        assert_eq!(found, [format!("-var-file={base}/v.pkrvars.hcl")]);
    }

    #[test]
    fn words_are_split_as_shells_do() {
        assert_eq!(
            split("karat build 'a b' c\\ d \"e\\\"f\" "),
            ["karat", "build", "a b", "c d", "e\"f", ""]
        );
        assert_eq!(split(""), [""]);
    }
}
