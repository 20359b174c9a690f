//! What a word of YAML means, by the rules of Packer's library: YAML 1.1 with fewer kinds of numbers.

use karat_model::value::{Number, Type, Value};

use crate::function::encoding::from_base64;
use crate::function::instant::Instant;

/// What a word can be.
pub(super) enum Scalar {
    Value(Value),
    /// `<<`, as a key.
    Merge,
}

/// What a word with this tag, written out or empty, means. The error is a fragment.
pub(super) fn resolve(text: &str, tag: &str, quoted: bool) -> Result<Scalar, String> {
    let short = match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(short @ ("str" | "bool" | "int" | "float" | "null" | "timestamp" | "binary")) => short,
        None if tag.is_empty() => "",
        _ => return Err(format!("the tag {tag} is not supported")),
    };
    let first = text.chars().next();
    let mut number = matches!(short, "int" | "float");
    // Only such words can be anything but text.
    let suspicious = first.is_none_or(|c| c.is_ascii_digit() || "+-.~yYnNtTfFoO".contains(c));
    if suspicious && !matches!(short, "str" | "binary") {
        if quoted {
            return Ok(Scalar::Value(Value::string(text)));
        }
        if let Some(value) = word(text) {
            return Ok(Scalar::Value(value));
        }
        if short.is_empty() && matches!(text, ".nan" | ".NaN" | ".NAN") {
            return Err("a number that is none (.nan) is not supported".to_owned());
        }
        if first == Some('.') {
            if let Ok(number) = text.parse::<Number>() {
                return Ok(Scalar::Value(number.into()));
            }
        } else if first.is_some_and(|c| c.is_ascii_digit() || "+-".contains(c)) {
            if matches!(short, "" | "timestamp")
                && let Some(time) = timestamp(text)
            {
                return Ok(Scalar::Value(Value::string(time)));
            }
            let digits = text.replace('_', "");
            if let Ok(number) = digits.parse::<Number>() {
                return Ok(Scalar::Value(number.into()));
            }
            number |= digits.starts_with("0b") || digits.starts_with("-0b");
        }
    }
    if short.is_empty() && text == "<<" {
        return Ok(Scalar::Merge);
    }
    let wrong =
        || Err(format!("{text:?} cannot be read as !!{}", if short.is_empty() { "int" } else { short }));
    let value = match short {
        _ if number => {
            return integer(&text.replace('_', "")).map_or_else(wrong, |number| Ok(Scalar::Value(number)));
        }
        "binary" if from_base64(text).is_err() => return Err("!!binary wants base64".to_owned()),
        "bool" => match word(text) {
            Some(value) if value.as_bool().is_some() => value,
            _ => return wrong(),
        },
        "timestamp" => match timestamp(text) {
            Some(time) => Value::string(time),
            None => return wrong(),
        },
        "null" => Value::null(Type::Any),
        _ => Value::string(text),
    };
    Ok(Scalar::Value(value))
}

fn word(text: &str) -> Option<Value> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => true.into(),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => false.into(),
        "" | "~" | "null" | "Null" | "NULL" => Value::null(Type::Any),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Number::infinity().into(),
        "-.inf" | "-.Inf" | "-.INF" => Number::infinity().neg().into(),
        _ => return None,
    })
}

/// A number that is tagged as one: also `0x1f`, `0o17`, `017` and `0b101`, up to 64 bits.
fn integer(digits: &str) -> Option<Value> {
    if let Ok(number) = digits.parse::<Number>() {
        return Some(number.into());
    }
    let (negative, magnitude) = match digits.strip_prefix('-') {
        Some(magnitude) => (true, magnitude),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let radixes = [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)];
    let (digits, radix) =
        radixes.iter().find_map(|(prefix, radix)| Some((magnitude.strip_prefix(prefix)?, *radix)))?;
    let value = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))?;
    match negative {
        false => Some(Number::from(value).into()),
        true => 0_i64.checked_sub_unsigned(value).map(Value::from),
    }
}

/// A time such as `2001-12-14t21:59:43.10-05:00`, `2001-12-14 21:59:43` or `2001-12-14`, by RFC 3339.
fn timestamp(text: &str) -> Option<String> {
    let mut rest = text;
    let year = digits(&mut rest, 4, 4)?;
    let month = eat(&mut rest, "-").and_then(|_| digits(&mut rest, 1, 2))?;
    let day = eat(&mut rest, "-").and_then(|_| digits(&mut rest, 1, 2))?;
    let (mut hour, mut minute, mut second, mut offset) = (0, 0, 0, 0);
    if let Some(separator) = eat(&mut rest, "Tt ") {
        rest = if separator == ' ' { rest.trim_start_matches(' ') } else { rest };
        hour = digits(&mut rest, 1, 2)?;
        minute = eat(&mut rest, ":").and_then(|_| digits(&mut rest, 1, 2))?;
        second = eat(&mut rest, ":").and_then(|_| digits(&mut rest, 1, 2))?;
        let fraction =
            rest.strip_prefix(['.', ',']).map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        rest = fraction.filter(|behind| behind.len() + 1 < rest.len()).unwrap_or(rest);
        if separator != ' ' && eat(&mut rest, "Z").is_none() {
            let sign = if eat(&mut rest, "+-")? == '-' { -1 } else { 1 };
            let hours = digits(&mut rest, 2, 2).filter(|hours| *hours <= 24)?;
            let minutes = eat(&mut rest, ":").and_then(|_| digits(&mut rest, 2, 2))?;
            offset = sign * (hours * 60 + Some(minutes).filter(|minutes| *minutes <= 60)?);
        }
    }
    let instant = Instant { year, month, day, hour, minute, second, nanos: 0, offset };
    (rest.is_empty() && instant.exists()).then(|| instant.rfc3339())
}

/// Passes at least and at most so many digits.
fn digits(rest: &mut &str, least: usize, most: usize) -> Option<i64> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, behind) = rest.split_at_checked(count).filter(|_| count >= least)?;
    *rest = behind;
    digits.parse().ok()
}

/// Passes one of some characters.
fn eat(rest: &mut &str, wanted: &str) -> Option<char> {
    let first = rest.chars().next().filter(|c| wanted.contains(*c))?;
    *rest = &rest[first.len_utf8()..];
    Some(first)
}
