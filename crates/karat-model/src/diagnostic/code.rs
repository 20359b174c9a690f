//! The kinds of problems: one constant each, with a page about it in `code/NAME.md`.
//!
//! A code that is not in this list cannot be made, and one without a page does not compile. A page says what the
//! problem is, and gives an example of it (`Wrong:`) and the same example mended (`Right:`). The examples are templates,
//! `hcl` or `json`, with the name of the file behind the word where it matters; `sh` is the command that shows the
//! problem, `karat validate .` where there is none. The command line's tests run every example.

use std::fmt;

/// A kind of problem: a stable name such as `unknown-argument`, and a page about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    name: &'static str,
    page: &'static str,
}

/// A file of an example, or a command (`sh`) that is part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// `hcl`, `json` or `sh`.
    pub language: &'static str,
    /// The name of the file, where it matters.
    pub file: Option<&'static str>,
    /// What it contains.
    pub text: &'static str,
}

impl Code {
    /// The name that people see, in kebab case.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The problem in one line.
    pub fn title(self) -> &'static str {
        let first = self.page.lines().next().unwrap_or_default();
        first.trim_start_matches("# ")
    }

    /// The page without its title: a paragraph or two, an example that has the problem, and the example mended.
    pub fn text(self) -> &'static str {
        self.page.split_once('\n').map_or("", |(_, text)| text.trim())
    }

    /// The files and commands of the example with the problem; none where no short one exists.
    pub fn wrong(self) -> Vec<Listing> {
        listings(self.section("Wrong:"))
    }

    /// The same without the problem.
    pub fn right(self) -> Vec<Listing> {
        listings(self.section("Right:"))
    }

    fn section(self, heading: &str) -> &'static str {
        let from = self.page.split_once(&format!("\n{heading}\n")).map_or("", |(_, section)| section);
        from.split("\nRight:\n").next().unwrap_or(from)
    }
}

fn listings(section: &'static str) -> Vec<Listing> {
    let fenced = section.split("```").skip(1).step_by(2);
    fenced
        .filter_map(|listing| {
            let (head, text) = listing.split_once('\n')?;
            let (language, file) =
                head.split_once(' ').map_or((head, None), |(word, file)| (word, Some(file)));
            Some(Listing { language, file, text })
        })
        .collect()
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq<str> for Code {
    fn eq(&self, name: &str) -> bool {
        self.name == name
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, name: &&str) -> bool {
        self.name == *name
    }
}

/// The code with this name.
pub fn named(name: &str) -> Option<Code> {
    ALL.iter().find(|code| code.name == name).copied()
}

macro_rules! codes {
    ($($constant:ident = $name:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub const $constant: Code =
                Code { name: $name, page: include_str!(concat!("code/", $name, ".md")) };
        )*

        /// Every code, in the order of their names.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    BAD_NAME = "bad-name";
    BAD_REFERENCE = "bad-reference";
    COMMAND_LINE = "command-line";
    COMPONENT_WARNING = "component-warning";
    CYCLE = "cycle";
    DATA_SOURCE = "data-source";
    DEPRECATED = "deprecated";
    DUPLICATE_ARGUMENT = "duplicate-argument";
    DUPLICATE_BLOCK = "duplicate-block";
    DUPLICATE = "duplicate-declaration";
    DUPLICATE_KEY = "duplicate-key";
    DYNAMIC = "dynamic";
    VALIDATION = "failed-validation";
    FUNCTION_CALL = "function-call";
    GO_TEMPLATE = "go-template";
    INVALID_CONFIGURATION = "invalid-configuration";
    INVALID_DEFAULT = "invalid-default";
    INVALID_META = "invalid-meta-argument";
    OVERRIDE = "invalid-override";
    INVALID_PATTERN = "invalid-pattern";
    REQUIRED_PLUGIN = "invalid-plugin-requirement";
    INVALID_VALIDATION = "invalid-validation";
    INVALID_VALUE = "invalid-variable-value";
    MISSING_ARGUMENT = "missing-argument";
    MISSING_BUILD = "missing-build";
    NO_ATTRIBUTE = "no-attribute";
    NO_BUILDS = "no-builds";
    NO_EFFECT = "no-effect";
    NO_ELEMENT = "no-element";
    NO_MATCH = "no-match";
    NO_NUMBER = "no-number";
    NO_TEMPLATE = "no-template";
    STATIC = "not-static";
    NULL_VALUE = "null-value";
    SYNTAX = "syntax";
    TOO_DEEP = "too-deep";
    TOO_LARGE = "too-large";
    TOO_MANY = "too-many";
    TYPE_CONSTRAINT = "type-constraint";
    UNDECLARED = "undeclared-variable";
    UNKNOWN_ARGUMENT = "unknown-argument";
    UNKNOWN_BLOCK = "unknown-block";
    UNKNOWN_COMPONENT = "unknown-component";
    UNKNOWN_FUNCTION = "unknown-function";
    UNKNOWN_SOURCE = "unknown-source";
    UNKNOWN_VARIABLE = "unknown-variable";
    UNREADABLE = "unreadable-file";
    UNSET = "unset-variable";
    UNSUPPORTED = "unsupported";
    VERSION = "unsupported-version";
    LABELS = "wrong-labels";
    WRONG_TYPE = "wrong-type";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_28_every_code_has_a_page_and_its_place_in_the_order() {
        for pair in ALL.windows(2) {
            assert!(pair[0].name() < pair[1].name(), "{} stands after {}", pair[0], pair[1]);
        }
        for code in ALL {
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(code.name().chars().all(kebab), "{code}");
            assert!(code.page.starts_with("# ") && !code.title().ends_with('.'), "{code} needs a title");
            assert!(code.title().chars().count() <= 70, "the title of {code} is long");
            let paragraph = code.text().split("\n\n").next().unwrap();
            assert!(paragraph.len() > 60 && paragraph.ends_with(['.', '`']), "{code} needs a paragraph");
            assert!(code.page.lines().all(|line| line.chars().count() <= 100), "{code} has long lines");
            assert_eq!(code.wrong().is_empty(), code.right().is_empty(), "{code} has half an example");
            assert_eq!(named(code.name()), Some(*code));
        }
        assert_eq!(named("nonsense"), None);
    }

    #[test]
    fn cli_28_examples_are_files_and_commands() {
        let page = "# T\n\nText.\n\nWrong:\n\n```hcl a.pkrvars.hcl\na = 1\n```\n\n```sh\nkarat build .\n```\n\nRight:\n\n```hcl\nb = 1\n```\n";
        let code = Code { name: "x", page };
        assert_eq!(code.title(), "T");
        let file = Listing { language: "hcl", file: Some("a.pkrvars.hcl"), text: "a = 1\n" };
        let command = Listing { language: "sh", file: None, text: "karat build .\n" };
        assert_eq!(code.wrong(), [file, command]);
        assert_eq!(code.right(), [Listing { language: "hcl", file: None, text: "b = 1\n" }]);
    }
}
