//! Numbers from and to decimal text.

use std::fmt;

use num_bigint::{BigInt, BigUint, Sign};

use super::{EXPONENT_LIMIT, Float, LITERAL, Number, ParseNumberError, Repr, bits};

/// Decimal exponents beyond this are out of range; it lies within the limit of binary exponents.
const DECIMAL_LIMIT: i64 = 300_000;

/// More digits are out of range: what they ask for grows with their square.
const MOST_DIGITS: usize = 100_000;

/// Reads `[+-]digits[.digits][(e|E)[+-]digits]`, or infinity, at the precision of literals.
pub(super) fn read(text: &str) -> Result<Number, ParseNumberError> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (Sign::Minus, rest),
        None => (Sign::Plus, text.strip_prefix('+').unwrap_or(text)),
    };
    if unsigned == "Inf" || unsigned == "inf" {
        return Ok(Number(Repr::Infinity(sign)));
    }
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
        return Ok(match (value, sign) {
            (0, _) => Number::zero(sign == Sign::Minus, LITERAL),
            (_, Sign::Minus) => Number(Repr::Integer { value: -value, precision: LITERAL }),
            _ => Number(Repr::Integer { value, precision: LITERAL }),
        });
    }
    if exponent == 0
        && let Some(number) = binary_fraction(sign, whole, fraction)
    {
        return Ok(number);
    }
    if whole.len() + fraction.len() > MOST_DIGITS {
        return Err(ParseNumberError::Range);
    }
    let magnitude = BigUint::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10).unwrap_or_default();
    if magnitude == BigUint::ZERO {
        return Ok(Number::zero(sign == Sign::Minus, LITERAL));
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

/// A short fraction that is exact in binary, as 0.5 and 2.25 are: what a division of 512 bits would give.
fn binary_fraction(sign: Sign, whole: &str, fraction: &str) -> Option<Number> {
    let places = u32::try_from(fraction.len()).ok()?;
    let digits = format!("{whole}{fraction}").parse::<i64>().ok().filter(|digits| *digits != 0)?;
    let fives = 5_i64.checked_pow(places).filter(|fives| digits % fives == 0)?;
    let mantissa = if sign == Sign::Minus { -(digits / fives) } else { digits / fives };
    Some(Number::exact(BigInt::from(mantissa), -i64::from(places), LITERAL))
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

/// Ten significant digits of a number written in full, as Go's `%.10g` has it.
pub(super) fn short(full: &str) -> String {
    const DIGITS: usize = 10;
    let (minus, unsigned) = full.strip_prefix('-').map_or(("", full), |rest| ("-", rest));
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        return full.to_owned();
    }
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = format!("{whole}{fraction}");
    let zeros = all.len() - all.trim_start_matches('0').len();
    let mut digits = all.trim_start_matches('0').as_bytes().to_vec();
    // The value is 0.DIGITS · 10^point.
    let mut point = whole.len() as i64 - zeros as i64;
    if digits.is_empty() {
        return format!("{minus}0");
    }
    if digits.len() > DIGITS {
        let rest = digits.split_off(DIGITS);
        let tail = rest.iter().skip(1).any(|digit| *digit != b'0');
        let odd = digits.last().is_some_and(|digit| digit % 2 == 1);
        let first = rest.first().copied().unwrap_or(b'0');
        if first > b'5' || first == b'5' && (tail || odd) {
            if digits.iter().all(|digit| *digit == b'9') {
                digits = vec![b'1'];
                point += 1;
            } else {
                increment(&mut digits);
            }
        }
    }
    let kept = digits.len() - digits.iter().rev().take_while(|digit| **digit == b'0').count();
    digits.truncate(kept);
    let digits = String::from_utf8_lossy(&digits).into_owned();
    let count = digits.len() as i64;
    let limit = if DIGITS as i64 > count && count >= point { count } else { DIGITS as i64 };
    let power = point - 1;
    if power < -4 || power >= limit.max(1) {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{minus}{first}{dot}{rest}e{sign}{:02}", power.unsigned_abs());
    }
    if point <= 0 {
        return format!("{minus}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize));
    }
    match digits.split_at_checked(point as usize) {
        Some((whole, "")) => format!("{minus}{whole}"),
        Some((whole, fraction)) => format!("{minus}{whole}.{fraction}"),
        None => format!("{minus}{digits}{}", "0".repeat((point - count) as usize)),
    }
}
