//! Packer's own black-box suites, run against Karat: they drive any binary that `PACKER_CUSTOM_PATH` names, without
//! `HOME` and `PATH`. Their source is Packer's, so it stays outside of this repository.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Result, build_karat, option};

/// A directory of `packer_test`.
struct Suite {
    name: &'static str,
    /// Each of its tests must pass. Where not, they are only counted.
    must_pass: bool,
}

/// The suites that need no daemon.
const SUITES: &[Suite] = &[
    Suite { name: "core_tests", must_pass: true },
    Suite { name: "dag_tests", must_pass: true },
    // These run plugins, which Karat cannot yet.
    Suite { name: "plugin_tests", must_pass: false },
];

/// How tests ended. A test that has tests is not counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    skipped: usize,
    failed: Vec<String>,
}

/// `blackbox PATH [--karat PATH]`: PATH is a copy of Packer's repository.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let (karat, rest) = option(arguments, "--karat")?;
    let [path] = rest.as_slice() else { return Err("blackbox needs a copy of Packer's repository".into()) };
    let karat = karat.map_or_else(|| build_karat(root), |path| Ok(PathBuf::from(path)))?;
    let directory = TempDir::with_prefix("karat-blackbox-")?;
    let (packer, copy) = (directory.path().join("packer"), directory.path().join("copy"));
    symlink(karat.canonicalize()?, &packer)?;
    // The suites compile plugins, for which they change files.
    let copied = Command::new("cp").arg("-r").arg(path).arg(&copy).status()?;
    if !copied.success() {
        return Err(format!("{path} cannot be copied").into());
    }
    println!("{:16} {:>7} {:>7} {:>8}", "suite", "passed", "failed", "skipped");
    let mut wrong = Vec::new();
    for Suite { name, must_pass } in SUITES {
        let mut go = Command::new("go");
        go.args(["test", "-json", "-count=1", "-timeout=30m"]).arg(format!("./packer_test/{name}"));
        go.current_dir(&copy).env("PACKER_CUSTOM_PATH", &packer).stderr(Stdio::inherit());
        if *must_pass {
            // One of them is only for machines of the project. It needs no network.
            go.env("PACKER_ACC", "1");
        }
        let output = go.output().map_err(|error| format!("go: {error}"))?;
        let tally = count(&String::from_utf8_lossy(&output.stdout));
        let Tally { passed, skipped, failed } = &tally;
        println!("{name:16} {passed:>7} {:>7} {skipped:>8}", failed.len());
        if *must_pass && (!failed.is_empty() || *skipped > 0 || *passed == 0) {
            failed.iter().for_each(|name| println!("    {name}"));
            wrong.push(*name);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("not whole: {}", wrong.join(", ")).into()) }
}

/// Counts what `go test -json` tells.
fn count(events: &str) -> Tally {
    let mut ends: BTreeMap<String, String> = BTreeMap::new();
    for line in events.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        if let (Some(test), Some(action @ ("pass" | "fail" | "skip"))) =
            (event["Test"].as_str(), event["Action"].as_str())
        {
            ends.insert(test.to_owned(), action.to_owned());
        }
    }
    let mut tally = Tally::default();
    for (name, end) in &ends {
        if ends.keys().any(|other| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))) {
            continue;
        }
        match end.as_str() {
            "pass" => tally.passed += 1,
            "skip" => tally.skipped += 1,
            _ => tally.failed.push(name.clone()),
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_without_tests_are_counted() {
        let events = r#"{"Action":"run","Test":"T"}
{"Action":"pass","Test":"T/a"}
{"Action":"fail","Test":"T/b"}
{"Action":"output","Test":"T/b","Output":"x"}
{"Action":"skip","Test":"U"}
{"Action":"fail","Test":"T"}
{"Action":"fail"}
"#;
        assert_eq!(count(events), Tally { passed: 1, skipped: 1, failed: vec!["T/b".into()] });
    }
}
