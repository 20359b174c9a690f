//! Encodings of text other than UTF-8.

use karat_model::value::Value;

use super::FunctionError;
use super::argument::{shown, text};

/// An encoding.
#[derive(Clone, Copy)]
pub(super) enum Charset {
    Utf8,
    Utf16 {
        big_endian: bool,
    },
    /// The first so many characters of Unicode, one byte each.
    Latin {
        size: u32,
    },
}

/// The encoding whose IANA name is in an argument.
pub(super) fn find(args: &[Value], at: usize) -> Result<Charset, FunctionError> {
    match text(args, at).to_ascii_uppercase().as_str() {
        "UTF-8" | "UTF8" => Ok(Charset::Utf8),
        "UTF-16LE" => Ok(Charset::Utf16 { big_endian: false }),
        "UTF-16BE" => Ok(Charset::Utf16 { big_endian: true }),
        "ISO-8859-1" | "ISO_8859-1" | "LATIN1" => Ok(Charset::Latin { size: 0x100 }),
        "US-ASCII" | "ASCII" => Ok(Charset::Latin { size: 0x80 }),
        _ => {
            let name = shown(args, at);
            let message = format!(
                "the encoding {name} is not supported; UTF-8, UTF-16LE, UTF-16BE, ISO-8859-1 and US-ASCII are"
            );
            Err(FunctionError::argument(at, message))
        }
    }
}

impl Charset {
    /// The bytes of a text, or its first character that has none.
    pub(super) fn encode(self, text: &str) -> Result<Vec<u8>, char> {
        match self {
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Utf16 { big_endian: true } => Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            Self::Utf16 { big_endian: false } => Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Self::Latin { size } => {
                let byte =
                    |c: char| u8::try_from(u32::from(c)).ok().filter(|byte| u32::from(*byte) < size).ok_or(c);
                text.chars().map(byte).collect()
            }
        }
    }

    /// The text of some bytes, if they are one.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
            Self::Utf16 { big_endian } => {
                let (units, odd) = bytes.as_chunks::<2>();
                let unit = |pair: &[u8; 2]| {
                    if big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
                };
                odd.is_empty()
                    .then(|| String::from_utf16(&units.iter().map(unit).collect::<Vec<_>>()).ok())?
            }
            Self::Latin { size } => {
                bytes.iter().map(|byte| (u32::from(*byte) < size).then_some(char::from(*byte))).collect()
            }
        }
    }
}
