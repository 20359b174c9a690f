//! Version constraints as `required_version` and `required_plugins` write them: `>= 1.7, < 2.0.0`, `~> 1.2`.

use std::cmp::Ordering;
use std::fmt;

/// A version: numbers, and the text of a pre-release. Build metadata has no meaning and is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    numbers: Vec<u64>,
    prerelease: Option<String>,
}

/// What versions are acceptable: every part must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Constraint {
    text: String,
    parts: Vec<(Operator, Version)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    AtLeast,
    AtMost,
    /// `~>`: at least this, and only the last number may differ.
    Pessimistic,
}

/// Two-letter operators stand before the ones that they begin with.
const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("~>", Operator::Pessimistic),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
];

impl Version {
    /// Reads `1.2.3`, `v1.2`, `1.2.3-beta1+meta`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split('+').next().unwrap_or(text);
        let (numbers, prerelease) = match text.split_once('-') {
            Some((_, "")) => return None,
            Some((numbers, prerelease)) => (numbers, Some(prerelease)),
            None => (text, None),
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '~');
        if prerelease.is_some_and(|text| !text.chars().all(allowed)) {
            return None;
        }
        let number =
            |part: &str| if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None };
        let numbers: Option<Vec<u64>> = numbers.split('.').map(number).collect();
        Some(Self { numbers: numbers?, prerelease: prerelease.map(str::to_owned) })
    }

    /// Whether this version is older than the other one.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.order(other).is_lt()
    }

    fn number(&self, at: usize) -> u64 {
        self.numbers.get(at).copied().unwrap_or(0)
    }

    fn order(&self, other: &Self) -> Ordering {
        let numbers = (0..self.numbers.len().max(other.numbers.len()))
            .map(|at| self.number(at).cmp(&other.number(at)))
            .find(|order| order.is_ne());
        numbers.unwrap_or_else(|| match (&self.prerelease, &other.prerelease) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => prerelease_order(a, b),
        })
    }

    fn same_numbers(&self, other: &Self) -> bool {
        (0..self.numbers.len().max(other.numbers.len())).all(|at| self.number(at) == other.number(at))
    }
}

/// With at least three numbers: `1.4` is `1.4.0`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = (0..self.numbers.len().max(3)).map(|at| self.number(at).to_string());
        f.write_str(&numbers.collect::<Vec<_>>().join("."))?;
        self.prerelease.iter().try_for_each(|prerelease| write!(f, "-{prerelease}"))
    }
}

/// Part by part: numbers by size and before words, words by bytes.
fn prerelease_order(a: &str, b: &str) -> Ordering {
    let key = |part: &str| part.parse::<u64>().map_or((1, 0, part.to_owned()), |n| (0, n, String::new()));
    a.split('.').map(key).cmp(b.split('.').map(key))
}

impl Constraint {
    /// Reads parts separated by commas. The error names the part that cannot be read.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let part = |part: &str| {
            let trimmed = part.trim();
            let (operator, rest) = OPERATORS
                .iter()
                .find_map(|(sign, operator)| Some((*operator, trimmed.strip_prefix(sign)?)))
                .unwrap_or((Operator::Equal, trimmed));
            Version::parse(rest).map(|version| (operator, version)).ok_or_else(|| trimmed.to_owned())
        };
        Ok(Self { text: text.to_owned(), parts: text.split(',').map(part).collect::<Result<_, _>>()? })
    }

    /// Whether a part names a pre-release.
    pub(crate) fn has_prerelease(&self) -> bool {
        self.parts.iter().any(|(_, version)| version.prerelease.is_some())
    }

    /// Whether the version is acceptable. A pre-release satisfies an inequality only if the part names a
    /// pre-release of the same numbers.
    pub(crate) fn allows(&self, version: &Version) -> bool {
        self.parts.iter().all(|(operator, wanted)| {
            let order = version.order(wanted);
            let comparable = match (&version.prerelease, &wanted.prerelease) {
                (Some(_), Some(_)) => version.same_numbers(wanted),
                (Some(_), None) => false,
                (None, _) => true,
            };
            match operator {
                Operator::Equal => order.is_eq(),
                Operator::NotEqual => order.is_ne(),
                Operator::Greater => comparable && order.is_gt(),
                Operator::Less => comparable && order.is_lt(),
                Operator::AtLeast => comparable && order.is_ge(),
                Operator::AtMost => comparable && order.is_le(),
                Operator::Pessimistic => {
                    let fixed = wanted.numbers.len().saturating_sub(1).max(1);
                    let same = (0..fixed).all(|at| version.number(at) == wanted.number(at));
                    // Versions have at least three numbers.
                    let as_long = wanted.numbers.len() <= version.numbers.len().max(3);
                    comparable && order.is_ge() && same && as_long
                }
            }
        })
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tpl_04_constraints_accept_and_refuse() {
        let cases = [
            (">= 1.7", "1.16.0", true),
            (">= 1.7.0, < 1.16", "1.16.0", false),
            ("~> 1.16", "1.20.1", true),
            ("~> 1.16.0", "1.16.9", true),
            ("~> 1.16.0", "1.17.0", false),
            ("~> 1", "1.16.0", true),
            ("1.16.0", "1.16", true),
            ("= 1.16", "1.16.0", true),
            ("!= 1.16.0", "1.16.0", false),
            ("> 1.16.0", "1.16.0", false),
            ("<= 1.16.0", "1.16.0", true),
            ("v1.16.0", "1.16.0", true),
            (">= 1.0.0", "1.2.0-beta1", false),
            (">= 1.2.0-alpha", "1.2.0-beta1", true),
            ("~> 1.2.0-rc1", "1.2.0", true),
            ("~> 1.16.0.0", "1.16.0", false),
        ];
        for (constraint, version, expected) in cases {
            let allowed = Constraint::parse(constraint).unwrap().allows(&Version::parse(version).unwrap());
            assert_eq!(allowed, expected, "{constraint} against {version}");
        }
    }

    #[test]
    fn tpl_04_what_is_no_constraint_is_named() {
        for (text, part) in
            [("nope", "nope"), ("", ""), (">= 1.0, => 2", "=> 2"), (">= 1..2", ">= 1..2"), ("1.x", "1.x")]
        {
            assert_eq!(Constraint::parse(text).unwrap_err(), part, "{text}");
        }
    }
}
