//! `karat_hcl::format` against `packer fmt` and `terraform fmt`: the same bytes, and the same texts refused.

mod document;
mod mutation;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use tempfile::TempDir;

use super::oracle::Oracle;
use super::random::Random;
use super::tally::Tally;
use crate::{Result, build_karat, option};

/// How many documents are made up.
const GENERATED: usize = 3000;

/// Of each of our own templates, how many variants are asked about.
const VARIANTS: usize = 5;

/// Terraform brings old forms up to date, not only white space: `"${x}"` becomes `x`, `source null a` becomes
/// `source "null" "a"`.
const REWRITTEN: &str = "terraform fmt rewrites the code, too";

/// Karat shows what became of each line. `diff` takes one empty line for another where that is shorter; so does Karat
/// under `--strict`.
const LINE_BY_LINE: &str = "fmt -diff goes line by line";

/// `differential fmt [--inputs N] [--seed N] [--karat PATH]`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let (inputs, rest) = option(arguments, "--inputs")?;
    let (seed, rest) = option(&rest, "--seed")?;
    let (karat, rest) = option(&rest, "--karat")?;
    if !rest.is_empty() {
        return Err(format!("differential fmt does not know {rest:?}").into());
    }
    let texts = texts(root, inputs.map_or(Ok(GENERATED), str::parse)?, seed.map_or(Ok(1), str::parse)?)?;
    let ours: Vec<Answer> = texts.iter().map(|text| answer(text)).collect();
    let mut failed = Vec::new();
    for dialect in [Dialect::Packer, Dialect::Terraform] {
        match dialect.oracle() {
            Ok(oracle) => {
                failed.extend(compare(dialect, &oracle, &texts, &ours).err());
                if let Dialect::Packer = dialect {
                    let karat = karat.map_or_else(|| build_karat(root), |path| Ok(PathBuf::from(path)))?;
                    failed.extend(compare_diffs(&oracle, &karat, &texts, &ours).err());
                }
            }
            Err(absent) => println!("left out: {absent}"),
        }
    }
    failed.into_iter().next().map_or(Ok(()), Err)
}

/// The formatted text, or why it is refused.
type Answer = std::result::Result<String, String>;

fn answer(text: &str) -> Answer {
    let mut sources = SourceMap::new();
    let file = sources.add("text", text);
    let mut diagnostics = Diagnostics::new();
    karat_hcl::parse(file, text, &mut diagnostics);
    match diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
        None => Ok(karat_hcl::format(text)),
        Some(first) => Err(first.title.clone()),
    }
}

/// Made-up documents, and variants of those that the repository has.
fn texts(root: &Path, generated: usize, seed: u64) -> Result<Vec<String>> {
    let mut random = Random::new(seed);
    let mut texts = Vec::new();
    for at in 0..generated {
        let text = document::generate(&mut Random::new(seed.wrapping_mul(1 << 32) + at as u64));
        texts.push(mutation::mutate(text, &mut random));
    }
    for text in own_templates(root)? {
        texts.extend(
            (0..VARIANTS).map(|_| mutation::mutate(mutation::respace(&text, &mut random), &mut random)),
        );
        texts.push(text);
    }
    Ok(texts)
}

/// The templates of the repository: its `.hcl` files, and what looks like a template in its tests.
fn own_templates(root: &Path) -> Result<Vec<String>> {
    let files =
        Command::new("git").args(["ls-files", "-z", "*.hcl", "*.rs"]).current_dir(root).output()?.stdout;
    let mut found = Vec::new();
    for file in String::from_utf8(files)?.split_terminator('\0') {
        let text = fs::read_to_string(root.join(file))?;
        if file.ends_with(".hcl") {
            found.push(text);
        } else {
            let literals = text.split("r#\"").skip(1).filter_map(|rest| rest.split_once("\"#"));
            let template = |text: &str| text.contains('\n') && (text.contains(" {") || text.contains("= "));
            found.extend(literals.map(|(text, _)| text.to_owned()).filter(|text| template(text)));
        }
    }
    Ok(found)
}

#[derive(Clone, Copy)]
enum Dialect {
    Packer,
    Terraform,
}

impl Dialect {
    fn oracle(self) -> Result<Oracle> {
        match self {
            Self::Packer => Oracle::packer(),
            Self::Terraform => Oracle::terraform(),
        }
    }

    fn file(self, at: usize) -> String {
        match self {
            Self::Packer => format!("{at:06}.pkr.hcl"),
            Self::Terraform => format!("{at:06}.tf"),
        }
    }

    /// How the program begins to speak of a file that it refuses.
    fn refusal(self) -> &'static str {
        match self {
            Self::Packer => "encountered an error while formatting ",
            Self::Terraform => "  on ",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Packer => &["fmt", "."],
            Self::Terraform => &["fmt", "-no-color", "."],
        }
    }

    /// All texts in one go.
    fn answers(self, oracle: &Oracle, texts: &[String]) -> Result<Vec<Answer>> {
        let directory = TempDir::with_prefix("karat-differential-")?;
        let path = |at| directory.path().join(self.file(at));
        for (at, text) in texts.iter().enumerate() {
            fs::write(path(at), text)?;
        }
        let output = oracle.command(directory.path()).args(self.arguments()).output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let mut refused: BTreeMap<&str, &str> = BTreeMap::new();
        for part in said.split(self.refusal()).skip(1) {
            let (file, why) = part.split_once([' ', ',', ':', '\n']).unwrap_or((part, ""));
            refused.entry(file).or_insert(why);
        }
        let answer = |at: usize| match refused.get(self.file(at).as_str()) {
            Some(why) => Ok(Err((*why).to_owned())),
            None => Ok(Ok(fs::read_to_string(path(at))?)),
        };
        (0..texts.len()).map(answer).collect()
    }
}

fn compare(dialect: Dialect, oracle: &Oracle, texts: &[String], ours: &[Answer]) -> Result<()> {
    let theirs = dialect.answers(oracle, texts)?;
    let mut tally = Tally::default();
    for ((text, ours), theirs) in texts.iter().zip(ours).zip(&theirs) {
        match (ours, theirs) {
            (Err(_), Err(_)) => tally.same(),
            (Ok(ours), Ok(theirs)) if ours == theirs => tally.same(),
            (Ok(ours), Ok(theirs)) if rewritten(dialect, ours, theirs) => tally.explained(REWRITTEN),
            _ => tally.unexplained(format!(
                "--- input\n{}\n--- Karat {}\n--- {} {}",
                visible(text),
                shown(ours),
                oracle.name,
                shown(theirs)
            )),
        }
    }
    tally.finish(&oracle.name)
}

/// What `fmt -diff` of both programs says about the texts that are not refused.
fn compare_diffs(packer: &Oracle, karat: &Path, texts: &[String], ours: &[Answer]) -> Result<()> {
    let directory = TempDir::with_prefix("karat-differential-")?;
    for (at, text) in texts.iter().enumerate().filter(|(at, _)| ours.get(*at).is_some_and(Answer::is_ok)) {
        fs::write(directory.path().join(Dialect::Packer.file(at)), text)?;
    }
    let said = |mut command: Command| -> Result<String> {
        let output = command.args(["fmt", "-diff", "-write=false", "."]).output()?;
        Ok(String::from_utf8(output.stdout)?)
    };
    let karat = |flags: &[&str]| {
        let mut karat = Command::new(karat);
        karat.current_dir(directory.path()).args(flags);
        said(karat)
    };
    let (ours, strict, theirs) =
        (karat(&[])?, karat(&["--strict"])?, said(packer.command(directory.path()))?);
    let (ours, strict, theirs) = (by_file(&ours), by_file(&strict), by_file(&theirs));
    let mut tally = Tally::default();
    for file in ours.keys().chain(theirs.keys()).copied().collect::<BTreeSet<&str>>() {
        match (ours.get(file), strict.get(file), theirs.get(file)) {
            (Some(ours), Some(_), Some(theirs)) if ours == theirs => tally.same(),
            (Some(_), Some(strict), Some(theirs)) if strict == theirs => tally.explained(LINE_BY_LINE),
            (_, strict, theirs) => {
                let shown = |diff: Option<&&str>| diff.map_or("says nothing".into(), |diff| visible(diff));
                tally.unexplained(format!(
                    "--- Karat\n{}--- {}\n{}",
                    shown(strict),
                    packer.name,
                    shown(theirs)
                ));
            }
        }
    }
    tally.finish(&format!("{} fmt -diff", packer.name))
}

/// What is said about each file, from the line that names it.
fn by_file(said: &str) -> BTreeMap<&str, &str> {
    let names = said.match_indices(".pkr.hcl\n--- old/").filter_map(|(at, _)| at.checked_sub(6));
    let starts: Vec<usize> = names.chain([said.len()]).collect();
    starts
        .windows(2)
        .filter_map(|pair| said.get(pair[0]..pair[1]))
        .filter_map(|part| Some((part.get(..6)?, part)))
        .collect()
}

/// Whether the other program changed more than white space. What it made of the text must be in good form for us, too.
fn rewritten(dialect: Dialect, ours: &str, theirs: &str) -> bool {
    let black = |text: &str| text.replace([' ', '\t'], "");
    matches!(dialect, Dialect::Terraform)
        && black(ours) != black(theirs)
        && karat_hcl::format(theirs) == theirs
}

fn shown(answer: &Answer) -> String {
    match answer {
        Ok(text) => format!("writes\n{}", visible(text)),
        Err(why) => format!("refuses: {}", why.trim()),
    }
}

/// A text with its white space to be seen.
fn visible(text: &str) -> String {
    text.replace('\t', "→").replace('\r', "␍").replace('\u{FEFF}', "<BOM>")
}
