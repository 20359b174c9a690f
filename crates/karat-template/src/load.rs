//! Reading a template's files. The only place of this crate that touches the file system.

use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use karat_hcl::token::TokenKind;
use karat_hcl::tree::Body;
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::{FileId, SourceMap};

use crate::legacy::Document;
use crate::{code, settle};

/// The files of a template, read and parsed.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The path as the user gave it; `-` for what was not in a file.
    pub path: PathBuf,
    /// The directory of the template, absolute.
    pub root: PathBuf,
    /// The directory of the template as the user gave it: `path.root`.
    pub directory: PathBuf,
    /// The texts, for showing problems.
    pub sources: Arc<SourceMap>,
    /// What is wrong with the texts as texts.
    pub diagnostics: Diagnostics,
    pub(crate) content: Content,
}

/// A language that templates are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// HCL2, in its own syntax or in that of JSON.
    Hcl2,
    /// Legacy JSON.
    #[default]
    LegacyJson,
}

/// What the files say.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Hcl2(Hcl2Files),
    /// `None` if it cannot be read: [`Loaded::diagnostics`] has errors, then.
    Legacy(Option<Box<Document>>),
}

/// The files of an HCL2 template.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hcl2Files {
    pub(crate) bodies: Vec<Body>,
    /// What is wrong with the locals and builds of JSON files: not for a check of syntax alone.
    pub(crate) deferred: Diagnostics,
    /// `*.auto.pkrvars.hcl`, then `*.auto.pkrvars.json`, each in name order.
    pub(crate) values: Vec<FileId>,
}

/// The language of the template at `path`, by Packer's rule: HCL2 if the name ends in `.pkr.hcl` or `.pkr.json` or is that
/// of a directory; otherwise it is as `-config-type` says.
pub fn language(path: &Path, otherwise: Language) -> Language {
    if is_hcl2(path) || path.is_dir() { Language::Hcl2 } else { otherwise }
}

fn is_hcl2(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    name.ends_with(b".pkr.hcl") || name.ends_with(b".pkr.json")
}

/// Reads the template at `path`: a `.pkr.hcl` or `.pkr.json` file, or a directory, whose `*.pkr.hcl` files are read in
/// name order, then its `*.pkr.json` files, together with its `*.auto.pkrvars.hcl` and `*.auto.pkrvars.json` files. Subdirectories are not entered.
/// Any other file is a legacy JSON template, unless `otherwise` says that it should be HCL2, which it is not, then.
///
/// Mistakes in the texts do not fail here: they are in [`Loaded::diagnostics`], beside the texts that they point into.
///
/// # Errors
///
/// When there is nothing to parse: no such path, no template in the directory, or a file that cannot be read or is not
/// UTF-8. These problems point into no text.
pub fn load(path: &Path, otherwise: Language) -> Result<Loaded, Diagnostics> {
    match language(path, otherwise) {
        Language::Hcl2 => load_hcl2(path),
        Language::LegacyJson => {
            let unread = |error| vec![unreadable_template(path, &error)].into_iter().collect::<Diagnostics>();
            // A pipe is a good source: shells make one of `<(command)`.
            let bytes = fs::File::open(path).and_then(read_bounded).map_err(unread)?;
            Ok(legacy_from_bytes(path, &bytes))
        }
    }
}

fn load_hcl2(path: &Path) -> Result<Loaded, Diagnostics> {
    let metadata = fs::metadata(path)
        .map_err(|error| vec![missing(path, &error)].into_iter().collect::<Diagnostics>())?;
    let mut problems = Diagnostics::new();
    let (templates, values) = if metadata.is_dir() {
        directory(path, &mut problems)
    } else {
        (vec![path.to_path_buf()], Vec::new())
    };
    let usable = if metadata.is_dir() { !templates.is_empty() } else { is_hcl2(path) };
    if !usable && problems.is_empty() {
        problems.push(
            Diagnostic::error(
                code::NO_TEMPLATE,
                format!("Could not find any config file in {}", path.display()),
            )
            .detail(
                "A config file must be suffixed with `.pkr.hcl` or `.pkr.json`. A folder can be referenced.",
            ),
        );
    }
    let templates = read_all(&templates, &mut problems);
    let values = read_all(&values, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut loaded = from_texts(templates, values);
    loaded.path = path.to_path_buf();
    loaded.directory = if metadata.is_dir() { path.to_path_buf() } else { directory_of(path) };
    loaded.root = fs::canonicalize(&loaded.directory).unwrap_or_else(|_| loaded.directory.clone());
    Ok(loaded)
}

/// A template from texts that are already in memory: (name, text) of the template's files and of its automatic
/// variable files.
pub fn from_texts(
    templates: impl IntoIterator<Item = (String, String)>,
    values: impl IntoIterator<Item = (String, String)>,
) -> Loaded {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let mut deferred = Diagnostics::new();
    let mut path = PathBuf::new();
    let mut bodies = Vec::new();
    for (name, text) in templates {
        path = PathBuf::from(&name);
        let file = sources.add(name, text);
        let text = sources.text(file);
        let json = sources.name(file).ends_with(".json");
        let parse = if json { karat_hcl::json::parse } else { karat_hcl::parse };
        let mut body = parse(file, text, &mut diagnostics);
        settle::file(&mut body, text, &mut diagnostics, &mut deferred);
        bodies.push(body);
    }
    let values = values.into_iter().map(|(name, text)| sources.add(name, text)).collect();
    let directory = directory_of(&path);
    Loaded {
        path,
        root: directory.clone(),
        directory,
        sources: Arc::new(sources),
        diagnostics,
        content: Content::Hcl2(Hcl2Files { bodies, deferred, values }),
    }
}

/// A legacy JSON template from bytes that were read at `path`: `-` for standard input. What is not UTF-8 in a string is
/// replaced, as Packer does.
pub fn legacy_from_bytes(path: &Path, bytes: &[u8]) -> Loaded {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add(path.display().to_string(), String::from_utf8_lossy(bytes).into_owned());
    let document = Document::read(file, sources.text(file), &mut diagnostics);
    let directory = directory_of(path);
    let root = std::path::absolute(&directory).unwrap_or_else(|_| directory.clone());
    Loaded {
        path: path.to_path_buf(),
        root: without_dots(&root),
        directory,
        sources: Arc::new(sources),
        diagnostics,
        content: Content::Legacy(document.map(Box::new)),
    }
}

/// A path without `.` and `..`, whatever the links on it are: that is what Packer's `template_dir` is like.
fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean
}

/// The directory of a file: `.` for one without, and no needless `./` before it.
fn directory_of(file: &Path) -> PathBuf {
    let parts = file.parent().into_iter().flat_map(Path::components);
    let directory: PathBuf = parts.filter(|part| *part != Component::CurDir).collect();
    if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory }
}

/// The template files and the automatic variable files of a directory.
fn directory(path: &Path, problems: &mut Diagnostics) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let names = fs::read_dir(path).and_then(|entries| {
        let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
        names.collect::<io::Result<Vec<_>>>()
    });
    let mut names = match names {
        Ok(names) => names,
        Err(error) => {
            problems.push(unreadable(path, &error));
            return (Vec::new(), Vec::new());
        }
    };
    names.sort();
    let ending = |suffix: &str| {
        let fits = |name: &&std::ffi::OsString| name.as_encoded_bytes().ends_with(suffix.as_bytes());
        // Files of the current directory are named without it, as in Packer.
        let current = path.components().all(|part| part == Component::CurDir);
        let directory = if current { Path::new("") } else { path };
        let paths = names.iter().filter(fits).map(|name| directory.join(name));
        // A link to a directory cannot be read as a file, and is no directory here.
        let is_directory = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        paths.filter(|path| !is_directory(path)).collect::<Vec<_>>()
    };
    let templates = [ending(".pkr.hcl"), ending(".pkr.json")].concat();
    (templates, [ending(".auto.pkrvars.hcl"), ending(".auto.pkrvars.json")].concat())
}

fn read_all(files: &[PathBuf], problems: &mut Diagnostics) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for file in files {
        match read_text(file) {
            Ok(text) => texts.push((file.display().to_string(), text)),
            Err(problem) => problems.push(*problem),
        }
    }
    texts
}

/// The largest file that is read, in bytes: some hundred times what people write, and little enough for its tree to fit
/// into memory.
const LARGEST: u64 = 16 << 20;

/// The bytes of a file that is one, up to 16 MiB: nobody waits for what a pipe or a device may say.
///
/// # Errors
///
/// When the file cannot be read, is none, or is larger.
pub fn read_bytes(file: &Path) -> io::Result<Vec<u8>> {
    let found = fs::metadata(file)?;
    if !found.is_file() {
        let what = if found.is_dir() { "a directory" } else { "a pipe, a socket or a device" };
        return Err(io::Error::other(format!("it is {what}, not a file")));
    }
    // It may have grown, and some files say that they are empty.
    read_bounded(fs::File::open(file)?)
}

/// All bytes there are, up to 16 MiB.
///
/// # Errors
///
/// When they cannot be read, or are more.
pub fn read_bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        let limit = format!("it is larger than {} MiB, which no template should be", LARGEST >> 20);
        return Err(io::Error::other(limit));
    }
    Ok(bytes)
}

/// The text of a template or of a file of values. What is not UTF-8 may stand in comments, as Packer allows.
///
/// # Errors
///
/// When the file cannot be read, or what it says is not UTF-8.
pub fn read_text(file: &Path) -> Result<String, Box<Diagnostic>> {
    let bytes = read_bytes(file).map_err(|error| Box::new(unreadable(file, &error)))?;
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut strange = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            strange.push(text.len());
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    // JSON has no comments.
    let is_json = file.extension().is_some_and(|extension| extension == "json");
    let tokens = if is_json { Vec::new() } else { karat_hcl::lex(&text) };
    let in_comment = |at: &usize| {
        let token = tokens.partition_point(|token| token.end as usize <= *at);
        tokens.get(token).is_some_and(|token| token.kind == TokenKind::Comment)
    };
    match strange.iter().find(|at| !in_comment(at)) {
        None => Ok(text),
        Some(at) => {
            let before = &text[..*at];
            let line = 1 + before.matches('\n').count();
            let column = 1 + before.chars().rev().take_while(|c| *c != '\n').count();
            let title = format!("{} is not UTF-8 text", file.display());
            Err(Box::new(Diagnostic::error(code::UNREADABLE, title).detail(format!(
                "What stands in line {line}, column {column} is no character of UTF-8. Save the file as UTF-8."
            ))))
        }
    }
}

fn missing(path: &Path, error: &io::Error) -> Diagnostic {
    if error.kind() != io::ErrorKind::NotFound {
        return unreadable(path, error);
    }
    Diagnostic::error(code::NO_TEMPLATE, format!("Could not find any config file in {}", path.display()))
        .detail(format!("stat {}: no such file or directory", path.display()))
}

/// Packer's words for a legacy JSON template that is not there.
fn unreadable_template(path: &Path, error: &io::Error) -> Diagnostic {
    if error.kind() != io::ErrorKind::NotFound {
        return unreadable(path, error);
    }
    let shown = path.display();
    Diagnostic::error(code::NO_TEMPLATE, format!("\"{shown}\": stat {shown}: no such file or directory"))
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(code::UNREADABLE, format!("Failed to read {}", path.display()))
        .detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_no_file_or_too_large_is_said_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let said = |name: &str| {
            let problem = read_text(&directory.path().join(name)).unwrap_err();
            format!("{:?} {}", problem.detail, problem.title.contains(name))
        };
        let pipe = directory.path().join("pipe.pkr.hcl");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(said("pipe.pkr.hcl"), r#"Some("it is a pipe, a socket or a device, not a file") true"#);
        fs::create_dir(directory.path().join("d.pkr.hcl")).unwrap();
        assert_eq!(said("d.pkr.hcl"), r#"Some("it is a directory, not a file") true"#);
        fs::File::create(directory.path().join("huge.pkr.hcl")).unwrap().set_len(100 << 20).unwrap();
        let huge = said("huge.pkr.hcl");
        assert_eq!(huge, r#"Some("it is larger than 16 MiB, which no template should be") true"#);
        fs::write(directory.path().join("bad.pkr.hcl"), b"a = 1\nb = \"\xE9\"\n").unwrap();
        assert!(said("bad.pkr.hcl").contains("line 2, column 6"));
    }
}
