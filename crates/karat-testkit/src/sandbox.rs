//! A home of its own for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, ffi::OsStr};

use tempfile::TempDir;

use crate::{Fake, Normal, Run, Terminal};

/// Temporary home, cache, configuration, state and working directories, and a `PATH` that starts with fakes.
/// Nothing of the caller's environment gets in, and everything is removed when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    /// An empty sandbox.
    pub fn new() -> Self {
        let root = TempDir::with_prefix("karat-test-").expect("a temporary directory");
        for directory in ["home", "cache", "config", "state", "runtime", "tmp", "work", "bin"] {
            fs::create_dir(root.path().join(directory)).expect("a directory of the sandbox");
        }
        Self { root }
    }

    /// The working directory of commands.
    pub fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// `$HOME` of commands.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// `$XDG_STATE_HOME` of commands.
    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// `$XDG_CACHE_HOME` of commands.
    pub fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    /// `$TMPDIR` of commands.
    pub fn tmp(&self) -> PathBuf {
        self.path("tmp")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file below the working directory, with its parents, and gives its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("the file's directory");
        fs::write(&path, content).expect("a file of the sandbox");
        path
    }

    /// Reads a file below the working directory.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        let path = self.work().join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Puts a program that only pretends before everything else in `PATH`; see [`Fake::install`].
    pub fn fake(&self, name: &str, body: &str) -> Fake {
        Fake::install(&self.path("bin"), name, body)
    }

    /// `program` in this sandbox, not started yet. Standard input is empty.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let path = env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.path("bin")).chain(env::split_paths(&path));
        let mut command = Command::new(program);
        command
            .current_dir(self.work())
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", env::join_paths(path).expect("PATH"))
            .env("HOME", self.home())
            .env("XDG_CACHE_HOME", self.cache())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.state())
            .env("XDG_RUNTIME_DIR", self.path("runtime"))
            .env("TMPDIR", self.tmp())
            .env("LC_ALL", "C.UTF-8")
            .env("CHECKPOINT_DISABLE", "1");
        command
    }

    /// `karat` in this sandbox, not started yet.
    pub fn karat_command(&self) -> Command {
        self.command(karat_binary())
    }

    /// Starts `karat` with `arguments` at a terminal that is its own: it can open `/dev/tty`, and Ctrl-C reaches it.
    pub fn at_terminal<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Terminal {
        self.command_at_terminal(karat_binary(), arguments)
    }

    /// The same of another program.
    pub fn command_at_terminal<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Terminal {
        // `setsid` becomes the program.
        let mut command = self.command("setsid");
        command.arg("--ctty").arg(program).args(arguments);
        Terminal::start(command)
    }

    /// Runs `karat` with `arguments` to its end.
    pub fn karat<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        let mut command = self.karat_command();
        command.args(arguments).output().unwrap_or_else(|error| panic!("{command:?}: {error}")).into()
    }

    /// Replaces what differs from run to run; the sandbox's directories become `HOME`, `WORK`, `STATE`, `CACHE`, `TMP`.
    pub fn normal(&self) -> Normal {
        ["home", "work", "state", "cache", "tmp"]
            .into_iter()
            .fold(Normal::new(), |normal, name| normal.path(&self.path(name), &name.to_uppercase()))
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// The `karat` that tests run: `$KARAT_BIN`, else what cargo or nextest built for this test, else the one beside the
/// test's own target directory.
pub fn karat_binary() -> PathBuf {
    for name in ["KARAT_BIN", "CARGO_BIN_EXE_karat", "NEXTEST_BIN_EXE_karat"] {
        if let Some(path) = env::var_os(name) {
            return PathBuf::from(path);
        }
    }
    let test = env::current_exe().expect("the test's own path");
    let profile = test.ancestors().find(|path| path.ends_with("deps")).and_then(Path::parent);
    let binary = profile.map(|profile| profile.join("karat")).filter(|path| path.exists());
    binary.unwrap_or_else(|| {
        panic!("there is no karat binary beside {}: run cargo build -p karat", test.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_sees_only_the_sandbox() {
        let sandbox = Sandbox::new();
        sandbox.write("deep/file", "text");
        let fake = sandbox.fake("tool", "exit 0");
        let output = sandbox.command("sh").args(["-c", "env; cat deep/file; tool one"]).output().expect("sh");
        let run = Run::from(output).success();
        assert!(run.stdout.contains(&format!("HOME={}", sandbox.home().display())), "{run}");
        assert!(!run.stdout.contains("CARGO"), "{run}");
        assert!(run.stdout.ends_with("text"), "{run}");
        assert_eq!(fake.calls(), [["one"]]);
        assert_eq!(sandbox.normal().apply(&format!("{}/x", sandbox.work().display())), "WORK/x");
    }
}
