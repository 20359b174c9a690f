//! Karat on real templates, beside Packer where it is present. `corpus.txt` names the repositories; they are gathered
//! outside of this one.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use karat_hcl::tree::Body;
use karat_model::diagnostic::Diagnostics;
use karat_model::span::FileId;

use crate::differential::oracle::Oracle;
use crate::{Result, build_karat, option};

/// What template files and files of values end in.
const ENDINGS: [&str; 4] = [".pkr.hcl", ".pkrvars.hcl", ".pkr.json", ".pkrvars.json"];

/// What is looked at with one Karat and, where it is present, one Packer.
struct Tools {
    karat: PathBuf,
    packer: Option<Oracle>,
}

/// Something to check.
enum Case {
    /// A file in native syntax: its layout.
    Layout(PathBuf),
    /// A directory, and a file of it or all of them: whether it is a template.
    Verdict(PathBuf, String),
    /// A directory, and a legacy JSON template in it: whether it is one, and what is in it.
    Legacy(PathBuf, String),
}

/// What checks of one repository came to.
#[derive(Default)]
struct Tally {
    files: usize,
    verdicts: usize,
    legacy: usize,
    /// How many of them were no.
    refused: usize,
    differences: Vec<String>,
    /// What a full `validate` says about directories that are templates, by the code of the problem.
    problems: BTreeMap<String, usize>,
}

/// `corpus DIR [--karat PATH]`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let (karat, rest) = option(arguments, "--karat")?;
    let [directory] = rest.as_slice() else {
        return Err("corpus needs the directory that the repositories were gathered in".into());
    };
    let karat = match karat {
        Some(path) => PathBuf::from(path),
        None => build_karat(root)?,
    };
    let packer = Oracle::packer()
        .inspect_err(|error| println!("{error}; verdicts and layouts are not compared with it"))
        .ok();
    let tools = Tools { karat: karat.canonicalize()?, packer };
    let list = std::fs::read_to_string(root.join("xtask/corpus.txt"))?;
    let names = list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
    let (mut total, mut present, mut missing) = (Tally::default(), 0, Vec::new());
    println!(
        "{:48} {:>6} {:>9} {:>7} {:>8} {:>12}",
        "repository", "files", "templates", "legacy", "refused", "differences"
    );
    for (name, _commit) in names {
        let directory = Path::new(directory).join(name.replace('/', "+"));
        if !directory.is_dir() {
            missing.push(name);
            continue;
        }
        present += 1;
        let tally = check(&cases(&directory)?, &tools)?;
        println!("{name:48} {tally}");
        tally.differences.iter().for_each(|difference| println!("    {difference}"));
        total.add(tally);
    }
    println!("{:48} {total}", format!("{present} repositories"));
    if !missing.is_empty() {
        println!("not gathered: {}", missing.join(", "));
    }
    let problems: Vec<String> =
        total.problems.iter().map(|(code, count)| format!("{count} {code}")).collect();
    println!("without plugins and values, validate finds: {}", problems.join(", "));
    match (present, total.differences.len()) {
        (0, _) => Err("no repository of corpus.txt is there".into()),
        (_, 0) => Ok(()),
        (_, count) => Err(format!("{count} differences").into()),
    }
}

/// What there is to check below a directory.
fn cases(directory: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut templates = Vec::new();
    let mut entries = std::fs::read_dir(directory)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            cases.extend(self::cases(&path)?);
            continue;
        }
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if kind.is_file() && is_legacy(&path, name)? {
            cases.push(Case::Legacy(directory.to_owned(), name.to_owned()));
        }
        if !kind.is_file() || !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        if name.contains(".pkr.") {
            templates.push(name.to_owned());
        }
        if name.ends_with(".hcl") {
            cases.push(Case::Layout(path));
        }
    }
    if !templates.is_empty() {
        templates.push(".".to_owned());
    }
    cases.extend(templates.into_iter().map(|name| Case::Verdict(directory.to_owned(), name)));
    Ok(cases)
}

/// Whether a file is a legacy JSON template, or was meant to be one.
fn is_legacy(path: &Path, name: &str) -> Result<bool> {
    let is_json = name.ends_with(".json") && !ENDINGS.iter().any(|ending| name.ends_with(ending));
    let has_builders = |text: Vec<u8>| text.windows(10).any(|part| part == br#""builders""#);
    Ok(is_json && has_builders(std::fs::read(path)?))
}

/// Does the cases, as many at a time as there are processors.
fn check(cases: &[Case], tools: &Tools) -> Result<Tally> {
    let next = AtomicUsize::new(0);
    let work = || -> std::result::Result<Tally, String> {
        let mut tally = Tally::default();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let done = match case {
                Case::Layout(file) => check_layout(file, tools, &mut tally),
                Case::Verdict(directory, name) => check_verdict(directory, name, tools, &mut tally),
                Case::Legacy(directory, name) => check_legacy(directory, name, tools, &mut tally),
            };
            done.map_err(|error| error.to_string())?;
        }
        Ok(tally)
    };
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            total.add(worker.join().map_err(|_| "a worker panicked")??);
        }
        total.differences.sort();
        Ok(total)
    })
}

/// Laying a text out changes no meaning, is done after once, and gives what Packer gives.
fn check_layout(file: &Path, tools: &Tools, tally: &mut Tally) -> Result<()> {
    tally.files += 1;
    let text = String::from_utf8_lossy(&std::fs::read(file)?).into_owned();
    let Some(meaning) = meaning(&text) else { return Ok(()) };
    let formatted = karat_hcl::format(&text);
    let mut differ = |what: &str| tally.differences.push(format!("{}: {what}", file.display()));
    if self::meaning(&formatted).as_ref() != Some(&meaning) {
        differ("laid out, it means something else");
    }
    if karat_hcl::format(&formatted) != formatted {
        differ("laid out twice, it changes again");
    }
    if let Some(packer) = &tools.packer {
        let mut child = packer
            .command(Path::new("/"))
            .args(["fmt", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        // It reads all before it writes.
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(text.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            differ("Packer cannot read it, Karat can");
        } else if output.stdout != formatted.as_bytes() {
            differ("Packer lays it out otherwise");
        }
    }
    Ok(())
}

/// What a text says, wherever it says it. `None` if it cannot be read.
fn meaning(text: &str) -> Option<String> {
    let mut diagnostics = Diagnostics::new();
    let body: Body = karat_hcl::parse(FileId::default(), text, &mut diagnostics);
    (!diagnostics.has_errors()).then(|| without_spans(&format!("{body:?}")))
}

/// A tree as text, without the places in it.
fn without_spans(tree: &str) -> String {
    let mut pieces = tree.split("Span {");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('}').map_or(piece, |(_, rest)| rest))
}

/// Packer and Karat agree whether it is a template. If it is one, a full `validate` says something.
fn check_verdict(directory: &Path, name: &str, tools: &Tools, tally: &mut Tally) -> Result<()> {
    tally.verdicts += 1;
    let place = directory.join(name);
    let accepted = agree(directory, name, tools, tally)?;
    if accepted && name == "." {
        let output = tools.karat(directory, &["validate", "-json", name])?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            if let (Some("error"), Some(code)) = (line["severity"].as_str(), line["code"].as_str()) {
                *tally.problems.entry(code.to_owned()).or_default() += 1;
            }
        }
        if output.status.code().is_none_or(|code| code > 1) {
            tally.differences.push(format!("{}: validate ended with {}", place.display(), output.status));
        }
    }
    Ok(())
}

/// Packer and Karat agree whether it is a template and, if it is one, what is in it.
fn check_legacy(directory: &Path, name: &str, tools: &Tools, tally: &mut Tally) -> Result<()> {
    tally.legacy += 1;
    if !agree(directory, name, tools, tally)? {
        return Ok(());
    }
    let ours = tools.karat(directory, &["inspect", name])?;
    let mut differ =
        |what: &str| tally.differences.push(format!("{}: {what}", directory.join(name).display()));
    match &tools.packer {
        Some(packer) => {
            let theirs = packer.command(directory).args(["inspect", name]).output()?;
            if theirs.status.code() != ours.status.code() {
                differ("inspect ends otherwise");
            } else if theirs.status.success() && sorted(&theirs.stdout) != sorted(&ours.stdout) {
                differ("inspect shows something else");
            }
        }
        None if ours.status.code().is_none_or(|code| code > 1) => differ("inspect does not end well"),
        None => {}
    }
    Ok(())
}

/// The lines of a text. Packer lists variables that need a value in any order.
fn sorted(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

/// Whether Karat can read a template. Packer says the same, or it is a difference.
fn agree(directory: &Path, name: &str, tools: &Tools, tally: &mut Tally) -> Result<bool> {
    let output = tools.karat(directory, &["validate", "-syntax-only", name])?;
    let accepted = output.status.code() == Some(0);
    tally.refused += usize::from(!accepted);
    let place = directory.join(name);
    if output.status.code().is_none_or(|code| code > 1) {
        tally.differences.push(format!("{}: {}", place.display(), output.status));
    }
    if let Some(packer) = &tools.packer {
        let theirs = packer.command(directory).args(["validate", "-syntax-only", name]).output()?;
        if theirs.status.success() != accepted {
            let (yes, no) = if accepted { ("Karat", "Packer") } else { ("Packer", "Karat") };
            tally.differences.push(format!("{}: {yes} accepts it, {no} does not", place.display()));
        }
    }
    Ok(accepted)
}

impl Tools {
    /// What Karat says in a directory, without a home and programs.
    fn karat(&self, directory: &Path, arguments: &[&str]) -> Result<std::process::Output> {
        let mut command = Command::new(&self.karat);
        command.args(arguments).current_dir(directory).stdin(Stdio::null());
        command.env_clear().env("HOME", "/nonexistent").env("PATH", "/nonexistent");
        Ok(command.output()?)
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.verdicts += other.verdicts;
        self.legacy += other.legacy;
        self.refused += other.refused;
        self.differences.extend(other.differences);
        for (code, count) in other.problems {
            *self.problems.entry(code).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, verdicts, legacy, refused, differences, .. } = self;
        write!(f, "{files:>6} {verdicts:>9} {legacy:>7} {refused:>8} {:>12}", differences.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_no_part_of_what_a_text_says() {
        let text = "a   = [1,\n2]\nb \"c\" {\n}\n";
        assert_eq!(meaning(text), meaning("a = [1, 2]\n\n\nb \"c\" {}\n"));
        assert_ne!(meaning(text), meaning("a = [1, 3]\nb \"c\" {\n}\n"));
        assert_ne!(meaning(text), meaning("b \"c\" {\n}\n"));
        assert_eq!(meaning("a = "), None);
    }
}
