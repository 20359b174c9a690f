//! A person at a terminal, and a build.

mod debug;
mod interrupt;
mod on_error;
mod parallel;

/// `text`, from the first line that holds `from` on.
#[track_caller]
fn after<'a>(text: &'a str, from: &str) -> &'a str {
    let at = text.find(from).unwrap_or_else(|| panic!("no {from:?} in\n{text}"));
    &text[at..]
}

/// The lines of `text` that hold one of `words`.
fn lines_with<'a>(text: &'a str, words: &[&str]) -> Vec<&'a str> {
    text.lines().filter(|line| words.iter().any(|word| line.contains(word))).collect()
}
