//! Takes out of what a program says what differs from run to run.

use std::path::Path;

use karat_testkit::Normal;
use regex::Regex;

use crate::Result;

/// Patterns, and what is written instead, beside those of [`Normal`].
const PATTERNS: &[(&str, &str)] = &[
    (r"(?m)^\d{10},", "<UNIX>,"),
    (r"\b1[789]\d{8}\b", "<UNIX>"),
    (r"\b20\d{12}\b", "<TIME>"),
    (r"with \d+ cores", "with <N> cores"),
    // Files for one run, and the directory that Karat makes for them.
    (r"TMP/(?:karat-[0-9a-f]+/)?(packer-shell|pkr-file-content|packer-upload)-?\w+", "TMP/$1<N>"),
];

/// What differs from run to run.
pub(super) struct Mask {
    normal: Normal,
    patterns: Vec<(Regex, &'static str)>,
}

impl Mask {
    /// With `paths` shown by name.
    pub(super) fn new(paths: &[(&Path, &str)]) -> Result<Self> {
        let normal = paths.iter().fold(Normal::new(), |normal, (path, name)| normal.path(path, name));
        let patterns: std::result::Result<_, regex::Error> =
            PATTERNS.iter().map(|(pattern, name)| Ok((Regex::new(pattern)?, *name))).collect();
        Ok(Self { normal, patterns: patterns? })
    }

    pub(super) fn apply(&self, text: &str) -> String {
        let text = self.normal.apply(text);
        self.patterns
            .iter()
            .fold(text, |text, (pattern, name)| pattern.replace_all(&text, *name).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_from_run_to_run_is_masked() {
        let mask = Mask::new(&[(Path::new("/tmp/k/work"), "WORK")]).unwrap();
        let said =
            "1795000000,,ui,say,/tmp/k/work/a: TMP/packer-shell123456 after 3 seconds, exit code 12345\n";
        assert_eq!(
            mask.apply(said),
            "<UNIX>,,ui,say,WORK/a: TMP/packer-shell<N> after <DURATION>, exit code 12345\n"
        );
    }
}
