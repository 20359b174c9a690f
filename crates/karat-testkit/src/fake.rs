//! Programs that only pretend, and remember how they were called.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A shell script that stands in for a program and records the arguments of each call.
#[derive(Debug)]
pub struct Fake {
    calls: PathBuf,
}

impl Fake {
    /// Puts a program `name` into `directory`. `body` is shell: it may print, use `"$@"`, and its exit code counts.
    pub fn install(directory: &Path, name: &str, body: &str) -> Self {
        let calls = directory.join(format!(".{name}.calls"));
        fs::write(&calls, "").expect("a record of calls");
        // One argument a record, ended by NUL; a call ends with an empty group separator.
        let script = format!(
            "#!/bin/sh\n{{ for argument; do printf '%s\\0' \"$argument\"; done; printf '\\035\\0'; }} >> '{}'\n{body}\n",
            calls.display()
        );
        let program = directory.join(name);
        fs::write(&program, script).expect("a fake program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("an executable fake");
        Self { calls }
    }

    /// The arguments of every call so far, in order.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let record = fs::read_to_string(&self.calls).expect("the record of calls");
        let mut calls = vec![];
        let mut call = vec![];
        for argument in record.split_terminator('\0') {
            match argument {
                "\u{1d}" => calls.push(std::mem::take(&mut call)),
                argument => call.push(argument.to_owned()),
            }
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn remembers_every_call_and_behaves_as_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let fake = Fake::install(directory.path(), "tool", "echo \"got $1\"; exit 3");
        for arguments in [&["a b", ""][..], &["line\nbreak"][..], &[][..]] {
            let output =
                Command::new(directory.path().join("tool")).args(arguments).output().expect("it runs");
            assert_eq!(output.status.code(), Some(3));
        }
        assert_eq!(
            fake.calls(),
            [vec!["a b".to_owned(), String::new()], vec!["line\nbreak".to_owned()], vec![]]
        );
    }
}
