//! Expressions in Terraform's console, which also says the types of unknown values.

use std::io::Write;
use std::process::Stdio;

use super::super::spread::spread;
use super::case::{ERROR, Outcome, UNKNOWN, VARIABLES};
use crate::Result;
use crate::differential::oracle::Oracle;

/// How many expressions one process gets.
const BATCH: usize = 300;

/// Terraform's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// What became of the expression.
    pub(super) outcome: Outcome,
    /// The type, without blanks, if there is one.
    pub(super) ty: Option<String>,
}

/// Asks about all of them, several processes at once. They must be readable.
pub(super) fn ask(terraform: &Oracle, texts: &[String]) -> Result<Vec<Answer>> {
    spread(texts, BATCH, |batch| answers(terraform, batch))
}

fn answers(terraform: &Oracle, batch: &[String]) -> Result<Vec<Answer>> {
    let value = |text: &String| format!("try(base64encode(jsonencode(\n{text}\n)), \"{ERROR}\")");
    let Some(values) = console(terraform, &batch.iter().map(value).collect::<Vec<_>>(), false)? else {
        if let [_] = batch {
            return Ok(vec![Answer { outcome: Outcome::Crash, ty: None }]);
        }
        let (first, second) = batch.split_at(batch.len() / 2);
        let mut found = answers(terraform, first)?;
        found.extend(answers(terraform, second)?);
        return Ok(found);
    };
    let outcomes: Vec<Outcome> = values.iter().map(|shown| outcome(shown)).collect();
    // A call of `try` would forget the types of unknown values, so only what has one is asked for it.
    let can: Vec<String> = batch.iter().map(|text| format!("can(\n{text}\n)")).collect();
    let can = console(terraform, &can, false)?.unwrap_or_default();
    let typed: Vec<bool> = can.iter().map(|shown| shown != "false").collect();
    let asked: Vec<String> = batch
        .iter()
        .zip(&typed)
        .filter(|(_, typed)| **typed)
        .map(|(text, _)| format!("(\n{text}\n)"))
        .collect();
    let mut types = console(terraform, &asked, true)?.unwrap_or_default().into_iter();
    let mut answers = Vec::new();
    for (at, outcome) in outcomes.into_iter().enumerate() {
        let ty = if typed.get(at) == Some(&true) { types.next() } else { None };
        answers.push(Answer { outcome, ty });
    }
    Ok(answers)
}

fn outcome(shown: &str) -> Outcome {
    match shown {
        "(knownafterapply)" => Outcome::Unknown,
        "(sensitivevalue)" => Outcome::Sensitive,
        shown => match serde_json::from_str::<String>(shown) {
            Ok(text) if text == ERROR => Outcome::Error,
            // Beyond ASCII and templates the console does not show what the text is.
            Ok(base64) => decoded(&base64).map_or(Outcome::Crash, Outcome::Value),
            Err(_) => Outcome::Crash,
        },
    }
}

/// The elements of a tuple of these expressions as the console shows them, or their types.
fn console(terraform: &Oracle, texts: &[String], types: bool) -> Result<Option<Vec<String>>> {
    if texts.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let directory = tempfile::tempdir()?;
    let mut module = String::new();
    for (name, ty, default) in VARIABLES {
        module += &format!("variable \"{name}\" {{\n  type = {ty}\n  default = {default}\n}}\n");
    }
    for (name, ty) in UNKNOWN {
        module += &format!("variable \"u_{name}\" {{\n  type = {ty}\n}}\n");
    }
    module += &format!("locals {{\n  all = [\n{}\n]\n}}\n", texts.join(",\n"));
    std::fs::write(directory.path().join("main.tf"), module)?;
    let mut command = terraform.command(directory.path());
    command.args(["console", "-no-color"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(if types { b"type(local.all)\n" } else { b"local.all\n" })?;
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let found = elements(&text);
    Ok((output.status.success() && found.len() == texts.len()).then_some(found))
}

/// What stands in the outermost brackets, one text for each element, blanks outside of strings taken away.
fn elements(shown: &str) -> Vec<String> {
    let mut elements = vec![];
    let mut element = String::new();
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let Some((_, inside)) = shown.split_once('[') else { return elements };
    for c in inside.chars() {
        if quoted {
            element.push(c);
            quoted = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            ',' if depth == 0 => elements.push(std::mem::take(&mut element)),
            ']' if depth == 0 => break,
            _ if c.is_whitespace() => {}
            _ => {
                quoted = c == '"';
                depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
                element.push(c);
            }
        }
    }
    let plain = |text: String| text.replace(",)", ")").replace(",]", "]").replace(",}", "}");
    elements.into_iter().map(|text| if text.starts_with('"') { text } else { plain(text) }).collect()
}

fn decoded(base64: &str) -> Option<String> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut width) = (0, 0);
    for c in base64.trim_end_matches('=').chars() {
        bits = (bits << 6 | DIGITS.find(c)?) & 0xffff;
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push(u8::try_from(bits >> width & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}
