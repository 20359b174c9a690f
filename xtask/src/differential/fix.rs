//! `karat_migrate::fix` against `packer fix -validate=false`: the same bytes, and the same templates refused.

mod template;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use tempfile::TempDir;

use super::oracle::Oracle;
use super::random::Random;
use super::spread::spread;
use super::tally::Tally;
use crate::{Result, option};

/// How many templates are made up.
const GENERATED: usize = 400;

const CRASHES: &str = "Packer crashes";

/// Packer replaces `\u003c` in the text that it has written, even if it is the end of `\\u003c`.
const UNESCAPED: &str = "fix: text that says \\u003c or \\u003e";

/// Packer reads one JSON value and does not look further.
const TRAILING: &str = "fix: text behind the template";

/// `differential fix [--inputs N] [--seed N] [--corpus DIR]`: our own templates, made-up ones, and the legacy JSON
/// templates anywhere in DIR.
pub(super) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let (inputs, rest) = option(arguments, "--inputs")?;
    let (seed, rest) = option(&rest, "--seed")?;
    let (corpus, rest) = option(&rest, "--corpus")?;
    if !rest.is_empty() {
        return Err(format!("differential fix does not know {rest:?}").into());
    }
    let packer = match Oracle::packer() {
        Ok(packer) => packer,
        Err(absent) => {
            println!("left out: {absent}");
            return Ok(());
        }
    };
    let mut failed = Vec::new();
    failed.extend(compare(&packer, "our own templates", &own(root)?).err());
    let inputs = inputs.map_or(Ok(GENERATED), str::parse)?;
    let random = &mut Random::new(seed.map_or(Ok(1), str::parse)?);
    let made_up: Vec<String> = (0..inputs).map(|_| template::generate(random)).collect();
    failed.extend(compare(&packer, "made-up templates", &made_up).err());
    if let Some(directory) = corpus {
        let mut found = Vec::new();
        gather(Path::new(directory), &mut found)?;
        failed.extend(compare(&packer, "templates of others", &found).err());
    }
    failed.into_iter().next().map_or(Ok(()), Err)
}

/// The first parts of the pairs that the tests of `karat-migrate` have.
fn own(root: &Path) -> Result<Vec<String>> {
    let files = fs::read_dir(root.join("crates/karat-migrate/tests/fix"))?;
    let template = |file: std::io::Result<fs::DirEntry>| -> Result<String> {
        let pair = fs::read_to_string(file?.path())?;
        Ok(pair.split("----\n").next().unwrap_or_default().to_owned())
    };
    files.map(template).collect()
}

/// The JSON files below a directory that have builders. Links are not followed.
fn gather(directory: &Path, found: &mut Vec<String>) -> Result<()> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    paths.sort();
    for path in paths {
        let kind = fs::symlink_metadata(&path)?.file_type();
        let name = path.to_string_lossy();
        if kind.is_dir() {
            gather(&path, found)?;
        } else if kind.is_file() && name.ends_with(".json") && !name.ends_with(".pkr.json") {
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            if text.contains("\"builders\"") {
                found.push(text);
            }
        }
    }
    Ok(())
}

#[derive(PartialEq)]
enum Answer {
    Writes(String),
    Refuses(String),
    Crashes,
}

fn compare(packer: &Oracle, what: &str, texts: &[String]) -> Result<()> {
    let answers = spread(texts, 20, |texts| texts.iter().map(|text| theirs(packer, text)).collect())?;
    let mut tally = Tally::default();
    for (text, theirs) in texts.iter().zip(answers) {
        let ours = ours(text);
        match (&ours, &theirs) {
            (_, Answer::Crashes) => tally.explained(CRASHES),
            (Answer::Writes(ours), Answer::Writes(theirs)) if ours == theirs => tally.same(),
            (Answer::Refuses(_), Answer::Refuses(_)) => tally.same(),
            (Answer::Writes(ours), Answer::Writes(theirs)) if unescaped(ours) == *theirs => {
                tally.explained(UNESCAPED);
            }
            (Answer::Refuses(why), Answer::Writes(_))
                if why.contains("follows the end of the JSON value") =>
            {
                tally.explained(TRAILING);
            }
            _ => tally.unexplained(format!(
                "--- input\n{text}\n--- Karat {}\n--- {} {}",
                shown(&ours),
                packer.name,
                shown(&theirs)
            )),
        }
    }
    tally.finish(&format!("{}, {what}", packer.name))
}

fn ours(text: &str) -> Answer {
    let mut sources = SourceMap::new();
    let file = sources.add("text", text);
    let mut diagnostics = Diagnostics::new();
    match karat_migrate::fix::fix(file, text, true, &mut diagnostics) {
        // Packer's line end, and that of the template.
        Some(fixed) => Answer::Writes(format!("{}\n\n", fixed.template)),
        None => Answer::Refuses(diagnostics.iter().map(|problem| problem.title.clone()).collect()),
    }
}

fn theirs(packer: &Oracle, text: &str) -> Result<Answer> {
    let directory = TempDir::with_prefix("karat-differential-")?;
    fs::write(directory.path().join("t.json"), text)?;
    let mut command: Command = packer.command(directory.path());
    let output = command.args(["fix", "-validate=false", "t.json"]).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(match output.status.code() {
        Some(0) => Answer::Writes(said),
        Some(1) if said.starts_with("Error ") => Answer::Refuses(said),
        Some(_) if said.contains("PACKER CRASH") => Answer::Crashes,
        code => return Err(format!("packer fix ends with {code:?}: {said}").into()),
    })
}

fn unescaped(text: &str) -> String {
    text.replace("\\u003c", "<").replace("\\u003e", ">")
}

fn shown(answer: &Answer) -> &str {
    match answer {
        Answer::Writes(text) | Answer::Refuses(text) => text,
        Answer::Crashes => "crashes",
    }
}
