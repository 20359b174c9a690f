//! `karat fmt`.

mod diff;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::secret::Redactor;
use karat_model::span::SourceMap;
use karat_sdk::error::in_words;

use super::{End, rewrite};
use crate::arguments::Fmt;
use crate::report::Console;

pub(super) fn run(arguments: &Fmt, console: Console, strict: bool) -> End {
    let mut formatter = Formatter {
        arguments,
        console,
        strict,
        changed: false,
        diagnostics: Diagnostics::new(),
        sources: SourceMap::new(),
    };
    arguments.paths.iter().for_each(|path| formatter.path(path));
    let Formatter { changed, diagnostics, sources, .. } = formatter;
    console.diagnostics(&diagnostics, &sources, &Redactor::default());
    match (diagnostics.has_errors(), changed && arguments.check) {
        (true, _) => End::Failure,
        (false, true) => End::Unformatted,
        (false, false) => End::Success,
    }
}

struct Formatter<'a> {
    arguments: &'a Fmt,
    console: Console,
    /// Exactly Packer.
    strict: bool,
    /// Whether anything was laid out otherwise.
    changed: bool,
    diagnostics: Diagnostics,
    /// The files that could not be read.
    sources: SourceMap,
}

impl Formatter<'_> {
    fn path(&mut self, path: &Path) {
        let done = match path {
            _ if path == "-" => self.standard_input(),
            _ if path.is_dir() => return self.directory(path),
            _ => self.file(path),
        };
        if let Err(why) = done {
            let title = format!("encountered an error while formatting {}", path.display());
            self.diagnostics.push(Diagnostic::error(code::UNREADABLE, title).detail(why));
        }
    }

    /// The files of a directory that are templates or variables, in the order of their names.
    fn directory(&mut self, path: &Path) {
        let entries = fs::read_dir(path).and_then(|entries| {
            let kind = |entry: fs::DirEntry| Ok((entry.file_name(), entry.file_type()?.is_dir()));
            entries.map(|entry| entry.and_then(kind)).collect::<io::Result<Vec<_>>>()
        });
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                let problem = Diagnostic::error(code::UNREADABLE, "Cannot read hcl directory");
                self.diagnostics.push(problem.detail(format!(
                    "open {}: {}",
                    path.display(),
                    in_words(&error)
                )));
                return;
            }
        };
        entries.sort();
        for (name, is_directory) in entries.into_iter().filter(|(name, _)| !is_ignored(name)) {
            let path = clean(&path.join(&name));
            match is_directory {
                true if self.arguments.recursive => self.directory(&path),
                false if is_formattable(&path) => self.path(&path),
                _ => {}
            }
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), String> {
        let shown = path.display();
        if !is_formattable(path) {
            return Err(format!("file {shown} is not a HCL file"));
        }
        let bytes = karat_template::read_bytes(path).map_err(|error| match error.raw_os_error() {
            Some(_) => format!("failed to open {shown}: open {shown}: {}", in_words(&error)),
            None => format!("failed to read {shown}: {error}"),
        })?;
        let Some((old, new)) = self.formatted(&shown.to_string(), bytes)? else { return Ok(()) };
        if old == new {
            return Ok(());
        }
        self.changed = true;
        self.console.raw(&format!("{shown}\n"));
        if self.arguments.write && !self.arguments.check {
            rewrite::replace(path, &new).map_err(|error| format!("open {shown}: {}", in_words(&error)))?;
        }
        if self.arguments.diff {
            let name = shown.to_string();
            let diff = if self.strict {
                diff::external(&name, &old, &new)
            } else {
                Ok(diff::unified(&name, &old, &new))
            };
            let diff =
                diff.map_err(|error| format!("failed to generate diff for {shown}: {}", in_words(&error)))?;
            self.console.raw(&diff);
        }
        Ok(())
    }

    fn standard_input(&mut self) -> Result<(), String> {
        let read = karat_template::read_bounded(io::stdin().lock());
        let bytes = read.map_err(|error| format!("failed to read -: {}", in_words(&error)))?;
        let Some((old, new)) = self.formatted("-", bytes)? else { return Ok(()) };
        self.changed |= old != new;
        if old == new || self.arguments.write && !self.arguments.check {
            self.console.raw(&new);
        }
        Ok(())
    }

    /// The text and its canonical form; nothing, if it cannot be read as HCL: then what is wrong is noted.
    fn formatted(&mut self, name: &str, bytes: Vec<u8>) -> Result<Option<(String, String)>, String> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
            format!(
                "{name} is not UTF-8 text: line {line} has a byte that does not belong there (offset {at})"
            )
        })?;
        let mut problems = Diagnostics::new();
        let mut sources = self.sources.clone();
        let file = sources.add(name, text.as_str());
        karat_hcl::parse(file, &text, &mut problems);
        if problems.has_errors() {
            self.sources = sources;
            self.diagnostics.extend(problems);
            return Ok(None);
        }
        let formatted = karat_hcl::format(&text);
        Ok(Some((text, formatted)))
    }
}

/// Hidden files and what editors leave behind.
fn is_ignored(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") || name.ends_with(b"~") || name.starts_with(b"#") && name.ends_with(b"#")
}

fn is_formattable(path: &Path) -> bool {
    let path = path.as_os_str().as_encoded_bytes();
    path.ends_with(b".pkr.hcl") || path.ends_with(b".pkrvars.hcl")
}

/// The path without `.` and `..` where they are not needed, as Packer lists it.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match (part, clean.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                clean.pop();
            }
            (part, _) => clean.push(part),
        }
    }
    clean
}
