//! Where a file comes from.

use std::path::{Path, PathBuf};

use reqwest::Url;

use super::checksum::Checksum;

/// A place that files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A file of this host; used in place.
    Local(PathBuf),
    /// A file of a web server.
    Http(Url),
}

impl Source {
    /// Reads a path or a URL. Paths are relative to `cwd`.
    pub(super) fn parse(text: &str, cwd: &Path) -> Result<Self, String> {
        if let Some((getter, _)) = text.split_once("::") {
            return Err(unsupported(text, getter));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            let path =
                text.split_once('?').map_or(text, |(path, query)| if is_query(query) { path } else { text });
            return Ok(Self::Local(cwd.join(path)));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "file" => {
                let path = rest.split_once('?').map_or(rest, |(path, _)| path);
                Ok(Self::Local(cwd.join(path)))
            }
            "http" | "https" => {
                Url::parse(text).map(Self::Http).map_err(|error| format!("{text} is not a URL: {error}"))
            }
            other => Err(unsupported(text, other)),
        }
    }

    /// A checksum that the URL itself names.
    pub(super) fn checksum_in_query(&self) -> Option<String> {
        let Self::Http(url) = self else { return None };
        url.query_pairs().find(|(key, _)| key == "checksum").map(|(_, value)| value.into_owned())
    }

    /// How the second `Trying` line shows it: with the checksum in the query.
    pub(super) fn with_checksum(&self, text: &str, checksum: &Checksum, written: &str) -> String {
        if *checksum == Checksum::None {
            return text.to_string();
        }
        let joint = if text.contains('?') { '&' } else { '?' };
        if text.contains("checksum=") {
            return text.to_string();
        }
        let mut query = String::new();
        for byte in written.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                query.push(char::from(byte));
            } else {
                query.push_str(&format!("%{byte:02X}"));
            }
        }
        format!("{text}{joint}checksum={query}")
    }
}

/// Whether what follows a `?` in a path is meant as a query.
fn is_query(text: &str) -> bool {
    text.starts_with("checksum=") || text.starts_with("archive=")
}

fn unsupported(text: &str, scheme: &str) -> String {
    format!(
        "{text}: the download scheme {scheme:?} is not supported yet; use a path, file://, http:// or https:// (fetch it \
         with a shell-local step or before the build)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn com_16_sources() {
        let parse = |text| Source::parse(text, Path::new("/work"));
        assert_eq!(parse("a/b.iso"), Ok(Source::Local("/work/a/b.iso".into())));
        assert_eq!(parse("/b.iso?checksum=none"), Ok(Source::Local("/b.iso".into())));
        assert_eq!(parse("odd?name.iso"), Ok(Source::Local("/work/odd?name.iso".into())));
        assert_eq!(parse("file:///b.iso"), Ok(Source::Local("/b.iso".into())));
        assert_eq!(parse("file://./b.iso"), Ok(Source::Local("/work/./b.iso".into())));
        let http = parse("https://example.org/b.iso?checksum=md5:00").unwrap();
        assert_eq!(http.checksum_in_query().as_deref(), Some("md5:00"));
        for (text, scheme) in [
            ("s3::https://example.org/b.iso", "\"s3\""),
            ("git::https://example.org/b.git", "\"git\""),
            ("smb://host/b.iso", "\"smb\""),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(scheme) && error.contains("not supported yet"), "{error}");
        }
    }

    #[test]
    fn com_16_the_second_line_names_the_checksum() {
        let source = Source::Local("/b.iso".into());
        let checksum = Checksum::parse("md5:900150983cd24fb0d6963f7d28e17f72").unwrap();
        assert_eq!(
            source.with_checksum("/b.iso", &checksum, "md5:900150983cd24fb0d6963f7d28e17f72"),
            "/b.iso?checksum=md5%3A900150983cd24fb0d6963f7d28e17f72"
        );
        assert_eq!(source.with_checksum("/b.iso", &Checksum::None, "none"), "/b.iso");
    }
}
