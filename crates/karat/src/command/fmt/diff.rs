//! What formatting changes, in the form of `diff -u`.

use std::io::{self, Write};
use std::ops::Range;
use std::process::Command;

use tempfile::NamedTempFile;

/// How many unchanged lines are shown around those that change.
const CONTEXT: usize = 3;

/// The difference of two texts with the same number of lines, as formatting leaves it: line by line. `diff` may find a
/// shorter way, which takes an empty line for another one.
pub(super) fn unified(name: &str, old: &str, new: &str) -> String {
    let lines: Vec<(&str, &str)> = old.split_inclusive('\n').zip(new.split_inclusive('\n')).collect();
    let mut text = format!("--- old/{name}\n+++ new/{name}\n");
    for hunk in hunks(&lines) {
        let range = match (hunk.start + 1, hunk.len()) {
            (first, 1) => first.to_string(),
            (first, count) => format!("{first},{count}"),
        };
        text.push_str(&format!("@@ -{range} +{range} @@\n"));
        let shown = lines.get(hunk).unwrap_or_default();
        for run in shown.chunk_by(|one, next| (one.0 == one.1) == (next.0 == next.1)) {
            if run.iter().all(|(old, new)| old == new) {
                run.iter().for_each(|(line, _)| push(&mut text, ' ', line));
            } else {
                run.iter().for_each(|(old, _)| push(&mut text, '-', old));
                run.iter().for_each(|(_, new)| push(&mut text, '+', new));
            }
        }
    }
    text
}

/// The lines around each change; those that touch are one.
fn hunks(lines: &[(&str, &str)]) -> Vec<Range<usize>> {
    let mut hunks: Vec<Range<usize>> = Vec::new();
    for at in (0..lines.len()).filter(|at| lines.get(*at).is_some_and(|(old, new)| old != new)) {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(lines.len()));
        match hunks.last_mut().filter(|last| start <= last.end) {
            Some(last) => last.end = end,
            None => hunks.push(start..end),
        }
    }
    hunks
}

fn push(text: &mut String, mark: char, line: &str) {
    text.push(mark);
    text.push_str(line);
    if !line.ends_with('\n') {
        text.push_str("\n\\ No newline at end of file\n");
    }
}

/// What the program `diff` says, which is what Packer 1.16 shows.
pub(super) fn external(name: &str, old: &str, new: &str) -> io::Result<String> {
    let file = |text: &str| -> io::Result<NamedTempFile> {
        let mut file = NamedTempFile::new()?;
        file.write_all(text.as_bytes())?;
        Ok(file)
    };
    let (before, after) = (file(old)?, file(new)?);
    let mut command = Command::new("diff");
    command.arg(format!("--label=old/{name}")).arg(format!("--label=new/{name}")).arg("-u");
    let output = command.arg(before.path()).arg(after.path()).output()?;
    Ok(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_25_changes_are_shown_as_diff_u_shows_them() {
        for (old, new) in [
            ("a=1\nb = 2\n", "a = 1\nb = 2\n"),
            ("a=1", "a = 1"),
            ("a = 1\nb=2", "a = 1\nb = 2"),
            ("a=1\n1\n2\n3\n4\n5\n6\nb=2\n", "a = 1\n1\n2\n3\n4\n5\n6\nb = 2\n"),
            ("a=1\n1\n2\n3\n4\n5\n6\n7\nb=2\n", "a = 1\n1\n2\n3\n4\n5\n6\n7\nb = 2\n"),
            ("1\n2\n3\n4\na=1\n  b\nc\n", "1\n2\n3\n4\na = 1\nb\nc\n"),
        ] {
            assert_eq!(unified("x y", old, new), external("x y", old, new).unwrap());
        }
    }
}
