//! What may stand in a source file, and which files there may be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Finding;

/// No file is longer than this many lines.
const LONGEST: usize = 700;

/// A Rust file, its path relative to the checkout.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Source {
    /// Lines of code with their numbers from 1: comments are taken out, and it ends where the tests begin.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
        lines.enumerate().map(|(number, line)| (number + 1, line.split("//").next().unwrap_or_default()))
    }

    fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    /// The crate below `crates/` and the rest of the path, for its `src`.
    fn in_crate(&self) -> Option<(&str, &str)> {
        let (name, rest) = self.path.to_str()?.strip_prefix("crates/")?.split_once("/src/")?;
        Some((name, rest))
    }
}

/// Only the reporters of `karat` write to standard output and standard error.
pub(super) fn printing(sources: &[Source]) -> Vec<Finding> {
    let words = ["print!(", "println!(", "eprint!(", "eprintln!(", "dbg!(", "stdout()", "stderr()"];
    find(sources, &words, "only karat's report may write to standard output or error", |name, rest| {
        name != "karat-testkit" && !(name == "karat" && rest.starts_with("report"))
    })
}

/// Only the store knows what is kept beyond a run; where that is, `karat` reads from the environment in one
/// file, and explains in one more.
pub(super) fn state_directory(sources: &[Source]) -> Vec<Finding> {
    let problem = "only karat-store may know files that outlive a run";
    find(sources, &["XDG_STATE_HOME", ".local/state"], problem, |name, rest| {
        !matches!(
            (name, rest),
            ("karat-store" | "karat-testkit", _) | ("karat", "directories.rs" | "environment.rs")
        )
    })
}

/// Lines of `applies` crates' code that have one of `words`, not as the end of a longer word.
fn find(
    sources: &[Source],
    words: &[&str],
    problem: &str,
    applies: impl Fn(&str, &str) -> bool,
) -> Vec<Finding> {
    let mut findings = vec![];
    for source in
        sources.iter().filter(|source| source.in_crate().is_some_and(|(name, rest)| applies(name, rest)))
    {
        for (number, line) in source.code() {
            let starts =
                |at: usize| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
            if let Some(word) = words.iter().find(|word| line.match_indices(**word).any(|(at, _)| starts(at)))
            {
                findings.push(Finding::new(source.place(number), format!("{word}: {problem}")));
            }
        }
    }
    findings
}

/// A file that grew past [`LONGEST`] answers more than one question.
pub(super) fn long_files(sources: &[Source]) -> Vec<Finding> {
    let length = |source: &Source| source.text.lines().count();
    let long = sources.iter().filter(|source| length(source) > LONGEST);
    long.map(|source| {
        let problem = format!("{} lines, more than {LONGEST}: split it by what it owns", length(source));
        Finding::new(source.path.display().to_string(), problem)
    })
    .collect()
}

/// A test that does not run is not a test.
pub(super) fn ignored_tests(sources: &[Source]) -> Vec<Finding> {
    let mut findings = vec![];
    for source in sources {
        for (number, line) in source.text.lines().enumerate() {
            if line.trim_start().starts_with("#[ignore") {
                findings.push(Finding::new(
                    source.place(number + 1),
                    "an ignored test: make it run or remove it",
                ));
            }
        }
    }
    findings
}

/// Files that no `mod` leads to from one of `targets` are never compiled.
pub(super) fn unreachable(sources: &[Source], targets: &[PathBuf]) -> Vec<Finding> {
    let by_path: BTreeMap<&Path, &Source> =
        sources.iter().map(|source| (source.path.as_path(), source)).collect();
    let mut reached: BTreeSet<&Path> = BTreeSet::new();
    let mut next: Vec<(PathBuf, bool)> = targets.iter().map(|target| (target.clone(), true)).collect();
    while let Some((path, is_root)) = next.pop() {
        let Some((path, source)) = by_path.get_key_value(path.as_path()) else { continue };
        if reached.insert(path) {
            next.extend(modules(source, is_root).into_iter().map(|path| (path, false)));
        }
    }
    let lost = sources.iter().filter(|source| !reached.contains(source.path.as_path()));
    lost.map(|source| {
        Finding::new(source.path.display().to_string(), "no mod leads here: it is never compiled")
    })
    .collect()
}

/// The files that the `mod name;` lines of a file may mean.
fn modules(source: &Source, is_root: bool) -> Vec<PathBuf> {
    let parent = source.path.parent().unwrap_or(Path::new(""));
    let directory = match source.path.file_stem() {
        Some(stem) if !is_root && stem != "mod" => parent.join(stem),
        _ => parent.to_owned(),
    };
    let mut paths = vec![];
    let mut named = None;
    for line in source.text.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            named = Some(parent.join(path));
        } else if let Some(name) = module_name(line) {
            let usual = [directory.join(format!("{name}.rs")), directory.join(name).join("mod.rs")];
            match named.take() {
                Some(path) => paths.push(path),
                None => paths.extend(usual),
            }
        }
    }
    paths
}

/// `name` of `mod name;` with any visibility.
fn module_name(line: &str) -> Option<&str> {
    let declaration = line.strip_suffix(';')?;
    let (before, name) = declaration.rsplit_once(' ')?;
    let is_module = before == "mod" || (before.starts_with("pub") && before.ends_with(" mod"));
    is_module.then(|| name.strip_prefix("r#").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    fn places(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn printing_outside_the_reporters_is_found() {
        let sources = [
            source(
                "crates/karat-engine/src/a.rs",
                "fn a() {\n    eprintln!(\"x\");\n    std::io::stdout();\n}\n",
            ),
            source("crates/karat/src/report/lines.rs", "println!(\"fine\");"),
            source(
                "crates/karat/src/main.rs",
                "// println!(\"a comment\")\nsprint!(x);\ncommand.stdout(Stdio::null());\n",
            ),
            source(
                "crates/karat-hcl/src/b.rs",
                "fn b() {}\n#[cfg(test)]\nmod tests { fn c() { println!(\"t\"); } }",
            ),
        ];
        assert_eq!(
            places(printing(&sources)),
            ["crates/karat-engine/src/a.rs:2", "crates/karat-engine/src/a.rs:3"]
        );
    }

    #[test]
    fn the_state_directory_outside_the_store_is_found() {
        let text = "let state = env(\"XDG_STATE_HOME\");";
        let sources = [source("crates/karat-store/src/a.rs", text), source("crates/karat/src/a.rs", text)];
        assert_eq!(places(state_directory(&sources)), ["crates/karat/src/a.rs:1"]);
    }

    #[test]
    fn a_long_file_is_found() {
        let sources = [source("a.rs", &"\n".repeat(LONGEST)), source("b.rs", &"\n".repeat(LONGEST + 1))];
        assert_eq!(places(long_files(&sources)), ["b.rs"]);
    }

    #[test]
    fn an_ignored_test_is_found() {
        let sources = [source("a.rs", "#[test]\n  #[ignore = \"slow\"]\nfn a() {}")];
        assert_eq!(places(ignored_tests(&sources)), ["a.rs:2"]);
    }

    #[test]
    fn a_file_without_a_mod_is_found() {
        let sources = [
            source("x/src/lib.rs", "mod a;\npub(crate) mod b;\n#[path = \"odd/c.rs\"]\nmod c;\n"),
            source("x/src/a.rs", "mod deep;"),
            source("x/src/a/deep.rs", ""),
            source("x/src/b/mod.rs", "pub mod inner;"),
            source("x/src/b/inner.rs", ""),
            source("x/src/odd/c.rs", ""),
            source("x/src/lost.rs", "mod a;"),
            source("x/tests/t.rs", "mod shared;"),
            source("x/tests/shared/mod.rs", ""),
        ];
        let targets = ["x/src/lib.rs", "x/tests/t.rs"].map(PathBuf::from);
        assert_eq!(places(unreachable(&sources, &targets)), ["x/src/lost.rs"]);
    }
}
