//! What kind of archive a name asks for.

/// How several files become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Archive {
    /// GNU tar.
    Tar,
    /// Zip, which compresses by itself.
    Zip,
}

/// How bytes become fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// Gzip on all cores, one stream.
    Pgzip,
    /// Gzip in blocks that can be found (`bgzip`).
    Bgzf,
    /// LZ4 frames.
    Lz4,
    /// XZ.
    Xz,
    /// Bzip2.
    Bzip2,
}

impl Compression {
    /// The name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pgzip => "pgzip",
            Self::Bgzf => "bgzf",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }
}

/// What to make of the artifact's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// `None`: exactly one file, which is compressed as it is.
    pub(super) archive: Option<Archive>,
    /// `None`: stored, or compressed by the archive.
    pub(super) compression: Option<Compression>,
}

impl Format {
    /// What the `output` option, before its template is rendered, and the `format` option ask for.
    ///
    /// Packer 1.16 looks at the runs of small letters and digits that follow a dot, anywhere in the text: the last one is
    /// the format, `tar` before it says that there is an archive inside. What it does not know, it tars and gzips.
    pub(super) fn detect(output: &str, format: &str) -> Self {
        let text = if format.is_empty() { output.to_string() } else { format!("{output}.{format}") };
        let mut extensions = text.split('.').skip(1).filter_map(|part| {
            let end =
                part.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit()).unwrap_or(part.len());
            (end > 0).then(|| part[..end].to_string())
        });
        let (mut before, mut last) = (None, None);
        for extension in &mut extensions {
            (before, last) = (last, Some(extension));
        }
        let compression = match last.as_deref() {
            Some("tar") => return Self { archive: Some(Archive::Tar), compression: None },
            Some("zip") => return Self { archive: Some(Archive::Zip), compression: None },
            Some("gz") => Compression::Pgzip,
            Some("bgzf") => Compression::Bgzf,
            Some("lz4") => Compression::Lz4,
            Some("xz") => Compression::Xz,
            Some("bzip2") => Compression::Bzip2,
            _ => return Self { archive: Some(Archive::Tar), compression: Some(Compression::Pgzip) },
        };
        let archive = (before.as_deref() == Some("tar")).then_some(Archive::Tar);
        Self { archive, compression: Some(compression) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line was seen with Packer 1.16.0.
    #[test]
    fn blt_19_the_format_is_detected_from_the_unrendered_output() {
        let tar = Some(Archive::Tar);
        let zip = Some(Archive::Zip);
        let gz = Some(Compression::Pgzip);
        for (output, format, archive, compression) in [
            ("gz", "", tar, gz),
            (".gz", "", None, gz),
            ("tar.gz", "", None, gz),
            ("xtar.gz", "", None, gz),
            ("x.tar.gz", "", tar, gz),
            ("x.tar.", "", tar, None),
            ("dir.gz/x", "", None, gz),
            ("x.GZ", "", tar, gz),
            ("x.gz.BAZ", "", None, gz),
            ("x.gzA", "", None, gz),
            ("x.gz_1", "", None, gz),
            ("x.bz2", "", tar, gz),
            ("x.tgz", "", tar, gz),
            ("x.tar.zip", "", zip, None),
            ("x", "tar", tar, None),
            ("x.tar", "gz", tar, gz),
            ("x", ".gz", None, gz),
            ("x.gz", "zip", zip, None),
            ("x.gz{{/*c*/}}", "", None, gz),
            ("x.gz{{.BuildName}}", "", None, gz),
            ("{{.BuildName}}.tar.gz", "", tar, gz),
            ("packer_{{.BuildName}}_{{.BuilderType}}", "", tar, gz),
            ("packer_{{.BuildName}}_{{.BuilderType}}", "foo", tar, gz),
            ("x.zip.gz", "", None, gz),
            ("x.tar.tar.gz", "", tar, gz),
            ("a b.tar-gz", "", tar, None),
            ("x.tar.gz-1", "", tar, gz),
            ("x.tar-1.gz", "", tar, gz),
            ("x.gz.tar", "", tar, None),
            ("x.tar/y.gz", "", tar, gz),
            ("x.tar..gz", "", tar, gz),
            ("x.é.gz", "", None, gz),
            ("x.tar.foo", "", tar, gz),
            ("x.txt.xz", "", None, Some(Compression::Xz)),
            ("x.lz4", "", None, Some(Compression::Lz4)),
            ("x.tar.bgzf", "", tar, Some(Compression::Bgzf)),
            ("x.bzip2", "", None, Some(Compression::Bzip2)),
        ] {
            assert_eq!(Format::detect(output, format), Format { archive, compression }, "{output} {format}");
        }
    }
}
