//! Command lines to compare, and the files that they meet: `xtask/commands/*.txt`.
//!
//! A file says first what it is about. Then come cases: a title, files, command lines. What stands before the first
//! title belongs to each of its cases.
//!
//! ```text
//! == values come from files
//! -- t.pkr.hcl --
//! variable "fruit" {}
//! $ packer validate -var fruit=apple t.pkr.hcl
//! ```

use std::path::Path;

use crate::Result;

/// Files, and command lines that each meet a fresh copy of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Case {
    /// The file that the case stands in, without its ending.
    pub(super) group: String,
    pub(super) title: String,
    pub(super) files: Vec<File>,
    /// For `sh`, in which `packer` is one program or the other.
    pub(super) lines: Vec<String>,
}

/// A file of the directory in which a command line runs. Those that end in `.sh` can be executed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: String,
}

/// All cases below a directory.
pub(super) fn read(directory: &Path) -> Result<Vec<Case>> {
    let mut paths: Vec<_> = std::fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    paths.sort();
    let mut cases = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "txt")) {
        let group = path.file_stem().unwrap_or_default().to_string_lossy();
        let read = parse(&group, &std::fs::read_to_string(path)?);
        cases.extend(read.map_err(|error| format!("{}: {error}", path.display()))?);
    }
    Ok(cases)
}

fn parse(group: &str, text: &str) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    let mut shared = Case { group: group.to_owned(), ..Case::default() };
    // Whether lines belong to the last file.
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        let case = cases.last_mut().unwrap_or(&mut shared);
        if let Some(title) = line.strip_prefix("== ") {
            open = false;
            cases.push(Case { title: title.to_owned(), ..shared.clone() });
        } else if let Some(name) = line.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
            open = true;
            case.files.push(File { name: name.to_owned(), text: String::new() });
        } else if let Some(command) = line.strip_prefix("$ ") {
            open = false;
            case.lines.push(command.to_owned());
        } else if let (true, Some(file)) = (open, case.files.last_mut()) {
            file.text += line;
            file.text.push('\n');
        } else if !cases.is_empty() && !line.is_empty() {
            return Err(format!("line {}: neither a file nor a command line", at + 1).into());
        }
    }
    if let Some(case) = cases.iter().find(|case| case.lines.is_empty()) {
        return Err(format!("{:?} has no command line", case.title).into());
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.into(), text: text.into() }
    }

    #[test]
    fn cases_have_their_own_files_and_those_before_the_first() {
        let cases =
            parse("g", "About.\n\n-- a --\n1\n\n== one\n-- b --\n2\n$ x\n$ y\n\n== two\n$ z\n").unwrap();
        assert_eq!(cases.len(), 2);
        assert_eq!((cases[0].group.as_str(), cases[0].title.as_str()), ("g", "one"));
        assert_eq!(cases[0].files, [file("a", "1\n\n"), file("b", "2\n")]);
        assert_eq!(cases[0].lines, ["x", "y"]);
        assert_eq!(cases[1].files, [file("a", "1\n\n")]);
    }

    #[test]
    fn what_is_no_case_is_refused() {
        assert_eq!(
            parse("g", "== a\nnonsense\n$ x\n").unwrap_err().to_string(),
            "line 2: neither a file nor a command line"
        );
        assert_eq!(parse("g", "== a\n").unwrap_err().to_string(), "\"a\" has no command line");
    }
}
