//! Patterns for the names of builds, as Packer 1.16 reads them: `*` and `**` stand for any text, dots included, `?` for one
//! character, `[abc]`, `[a-z]` and `[!…]` for one of some characters, `{a,b}` for either, `\` takes the meaning away.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Any text.
    Any,
    /// Any character.
    One,
    Character(char),
    /// A character that is, or is not, in one of the ranges.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Either(Vec<Vec<Part>>),
}

impl Glob {
    /// Reads a pattern. The error says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut rest = text.chars().peekable();
        Ok(Self(sequence(&mut rest, 0)?))
    }

    /// Whether all of `text` fits.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        follow(&self.0, &text, BTreeSet::from([0])).contains(&text.len())
    }
}

/// Reads up to the end or, inside braces, up to a comma or closing brace, which stays. Braces that are never closed end
/// with the pattern.
fn sequence(rest: &mut Peekable<Chars<'_>>, depth: usize) -> Result<Vec<Part>, &'static str> {
    if depth > 100 {
        return Err("its braces are nested too deep");
    }
    let mut parts = Vec::new();
    while let Some(c) = rest.next_if(|c| depth == 0 || !matches!(c, ',' | '}')) {
        parts.push(match c {
            '*' => Part::Any,
            '?' => Part::One,
            '[' => class(rest)?,
            '{' => {
                let mut either = vec![sequence(rest, depth + 1)?];
                while rest.next_if_eq(&',').is_some() {
                    either.push(sequence(rest, depth + 1)?);
                }
                rest.next_if_eq(&'}');
                Part::Either(either)
            }
            '\\' => match rest.next() {
                Some(c) => Part::Character(c),
                None => break,
            },
            c => Part::Character(c),
        });
    }
    Ok(parts)
}

/// Reads what follows `[`: one range, or single characters.
fn class(rest: &mut Peekable<Chars<'_>>) -> Result<Part, &'static str> {
    const OPEN: &str = "a `[` has no `]`";
    let negated = rest.next_if_eq(&'!').is_some();
    let mut ahead = rest.clone();
    if let (Some(low), Some('-')) = (ahead.next(), ahead.next()) {
        let high = ahead.next().ok_or(OPEN)?;
        match ahead.next() {
            Some(']') if low <= high => {}
            Some(']') => return Err("a range in `[]` goes backwards"),
            Some(_) => return Err("`[]` has a range and something else"),
            None => return Err(OPEN),
        }
        *rest = ahead;
        return Ok(Part::Class { negated, ranges: vec![(low, high)] });
    }
    let mut ranges = Vec::new();
    loop {
        match rest.next().ok_or(OPEN)? {
            ']' if ranges.is_empty() => return Err("`[]` has nothing in it"),
            ']' => return Ok(Part::Class { negated, ranges }),
            '\\' => ranges.push(rest.next().map(|c| (c, c)).ok_or(OPEN)?),
            c => ranges.push((c, c)),
        }
    }
}

/// The places in `text` that the parts can lead to from any of `starts`.
fn follow(parts: &[Part], text: &[char], starts: BTreeSet<usize>) -> BTreeSet<usize> {
    parts.iter().fold(starts, |starts, part| {
        let one = |fits: &dyn Fn(char) -> bool| {
            let fitting = starts.iter().filter(|at| text.get(**at).is_some_and(|c| fits(*c)));
            fitting.map(|at| at + 1).collect()
        };
        match part {
            Part::Any => starts.first().map(|first| (*first..=text.len()).collect()).unwrap_or_default(),
            Part::One => one(&|_| true),
            Part::Character(wanted) => one(&|c| c == *wanted),
            Part::Class { negated, ranges } => {
                one(&|c| *negated != ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)))
            }
            Part::Either(either) => {
                either.iter().flat_map(|parts| follow(parts, text, starts.clone())).collect()
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_20_what_patterns_match() {
        let cases = [
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
            ("*", "", true),
            ("a*", "a.b.c", true),
            ("**.c", "a.b.c", true),
            ("a.?", "a.é", true),
            ("a.?", "a.", false),
            ("a.[bc]", "a.c", true),
            ("a.[!bc]", "a.c", false),
            ("a.[!bc]", "a.d", true),
            ("a.[b-d]", "a.c", true),
            ("a.[!b-d]", "a.e", true),
            // A caret is a character like any other, and so is a minus after the second one.
            ("a.[^c]", "a.c", true),
            ("[ab-]", "-", true),
            (r"[\]a]", "]", true),
            ("{a,b{c,d}}.x", "bd.x", true),
            ("{a,b{c,d}}.x", "b.x", false),
            ("a,b}", "a,b}", true),
            // What is not closed ends with the pattern.
            ("{a", "a", true),
            ("x{a,b", "xb", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"a\", "a", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Glob::parse(pattern).unwrap().matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn cli_20_what_is_no_pattern() {
        let cases = [
            ("[", "a `[` has no `]`"),
            ("[a", "a `[` has no `]`"),
            ("[a-", "a `[` has no `]`"),
            ("[]", "`[]` has nothing in it"),
            ("[c-a]", "a range in `[]` goes backwards"),
            ("[a-cx]", "`[]` has a range and something else"),
        ];
        for (pattern, problem) in cases {
            assert_eq!(Glob::parse(pattern).unwrap_err(), problem, "{pattern}");
        }
        assert!(Glob::parse(&"{".repeat(10_000)).is_err());
    }

    #[test]
    fn many_stars_take_no_time() {
        let glob = Glob::parse(&"*a".repeat(200)).unwrap();
        assert!(!glob.matches(&"a".repeat(199)));
        assert!(glob.matches(&"a".repeat(1_000)));
    }
}
