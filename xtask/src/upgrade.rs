//! Legacy JSON templates and what `hcl2_upgrade` makes of them: does `inspect` of the result say what the template says?
//!
//! Compared is what both languages can say: variables with their defaults, whether they are sensitive, builders, provisioners
//! and post-processors in order. What a default comes to is rendered here, by the template language, not by HCL2.

mod expected;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use karat_template::legacy::Document;
use tempfile::TempDir;

use crate::{Result, option, target_directory};

/// How many of a hundred must be equal.
const ENOUGH: usize = 95;

/// `upgrade DIR [--karat PATH]`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let (karat, rest) = option(arguments, "--karat")?;
    let [directory] = rest.as_slice() else {
        return Err("upgrade needs a directory with legacy JSON templates somewhere in it".into());
    };
    let karat = match karat {
        Some(path) => PathBuf::from(path).canonicalize()?,
        None => build(root)?,
    };
    let mut files = Vec::new();
    find(Path::new(directory), &mut files)?;
    let (mut templates, mut equal, mut texts, mut values) = (0, 0, 0, 0);
    for file in &files {
        let text = fs::read_to_string(file)?;
        let shown = file.strip_prefix(directory).unwrap_or(file).display();
        let Some(document) = read(&text) else {
            println!("{shown}: is no template, for Packer either");
            continue;
        };
        templates += 1;
        let expected = expected::of(&document);
        match inspected(&karat, file)? {
            Err(said) => println!("{shown}: {said}"),
            Ok(said) => {
                let missing = expected.missing(&said);
                missing.iter().for_each(|line| println!("{shown}: {line}"));
                equal += usize::from(missing.is_empty());
                texts += expected.names;
                values += expected.values;
            }
        }
    }
    println!(
        "{} files with builders, {templates} templates, {equal} equal; {texts} variables, {values} of them by value",
        files.len()
    );
    if templates == 0 || equal * 100 < templates * ENOUGH {
        return Err(format!("fewer than {ENOUGH} % are equal").into());
    }
    Ok(())
}

fn build(root: &Path) -> Result<PathBuf> {
    let built = Command::new(env!("CARGO")).args(["build", "-p", "karat"]).current_dir(root).status()?;
    if !built.success() {
        return Err("karat does not build".into());
    }
    Ok(target_directory()?.join("debug/karat"))
}

/// The JSON files below a directory that may be templates.
fn find(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            find(&path, files)?;
        } else if kind.is_file() && is_legacy(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a file is JSON that names builders, and not in HCL2's JSON syntax.
fn is_legacy(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".json")
        && !name.ends_with(".pkr.json")
        && fs::read_to_string(path).is_ok_and(|text| text.contains("\"builders\""))
}

fn read(text: &str) -> Option<Document> {
    let mut sources = SourceMap::new();
    let file = sources.add("t.json", text);
    Document::read(file, text, &mut Diagnostics::new())
}

/// What `inspect` says about the result; or what went wrong on the way.
fn inspected(karat: &Path, file: &Path) -> Result<std::result::Result<String, String>> {
    let room = TempDir::with_prefix("karat-upgrade-")?;
    let result = room.path().join("t.pkr.hcl");
    let mut upgrade = quiet(karat, room.path());
    upgrade.arg("hcl2_upgrade").arg(format!("-output-file={}", result.display())).arg(file);
    let said = upgrade.output()?;
    if !result.is_file() {
        return Ok(Err(first_line(&said)));
    }
    let said = quiet(karat, room.path()).arg("inspect").arg(&result).output()?;
    Ok(if said.status.success() { Ok(String::from_utf8(said.stdout)?) } else { Err(first_line(&said)) })
}

/// The program, without anything in its environment.
fn quiet(karat: &Path, home: &Path) -> Command {
    let mut command = Command::new(karat);
    command.current_dir(home).env_clear().env("KARAT_STATE_DIR", home.join("state"));
    command
}

fn first_line(said: &Output) -> String {
    String::from_utf8_lossy(&said.stdout).lines().next().unwrap_or("nothing was said").to_owned()
}
