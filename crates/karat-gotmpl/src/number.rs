//! Go's number literals.

use crate::Value;

/// The value of a literal: a whole number, unless it has a point or an exponent. None if it is no number, or too large.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let digits = digits.to_ascii_lowercase();
    match whole(&digits) {
        Some(magnitude) => {
            let number = if negative { -i128::from(magnitude) } else { i128::from(magnitude) };
            i64::try_from(number).ok().map(Value::Int)
        }
        None => {
            let number = fraction(&digits).filter(|number| number.is_finite())?;
            Some(Value::Float(if negative { -number } else { number }))
        }
    }
}

/// Digits of a base, which a prefix names.
fn whole(text: &str) -> Option<u64> {
    let (radix, digits) = match text.get(..2) {
        Some("0x") => (16, &text[2..]),
        Some("0b") => (2, &text[2..]),
        Some("0o") => (8, &text[2..]),
        _ if text.len() > 1 && text.starts_with('0') => (8, &text[1..]),
        _ => (10, text),
    };
    let digits = without_underscores(digits, radix != 10)?;
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if is_number { u64::from_str_radix(&digits, radix).ok() } else { None }
}

/// An underscore stands between two digits, or behind a prefix.
fn without_underscores(digits: &str, mut between: bool) -> Option<String> {
    let mut rest = digits.chars().peekable();
    while let Some(c) = rest.next() {
        let is_followed = rest.peek().is_some_and(char::is_ascii_hexdigit);
        if c == '_' && !(between && is_followed) {
            return None;
        }
        between = c.is_ascii_hexdigit();
    }
    Some(digits.replace('_', ""))
}

/// A number with a point or an exponent; without one it would be a whole number too large.
fn fraction(text: &str) -> Option<f64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return hexadecimal(digits);
    }
    let text = without_underscores(text, false)?;
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let is_fraction = text.contains(['.', 'e']);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_number = is_number(&mantissa.replacen('.', "", 1)) && is_number(exponent);
    if is_fraction && is_number { text.parse().ok() } else { None }
}

/// `1.8p-2`, behind `0x`.
fn hexadecimal(text: &str) -> Option<f64> {
    let text = without_underscores(text, true)?;
    let (mantissa, exponent) = text.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.to_owned() + fraction;
    // Thirty digits fit into the number below; nobody writes more.
    if digits.is_empty() || digits.len() > 30 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let exponent: i32 = exponent.parse().ok()?;
    let mantissa = u128::from_str_radix(&digits, 16).ok()? as f64;
    Some(mantissa * 2f64.powi(exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?))
}
