//! Takes out of a text what differs from run to run.

use std::path::Path;

use regex::Regex;

/// Replaces known paths by names, and times, durations and UUIDs by `<TIME>`, `<DURATION>` and `<UUID>`.
#[derive(Debug, Clone, Default)]
pub struct Normal {
    paths: Vec<(String, String)>,
}

impl Normal {
    /// Replaces no paths yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also writes `name` for `path`. Longer paths are replaced first.
    #[must_use]
    pub fn path(mut self, path: &Path, name: &str) -> Self {
        self.paths.push((path.to_string_lossy().into_owned(), name.to_owned()));
        self.paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        self
    }

    /// The text without what differs from run to run.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (path, name) in &self.paths {
            text = text.replace(path, name);
        }
        let count = r"\d+ (?:hour|minute|second|millisecond|microsecond)s?";
        for (pattern, name) in [
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".to_owned(), "<UUID>"),
            (
                r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?: ?(?:Z|[+-]\d\d:?\d\d))?(?: [A-Z]{3,4})?"
                    .to_owned(),
                "<TIME>",
            ),
            (format!("{count}(?: {count})*"), "<DURATION>"),
        ] {
            text = Regex::new(&pattern).expect("a valid pattern").replace_all(&text, name).into_owned();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_everything_but_paths_times_and_ids() {
        let normal = Normal::new().path(Path::new("/tmp/a"), "ROOT").path(Path::new("/tmp/a/home"), "HOME");
        assert_eq!(
            normal.apply(
                "/tmp/a/home/x /tmp/a/y 2026-11-21T00:14:20Z: finished after 1 minute 2 seconds; 5 disks; \
                 0194c2f1-0d5e-7a57-8d2a-0123456789ab"
            ),
            "HOME/x ROOT/y <TIME>: finished after <DURATION>; 5 disks; <UUID>"
        );
    }
}
