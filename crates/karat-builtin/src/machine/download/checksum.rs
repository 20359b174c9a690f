//! The digest that a file must have, in every form in which templates give it.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// What `iso_checksum` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Checksum {
    /// Anything will do.
    None,
    /// This digest.
    Digest(Expected),
    /// The digest in this checksum file (a path or URL).
    File(String),
}

/// How a digest is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// A digest that a file must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    algorithm: Algorithm,
    /// Lower-case hex.
    hex: String,
}

/// The digest that a file has instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    expected: Expected,
    found: String,
}

impl Checksum {
    /// Reads the option.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("iso_checksum is required: give the digest of the image, file:URL of a checksum file, or none \
                        to use whatever arrives"
                .to_string());
        }
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::None);
        }
        match text.split_once(':') {
            None => Expected::by_length(text).map(Self::Digest),
            Some(("file", place)) => Ok(Self::File(place.to_string())),
            Some((name, digest)) => {
                let algorithm = Algorithm::named(name).ok_or_else(|| {
                    format!(
                        "iso_checksum: unknown type {name:?}; known are md5, sha1, sha224, sha256, sha384, sha512, \
                         file and none"
                    )
                })?;
                Expected::new(algorithm, digest).map(Self::Digest)
            }
        }
    }
}

impl Algorithm {
    const ALL: [(Self, &'static str, usize); 6] = [
        (Self::Md5, "md5", 32),
        (Self::Sha1, "sha1", 40),
        (Self::Sha224, "sha224", 56),
        (Self::Sha256, "sha256", 64),
        (Self::Sha384, "sha384", 96),
        (Self::Sha512, "sha512", 128),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(_, known, _)| known.eq_ignore_ascii_case(name))
            .map(|(algorithm, ..)| algorithm)
    }

    fn of_length(length: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|(.., known)| *known == length).map(|(algorithm, ..)| algorithm)
    }

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(algorithm, ..)| *algorithm == self).map_or("", |(_, name, _)| name)
    }
}

impl Expected {
    fn new(algorithm: Algorithm, hex: &str) -> Result<Self, String> {
        if Algorithm::of_length(hex.len()) != Some(algorithm)
            || !hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            return Err(format!("iso_checksum: {hex:?} is not a {} digest in hex", algorithm.name()));
        }
        Ok(Self { algorithm, hex: hex.to_ascii_lowercase() })
    }

    fn by_length(hex: &str) -> Result<Self, String> {
        let algorithm = Algorithm::of_length(hex.len()).ok_or_else(|| {
            format!("iso_checksum: {hex:?} has {} digits, which is the length of no known digest", hex.len())
        })?;
        Self::new(algorithm, hex)
    }

    /// Reads the file; tells what differs.
    pub(super) fn compare(self, file: impl Read) -> io::Result<Option<Mismatch>> {
        let found = match self.algorithm {
            Algorithm::Md5 => digest::<Md5>(file),
            Algorithm::Sha1 => digest::<Sha1>(file),
            Algorithm::Sha224 => digest::<Sha224>(file),
            Algorithm::Sha256 => digest::<Sha256>(file),
            Algorithm::Sha384 => digest::<Sha384>(file),
            Algorithm::Sha512 => digest::<Sha512>(file),
        }?;
        Ok((found != self.hex).then_some(Mismatch { expected: self, found }))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected: Expected { algorithm, hex }, found } = self;
        write!(f, "Checksums did not match for {}.\nExpected: {hex}\nGot: {found}", algorithm.name())
    }
}

fn digest<D: Digest>(mut file: impl Read) -> io::Result<String> {
    let mut hasher = D::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// Bytes as lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of `name` in a checksum file: `HEX  NAME`, `HEX *NAME`, `SHA256 (NAME) = HEX`, or one lone digest.
pub(super) fn find(text: &str, name: &Path) -> Result<Expected, String> {
    let wanted = name.file_name().unwrap_or(name.as_os_str()).to_string_lossy();
    let mut lone = None;
    for line in text.lines().map(str::trim) {
        if let Some((algorithm, file, hex)) = bsd(line) {
            if is_named(file, &wanted) {
                return Expected::new(algorithm, hex);
            }
            continue;
        }
        let mut words = line.splitn(2, char::is_whitespace);
        let Some(Ok(expected)) = words.next().map(Expected::by_length) else { continue };
        match words.next().map(|file| file.trim().trim_start_matches('*')) {
            Some(file) if is_named(file, &wanted) => return Ok(expected),
            None if lone.is_none() => lone = Some(expected),
            _ => {}
        }
    }
    lone.ok_or_else(|| format!("no checksum for {wanted} in it"))
}

/// `ALGORITHM (NAME) = HEX`.
fn bsd(line: &str) -> Option<(Algorithm, &str, &str)> {
    let (algorithm, rest) = line.split_once(" (")?;
    let (file, hex) = rest.rsplit_once(") = ")?;
    Some((Algorithm::named(algorithm)?, file, hex))
}

fn is_named(file: &str, wanted: &str) -> bool {
    file.rsplit('/').next() == Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn expected(algorithm: Algorithm, hex: &str) -> Checksum {
        Checksum::Digest(Expected { algorithm, hex: hex.to_string() })
    }

    #[test]
    fn com_16_checksum_forms() {
        assert_eq!(Checksum::parse("none"), Ok(Checksum::None));
        assert_eq!(Checksum::parse(SHA256), Ok(expected(Algorithm::Sha256, SHA256)));
        assert_eq!(
            Checksum::parse(&format!("sha256:{}", SHA256.to_uppercase())),
            Ok(expected(Algorithm::Sha256, SHA256))
        );
        assert_eq!(Checksum::parse("file:./SUMS"), Ok(Checksum::File("./SUMS".to_string())));
        for (bad, says) in [
            ("", "is required"),
            ("abc", "has 3 digits"),
            ("sha256:abc", "not a sha256 digest"),
            ("crc:00", "unknown type \"crc\""),
            ("md5:zz0150983cd24fb0d6963f7d28e17f72", "not a md5 digest"),
        ] {
            let error = Checksum::parse(bad).unwrap_err();
            assert!(error.contains(says), "{bad}: {error}");
        }
    }

    #[test]
    fn com_16_every_digest_of_abc() {
        for digest in [
            "900150983cd24fb0d6963f7d28e17f72",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            SHA256,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ] {
            let expected = Expected::by_length(digest).unwrap();
            assert_eq!(expected.clone().compare(b"abc".as_slice()).unwrap(), None, "{digest}");
            let mismatch = expected.compare(b"abd".as_slice()).unwrap().unwrap();
            assert!(mismatch.to_string().contains(&format!("Expected: {digest}\nGot: ")), "{mismatch}");
        }
    }

    #[test]
    fn com_16_checksum_files() {
        let other = SHA256.replace('b', "c");
        let name = Path::new("/some/where/tiny.iso");
        for text in [
            format!("{other}  other.iso\n{SHA256}  tiny.iso\n"),
            format!("{SHA256} *./images/tiny.iso"),
            format!("# a comment\nSHA256 (other.iso) = {other}\nSHA256 (tiny.iso) = {SHA256}\n"),
            format!("{SHA256}\n"),
        ] {
            assert_eq!(find(&text, name).unwrap().hex, SHA256, "{text}");
        }
        let error = find(&format!("{other}  other.iso\n"), name).unwrap_err();
        assert_eq!(error, "no checksum for tiny.iso in it");
    }
}
