//! Paths in the guest, and how its shell reads them.

/// Directory and name of a remote file. The directory of a bare name is `.`; the root's is `/`.
pub(super) fn split(path: &str) -> (&str, &str) {
    match path.trim_end_matches('/').rsplit_once('/') {
        _ if path.is_empty() => (".", ""),
        None => (".", path.trim_end_matches('/')),
        Some(("", name)) => ("/", name),
        Some((directory, name)) => (directory, name),
    }
}

/// Exactly this text, as one word of a POSIX shell.
pub(super) fn exact(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A path as one word of a POSIX shell: a leading `~` and variables mean what they mean there, as with Packer, whose
/// paths reach the guest's shell almost unquoted; blanks, quotes and all else mean themselves.
pub(super) fn word(path: &str) -> String {
    let (home, rest) = match path.strip_prefix('~') {
        Some(after) => {
            let end = after.find('/').unwrap_or(after.len());
            let (user, rest) = after.split_at(end);
            if user.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) {
                (path.get(..=end).unwrap_or_default(), rest)
            } else {
                ("", path)
            }
        }
        None => ("", path),
    };
    // A quoted slash would make `~` mean itself.
    let (slash, rest) = match rest.strip_prefix('/') {
        Some(after) if !home.is_empty() => ("/", after),
        _ => ("", rest),
    };
    let mut word = format!("{home}{slash}");
    if !rest.is_empty() || home.is_empty() {
        word.push('"');
        for c in rest.chars() {
            if matches!(c, '"' | '\\' | '`') {
                word.push('\\');
            }
            word.push(c);
        }
        word.push('"');
    }
    word
}

/// Like [`word`], but patterns (`*`, `?`, `[`) are left to the shell too.
pub(super) fn pattern(path: &str) -> String {
    let mut text = String::new();
    for (index, c) in path.chars().enumerate() {
        let plain = c.is_alphanumeric() || "/._-+,:@%=*?[]$".contains(c) || (c == '~' && index == 0);
        if !plain {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// A helper script for the guest's login shell, whatever that is, to run. It speaks first, so that silence tells a
/// shell of another kind from a script that failed.
pub(super) fn helper(script: &str) -> String {
    format!("exec sh -c {}", exact(&format!("echo {GREETING}; {script}")))
}

/// What a helper script says first, on a line of its own.
pub(super) const GREETING: &str = "karat-helper";

/// What a helper said after its greeting; `None` if it did not greet.
pub(super) fn after_greeting(stdout: &[u8]) -> Option<&[u8]> {
    let line = format!("{GREETING}\n");
    // Start-up files of the login shell may have said something before.
    let at = stdout.windows(line.len()).position(|window| window == line.as_bytes())?;
    stdout.get(at + line.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_like_packers() {
        assert_eq!(split("/tmp/a b"), ("/tmp", "a b"));
        assert_eq!(split("/a"), ("/", "a"));
        assert_eq!(split("a"), (".", "a"));
        assert_eq!(split("~/x/y"), ("~/x", "y"));
        assert_eq!(split("/tmp/d/"), ("/tmp", "d"));
    }

    #[test]
    fn words_keep_what_shells_expand_and_quote_the_rest() {
        assert_eq!(word("/tmp/a b"), r#""/tmp/a b""#);
        assert_eq!(word("~"), "~");
        assert_eq!(word("~/it's"), r#"~/"it's""#);
        assert_eq!(word("~ab/c"), r#"~ab/"c""#);
        assert_eq!(word("$HOME/x"), r#""$HOME/x""#);
        assert_eq!(word(r#"a"b`c\"#), r#""a\"b\`c\\""#);
        assert_eq!(pattern("~/a b*'"), r"~/a\ b*\'");
    }

    #[test]
    fn noise_before_the_greeting_is_skipped() {
        assert_eq!(after_greeting(b"Welcome!\nkarat-helper\nsize 3\n"), Some(b"size 3\n".as_slice()));
        assert_eq!(after_greeting(b"karat-helper; x"), None);
    }
}
