//! How Go writes floating point numbers.

/// No number has more digits than this behind its point; what is wished beyond is zeros.
const EXACT: usize = 1_100;

/// How many bits of a number are behind the binary point.
const FRACTION_BITS: i32 = 52;

/// The form `b`, `e`, `f`, `g` or `x` of a finite number. Without `precision` as many digits as identify the number; for `f`
/// there must be one.
pub(crate) fn format_float(value: f64, form: char, precision: Option<usize>) -> String {
    match form {
        'b' => {
            let (mantissa, exponent) = binary(value);
            format!("{}{mantissa}p{exponent:+}", sign(value))
        }
        'x' => hexadecimal(value, precision),
        'e' => Decimal::new(value, precision).scientific(),
        'f' => {
            let precision = precision.unwrap_or(0);
            format!("{value:.*}", precision.min(EXACT)) + &"0".repeat(precision.saturating_sub(EXACT))
        }
        _ => general(value, precision),
    }
}

fn sign(value: f64) -> &'static str {
    if value.is_sign_negative() { "-" } else { "" }
}

/// Whole numbers: value = mantissa × 2^exponent, but for the sign.
fn binary(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    match (bits >> FRACTION_BITS) as i32 & 0x7FF {
        0 => (fraction, -1074),
        exponent => (fraction | 1 << FRACTION_BITS, exponent - 1075),
    }
}

/// `0x1.8p+01`.
fn hexadecimal(value: f64, precision: Option<usize>) -> String {
    /// Where the one digit before the point is.
    const ONE: u64 = 1 << 60;
    let (mut mantissa, mut exponent) = binary(value);
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros() as i32 - 3;
        mantissa <<= shift;
        exponent += 60 - shift;
    }
    // Round to even.
    if let Some(dropped) =
        precision.and_then(|digits| 60_usize.checked_sub(4 * digits)).filter(|bits| *bits > 0)
    {
        let half = 1 << (dropped - 1);
        let rest = mantissa & ((1 << dropped) - 1);
        mantissa -= rest;
        if rest > half || (rest == half && mantissa >> dropped & 1 == 1) {
            mantissa += 1 << dropped;
        }
        if mantissa >= 2 * ONE {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let digits = format!("{:015x}", mantissa & (ONE - 1));
    let digits = match precision {
        None => digits.trim_end_matches('0').to_owned(),
        Some(precision) => digits[..precision.min(15)].to_owned() + &"0".repeat(precision.saturating_sub(15)),
    };
    let point = if digits.is_empty() { "" } else { "." };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    let exponent = exponent.unsigned_abs();
    format!("{}0x{}{point}{digits}p{exponent_sign}{exponent:02}", sign(value), mantissa >> 60)
}

/// Positional for numbers of an ordinary size, else scientific.
fn general(value: f64, precision: Option<usize>) -> String {
    let mut decimal = Decimal::new(value, precision.map(|digits| digits.max(1) - 1));
    if precision.is_some() {
        let digits = decimal.digits.trim_end_matches('0').len().max(1);
        decimal.digits.truncate(digits);
    }
    // Where the number of digits is free, exponents begin at a million.
    let limit = precision.map_or(6, |digits| digits.max(1) as i32);
    if decimal.exponent < -4 || decimal.exponent >= limit {
        decimal.scientific()
    } else {
        decimal.positional()
    }
}

/// Decimal digits `d.ddd` and an exponent of ten.
struct Decimal {
    sign: &'static str,
    digits: String,
    exponent: i32,
}

impl Decimal {
    /// `precision` digits behind the point, or as few as identify the number.
    fn new(value: f64, precision: Option<usize>) -> Self {
        let text = match precision {
            Some(precision) => format!("{:.*e}", precision.min(EXACT), value.abs()),
            None => format!("{:e}", value.abs()),
        };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let zeros = precision.unwrap_or(0).saturating_sub(EXACT);
        Self {
            sign: sign(value),
            digits: mantissa.replace('.', "") + &"0".repeat(zeros),
            exponent: exponent.parse().unwrap_or_default(),
        }
    }

    fn scientific(&self) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{}{first}{point}{rest}e{sign}{:02}", self.sign, self.exponent.unsigned_abs())
    }

    fn positional(&self) -> String {
        let (sign, digits) = (self.sign, &self.digits);
        let magnitude = self.exponent.unsigned_abs() as usize;
        if self.exponent < 0 {
            return format!("{sign}0.{}{digits}", "0".repeat(magnitude - 1));
        }
        match digits.split_at_checked(magnitude + 1) {
            Some((whole, "")) => format!("{sign}{whole}"),
            Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
            None => format!("{sign}{digits}{}", "0".repeat(magnitude + 1 - digits.len())),
        }
    }
}
