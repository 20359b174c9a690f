//! `-only` and `-except`.

use karat_model::diagnostic::{Diagnostic, Diagnostics};

use crate::code;
use crate::glob::Glob;

/// Which builds and post-processors the command line selects.
pub(crate) struct Selection {
    only: Vec<Pattern>,
    except: Vec<Pattern>,
}

struct Pattern {
    text: String,
    glob: Glob,
}

impl Selection {
    /// Reads the patterns.
    pub(crate) fn new(only: &[String], except: &[String], diagnostics: &mut Diagnostics) -> Self {
        let mut read = |option: &str, patterns: &[String]| {
            let pattern = |text: &String| match Glob::parse(text) {
                Ok(glob) => Some(Pattern { text: text.clone(), glob }),
                Err(problem) => {
                    let title = format!("Invalid -{option} pattern {text}: {problem}");
                    diagnostics.push(Diagnostic::error(code::INVALID_PATTERN, title));
                    None
                }
            };
            patterns.iter().filter_map(pattern).collect()
        };
        Self { only: read("only", only), except: read("except", except) }
    }

    /// Whether a build takes part.
    pub(crate) fn selects(&self, build: &str) -> bool {
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.glob.matches(build));
        (self.only.is_empty() || matches(&self.only)) && !matches(&self.except)
    }

    /// Whether a chain of post-processors ends before the one with this name, or this type if it has no name.
    pub(crate) fn cuts(&self, name: Option<&str>, component: &str) -> bool {
        self.except.iter().any(|pattern| pattern.glob.matches(name.unwrap_or(component)))
    }

    /// Warns about patterns that match none of the names: builds for `-only`, builds and post-processors for `-except`.
    pub(crate) fn warn_unmatched(
        &self,
        builds: &[String],
        post_processors: &[String],
        diagnostics: &mut Diagnostics,
    ) {
        let idle = |patterns: &[Pattern], names: &[&[String]]| {
            let idle = patterns
                .iter()
                .filter(|pattern| !names.iter().copied().flatten().any(|name| pattern.glob.matches(name)));
            idle.map(|pattern| pattern.text.clone()).collect::<Vec<_>>()
        };
        let possible = format!("Possible build names: [{}].", builds.join(" "));
        let mut warn = |title: &str, idle: Vec<String>| {
            if !idle.is_empty() {
                let plural = if idle.len() == 1 { "This matches" } else { "These match" };
                diagnostics.push(Diagnostic::warning(code::NO_MATCH, title).detail(format!(
                    "{possible}\n{plural} nothing: {}. A name can be matched with a glob pattern like 'null.*'.",
                    idle.join(", ")
                )));
            }
        };
        warn(
            "an 'only' option was passed, but not all matches were found for the given build.",
            idle(&self.only, &[builds]),
        );
        warn(
            "an 'except' option was passed, but did not match any build.",
            idle(&self.except, &[builds, post_processors]),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(only: &[&str], except: &[&str]) -> Selection {
        let own = |patterns: &[&str]| patterns.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut diagnostics = Diagnostics::new();
        let selection = Selection::new(&own(only), &own(except), &mut diagnostics);
        assert!(diagnostics.is_empty());
        selection
    }

    #[test]
    fn cli_20_globs_match_whole_build_names_across_dots() {
        let names = ["web.qemu.a", "web.null.b", "qemu.a"];
        let cases: [(&[&str], &[&str], &[&str]); 8] = [
            (&[], &[], &["web.qemu.a", "web.null.b", "qemu.a"]),
            (&["web.*"], &[], &["web.qemu.a", "web.null.b"]),
            (&["*.a"], &[], &["web.qemu.a", "qemu.a"]),
            (&["qemu.a"], &[], &["qemu.a"]),
            (&["qemu.?"], &[], &["qemu.a"]),
            (&["*.[ab]"], &["web.*"], &["qemu.a"]),
            (&["{web.null,qemu}.*"], &[], &["web.null.b", "qemu.a"]),
            (&[], &["*"], &[]),
        ];
        for (only, except, expected) in cases {
            let selection = selection(only, except);
            let found: Vec<_> = names.into_iter().filter(|name| selection.selects(name)).collect();
            assert_eq!(found, expected, "{only:?} {except:?}");
        }
    }

    #[test]
    fn cli_20_a_pattern_that_is_none_is_an_error() {
        let mut diagnostics = Diagnostics::new();
        Selection::new(&["[".to_owned()], &[], &mut diagnostics);
        let titles: Vec<_> = diagnostics.iter().map(|d| d.title.as_str()).collect();
        assert_eq!(titles, ["Invalid -only pattern [: a `[` has no `]`"]);
    }

    #[test]
    fn cli_20_except_ends_chains_by_name_or_else_by_type() {
        let selection = selection(&[], &["sums", "mani*"]);
        assert!(selection.cuts(Some("sums"), "checksum"));
        assert!(selection.cuts(None, "manifest"));
        assert!(!selection.cuts(None, "checksum"));
        assert!(!selection.cuts(Some("kept"), "manifest"));
    }
}
