//! How Go writes floating point numbers.

/// No number has more digits than this behind its point; what is wished beyond is zeros.
const EXACT: usize = 1_100;

/// Decimal digits `d.ddd` and an exponent of ten.
struct Decimal {
    negative: bool,
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
            negative: value.is_sign_negative(),
            digits: mantissa.replace('.', "") + &"0".repeat(zeros),
            exponent: exponent.parse().unwrap_or_default(),
        }
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn scientific(&self) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{}{first}{point}{rest}e{sign}{:02}", self.sign(), self.exponent.unsigned_abs())
    }

    fn positional(&self) -> String {
        let mut text = self.sign().to_owned();
        let count = self.digits.len();
        if self.exponent < 0 {
            text.push_str("0.");
            text.push_str(&"0".repeat(self.exponent.unsigned_abs() as usize - 1));
            text.push_str(&self.digits);
            return text;
        }
        let whole = self.exponent.unsigned_abs() as usize + 1;
        if count <= whole {
            text.push_str(&self.digits);
            text.push_str(&"0".repeat(whole - count));
        } else {
            text.push_str(&self.digits[..whole]);
            text.push('.');
            text.push_str(&self.digits[whole..]);
        }
        text
    }
}

/// The verb `%e`, `%f` or `%g` (in lower case) of a number. No `precision` means as many digits as identify the number
/// for `g`, six for the others.
pub(crate) fn format_float(value: f64, verb: char, precision: Option<usize>, keep_zeros: bool) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    match verb {
        'e' => Decimal::new(value, Some(precision.unwrap_or(6))).scientific(),
        'f' => {
            let precision = precision.unwrap_or(6);
            format!("{value:.*}", precision.min(EXACT)) + &"0".repeat(precision.saturating_sub(EXACT))
        }
        _ => {
            let mut decimal = Decimal::new(value, precision.map(|digits| digits.max(1) - 1));
            if precision.is_some() && !keep_zeros {
                decimal.digits = match decimal.digits.trim_end_matches('0') {
                    "" => "0".to_owned(),
                    digits => digits.to_owned(),
                };
            }
            // Where the number of digits is free, exponents begin at a million.
            let limit = match precision {
                None => 6,
                Some(digits) => {
                    let digits = digits.max(1) as i32;
                    if decimal.digits.len() as i32 > digits && decimal.digits.len() as i32 >= decimal.exponent
                    {
                        decimal.digits.len() as i32
                    } else {
                        digits
                    }
                }
            };
            if decimal.exponent < -4 || decimal.exponent >= limit {
                decimal.scientific()
            } else {
                decimal.positional()
            }
        }
    }
}
