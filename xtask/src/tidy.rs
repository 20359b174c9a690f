//! Rules about rooms and sources that the compiler cannot check. `ARCHITECTURE.md` is the truth about the rooms.

mod layers;
mod sources;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Result;
use sources::Source;

/// Something that breaks a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    place: String,
    problem: String,
}

impl Finding {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

pub(crate) fn run(root: &Path) -> Result<()> {
    let metadata = cargo_metadata(root)?;
    let table = layers::read_table(&std::fs::read_to_string(root.join("ARCHITECTURE.md"))?)?;
    let packages = layers::read_packages(&metadata)?;
    let sources = tracked_sources(root)?;
    let targets = [targets(root, &metadata), targets(root, &own_package(&root.join("fuzz"))?)].concat();
    let findings = [
        layers::rooms(&table, &packages),
        layers::dependencies(&table, &packages),
        layers::tokio(&table, &packages),
        layers::database(&packages),
        sources::printing(&sources),
        sources::state_directory(&sources),
        sources::long_files(&sources),
        sources::ignored_tests(&sources),
        sources::unreachable(&sources, &targets),
    ]
    .concat();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} rooms, {} files, {} findings", table.len(), sources.len(), findings.len());
    if findings.is_empty() { Ok(()) } else { Err("tidy: the rules above are broken".into()) }
}

/// `cargo metadata` with the resolved graph.
pub(crate) fn cargo_metadata(root: &Path) -> Result<Value> {
    metadata(root, &["--locked"])
}

/// `cargo metadata` of a package that is no member of the workspace, without its dependencies.
fn own_package(directory: &Path) -> Result<Value> {
    metadata(directory, &["--no-deps"])
}

fn metadata(directory: &Path, options: &[&str]) -> Result<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1"])
        .args(options)
        .current_dir(directory)
        .output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The Rust files that git knows, below `root`.
fn tracked_sources(root: &Path) -> Result<Vec<Source>> {
    let output = Command::new("git").args(["ls-files", "-z", "--", "*.rs"]).current_dir(root).output()?;
    if !output.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let names = String::from_utf8(output.stdout)?;
    let names = names.split_terminator('\0').map(PathBuf::from).filter(|path| root.join(path).exists());
    names.map(|path| Ok(Source { text: std::fs::read_to_string(root.join(&path))?, path })).collect()
}

/// The files that cargo starts from, relative to `root`.
fn targets(root: &Path, metadata: &Value) -> Vec<PathBuf> {
    let members = metadata["workspace_members"].as_array().into_iter().flatten();
    let members: Vec<&Value> = members.collect();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter(|package| members.contains(&&package["id"]))
        .flat_map(|package| package["targets"].as_array().into_iter().flatten())
        .filter_map(|target| target["src_path"].as_str())
        .filter_map(|path| Path::new(path).strip_prefix(root).ok().map(Path::to_owned))
        .collect()
}
