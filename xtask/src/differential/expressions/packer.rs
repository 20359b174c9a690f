//! Expressions in Packer: a template whose locals are the expressions, shown by `packer inspect`.

use std::path::Path;

use super::super::spread::spread;
use super::case::{ERROR, Outcome, VARIABLES};
use crate::Result;
use crate::differential::oracle::Oracle;

/// How many expressions one process gets.
const BATCH: usize = 150;

/// What to ask about one expression.
pub(super) struct Question {
    /// The expression.
    pub(super) text: String,
    /// Its type as we see it, to be confirmed.
    pub(super) ty: Option<String>,
}

/// Packer's answer.
pub(super) struct Answer {
    /// What became of the expression.
    pub(super) outcome: Outcome,
    /// Whether the type is the one that was asked about.
    pub(super) confirmed: Option<bool>,
}

/// Asks about all of them, several processes at once.
pub(super) fn ask(packer: &Oracle, questions: &[Question]) -> Result<Vec<Answer>> {
    let readable = spread(questions, 400, |batch| readable(packer, batch))?;
    let asked: Vec<&Question> = questions
        .iter()
        .zip(&readable)
        .filter(|(_, readable)| **readable)
        .map(|(question, _)| question)
        .collect();
    let mut answers = spread(&asked, BATCH, |batch| evaluate(packer, batch))?.into_iter();
    let answer = |readable: &bool| {
        let unreadable = Answer { outcome: Outcome::Unreadable, confirmed: None };
        if *readable { answers.next().unwrap_or(unreadable) } else { unreadable }
    };
    Ok(readable.iter().map(answer).collect())
}

fn command(packer: &Oracle, arguments: &[&str], directory: &Path) -> Result<std::process::Output> {
    let mut command = packer.command(directory);
    command.args(arguments).arg(directory).env("PACKER_NO_COLOR", "1").env("GOMAXPROCS", "2");
    Ok(command.output()?)
}

/// Which expressions can be read: each in a file of its own, the files with complaints counted out.
fn readable(packer: &Oracle, batch: &[Question]) -> Result<Vec<bool>> {
    let directory = tempfile::tempdir()?;
    for (at, question) in batch.iter().enumerate() {
        let text = format!("locals {{\n  x{at} = (\n{}\n)\n}}\n", question.text);
        std::fs::write(directory.path().join(format!("e{at}.pkr.hcl")), text)?;
    }
    let output = command(packer, &["validate", "-syntax-only"], directory.path())?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let complaint = |at: usize| text.contains(&format!("/e{at}.pkr.hcl"));
    Ok((0..batch.len()).map(|at| !complaint(at)).collect())
}

fn evaluate(packer: &Oracle, batch: &[&Question]) -> Result<Vec<Answer>> {
    let directory = tempfile::tempdir()?;
    let mut template = String::new();
    for (name, ty, default) in VARIABLES {
        template += &format!("variable \"{name}\" {{\n  type = {ty}\n  default = {default}\n}}\n");
    }
    template += "locals {\n";
    for (at, Question { text, ty }) in batch.iter().enumerate() {
        template += &format!("v{at} = try(jsonencode(\n{text}\n), \"{ERROR}\")\n");
        if let Some(ty) = ty {
            template += &format!(
                "t{at} = try(jsonencode([\n{text}\n] == [convert(\n{text}\n, {ty})]), \"{ERROR}\")\n"
            );
        }
    }
    template += "}\n";
    std::fs::write(directory.path().join("t.pkr.hcl"), &template)?;
    let output = command(packer, &["inspect"], directory.path())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let found = |name: String| {
        text.lines().find_map(|line| line.strip_prefix(&format!("local.{name}: "))).map(unquoted)
    };
    if found("v0".to_owned()).is_none() {
        if let [_] = batch {
            return Ok(vec![Answer { outcome: Outcome::Crash, confirmed: None }]);
        }
        // Halves, until the one that kills it is alone.
        let (first, second) = batch.split_at(batch.len() / 2);
        let mut answers = evaluate(packer, first)?;
        answers.extend(evaluate(packer, second)?);
        return Ok(answers);
    }
    let answer = |at: usize| {
        let outcome = match found(format!("v{at}")).as_deref() {
            None => Outcome::Crash,
            Some("<unknown>") => Outcome::Unknown,
            Some(ERROR) => Outcome::Error,
            Some(json) => Outcome::Value(json.to_owned()),
        };
        let confirmed = found(format!("t{at}")).map(|answer| answer == "[true]" || answer == "true");
        Answer { outcome, confirmed }
    };
    Ok((0..batch.len()).map(answer).collect())
}

/// The text that `inspect` shows in quotes.
fn unquoted(shown: &str) -> String {
    let shown = shown.trim_end().trim_start_matches('"').strip_suffix('"').unwrap_or(shown);
    let mut text = String::new();
    let mut rest = shown.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('x') => text.push(code(&mut rest, 2)),
            Some('u') => text.push(code(&mut rest, 4)),
            Some('U') => text.push(code(&mut rest, 8)),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some(c) => text.push(c),
            None => {}
        }
    }
    text
}

fn code(rest: &mut std::str::Chars<'_>, digits: usize) -> char {
    let hex: String = rest.take(digits).collect();
    u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}
