//! Numbers from and to decimal text.

use std::fmt;

use num_bigint::{BigInt, BigUint, Sign};

use super::{EXPONENT_LIMIT, Float, LITERAL, Number, ParseNumberError, Repr, bits};

/// Decimal exponents beyond this are out of range; it lies within the limit of binary exponents.
const DECIMAL_LIMIT: i64 = 300_000;

/// Reads `[+-]digits[.digits][(e|E)[+-]digits]` at the precision of literals.
pub(super) fn read(text: &str) -> Result<Number, ParseNumberError> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (Sign::Minus, rest),
        None => (Sign::Plus, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, read_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
    {
        return Err(ParseNumberError::Syntax);
    }
    if fraction.is_empty()
        && exponent == 0
        && let Ok(value) = whole.parse::<i64>()
    {
        let value = if sign == Sign::Minus { -value } else { value };
        return Ok(Number(Repr::Integer { value, precision: LITERAL }));
    }
    let magnitude = BigUint::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10).unwrap_or_default();
    if magnitude == BigUint::ZERO {
        return Ok(Number(Repr::Integer { value: 0, precision: LITERAL }));
    }
    let mantissa = BigInt::from_biguint(sign, magnitude);
    let exponent = exponent - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    if exponent.abs() > DECIMAL_LIMIT || bits(&mantissa) > EXPONENT_LIMIT {
        return Err(ParseNumberError::Range);
    }
    let power = BigInt::from(10).pow(u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX));
    Ok(if exponent >= 0 {
        Number::round(mantissa * power, 0, LITERAL, false)
    } else {
        Number::quotient(&mantissa, &power, 0, LITERAL)
    })
}

fn read_exponent(text: &str) -> Result<i64, ParseNumberError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ParseNumberError::Syntax);
    }
    // Too many digits for the machine is out of range either way.
    let exponent: i64 = digits.parse().map_err(|_| ParseNumberError::Range)?;
    if exponent > 2 * DECIMAL_LIMIT {
        return Err(ParseNumberError::Range);
    }
    Ok(if text.starts_with('-') { -exponent } else { exponent })
}

/// Writes the shortest decimal within half a unit in the last binary place of the number.
pub(super) fn write(f: &mut fmt::Formatter<'_>, float: &Float) -> fmt::Result {
    // One bit more than the precision: the last bit is half a unit in the last place.
    let shift = i64::from(float.precision) + 1 - bits(&float.mantissa);
    let exact: BigUint = float.mantissa.magnitude() << shift.max(0);
    let exponent = float.exponent - shift.max(0);
    // Neighbours are farther away than the bounds where the mantissa is even, so the bounds themselves identify it.
    let inclusive = !exact.bit(1);
    let (scale, point) = if exponent >= 0 {
        (BigUint::from(1u32) << exponent, 0)
    } else {
        let places = u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX);
        (BigUint::from(5u32).pow(places), places as usize)
    };
    let digits = |number: BigUint| (number * &scale).to_string().into_bytes();
    let upper = digits(&exact + 1u32);
    // Digits before the point are needed even where the number starts behind it.
    let width = upper.len().max(point + 1);
    let pad = |digits: Vec<u8>| [vec![b'0'; width - digits.len()], digits].concat();
    let (lower, middle, upper) = (pad(digits(&exact - 1u32)), pad(digits(exact)), pad(upper));

    let digits = shortest(&lower, middle, &upper, inclusive);
    let (whole, fraction) = digits.split_at(width - point);
    let whole = String::from_utf8_lossy(whole);
    let fraction = String::from_utf8_lossy(fraction);
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    f.write_str(if float.mantissa.sign() == Sign::Minus { "-" } else { "" })?;
    f.write_str(if whole.is_empty() { "0" } else { whole })?;
    if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
}

/// Cuts `middle` at the first digit where rounding it down or up stays between the bounds, and fills up with zeros.
fn shortest(lower: &[u8], mut middle: Vec<u8>, upper: &[u8], inclusive: bool) -> Vec<u8> {
    let significant = |digits: &[u8]| digits.len() - digits.iter().rev().take_while(|d| **d == b'0').count();
    let (lower_end, upper_end) = (significant(lower), significant(upper));
    // Whether the digits of `middle` so far equal those of the upper bound, or are one unit below with nines since.
    let (mut below, mut above) = (false, Gap::None);
    for i in 0..middle.len() {
        let (l, m, u) = (lower[i], middle[i], upper[i]);
        below |= l != m;
        above = match above {
            Gap::None if m == u => Gap::None,
            Gap::None if m + 1 == u => Gap::One,
            Gap::One if m == b'9' && u == b'0' => Gap::One,
            _ => Gap::Wide,
        };
        let down = below || inclusive && i + 1 >= lower_end;
        let up = above == Gap::Wide || above == Gap::One && (inclusive || i + 1 < upper_end);
        if !down && !up {
            continue;
        }
        let rest = &middle[i + 1..];
        let round_up = if down && up {
            match rest.split_first() {
                // Exactly half way goes to the even digit.
                Some((b'5', rest)) if rest.iter().all(|d| *d == b'0') => m % 2 == 1,
                Some((digit, _)) => *digit >= b'5',
                None => false,
            }
        } else {
            up
        };
        middle[i + 1..].fill(b'0');
        if round_up {
            increment(&mut middle[..=i]);
        }
        break;
    }
    middle
}

/// How far the upper bound's digits so far are above the number's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    One,
    Wide,
}

fn increment(digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return;
        }
    }
}
