//! `karat completion`, `-autocomplete-install` and `-autocomplete-uninstall`: having shells complete command lines.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use karat_sdk::error::in_words;

use super::{End, rewrite};
use crate::arguments::Shell;
use crate::report::{self, Console};

pub(super) fn script(shell: Shell, console: Console) -> End {
    console.raw(match shell {
        Shell::Bash => include_str!("completion/karat.bash"),
        Shell::Zsh => include_str!("completion/karat.zsh"),
        Shell::Fish => include_str!("completion/karat.fish"),
        Shell::Powershell => include_str!("completion/karat.ps1"),
    });
    End::Success
}

/// A shell of this user, and where it is told about completion.
enum Place {
    /// A line in a file that exists: the lines to add, of which the last one is ours alone.
    Lines(PathBuf, Vec<String>),
    /// A file of our own.
    File(PathBuf, String),
}

/// Has every shell that the user has set up complete command lines, or not any longer, with Packer's own lines. What is so
/// already is an error under `strict`, as in Packer.
pub(super) fn set_up(install: bool, uninstall: bool, console: Console, strict: bool) -> End {
    let outcome = match (install, uninstall) {
        (true, true) => {
            Err("Either the autocomplete install or uninstall flag may be specified, but not both."
                .to_owned())
        }
        _ => each_shell(install, console, strict),
    };
    match outcome {
        Ok(()) => End::Success,
        Err(error) => {
            report::early_error(&format!("Error executing CLI: {error}"));
            End::Failure
        }
    }
}

fn each_shell(install: bool, console: Console, strict: bool) -> Result<(), String> {
    let program =
        env::current_exe().map_err(|error| format!("cannot tell where this program is: {error}"))?;
    let home = env::home_dir().ok_or("there is no home directory: set HOME")?;
    let places = places(&home, if strict { "packer" } else { "karat" }, &program.to_string_lossy());
    if places.is_empty() {
        let verb = if install { "install" } else { "uninstall" };
        return Err(format!("Did not find any shells to {verb}"));
    }
    let mut refused = Vec::new();
    for place in places {
        let path = place.path().display().to_string();
        let changed = if install { place.install() } else { place.uninstall() };
        match changed.map_err(|error| format!("{path}: {}", in_words(&error)))? {
            true if strict => {}
            true => console.say(&format!("{} {path}", if install { "Added to" } else { "Removed from" })),
            false if strict && install => refused.push(format!("already installed in {path}")),
            false if strict => refused.push(format!("does not installed in {path}")),
            false => console.say(&format!("{path} is as it should be")),
        }
    }
    match refused.is_empty() {
        true => Ok(()),
        false => Err(format!("{} error(s) occurred:\n\n* {}", refused.len(), refused.join("\n* "))),
    }
}

/// The shells that have a file in the home directory, as Packer finds them.
fn places(home: &Path, name: &str, program: &str) -> Vec<Place> {
    let command = quoted(program);
    let candidates: &[&str] = match cfg!(target_os = "macos") {
        true => &[".bash_profile"],
        false => &[".bashrc", ".bash_profile", ".bash_login", ".profile"],
    };
    let bash = candidates.iter().map(|file| home.join(file)).find(|path| path.exists());
    let bash = bash.map(|path| Place::Lines(path, vec![format!("complete -C {command} {name}")]));
    let zsh = Some(home.join(".zshrc")).filter(|path| path.exists());
    let zsh = zsh.map(|path| {
        let start = "autoload -U +X bashcompinit && bashcompinit".to_owned();
        Place::Lines(path, vec![start, format!("complete -o nospace -C {command} {name}")])
    });
    let settings = env::var_os("XDG_CONFIG_HOME").filter(|path| !path.is_empty());
    let fish = settings.map_or_else(|| home.join(".config"), PathBuf::from).join("fish");
    let fish = fish.is_dir().then(|| {
        let text = include_str!("completion/karat.fish")
            .replace("    karat\n", &format!("    {}\n", once_quoted(program)));
        Place::File(
            fish.join("completions").join(format!("{name}.fish")),
            text.replace("-c karat", &format!("-c {name}")),
        )
    });
    [bash, zsh, fish].into_iter().flatten().collect()
}

/// A program that `complete -C` runs: the shell reads it once as a word and once as a command.
fn quoted(program: &str) -> String {
    once_quoted(&once_quoted(program))
}

fn once_quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+@%".contains(letter);
    match word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

impl Place {
    fn path(&self) -> &Path {
        match self {
            Self::Lines(path, _) | Self::File(path, _) => path,
        }
    }

    /// Whether that changed anything.
    fn install(&self) -> io::Result<bool> {
        match self {
            Self::Lines(path, lines) => {
                let text = fs::read_to_string(path)?;
                let has = |line: &String| text.lines().any(|other| other == line);
                if lines.last().is_some_and(has) {
                    return Ok(false);
                }
                let missing: Vec<_> = lines.iter().filter(|line| !has(line)).map(String::as_str).collect();
                rewrite::replace(path, &format!("{text}\n{}\n", missing.join("\n")))?;
                Ok(true)
            }
            Self::File(path, _) if path.exists() => Ok(false),
            Self::File(path, text) => {
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::write(path, text)?;
                Ok(true)
            }
        }
    }

    /// Whether that changed anything. What other programs need as well stays.
    fn uninstall(&self) -> io::Result<bool> {
        match self {
            Self::Lines(path, lines) => {
                let text = fs::read_to_string(path)?;
                let Some(ours) = lines.last() else { return Ok(false) };
                let kept: String = text
                    .split_inclusive('\n')
                    .filter(|line| line.trim_end_matches(['\r', '\n']) != ours)
                    .collect();
                if kept == text {
                    return Ok(false);
                }
                rewrite::replace(path, &kept)?;
                Ok(true)
            }
            Self::File(path, _) if path.exists() => fs::remove_file(path).map(|()| true),
            Self::File(..) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_and_go_and_leave_the_rest_alone() {
        let home = tempfile::tempdir().unwrap();
        let bash = home.path().join(".bashrc");
        fs::write(&bash, "alias ll='ls -l'\n").unwrap();
        fs::write(home.path().join(".zshrc"), "").unwrap();
        for place in places(home.path(), "packer", "/opt/my tools/karat") {
            let before = fs::read_to_string(place.path());
            if matches!(place, Place::File(..)) {
                continue;
            }
            assert!(!place.uninstall().unwrap());
            assert!(place.install().unwrap());
            assert!(!place.install().unwrap(), "twice changes nothing");
            assert!(place.uninstall().unwrap());
            let after = fs::read_to_string(place.path()).unwrap();
            assert!(after.starts_with(&before.unwrap()), "{after}");
            assert!(!after.contains("complete -"), "{after}");
        }
        let found = places(home.path(), "packer", "/usr/bin/packer");
        let Some(Place::Lines(path, lines)) = found.first() else { panic!("no bash") };
        assert_eq!((path, lines.join("\n")), (&bash, "complete -C /usr/bin/packer packer".to_owned()));
    }

    #[test]
    fn programs_are_quoted_for_two_readings() {
        assert_eq!(quoted("/usr/bin/karat"), "/usr/bin/karat");
        assert_eq!(once_quoted("/a b"), "'/a b'");
        assert_eq!(quoted("/a b"), r"''\''/a b'\'''");
    }
}
