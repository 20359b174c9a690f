//! What a program says is wrong with a template, among all that it says.

use std::collections::BTreeSet;

/// Text in which diagnostics are only how bad they are. Two empty lines are behind a set of them. What Packer shows in
/// two sets, Karat may show in one.
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let for_programs =
            line.split_once(",ui,").and_then(|(before, rest)| Some((before, rest.split_once(',')?.1)));
        match for_programs {
            Some((before, set)) if is_start(set) => masked += &format!("{before},ui,{}\n", kind(set)),
            _ if !is_start(line) => masked += &format!("{line}\n"),
            _ => {
                let mut set = line.to_owned();
                let mut empty = 0;
                while let Some(next) = lines.next_if(|next| empty < 2 || next.is_empty() || is_start(next)) {
                    empty = if next.is_empty() { empty + 1 } else { 0 };
                    set += &format!("\n{next}");
                }
                masked += &format!("{}\n", kind(&set));
            }
        }
    }
    masked
}

/// How Packer begins to say what is wrong with a legacy JSON template.
const REFUSALS: &[&str] = &[
    "Failed to parse file as legacy JSON template: ",
    "Error parsing template: ",
    "Error opening template: ",
    "Error reading variables in ",
    "open ",
    "???????: Interpolation error",
];

fn is_start(line: &str) -> bool {
    is_error(line) || line.starts_with("Warning: ")
}

fn is_error(line: &str) -> bool {
    let no_file = line.starts_with('"') && line.contains("\": stat ");
    line.starts_with("Error: ") || no_file || REFUSALS.iter().any(|start| line.starts_with(start))
}

fn kind(set: &str) -> &'static str {
    if set.split('\n').any(is_error) { "<errors>" } else { "<warnings>" }
}

/// The files in which something is wrong.
pub(super) fn files(text: &str) -> BTreeSet<&str> {
    text.split(['\n'])
        .flat_map(|line| line.split("\\n"))
        .filter_map(|line| line.strip_prefix("  on "))
        .filter_map(|rest| Some(rest.split_once(" line ")?.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKER: &str = "Warning: a\n\n  on t.pkr.hcl line 1:\n  (source code not available)\n\nError: b\n\nwords\n\n\nrest\n";

    #[test]
    fn only_the_words_of_a_set_are_masked() {
        assert_eq!(mask(PACKER), "<errors>\nrest\n");
        assert_eq!(mask("Warning: a\n\n\nrest\n"), "<warnings>\nrest\n");
        assert_eq!(mask("Warning: a\n\n\nError: b\n\n\nrest\n"), "<errors>\nrest\n");
        assert_eq!(mask("\"a\": stat a: no such file or directory\n"), "<errors>\n");
        assert_eq!(mask("==> x: Error: a\n"), "==> x: Error: a\n");
        assert_eq!(
            mask("1,,ui,error,Error: a\\n\\nError: b\n1,,ui,say,a\n"),
            "1,,ui,<errors>\n1,,ui,say,a\n"
        );
    }

    #[test]
    fn files_with_mistakes_are_found() {
        assert_eq!(files(PACKER), BTreeSet::from(["t.pkr.hcl"]));
        assert_eq!(files("1,,ui,error,Error: a\\n\\n  on x line 1:\\n"), BTreeSet::from(["x"]));
    }
}
