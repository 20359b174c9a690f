//! Command lines: what Packer 1.16 and Karat under `--strict` say, return and write for the same ones.
//!
//! Each line of `xtask/commands/*.txt` runs twice, in sandboxes of its own: once with the real `packer`, once with a
//! Karat of that name. Outputs, exit codes and the files that were made are compared.

mod answer;
mod case;
mod diagnostics;
mod explained;
mod mask;
mod summary;

use std::path::{Path, PathBuf};
use std::process::Command;

use answer::{Answer, Program};
use case::Case;
use explained::Comparison;
use tempfile::TempDir;

use super::oracle::Oracle;
use super::spread::spread;
use super::tally::Tally;
use crate::{Result, build_karat, option};

/// `differential commands [--karat PATH] [--about TEXT] [--cases DIR]`: of the cases, those whose group, title or line
/// has a text. DIR has cases of somebody else's.
pub(super) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let (karat, rest) = option(arguments, "--karat")?;
    let (about, rest) = option(&rest, "--about")?;
    let (directory, rest) = option(&rest, "--cases")?;
    if !rest.is_empty() {
        return Err(format!("differential commands does not know {rest:?}").into());
    }
    let cases = case::read(&directory.map_or_else(|| root.join("xtask/commands"), PathBuf::from))?;
    let packer = match Oracle::packer() {
        Ok(packer) => packer,
        Err(absent) => {
            println!("left out: {absent}");
            return Ok(());
        }
    };
    let karat = karat.map_or_else(|| build_karat(root), |path| Ok(PathBuf::from(path)))?;
    let (theirs, ours) = (Program::new(&packer.program()?)?, Program::new(&karat)?);
    let lines: Vec<(&Case, &str)> = cases
        .iter()
        .flat_map(|case| case.lines.iter().map(move |line| (case, line.as_str())))
        .filter(|(case, line)| about.is_none_or(|about| is_about(case, line, about)))
        .collect();
    let answers = spread(&lines, 1, |lines| {
        let answers = |(case, line): &(&Case, &str)| -> Result<(Answer, Answer)> {
            Ok((theirs.answer(&case.files, line)?, ours.answer(&case.files, line)?))
        };
        lines.iter().map(answers).collect()
    })?;
    let mut tally = Tally::showing(usize::MAX);
    for ((case, line), (theirs, ours)) in lines.iter().zip(&answers) {
        if theirs == ours {
            tally.same();
            continue;
        }
        match (Comparison { line, theirs, ours }).reason() {
            Some(reason) => tally.explained(reason),
            None => tally.unexplained(format!(
                "{}, {}: {line}\n{}",
                case.group,
                case.title,
                difference(theirs, ours)?
            )),
        }
    }
    println!("{} templates and other sets of files", cases.len());
    tally.finish(&packer.name)
}

fn is_about(case: &Case, line: &str, text: &str) -> bool {
    [&case.group, &case.title, line].iter().any(|part| part.contains(text))
}

/// What differs, line by line.
fn difference(theirs: &Answer, ours: &Answer) -> Result<String> {
    let directory = TempDir::with_prefix("karat-commands-")?;
    for (name, answer) in [("packer", theirs), ("karat", ours)] {
        std::fs::write(directory.path().join(name), shown(answer))?;
    }
    let output =
        Command::new("diff").args(["-U2", "packer", "karat"]).current_dir(directory.path()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().skip(2).fold(String::new(), |text, line| text + line + "\n"))
}

fn shown(Answer { code, stdout, stderr, files }: &Answer) -> String {
    let code = code.map_or("none".to_owned(), |code| code.to_string());
    let files: String = files.iter().map(|(name, file)| format!("--- {name} {file}\n")).collect();
    format!("exit code {code}\n--- stdout\n{stdout}--- stderr\n{stderr}{files}").replace('\u{1b}', "␛")
}
