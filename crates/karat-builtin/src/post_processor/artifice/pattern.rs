//! Paths with wildcards, by the rules of Go's `filepath.Glob`: `*` and `?` stay within a name and match dots too, braces
//! mean nothing, each directory is searched in order of names.

use std::path::{Path, PathBuf};

/// Whether `pattern` can be understood.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    pattern.split('/').try_for_each(|name| matches(name, "").map(|_| ()))
}

/// The paths below `base` that match, written as the pattern writes them: relative ones stay relative.
pub(super) fn expand(base: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    check(pattern)?;
    let is_wild = |name: &str| name.contains(['*', '?', '[', '\\']);
    if !is_wild(pattern) {
        let exists = base.join(pattern).symlink_metadata().is_ok();
        return Ok(exists.then(|| PathBuf::from(pattern)).into_iter().collect());
    }
    let mut found = vec![PathBuf::from(if pattern.starts_with('/') { "/" } else { "" })];
    for name in pattern.split('/').filter(|name| !name.is_empty() && *name != ".") {
        let mut next = Vec::new();
        for directory in found {
            if !is_wild(name) {
                let path = directory.join(name);
                if base.join(&path).symlink_metadata().is_ok() {
                    next.push(path);
                }
                continue;
            }
            // A directory that cannot be read holds nothing that matches.
            let entries = std::fs::read_dir(base.join(&directory)).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
            let mut names: Vec<_> = names.filter(|entry| matches(name, entry).unwrap_or(false)).collect();
            names.sort();
            next.extend(names.into_iter().map(|name| directory.join(name)));
        }
        found = next;
    }
    Ok(found)
}

/// Whether the pattern of one name matches all of `name`.
fn matches(pattern: &str, name: &str) -> Result<bool, String> {
    let tokens = parse(pattern)?;
    let name: Vec<char> = name.chars().collect();
    Ok(fits(&tokens, &name))
}

enum Token {
    Any,
    One,
    Char(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

fn parse(pattern: &str) -> Result<Vec<Token>, String> {
    let bad = |what: &str| format!("bad pattern {pattern:?}: {what}");
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(next) = chars.next() {
        tokens.push(match next {
            '*' => Token::Any,
            '?' => Token::One,
            '\\' => Token::Char(chars.next().ok_or_else(|| bad("nothing follows the backslash"))?),
            '[' => {
                let negated = chars.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while ranges.is_empty() || chars.next_if_eq(&']').is_none() {
                    let low = bound(&mut chars).ok_or_else(|| bad("a `[` without its `]`"))?;
                    let high = match chars.next_if_eq(&'-') {
                        Some(_) => bound(&mut chars).ok_or_else(|| bad("a `[` without its `]`"))?,
                        None => low,
                    };
                    ranges.push((low, high));
                }
                Token::Class { negated, ranges }
            }
            other => Token::Char(other),
        });
    }
    Ok(tokens)
}

/// A character of a class, without the backslash before it.
fn bound(chars: &mut impl Iterator<Item = char>) -> Option<char> {
    match chars.next() {
        Some('\\') => chars.next(),
        other => other,
    }
}

fn fits(tokens: &[Token], name: &[char]) -> bool {
    let Some((token, rest)) = tokens.split_first() else { return name.is_empty() };
    if matches!(token, Token::Any) {
        return (0..=name.len()).any(|skipped| fits(rest, &name[skipped..]));
    }
    let Some((&first, others)) = name.split_first() else { return false };
    let fit = match token {
        Token::Any | Token::One => true,
        Token::Char(wanted) => *wanted == first,
        Token::Class { negated, ranges } => {
            ranges.iter().any(|(low, high)| (low..=high).contains(&&first)) != *negated
        }
    };
    fit && fits(rest, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blt_17_wildcards_are_those_of_go() {
        for (pattern, name, fit) in [
            ("*", "", true),
            ("*", ".hidden", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*.pkr.*", "t.pkr.hcl", true),
            ("?", "é", true),
            ("?", "", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("{a,b}", "a", false),
            ("{a,b}", "{a,b}", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"[a\]]", "]", true),
            (r"[a\]]", "a]", false),
        ] {
            assert_eq!(matches(pattern, name), Ok(fit), "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_named() {
        assert_eq!(check("a/[b"), Err("bad pattern \"[b\": a `[` without its `]`".to_string()));
        assert_eq!(check("a\\"), Err("bad pattern \"a\\\\\": nothing follows the backslash".to_string()));
    }

    #[test]
    fn blt_17_directories_are_searched_in_order_of_names() {
        let base = tempfile::tempdir().unwrap();
        for name in ["b/2.txt", "b/1.txt", "a/3.txt", "a/skip.log", "c.txt"] {
            let path = base.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = |pattern: &str| -> Vec<String> {
            expand(base.path(), pattern).unwrap().iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(found("*/*.txt"), ["a/3.txt", "b/1.txt", "b/2.txt"]);
        assert_eq!(found("c.txt"), ["c.txt"]);
        assert_eq!(found("./c.*"), ["c.txt"]);
        assert_eq!(found("nothing*"), [""; 0]);
        assert_eq!(found("no/such"), [""; 0]);
        let absolute = format!("{}/b/*", base.path().display());
        assert_eq!(found(&absolute).len(), 2);
        assert!(found(&absolute)[0].starts_with('/'));
    }
}
