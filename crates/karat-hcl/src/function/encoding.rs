//! Functions that write values as text and read them again.

use std::collections::BTreeMap;
use std::io::Write;

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD as BASE64};
use base64::{DecodeError, Engine, alphabet};
use flate2::Compression;
use flate2::write::GzEncoder;
use karat_model::value::{JsonError, Type, Value};

use super::argument::{fits_elements, text};
use super::{Function, FunctionError, FunctionTable, Param, charset, json, yaml};

type Result<T> = std::result::Result<T, FunctionError>;

pub(super) fn register(table: &mut FunctionTable) {
    let param = || Param::new("text", Type::String);
    let charset = || Param::new("encoding", Type::String);
    let mut insert = |name: &str, ty: Type, run: fn(&[Value]) -> Result<Value>| {
        table.insert(name, Function::new([param()], ty, run));
    };
    insert("base64encode", Type::String, |args| Ok(BASE64.encode(text(args, 0)).into()));
    insert("base64decode", Type::String, |args| {
        let text = String::from_utf8(base64_argument(args, 0)?);
        text.map(Value::from).map_err(|_| FunctionError::argument(0, "what it encodes is not UTF-8 text"))
    });
    insert("base64gzip", Type::String, |args| Ok(BASE64.encode(gzip(text(args, 0).as_bytes())?).into()));
    insert("csvdecode", Type::Any, csvdecode);
    insert("jsondecode", Type::Any, |args| {
        json::read(text(args, 0))
            .map_err(|reason| FunctionError::argument(0, format!("it is not JSON: {reason}")))
    });
    insert("yamldecode", Type::Any, |args| {
        yaml::read(text(args, 0))
            .map_err(|reason| FunctionError::argument(0, format!("it is not YAML: {reason}")))
    });
    insert("urlencode", Type::String, |args| Ok(urlencode(text(args, 0)).into()));
    let any = || Param::new("value", Type::Any).or_null();
    table.insert(
        "jsonencode",
        Function::new([any()], Type::String, |args| {
            let text = args.first().map_or(Ok(String::new()), json_text);
            text.map(Value::from).map_err(|error| FunctionError::argument(0, error.to_string()))
        }),
    );
    table.insert(
        "yamlencode",
        Function::new([any()], Type::String, |args| {
            args.first().map_or(Ok(String::new()), yaml::write).map(Value::from)
        }),
    );
    table.insert(
        "textencodebase64",
        Function::new([param(), charset()], Type::String, |args| {
            let bytes = charset::find(args, 1)?.encode(text(args, 0));
            let bytes = bytes.map_err(|c| {
                let c = if args.iter().any(Value::is_sensitive) { String::new() } else { format!(" {c:?}") };
                FunctionError::argument(0, format!("the encoding has no code for one of its characters{c}"))
            });
            Ok(BASE64.encode(bytes?).into())
        }),
    );
    table.insert(
        "textdecodebase64",
        Function::new([param(), charset()], Type::String, |args| {
            let text = charset::find(args, 1)?.decode(&base64_argument(args, 0)?);
            text.map(Value::from).ok_or_else(|| FunctionError::argument(0, "it is not text in that encoding"))
        }),
    );
}

/// The bytes that base64 stands for, read as Go does: line breaks do not count, nor do bits beyond the last byte.
pub(super) fn from_base64(text: &str) -> std::result::Result<Vec<u8>, DecodeError> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    LENIENT.decode(text.replace(['\r', '\n'], ""))
}

/// The bytes of an argument in base64.
pub(super) fn base64_argument(args: &[Value], at: usize) -> Result<Vec<u8>> {
    from_base64(text(args, at)).map_err(|error| {
        let reason = match error {
            _ if args.get(at).is_some_and(Value::is_sensitive) => String::new(),
            DecodeError::InvalidByte(offset, _) => {
                format!(": character {} does not belong there", offset + 1)
            }
            _ => ": it ends too early or too late".to_owned(),
        };
        FunctionError::argument(at, format!("it is not base64{reason}"))
    })
}

/// A value as JSON on one line, names sorted, and nothing in it that could end a script in a web page, as Go does it.
pub(super) fn json_text(value: &Value) -> std::result::Result<String, JsonError> {
    let mut text = String::new();
    push_json(&mut text, value)?;
    Ok(text)
}

fn push_json(text: &mut String, value: &Value) -> std::result::Result<(), JsonError> {
    if let Some(entries) = value.as_map() {
        text.push('{');
        for (at, (name, entry)) in entries.iter().enumerate() {
            text.push_str(if at > 0 { "," } else { "" });
            push_json_string(text, name);
            text.push(':');
            push_json(text, entry)?;
        }
        text.push('}');
    } else if let Some(elements) = value.as_slice() {
        text.push('[');
        for (at, element) in elements.iter().enumerate() {
            text.push_str(if at > 0 { "," } else { "" });
            push_json(text, element)?;
        }
        text.push(']');
    } else if let Some(string) = value.as_str() {
        push_json_string(text, string);
    } else if let Some(number) = value.as_number() {
        // All digits, more than JSON readers have to understand.
        if !number.is_finite() {
            return Err(JsonError::Infinite);
        }
        text.push_str(&number.to_string());
    } else if let Some(truth) = value.as_bool() {
        text.push_str(&truth.to_string());
    } else if value.is_null() {
        text.push_str("null");
    } else {
        return Err(JsonError::Unknown);
    }
    Ok(())
}

/// A JSON string.
pub(super) fn push_json_string(text: &mut String, string: &str) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let compressed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    compressed.map_err(|error| FunctionError::new(format!("it cannot be compressed: {error}")))
}

/// As in a URL's query, where a blank is `+`.
fn urlencode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            b' ' => encoded.push('+'),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn csvdecode(args: &[Value]) -> Result<Value> {
    let wrong = |message: String| FunctionError::argument(0, message);
    let mut records = csv_records(text(args, 0)).map_err(wrong)?.into_iter();
    let Some((_, header)) = records.next() else {
        return Err(wrong("it must begin with a line of column names".to_owned()));
    };
    for (at, name) in header.iter().enumerate() {
        if header[..at].contains(name) {
            return Err(wrong(format!(
                "columns {} and {} have the same name",
                position(&header, name),
                at + 1
            )));
        }
    }
    let row_type = Type::object(header.iter().map(|name| (name, Type::String)));
    let mut rows = Vec::new();
    for (line, record) in records {
        fits_elements(rows.len().saturating_mul(header.len() + 1))?;
        if record.len() != header.len() {
            let (found, wanted) = (record.len(), header.len());
            return Err(wrong(format!("line {line} has {found} fields, but there are {wanted} columns")));
        }
        let fields = header.iter().cloned().zip(record.into_iter().map(Value::from));
        rows.push(Value::object(fields.collect::<BTreeMap<_, _>>()));
    }
    Ok(Value::list(row_type, rows))
}

fn position(header: &[String], name: &str) -> usize {
    header.iter().position(|other| other == name).map_or(0, |at| at + 1)
}

/// The records of a CSV text by RFC 4180, each with the line it begins on. Empty lines are skipped.
fn csv_records(text: &str) -> std::result::Result<Vec<(usize, Vec<String>)>, String> {
    let mut records = Vec::new();
    let mut line = 1;
    let mut chars = text.chars().peekable();
    while let Some(first) = chars.peek() {
        if matches!(first, '\r' | '\n') {
            line += usize::from(chars.next() == Some('\n'));
            continue;
        }
        let start = line;
        let mut record = Vec::new();
        loop {
            let mut field = String::new();
            if chars.next_if_eq(&'"').is_some() {
                loop {
                    match chars.next() {
                        Some('"') if chars.next_if_eq(&'"').is_some() => field.push('"'),
                        Some('"') => break,
                        // A line break in quotes is a single newline.
                        Some('\r') if chars.peek() == Some(&'\n') => {}
                        Some(c) => {
                            line += usize::from(c == '\n');
                            field.push(c);
                        }
                        None => return Err(format!("the quotes opened on line {start} are not closed")),
                    }
                }
                if !matches!(chars.peek(), None | Some(',' | '\r' | '\n')) {
                    return Err(format!("line {line} has text behind a closing quote"));
                }
            } else {
                while let Some(c) = chars.next_if(|c| !matches!(c, ',' | '\n')) {
                    if c == '"' {
                        return Err(format!("line {line} has a quote inside of a field without quotes"));
                    }
                    field.push(c);
                }
                if field.ends_with('\r') && chars.peek() != Some(&',') {
                    field.pop();
                }
            }
            record.push(field);
            if chars.next_if_eq(&',').is_none() {
                break;
            }
        }
        records.push((start, record));
    }
    Ok(records)
}
