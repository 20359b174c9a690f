//! Differences that are meant, and why. Those that people notice have a row in `differences.md`.

use super::answer::Answer;
use super::{diagnostics, summary};

/// Two answers to one command line, which differ.
pub(super) struct Comparison<'c> {
    pub(super) line: &'c str,
    pub(super) theirs: &'c Answer,
    pub(super) ours: &'c Answer,
}

/// Takes out of an answer what may differ. All else must be the same.
struct Mask {
    reason: &'static str,
    apply: fn(&str) -> String,
}

/// What standard output may have otherwise.
const MASKS: &[Mask] = &[
    Mask {
        reason: "what is wrong with a template has our own words, and lines where Packer has none",
        apply: diagnostics::mask,
    },
    Mask { reason: "the order of builds in the summary", apply: summary::sorted },
    Mask { reason: "a step that ran out of time says what was cancelled", apply: without_timeout },
    Mask { reason: "what is made of a sensitive value", apply: |text| around_secrets(text).join(" ") },
    Mask { reason: "a parser's words about a file", apply: without_parser },
    Mask {
        reason: "why a program does not start",
        apply: |text| without_lines(text, |line| line.contains("==> ") && line.contains(": cannot start ")),
    },
];

/// What Go says about a flag, behind the help.
fn gos_words(text: &str) -> Option<&str> {
    let starts = ["flag provided", "flag needs", "invalid ", "bad flag", "Invalid flags"];
    text.lines().find(|line| starts.iter().any(|start| line.contains(start)))
}

/// An outcome that is another one as a whole.
struct Outcome {
    reason: &'static str,
    explains: fn(&Comparison<'_>) -> bool,
}

const OUTCOMES: &[Outcome] = &[
    Outcome {
        reason: "help has our own words",
        explains: |c| {
            let starts = |text: &str| text.lines().any(|line| line.contains("Usage: packer"));
            c.same_effects()
                && starts(&c.theirs.stdout)
                && starts(&c.ours.stdout)
                // Packer sometimes ends before it has told.
                && gos_words(&c.theirs.stdout).is_none_or(|told| gos_words(&c.ours.stdout) == Some(told))
        },
    },
    Outcome {
        reason: "help of the console has our own words",
        explains: |c| {
            let is_help = |answer: &Answer| answer.stdout.contains("config-type=hcl2");
            c.same_effects() && c.line.starts_with("echo 'help' |") && is_help(c.theirs) && is_help(c.ours)
        },
    },
    Outcome {
        reason: "a manifest goes into a directory that does not exist",
        explains: |c| {
            c.theirs.stdout.contains("* Post-processor failed: Unable to write ") && c.ours.code == Some(0)
        },
    },
    Outcome {
        reason: "build.* has its value after a builder that keeps nothing for post-processors",
        explains: |c| {
            let known = c.theirs.stdout.replace("<unknown>", "Null");
            c.same_effects() && known != c.theirs.stdout && known == c.ours.stdout
        },
    },
    Outcome {
        reason: "plugins that a template requires and never uses are passed over",
        explains: |c| c.theirs.stdout.starts_with("Error: Missing plugins") && c.ours.code == Some(0),
    },
    Outcome {
        reason: "{{ build `ID` }} has its value once the build has it",
        explains: |c| {
            let unknown = "error calling build: loaded data, but couldnt find";
            c.theirs.stdout.replace('\n', " ").contains(unknown)
                && !c.ours.stdout.contains("error calling build")
        },
    },
    Outcome {
        reason: "locals that do not need what fails are shown",
        explains: |c| {
            let is_local = |line: &&str| line.starts_with("local.");
            let ours: Vec<_> = c.ours.stdout.lines().filter(is_local).collect();
            let rest = |answer: &Answer| without_lines(&answer.stdout, |line| line.starts_with("local."));
            c.same_effects()
                && c.line.contains(" inspect ")
                && rest(c.theirs) == rest(c.ours)
                && c.theirs.stdout.lines().filter(is_local).all(|line| ours.contains(&line))
        },
    },
    Outcome {
        reason: "hcl2_upgrade leaves no file of what is no template",
        explains: |c| {
            let empty = |file: &String| arguments(file).len() == 1;
            c.line.contains(" hcl2_upgrade ")
                && (c.theirs.code, c.ours.code) == (Some(1), Some(1))
                && c.theirs.files.values().all(empty)
                && c.ours.files.is_empty()
        },
    },
    Outcome {
        reason: "hcl2_upgrade has its own layout, order of arguments and comments",
        explains: |c| {
            // Packer is surprised by variables that must be given, and goes on.
            let said = match c.theirs.stdout.find("Successfully created ") {
                Some(at) if c.theirs.stdout.starts_with("Ignoring following initialization error: ") => {
                    c.theirs.stdout.get(at..).unwrap_or_default()
                }
                _ => &c.theirs.stdout,
            };
            let same_rest =
                (c.theirs.code, &c.theirs.stderr, said) == (c.ours.code, &c.ours.stderr, &c.ours.stdout);
            let upgraded = |answer: &Answer| -> Vec<_> {
                answer.files.iter().map(|(name, file)| (name.clone(), arguments(file))).collect()
            };
            c.line.contains(" hcl2_upgrade ") && same_rest && upgraded(c.theirs) == upgraded(c.ours)
        },
    },
    Outcome {
        reason: "the unfinished file of a post-processor that fails is removed",
        explains: |c| {
            let kept = |(name, _): &(&String, &String)| c.ours.files.contains_key(*name);
            c.theirs.stdout == c.ours.stdout
                && c.theirs.stdout.contains("Post-processor failed: ")
                && c.theirs.files.iter().filter(kept).eq(c.ours.files.iter())
        },
    },
];

impl Comparison<'_> {
    /// Why the answers differ: one reason or, where it takes them, several.
    pub(super) fn reason(&self) -> Option<String> {
        if let Some(outcome) = OUTCOMES.iter().find(|outcome| (outcome.explains)(self)) {
            return Some(outcome.reason.to_owned());
        }
        let Self { theirs, ours, .. } = self;
        if !self.same_effects() {
            return None;
        }
        // Packer's places of mistakes are among ours.
        if !diagnostics::files(&theirs.stdout).is_subset(&diagnostics::files(&ours.stdout)) {
            return None;
        }
        let same = |apply: &dyn Fn(&str) -> String| apply(&theirs.stdout) == apply(&ours.stdout);
        if let Some(mask) = MASKS.iter().find(|mask| same(&mask.apply)) {
            return Some(mask.reason.to_owned());
        }
        let all = |text: &str| MASKS.iter().fold(text.to_owned(), |text, mask| (mask.apply)(&text));
        let needed = |left: &&Mask| {
            let others = MASKS.iter().filter(|mask| mask.reason != left.reason);
            !same(&|text| others.clone().fold(text.to_owned(), |text, mask| (mask.apply)(&text)))
        };
        let needed = MASKS.iter().filter(needed).map(|mask| mask.reason);
        same(&all).then(|| needed.collect::<Vec<_>>().join("; "))
    }

    /// Whether all but standard output is the same.
    fn same_effects(&self) -> bool {
        let Self { theirs, ours, .. } = self;
        (theirs.code, &theirs.stderr, &theirs.files) == (ours.code, &ours.stderr, &ours.files)
    }
}

fn without_lines(text: &str, drop: fn(&str) -> bool) -> String {
    text.split_inclusive('\n').filter(|line| !drop(line)).collect()
}

/// Packer's line about a timeout comes or does not, as luck has it, and the error is that of what was cancelled.
fn without_timeout(text: &str) -> String {
    if !text.contains(" timeout for the next provisioner...") {
        return text.to_owned();
    }
    without_lines(text, |line| line.contains("Cancelling provisioner after a timeout..."))
        .replace(
            "Error executing script: TMP/packer-shell<N>\n\nPlease see output above for more information.",
            "<stopped>",
        )
        .replace("context canceled", "<stopped>")
}

/// The lines of a template in the order of the alphabet, without comments and white space.
fn arguments(template: &str) -> Vec<String> {
    let squeezed = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.join(" ").replace("{{ ", "{{").replace(" }}", "}}")
    };
    let lines = template.lines().map(squeezed).filter(|line| !line.is_empty() && !line.starts_with('#'));
    // A block on one line is one on three.
    let mut lines: Vec<String> = lines
        .flat_map(|line| match line.strip_prefix("locals { ").and_then(|rest| rest.strip_suffix(" }")) {
            Some(inside) => vec!["locals {".to_owned(), inside.to_owned(), "}".to_owned()],
            None => vec![line],
        })
        .collect();
    lines.sort();
    lines
}

/// The words of a text; one that has a secret in it is nothing else.
fn around_secrets(text: &str) -> Vec<&str> {
    let word = |word| if str::contains(word, "<sensitive>") { "<sensitive>" } else { word };
    text.split([' ', '\n']).map(word).collect()
}

fn without_parser(text: &str) -> String {
    let line = |line: &str| match line.split_once("Unable to parse content from ") {
        Some((before, rest)) => {
            let file = rest.split(':').next().unwrap_or_default();
            let end = if rest.ends_with("\u{1b}[0m\n") { "\u{1b}[0m" } else { "" };
            format!("{before}Unable to parse content from {file}{end}\n")
        }
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}
