//! Encodings of text other than UTF-8.

use encoding_rs::{DecoderResult, EncoderResult, Encoding};
use karat_model::diagnostic::did_you_mean;
use karat_model::value::Value;

use super::FunctionError;
use super::argument::{shown, text};

mod code_page;
mod name;

/// An encoding.
#[derive(Clone, Copy)]
pub(super) enum Charset {
    Utf8,
    /// Big-endian behind a mark of byte order. What is read may have a mark of either order, or none.
    Utf16,
    Utf16Be,
    Utf16Le,
    /// The first so many characters of Unicode, one byte each.
    Latin(u32),
    /// The characters of the last 128 bytes behind ASCII, or of the last 192 behind EBCDIC's controls.
    Page(&'static str),
    /// An encoding of the web, of Asian languages.
    Whatwg(&'static Encoding),
}

/// The encoding whose IANA name is in an argument.
pub(super) fn find(args: &[Value], at: usize) -> Result<Charset, FunctionError> {
    let wanted = text(args, at).trim().to_lowercase();
    let is_wanted = |(name, others, _): &&(&str, &str, Charset)| {
        name.eq_ignore_ascii_case(&wanted) || others.split(' ').any(|other| other == wanted)
    };
    name::CHARSETS.iter().find(is_wanted).map(|(.., charset)| *charset).ok_or_else(|| {
        let message = format!("{} is not the IANA name of an encoding that is supported", shown(args, at));
        let names = name::CHARSETS.iter().map(|(name, ..)| *name);
        let hint = match did_you_mean(&wanted, names) {
            Some(name) if !args.iter().any(Value::is_sensitive) => format!("; did you mean {name:?}?"),
            _ => "; such are UTF-8, UTF-16LE, ISO-8859-1, windows-1252, Shift_JIS, GB18030".to_owned(),
        };
        FunctionError::argument(at, message + &hint)
    })
}

impl Charset {
    /// The bytes of a text, or its first character that has none.
    pub(super) fn encode(self, text: &str) -> Result<Vec<u8>, char> {
        let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
        match self {
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Utf16 => Ok(["\u{feff}", text]
                .iter()
                .flat_map(|part| part.encode_utf16())
                .flat_map(u16::to_be_bytes)
                .collect()),
            Self::Utf16Be => Ok(utf16(u16::to_be_bytes)),
            Self::Utf16Le => Ok(utf16(u16::to_le_bytes)),
            Self::Latin(size) => {
                let byte =
                    |c: char| u8::try_from(u32::from(c)).ok().filter(|byte| u32::from(*byte) < size).ok_or(c);
                text.chars().map(byte).collect()
            }
            Self::Page(page) => {
                let page = whole_page(page);
                let byte = |c| {
                    page.iter()
                        .position(|other| *other == c && c != char::REPLACEMENT_CHARACTER)
                        .and_then(|at| u8::try_from(at).ok())
                        .ok_or(c)
                };
                text.chars().map(byte).collect()
            }
            Self::Whatwg(encoding) => {
                let mut encoder = encoding.new_encoder();
                let mut bytes =
                    vec![0; encoder.max_buffer_length_from_utf8_without_replacement(text.len()).unwrap_or(0)];
                match encoder.encode_from_utf8_without_replacement(text, &mut bytes, true) {
                    (EncoderResult::Unmappable(c), ..) => Err(c),
                    (_, _, length) => {
                        bytes.truncate(length);
                        Ok(bytes)
                    }
                }
            }
        }
    }

    /// The text of some bytes, if they are one.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        let utf16 = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
            let (units, odd) = bytes.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|pair| unit(*pair)).collect();
            String::from_utf16(&units).ok().filter(|_| odd.is_empty())
        };
        let text = match self {
            Self::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
            Self::Utf16 => match bytes {
                [0xff, 0xfe, rest @ ..] => utf16(u16::from_le_bytes, rest),
                [0xfe, 0xff, rest @ ..] | rest => utf16(u16::from_be_bytes, rest),
            },
            Self::Utf16Be => utf16(u16::from_be_bytes, bytes),
            Self::Utf16Le => utf16(u16::from_le_bytes, bytes),
            Self::Latin(size) => {
                bytes.iter().map(|byte| (u32::from(*byte) < size).then_some(char::from(*byte))).collect()
            }
            Self::Page(page) => {
                let page = whole_page(page);
                bytes.iter().map(|byte| page.get(usize::from(*byte))).collect()
            }
            Self::Whatwg(encoding) => {
                let mut decoder = encoding.new_decoder_without_bom_handling();
                let mut text =
                    String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
                match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
                    (DecoderResult::InputEmpty, _) => Some(text),
                    _ => None,
                }
            }
        };
        // Whoever wrote this character did not know what it was either.
        text.filter(|text| !text.contains(char::REPLACEMENT_CHARACTER))
    }
}

fn whole_page(page: &str) -> Vec<char> {
    let high = page.chars();
    match high.clone().count() {
        128 => ('\0'..='\x7f').chain(high).collect(),
        _ => code_page::EBCDIC_CONTROLS.chars().chain(high).collect(),
    }
}
