//! Developer commands: `cargo xtask tidy|parity|results|bench|blackbox|corpus|upgrade|differential`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a developer's command talks to its developer")]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

mod bench;
mod blackbox;
mod corpus;
mod differential;
mod parity;
mod results;
mod tidy;
mod upgrade;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
cargo xtask tidy                                   rules about rooms and sources that the compiler cannot check
cargo xtask parity --results FILE [--check]        writes COMPATIBILITY.md from a test run; --check only compares
cargo xtask results FILE                           sums a test run up in one line; fails if a test failed
cargo xtask bench [--packer PATH] [--karat PATH] [--only CASE] [--runs N] [--json FILE]
                                                   Karat against Packer on this machine (Packer: $PACKER_BIN, else PATH)
cargo xtask blackbox DIR [--karat PATH]            Packer's own black-box suites; DIR is a copy of its repository (needs go)
cargo xtask corpus DIR [--karat PATH]              real templates: parse, layout, Packer's verdict ($PACKER, else PATH) on those
                                                   of corpus.txt that were gathered in DIR
cargo xtask upgrade DIR [--karat PATH]             hcl2_upgrade of every legacy JSON template below DIR: does inspect of the
                                                   result say what the template says?
cargo xtask differential commands [--karat PATH] [--about TEXT] [--cases DIR]
                                                   what Packer and Karat under --strict do with the command lines of DIR,
                                                   else xtask/commands ($PACKER, else PATH)
cargo xtask differential expressions [--share N] [--category NAME]
                                                   what Karat, Packer and Terraform say about thousands of expressions
cargo xtask differential upgrade [--karat PATH]    hcl2_upgrade under --strict beside Packer's, for the templates of upgrade.txt
cargo xtask differential fix [--inputs N] [--seed N] [--corpus DIR]
                                                   what becomes of old templates, byte for byte, and of the JSON
                                                   templates in DIR ($PACKER, else PATH)
cargo xtask differential fmt [--inputs N] [--seed N]
                                                   Karat's formatter against Packer's and Terraform's ($PACKER, $TERRAFORM,
                                                   else PATH), where they are present
cargo xtask differential templates [--inputs N] [--seed N]
                                                   what Go ($GO, else PATH) makes of thousands of Go templates";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["tidy"] => tidy::run(root()),
        ["parity", rest @ ..] => parity::run(root(), rest),
        ["results", file] => results::run(Path::new(file)),
        ["bench", rest @ ..] => bench::run(root(), rest),
        ["blackbox", rest @ ..] => blackbox::run(root(), rest),
        ["corpus", rest @ ..] => corpus::run(root(), rest),
        ["upgrade", rest @ ..] => upgrade::run(root(), rest),
        ["differential", rest @ ..] => differential::run(root(), rest),
        ["measure", report, command @ ..] => bench::measure(Path::new(report), command),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The top of the checkout.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The value after `name` among `arguments`, and the arguments without both.
fn option<'a>(arguments: &[&'a str], name: &str) -> Result<(Option<&'a str>, Vec<&'a str>)> {
    let mut rest = arguments.to_vec();
    let Some(at) = rest.iter().position(|argument| *argument == name) else { return Ok((None, rest)) };
    rest.remove(at);
    if at == rest.len() {
        return Err(format!("{name} needs a value").into());
    }
    Ok((Some(rest.remove(at)), rest))
}

/// Builds Karat, and says where it is.
fn build_karat(root: &Path) -> Result<PathBuf> {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    if !cargo.args(["build", "--quiet", "-p", "karat"]).current_dir(root).status()?.success() {
        return Err("karat does not build".into());
    }
    Ok(target_directory()?.join("debug/karat"))
}

/// Where cargo puts what it builds.
fn target_directory() -> Result<PathBuf> {
    let metadata = tidy::cargo_metadata(root())?;
    Ok(PathBuf::from(
        metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?,
    ))
}
