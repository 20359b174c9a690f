//! Karat against Packer on this machine, in one run: the same template, guest and server for both.
//! It measures and reports ratios against the project's targets; it never fails because of a number.

mod cases;
mod delay;
mod measurement;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, option, target_directory};
use cases::{Case, Tools};
pub(crate) use measurement::measure;

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let (packer, rest) = option(arguments, "--packer")?;
    let (karat, rest) = option(&rest, "--karat")?;
    let (only, rest) = option(&rest, "--only")?;
    let (runs, rest) = option(&rest, "--runs")?;
    let (json, rest) = option(&rest, "--json")?;
    if !rest.is_empty() {
        return Err(format!("bench does not know {rest:?}").into());
    }
    let runs = runs.map_or(Ok(3), str::parse)?;
    let packer =
        packer.map(str::to_owned).or_else(|| std::env::var("PACKER_BIN").ok()).unwrap_or("packer".into());
    let karat = match karat {
        Some(path) => PathBuf::from(path),
        None => build_release(root)?,
    };
    let tools = Tools { karat: karat.canonicalize()?, packer: PathBuf::from(packer), root: root.to_owned() };
    eprintln!("bench: {} against {}", tools.karat.display(), packer_version(&tools.packer)?);

    let chosen: Vec<Case> =
        Case::ALL.into_iter().filter(|case| only.is_none_or(|only| case.name() == only)).collect();
    if chosen.is_empty() {
        let names = Case::ALL.map(Case::name).join(", ");
        return Err(format!("there is no case {}: {names}", only.unwrap_or_default()).into());
    }
    let mut lines = vec![];
    for case in chosen {
        eprintln!("bench: {}", case.name());
        match case.run(&tools, runs) {
            Ok(measured) => lines.extend(measured),
            // The other cases still say something.
            Err(error) => eprintln!("bench: {}: {error}", case.name()),
        }
    }
    print!("{}", table::text(&lines));
    if let Some(file) = json {
        std::fs::write(file, table::json(&lines))?;
    }
    Ok(())
}

fn build_release(root: &Path) -> Result<PathBuf> {
    let built =
        Command::new(env!("CARGO")).args(["build", "--release", "-p", "karat"]).current_dir(root).status()?;
    if !built.success() {
        return Err("karat does not build".into());
    }
    Ok(target_directory()?.join("release/karat"))
}

fn packer_version(packer: &Path) -> Result<String> {
    let output =
        Command::new(packer).arg("version").env("CHECKPOINT_DISABLE", "1").output().map_err(|error| {
            format!("{}: {error}; name a Packer with --packer or PACKER_BIN", packer.display())
        })?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(format!("{} ({})", packer.display(), text.lines().next().unwrap_or_default()))
}
