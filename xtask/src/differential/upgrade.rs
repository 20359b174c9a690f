//! `hcl2_upgrade` under `--strict` beside Packer's: two results are the same if they differ in nothing but the order of
//! options, comments and layout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use karat_hcl::token::TokenKind;
use karat_hcl::tree::{Attribute, Body};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::{FileId, SourceMap};
use tempfile::TempDir;

use super::oracle::Oracle;
use super::tally::Tally;
use crate::{Result, option, target_directory};

/// The key of a template whose result differs, with the reason. For Packer it is a comment.
const EXPLAINED: &str = "_explained";

/// `differential upgrade [--karat PATH]`: the templates of `upgrade.txt`, one a line, and those of Karat's own tests.
pub(super) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let (karat, rest) = option(arguments, "--karat")?;
    if !rest.is_empty() {
        return Err(format!("differential upgrade does not know {rest:?}").into());
    }
    let karat = match karat {
        Some(path) => PathBuf::from(path).canonicalize()?,
        None => target_directory()?.join("debug/karat"),
    };
    let packer = match Oracle::packer() {
        Ok(packer) => packer,
        Err(absent) => {
            println!("left out: {absent}");
            return Ok(());
        }
    };
    let mut tally = Tally::showing(usize::MAX);
    for template in fs::read_to_string(root.join("xtask/upgrade.txt"))?.lines() {
        let theirs = answer(&mut packer.command(Path::new(".")), template)?;
        let mut ours = Command::new(&karat);
        let ours = answer(ours.arg("--strict"), template)?;
        let explained =
            serde_json::from_str::<serde_json::Value>(template)?[EXPLAINED].as_str().map(str::to_owned);
        match (theirs == ours, explained) {
            (true, None) => tally.same(),
            (false, Some(reason)) => tally.explained(reason),
            (true, Some(_)) => tally.unexplained(format!("{template}\nis the same by now")),
            (false, None) => tally.unexplained(format!(
                "{template}\n--- packer: {}\n{}\n--- karat: {}\n{}",
                theirs.said, theirs.result, ours.said, ours.result
            )),
        }
    }
    tally.finish(&packer.name)
}

/// What a program made of a template.
#[derive(PartialEq)]
struct Answer {
    code: Option<i32>,
    said: String,
    /// The HCL2, in an order and layout of its own.
    result: String,
}

fn answer(program: &mut Command, template: &str) -> Result<Answer> {
    let room = TempDir::with_prefix("karat-upgrade-")?;
    fs::write(room.path().join("t.json"), template)?;
    let output = program.args(["hcl2_upgrade", "t.json"]).current_dir(room.path()).output()?;
    let text = fs::read_to_string(room.path().join("t.json.pkr.hcl"))?;
    Ok(Answer {
        code: output.status.code(),
        said: String::from_utf8(output.stdout)?,
        result: canonical(&text),
    })
}

/// A text without comments and layout, options in the order of their names, blocks in that of their kinds and labels.
/// What cannot be read stays as it is.
fn canonical(text: &str) -> String {
    let mut problems = Diagnostics::new();
    let body = karat_hcl::parse(file(), text, &mut problems);
    if problems.has_errors() {
        return format!("cannot be read:\n{text}");
    }
    let mut lines = String::new();
    write(&body, text, 0, &mut lines);
    lines
}

fn file() -> FileId {
    SourceMap::new().add("t.pkr.hcl", "")
}

fn write(body: &Body, text: &str, depth: usize, lines: &mut String) {
    let indent = "  ".repeat(depth);
    let mut attributes: Vec<&Attribute> = body.attributes.iter().collect();
    attributes.sort_by_key(|attribute| &attribute.name.name);
    for attribute in attributes {
        let value = expression(&text[attribute.expr.span.range()]);
        lines.push_str(&format!("{indent}{} = {value}\n", attribute.name.name));
    }
    let mut blocks: Vec<_> = body.blocks.iter().collect();
    match depth {
        0 => blocks.sort_by_key(|block| block.title()),
        _ => blocks.sort_by_key(|block| block.kind.name.clone()),
    }
    for block in blocks {
        lines.push_str(&format!("{indent}{}\n", block.title()));
        write(&block.body, text, depth + 1, lines);
    }
}

/// An expression without layout: its tokens, without the comma behind the last element of a list.
fn expression(text: &str) -> String {
    let tokens = karat_hcl::lex(text);
    let layout = [TokenKind::Newline, TokenKind::Comment, TokenKind::End];
    let tokens: Vec<_> = tokens.iter().filter(|token| !layout.contains(&token.kind)).collect();
    let mut words = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map(|token| token.kind);
        if token.kind != TokenKind::Comma || next != Some(TokenKind::CloseBracket) {
            words.push(&text[token.start as usize..token.end as usize]);
        }
    }
    words.join(" ")
}
