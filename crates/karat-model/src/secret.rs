//! Values that must not be shown.

use std::fmt;
use std::sync::{Arc, RwLock};

/// Text that never prints itself.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// What stands where a secret stood. Scripts that scrape Packer 1.16 look for exactly this.
pub const REDACTED: &str = "<sensitive>";

/// Every secret of a run; text passes through [`Redactor::redact`] before it is shown, recorded or sent.
///
/// Clones share one list, so a secret that turns up mid-run (a generated key) is hidden everywhere from then on.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Arc<RwLock<Vec<String>>>,
}

impl Redactor {
    /// Registers `secret`: whole, with CRLF as LF, and each of its lines (Packer 1.16's rule), each also as it reads in
    /// quotes, with its escapes, in a template's text or in a message. Empty text is ignored.
    pub fn add(&self, secret: &str) {
        let unix = secret.replace("\r\n", "\n");
        let Ok(mut secrets) = self.secrets.write() else { return };
        for text in
            [secret, unix.as_str()].into_iter().chain(unix.lines()).filter(|text| !text.trim().is_empty())
        {
            for text in [text.to_string(), escaped(text)] {
                if !secrets.contains(&text) {
                    secrets.push(text);
                }
            }
        }
        // The longest first, so that a secret that contains another is hidden whole.
        secrets.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// `text` with every secret replaced by [`REDACTED`].
    pub fn redact(&self, text: &str) -> String {
        let Ok(secrets) = self.secrets.read() else { return REDACTED.to_string() };
        let mut shown = text.to_string();
        for secret in secrets.iter() {
            if shown.contains(secret.as_str()) {
                shown = shown.replace(secret.as_str(), REDACTED);
            }
        }
        shown
    }
}

/// As between the quotes of HCL, JSON or a debug format.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_17_secrets_are_hidden_whole_and_by_line() {
        let redactor = Redactor::default();
        redactor.add("first line\r\nsecond");
        assert_eq!(redactor.redact("a first line b"), "a <sensitive> b");
        assert_eq!(redactor.redact("x first line\nsecond y"), "x <sensitive> y");
        assert_eq!(redactor.redact("the second"), "the <sensitive>");
    }

    #[test]
    fn core_17_secrets_are_hidden_where_they_stand_escaped_in_quotes() {
        let redactor = Redactor::default();
        redactor.add("a\"b\\c");
        assert_eq!(redactor.redact(r#"x = "a\"b\\c" or a"b\c"#), r#"x = "<sensitive>" or <sensitive>"#);
    }

    #[test]
    fn an_empty_secret_hides_nothing() {
        let redactor = Redactor::default();
        redactor.add("");
        redactor.add("\n\n");
        assert_eq!(redactor.redact("a b"), "a b");
    }

    #[test]
    fn a_secret_inside_a_longer_one_does_not_leave_the_rest() {
        let redactor = Redactor::default();
        redactor.add("pass");
        redactor.add("password1");
        assert_eq!(redactor.redact("password1 pass"), "<sensitive> <sensitive>");
        assert_eq!(format!("{:?}", Secret::new("x")), "<sensitive>");
    }
}
