//! `{1..3}`, which many a `sh` does not know.

use std::path::Path;

/// Shells by whose side a script in their words is not one for `sh`.
const OTHERS: [&str; 3] = ["bash", "zsh", "ksh"];

/// What to tell about a brace range without quotes in a script for `sh`: a loop over it runs once, with the braces.
/// `command`: what runs the script, where the template says so; it may name another shell.
pub(crate) fn brace_warning(script: &str, command: &str) -> Option<String> {
    let (first, rest) = script.split_once('\n')?;
    if !is_sh(first.strip_prefix("#!")?) || OTHERS.iter().any(|shell| command.contains(shell)) {
        return None;
    }
    let range = unquoted_range(rest)?;
    Some(format!(
        "/bin/sh does not expand {}\nIn Debian, Ubuntu and Alpine it stands for itself, and a loop over it runs once. \
         Write {}, or set inline_shebang = \"/bin/bash -e\".",
        range.text,
        range.instead()
    ))
}

/// Whether an interpreter line, without `#!`, names a plain shell.
fn is_sh(interpreter: &str) -> bool {
    let mut words = interpreter.split_whitespace().map(Path::new).map(Path::file_name);
    let name = match words.next().flatten() {
        Some(env) if env == "env" => words.next().flatten(),
        name => name,
    };
    name.is_some_and(|name| ["sh", "dash", "ash"].iter().any(|sh| name == *sh))
}

#[derive(Debug, PartialEq)]
struct Range<'s> {
    text: &'s str,
    first: &'s str,
    last: &'s str,
    step: Option<&'s str>,
}

impl Range<'_> {
    /// The same for every shell.
    fn instead(&self) -> String {
        let Self { first, last, step, .. } = self;
        match (first.parse::<i64>(), last.parse::<i64>(), step) {
            (Ok(from), Ok(to), None) if from <= to && to - from < 6 => {
                (from..=to).map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
            }
            (Ok(_), Ok(_), None) => format!("$(seq {first} {last})"),
            (Ok(_), Ok(_), Some(step)) => format!("$(seq {first} {step} {last})"),
            _ => "the words themselves".to_owned(),
        }
    }
}

/// The first `{1..3}` or `{a..e}` outside of quotes, comments and `${…}`. What follows `<<` may be another language's.
fn unquoted_range(script: &str) -> Option<Range<'_>> {
    let mut quote = None;
    let mut before = '\n';
    let mut letters = script.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None | Some('"'), '\\') => drop(letters.next()),
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(letter).filter(|quote| *quote != '`'),
            (None, '#') if before.is_whitespace() || before == ';' => {
                letters.by_ref().find(|(_, letter)| *letter == '\n');
            }
            (None, '<') if before == '<' => return None,
            (None, '{') if before != '$' => {
                if let Some(range) = range(script.get(at..)?) {
                    return Some(range);
                }
            }
            _ => {}
        }
        before = letter;
    }
    None
}

/// The range that a text begins with.
fn range(text: &str) -> Option<Range<'_>> {
    let (inside, _) = text.strip_prefix('{')?.split_once('}')?;
    let mut parts = inside.split("..");
    let (first, last, step) = (parts.next()?, parts.next()?, parts.next());
    let is_number = |part: &str| part.parse::<i64>().is_ok();
    let is_letter = |part: &str| part.len() == 1 && part.chars().all(|letter| letter.is_ascii_alphabetic());
    let fits = is_number(first) && is_number(last) || is_letter(first) && is_letter(last);
    let whole = parts.next().is_none() && step.is_none_or(is_number);
    (fits && whole).then(|| Range { text: text.get(..inside.len() + 2).unwrap_or(text), first, last, step })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(script: &str) -> bool {
        brace_warning(script, "").is_some()
    }

    #[test]
    fn a_range_in_a_loop_is_told_with_what_to_write_instead() {
        let script = "#!/bin/sh -e\nfor i in {1..3}; do apt-get update && break || sleep 10; done\n";
        let warning = brace_warning(script, "").unwrap();
        assert!(warning.starts_with("/bin/sh does not expand {1..3}\n"), "{warning}");
        assert!(warning.contains("Write 1 2 3, or"), "{warning}");
        assert!(brace_warning("#!/bin/sh\necho {1..100}", "").unwrap().contains("$(seq 1 100)"));
        assert!(brace_warning("#!/bin/sh\necho {0..10..5}", "").unwrap().contains("$(seq 0 5 10)"));
        assert!(told("#!/usr/bin/env sh\ntouch {a..e}.txt"));
        assert!(told("#!/bin/dash\necho 'quoted' {-1..1}"));
    }

    #[test]
    fn everything_else_is_left_alone() {
        for script in [
            "#!/bin/bash -e\necho {1..3}",
            "#!/usr/bin/env bash\necho {1..3}",
            "#!/usr/bin/python3\nx = {1..3}",
            "#!/bin/sh\necho '{1..3}' \"{1..3}\" \\{1..3}",
            "#!/bin/sh\necho ${1..3} # {1..3}",
            "#!/bin/sh\nbash -c 'for i in {1..3}; do true; done'",
            "#!/bin/sh\nbash <<EOF\necho {1..3}\nEOF",
            "#!/bin/sh\necho {a,b} {1...3} {1..} {ab..cd} {1..2..x} { echo; } {",
            "no interpreter",
        ] {
            assert!(!told(script), "{script}");
        }
        assert_eq!(brace_warning("#!/bin/sh\necho {1..3}", "sudo bash {{.Path}}"), None);
    }
}
