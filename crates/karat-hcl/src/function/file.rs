//! Functions that read files, and those of paths.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use globset::{GlobBuilder, GlobMatcher};
use karat_model::value::{Type, Value};

use super::argument::{shown, text};
use super::{Function, FunctionContext, FunctionError, FunctionTable, Param};

type Result<T> = std::result::Result<T, FunctionError>;

/// As deep as `fileset` looks.
const MAX_DEPTH: usize = 100;

pub(super) fn register(table: &mut FunctionTable, context: &FunctionContext) {
    let path = || Param::new("path", Type::String);
    let mut of_path = |name: &str, ty: Type, run: fn(&FunctionContext, &[Value]) -> Result<Value>| {
        let context = context.clone();
        table.insert(name, Function::new([path()], ty, move |args| run(&context, args)));
    };
    of_path("abspath", Type::String, |context, args| {
        Ok(slashed(&clean(&context.cwd.join(text(args, 0)))).into())
    });
    of_path("basename", Type::String, |_, args| Ok(basename(text(args, 0)).into()));
    of_path("dirname", Type::String, |_, args| Ok(dirname(text(args, 0)).into()));
    of_path("pathexpand", Type::String, |context, args| Ok(context.expand(args)?.into()));
    of_path("file", Type::String, |context, args| read_text(context, args).map(Value::from));
    of_path("filebase64", Type::String, |context, args| {
        // Packer reads this one relative to the working directory, unlike the others.
        let path = context.cwd.join(context.expand(args)?);
        Ok(BASE64.encode(read(args, &path)?).into())
    });
    of_path("fileexists", Type::Bool, |context, args| match fs::metadata(context.in_template(args)?) {
        Ok(found) if found.is_dir() => {
            Err(FunctionError::argument(0, format!("{} is a directory, not a file", shown(args, 0))))
        }
        Ok(_) => Ok(true.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false.into()),
        Err(error) => Err(unreadable(args, &error)),
    });
    let context = context.clone();
    let pattern = Param::new("pattern", Type::String);
    table.insert(
        "fileset",
        Function::new([path(), pattern], Type::set(Type::String), move |args| fileset(&context, args)),
    );
}

impl FunctionContext {
    /// The path that the first argument names; `~` at its start is the home directory.
    fn expand(&self, args: &[Value]) -> Result<String> {
        let path = text(args, 0);
        match (path.strip_prefix('~'), &self.home) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                Ok(slashed(&clean(&home.join(rest.trim_start_matches('/')))))
            }
            (Some(rest), None) if rest.is_empty() || rest.starts_with('/') => {
                Err(FunctionError::argument(0, "it begins with ~, but the home directory is not known"))
            }
            (Some(_), _) => Err(FunctionError::argument(
                0,
                "the home directory of another user cannot be looked up; write its path",
            )),
            (None, _) => Ok(path.to_owned()),
        }
    }

    /// The path that the first argument names in the template, as one for the system.
    fn in_template(&self, args: &[Value]) -> Result<PathBuf> {
        Ok(self.base_dir.join(self.expand(args)?))
    }
}

/// The text in the file that the first argument names.
pub(super) fn read_text(context: &FunctionContext, args: &[Value]) -> Result<String> {
    String::from_utf8(read(args, &context.in_template(args)?)?).map_err(|_| {
        let message = format!("the file {} is not UTF-8 text; filebase64 can read it", shown(args, 0));
        FunctionError::argument(0, message)
    })
}

/// The content of the file that the first argument names.
fn read(args: &[Value], path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| unreadable(args, &error))
}

fn unreadable(args: &[Value], error: &io::Error) -> FunctionError {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        _ => error.to_string(),
    };
    FunctionError::argument(0, format!("{} cannot be read: {reason}", shown(args, 0)))
}

fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

/// The path without `.`, `..` and doubled separators, by its text alone.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => {
                    cleaned.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => cleaned.push(".."),
            },
            other => cleaned.push(other),
        }
    }
    if cleaned.as_os_str().is_empty() { PathBuf::from(".") } else { cleaned }
}

/// Go's `filepath.Base`.
fn basename(path: &str) -> String {
    match path.trim_end_matches('/') {
        "" if path.is_empty() => ".".to_owned(),
        "" => "/".to_owned(),
        path => path.rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// Go's `filepath.Dir`.
fn dirname(path: &str) -> String {
    match path.rfind('/') {
        Some(slash) => slashed(&clean(Path::new(&path[..=slash]))),
        None => ".".to_owned(),
    }
}

fn fileset(context: &FunctionContext, args: &[Value]) -> Result<Value> {
    let wrong =
        |reason: String| FunctionError::argument(1, format!("it is not a pattern for files: {reason}"));
    let base = context.in_template(args)?;
    // As in Packer the pattern is a path below the directory, in which `.` and `..` have their meaning.
    let whole = clean(&base.join(text(args, 1).trim_start_matches('/')));
    let pattern = whole.strip_prefix(clean(&base));
    let pattern = pattern.map_err(|_| wrong("it leaves the directory".to_owned()))?;
    let glob = GlobBuilder::new(&without_negation(&slashed(pattern))).literal_separator(true).build();
    let glob = glob.map_err(|error| wrong(error.kind().to_string()))?.compile_matcher();
    let mut found = BTreeSet::new();
    let mut walk = Walk { glob, above: Vec::new(), found: &mut found };
    walk.collect(&base, "").map_err(|error| unreadable(args, &error))?;
    Ok(Value::set(Type::String, found.into_iter().map(Value::from).collect()))
}

/// The same pattern where `!` at the start of brackets is one of their characters, as in Packer; only `^` negates.
fn without_negation(pattern: &str) -> String {
    let mut parts = pattern.split("[!");
    let mut translated = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((characters, behind)) => translated.push_str(&format!("[{characters}!]{behind}")),
            None => translated.push_str(&format!("[!{part}")),
        }
    }
    translated
}

/// A way through directories.
struct Walk<'f> {
    glob: GlobMatcher,
    /// The directories that we are in, links resolved: a link can lead back to one.
    above: Vec<PathBuf>,
    found: &'f mut BTreeSet<String>,
}

impl Walk<'_> {
    /// Adds the files below a directory that match. A directory that is not there has none.
    fn collect(&mut self, directory: &Path, prefix: &str) -> io::Result<()> {
        let is_missing = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        };
        let entries = match fs::read_dir(directory) {
            Err(error) if is_missing(&error) => return Ok(()),
            entries => entries?,
        };
        let place = fs::canonicalize(directory)?;
        if self.above.len() == MAX_DEPTH || self.above.contains(&place) {
            return Ok(());
        }
        self.above.push(place);
        for entry in entries {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            // Of links counts what they lead to; those that lead nowhere are passed over.
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            if metadata.is_dir() {
                self.collect(&entry.path(), &format!("{name}/"))?;
            } else if metadata.is_file() && self.glob.is_match(&name) {
                self.found.insert(name);
            }
        }
        self.above.pop();
        Ok(())
    }
}
