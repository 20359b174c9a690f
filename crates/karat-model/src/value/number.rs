//! HCL's numbers: binary floating point with up to 512 bits of mantissa.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use num_bigint::{BigInt, Sign};

mod decimal;

/// Precision of literals and of numbers read from text, in bits.
const LITERAL: u16 = 512;
/// Precision of numbers that come from machine integers.
const INTEGER: u16 = 64;
/// Precision of numbers that come from machine floats.
const FLOAT: u16 = 53;
/// Larger binary exponents count as infinite, smaller ones as zero, so that no text can ask for a number whose
/// digits fill the memory.
const EXPONENT_LIMIT: i64 = 1 << 20;

/// A number. It remembers its precision, since what `1/3` prints depends on it: 512 bits for literals, 64 for numbers
/// that functions count, 53 for machine floats; results have the larger precision of their operands.
/// There is infinity (`1/0`) but nothing that is not a number.
#[derive(Clone)]
pub struct Number(Repr);

#[derive(Clone)]
enum Repr {
    /// The common case. The value fits the precision.
    Integer {
        value: i64,
        precision: u16,
    },
    /// Anything else that is finite.
    Float(Box<Float>),
    /// `-0`: equal to zero, but written so.
    NegativeZero {
        precision: u16,
    },
    Infinity(Sign),
}

/// `mantissa · 2^exponent`, the mantissa odd and no wider than the precision.
#[derive(Clone)]
struct Float {
    mantissa: BigInt,
    exponent: i64,
    precision: u16,
}

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseNumberError {
    /// It is not written like one.
    #[error("not a number")]
    Syntax,
    /// Its exponent is out of bounds.
    #[error("a number out of range")]
    Range,
}

fn bits(mantissa: &BigInt) -> i64 {
    i64::try_from(mantissa.bits()).unwrap_or(i64::MAX)
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Integer { value: 0, precision: INTEGER });

    /// `mantissa · 2^exponent`, rounded half to even to `precision` bits. `sticky`: the true value is a little
    /// further from zero.
    fn round(mantissa: BigInt, exponent: i64, precision: u16, sticky: bool) -> Self {
        let surplus = bits(&mantissa) - i64::from(precision);
        if surplus <= 0 {
            // Callers with sticky results supply more bits than the precision.
            return Self::exact(mantissa, exponent, precision);
        }
        let (sign, magnitude) = (mantissa.sign(), mantissa.magnitude());
        let half = magnitude.bit(surplus.unsigned_abs() - 1);
        let mut kept = magnitude >> surplus;
        let beyond_half =
            sticky || magnitude.trailing_zeros().is_some_and(|zeros| zeros + 1 < surplus.unsigned_abs());
        if half && (beyond_half || kept.bit(0)) {
            kept += 1u32;
        }
        Self::exact(BigInt::from_biguint(sign, kept), exponent + surplus, precision)
    }

    fn exact(mantissa: BigInt, exponent: i64, precision: u16) -> Self {
        let zeros = mantissa.trailing_zeros().unwrap_or(0);
        let mantissa = mantissa >> zeros;
        let exponent = exponent + i64::try_from(zeros).unwrap_or(i64::MAX);
        if mantissa.sign() == Sign::NoSign || exponent < -EXPONENT_LIMIT {
            return Self::zero(mantissa.sign() == Sign::Minus, precision);
        }
        if exponent > EXPONENT_LIMIT {
            return Self(Repr::Infinity(mantissa.sign()));
        }
        if (0..63).contains(&exponent)
            && bits(&mantissa) + exponent < 64
            && let Ok(value) = i64::try_from(&mantissa << exponent)
        {
            return Self(Repr::Integer { value, precision });
        }
        Self(Repr::Float(Box::new(Float { mantissa, exponent, precision })))
    }

    fn zero(negative: bool, precision: u16) -> Self {
        Self(if negative { Repr::NegativeZero { precision } } else { Repr::Integer { value: 0, precision } })
    }

    /// Whether a minus stands before it.
    fn has_minus(&self) -> bool {
        self.is_negative() || matches!(self.0, Repr::NegativeZero { .. })
    }

    /// The parts of a finite number.
    fn float(&self) -> Option<Float> {
        match &self.0 {
            Repr::Integer { value, precision } => {
                Some(Float { mantissa: BigInt::from(*value), exponent: 0, precision: *precision })
            }
            Repr::Float(float) => Some(float.as_ref().clone()),
            Repr::NegativeZero { precision } => {
                Some(Float { mantissa: BigInt::ZERO, exponent: 0, precision: *precision })
            }
            Repr::Infinity(_) => None,
        }
    }

    fn sign(&self) -> Sign {
        match &self.0 {
            Repr::Integer { value, .. } => match value.cmp(&0) {
                Ordering::Less => Sign::Minus,
                Ordering::Equal => Sign::NoSign,
                Ordering::Greater => Sign::Plus,
            },
            Repr::Float(float) => float.mantissa.sign(),
            Repr::NegativeZero { .. } => Sign::NoSign,
            Repr::Infinity(sign) => *sign,
        }
    }

    /// Positive infinity.
    pub fn infinity() -> Self {
        Self(Repr::Infinity(Sign::Plus))
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.sign() == Sign::NoSign
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.sign() == Sign::Minus
    }

    /// Whether it is not infinite.
    pub fn is_finite(&self) -> bool {
        !matches!(self.0, Repr::Infinity(_))
    }

    /// Whether it is finite and whole.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Integer { .. } | Repr::NegativeZero { .. } => true,
            Repr::Float(float) => float.exponent >= 0,
            Repr::Infinity(_) => false,
        }
    }

    /// The sum; `None` for infinities of different signs.
    pub fn add(&self, other: &Self) -> Option<Self> {
        if let (Repr::Integer { value: a, precision: p }, Repr::Integer { value: b, precision: q }) =
            (&self.0, &other.0)
            && let Some(value) = a.checked_add(*b)
            && (*p).max(*q) >= INTEGER
        {
            return Some(Self(Repr::Integer { value, precision: (*p).max(*q) }));
        }
        let (Some(a), Some(b)) = (self.float(), other.float()) else {
            return match (&self.0, &other.0) {
                (Repr::Infinity(a), Repr::Infinity(b)) => (a == b).then(|| self.clone()),
                (Repr::Infinity(_), _) => Some(self.clone()),
                _ => Some(other.clone()),
            };
        };
        let (precision, (x, y, exponent)) = (a.precision.max(b.precision), aligned(&a, &b));
        if let (Repr::NegativeZero { .. }, Repr::NegativeZero { .. }) = (&self.0, &other.0) {
            return Some(Self::zero(true, precision));
        }
        Some(Self::round(x + y, exponent, precision, false))
    }

    /// The difference; `None` for infinities of one sign.
    pub fn sub(&self, other: &Self) -> Option<Self> {
        self.add(&other.neg())
    }

    /// The product; `None` for zero times infinity. A product is kept exact up to 512 bits.
    pub fn mul(&self, other: &Self) -> Option<Self> {
        let (Some(a), Some(b)) = (self.float(), other.float()) else {
            return match product(self.sign(), other.sign()) {
                Sign::NoSign => None,
                sign => Some(Self(Repr::Infinity(sign))),
            };
        };
        let mantissa = &a.mantissa * &b.mantissa;
        if mantissa.sign() == Sign::NoSign {
            return Some(Self::zero(self.has_minus() != other.has_minus(), a.precision.max(b.precision)));
        }
        let needed = bits(&mantissa) - i64::try_from(mantissa.trailing_zeros().unwrap_or(0)).unwrap_or(0);
        let needed = u16::try_from(needed).unwrap_or(LITERAL).min(LITERAL);
        Some(Self::round(mantissa, a.exponent + b.exponent, a.precision.max(b.precision).max(needed), false))
    }

    /// The quotient, infinite for a division by zero; `None` for `0/0` and for infinity by infinity.
    pub fn div(&self, other: &Self) -> Option<Self> {
        let (a, b) = match (self.float(), other.float()) {
            (Some(a), Some(b)) => (a, b),
            (Some(a), None) => return Some(Self::zero(self.has_minus() != other.has_minus(), a.precision)),
            (None, Some(_)) => {
                let minus = self.has_minus() != other.has_minus();
                return Some(Self(Repr::Infinity(if minus { Sign::Minus } else { Sign::Plus })));
            }
            (None, None) => return None,
        };
        let minus = self.has_minus() != other.has_minus();
        let precision = a.precision.max(b.precision);
        match (a.mantissa.sign(), b.mantissa.sign()) {
            (Sign::NoSign, Sign::NoSign) => return None,
            (_, Sign::NoSign) => {
                return Some(Self(Repr::Infinity(if minus { Sign::Minus } else { Sign::Plus })));
            }
            (Sign::NoSign, _) => return Some(Self::zero(minus, precision)),
            _ => {}
        }
        Some(Self::quotient(&a.mantissa, &b.mantissa, a.exponent - b.exponent, precision))
    }

    /// `dividend / divisor · 2^exponent`, rounded once.
    fn quotient(dividend: &BigInt, divisor: &BigInt, exponent: i64, precision: u16) -> Self {
        let shift = (i64::from(precision) + 2 + bits(divisor) - bits(dividend)).max(0);
        let dividend = dividend << shift;
        let quotient = &dividend / divisor;
        let sticky = &quotient * divisor != dividend;
        Self::round(quotient, exponent - shift, precision, sticky)
    }

    /// The remainder, which has the sign of the dividend. `x % 0` is `x`, as HCL has it; `None` where one of them
    /// is infinite. HCL takes the product of divisor and whole quotient from the dividend, each step rounded to the
    /// dividend's precision, which shows in the last digits of fractions.
    pub fn rem(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return Some(self.clone());
        }
        let (a, b) = (self.float()?, other.float()?);
        let quotient = self.div(other)?;
        let whole = if quotient.is_negative() { quotient.ceil() } else { quotient.floor() };
        let whole = whole.float()?;
        let whole = Self::round(whole.mantissa, whole.exponent, a.precision, false).float()?;
        let product = &whole.mantissa * &b.mantissa;
        let product = Self::round(product, whole.exponent + b.exponent, a.precision, false).float()?;
        if matches!(self.0, Repr::NegativeZero { .. }) {
            return Some(Self::zero(!other.has_minus(), a.precision));
        }
        let (x, y, exponent) = aligned(&a, &product);
        Some(Self::round(x - y, exponent, a.precision, false))
    }

    /// The same number with the other sign.
    #[must_use]
    pub fn neg(&self) -> Self {
        match &self.0 {
            Repr::Integer { value: 0, precision } => Self::zero(true, *precision),
            Repr::NegativeZero { precision } => Self::zero(false, *precision),
            Repr::Integer { value, precision } => match value.checked_neg() {
                Some(value) => Self(Repr::Integer { value, precision: *precision }),
                None => Self::exact(-BigInt::from(*value), 0, *precision),
            },
            Repr::Float(float) => Self::exact(-float.mantissa.clone(), float.exponent, float.precision),
            Repr::Infinity(sign) => Self(Repr::Infinity(-*sign)),
        }
    }

    /// The largest whole number that is not larger. Infinity stays.
    #[must_use]
    pub fn floor(&self) -> Self {
        match &self.0 {
            // The shift of a big integer rounds down.
            Repr::Float(float) if float.exponent < 0 => {
                Self::exact(&float.mantissa >> float.exponent.unsigned_abs(), 0, float.precision)
            }
            Repr::NegativeZero { precision } => Self::zero(false, *precision),
            _ => self.clone(),
        }
    }

    /// The smallest whole number that is not smaller. Infinity stays.
    #[must_use]
    pub fn ceil(&self) -> Self {
        let ceiling = self.neg().floor().neg();
        if let Repr::NegativeZero { precision } = ceiling.0 { Self::zero(false, precision) } else { ceiling }
    }

    /// Whether both are written the same, which is what HCL means by equal: `0.1` of any precision is `0.1`. Zero has
    /// no sign here.
    pub fn looks_like(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Float(a), Repr::Float(b)) if a.precision != b.precision => {
                self.sign() == other.sign() && self.to_string() == other.to_string()
            }
            _ => self == other,
        }
    }

    /// The number with ten digits at most, with an exponent if it is far from zero.
    pub(super) fn to_short_string(&self) -> String {
        decimal::short(&self.to_string())
    }

    /// The value, if it is whole and fits.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Integer { value, .. } => Some(*value),
            _ => i64::try_from(self.to_big_int()?).ok(),
        }
    }

    /// The value, if it is whole and fits.
    pub fn to_u64(&self) -> Option<u64> {
        match &self.0 {
            Repr::Integer { value, .. } => u64::try_from(*value).ok(),
            _ => u64::try_from(self.to_big_int()?).ok(),
        }
    }

    /// The value, if it is whole.
    pub fn to_big_int(&self) -> Option<BigInt> {
        let float = self.float()?;
        (float.exponent >= 0).then(|| float.mantissa << float.exponent)
    }

    /// The nearest machine float; `None` if it would be infinite.
    pub fn to_f64(&self) -> Option<f64> {
        self.to_string().parse().ok().filter(|nearest: &f64| nearest.is_finite())
    }
}

fn product(a: Sign, b: Sign) -> Sign {
    match (a, b) {
        (Sign::NoSign, _) | (_, Sign::NoSign) => Sign::NoSign,
        (a, b) if a == b => Sign::Plus,
        _ => Sign::Minus,
    }
}

/// Both mantissas for one exponent.
fn aligned(a: &Float, b: &Float) -> (BigInt, BigInt, i64) {
    let exponent = a.exponent.min(b.exponent);
    (&a.mantissa << (a.exponent - exponent), &b.mantissa << (b.exponent - exponent), exponent)
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Repr::Integer { value: a, .. }, Repr::Integer { value: b, .. }) = (&self.0, &other.0) {
            return a.cmp(b);
        }
        if self.sign() != other.sign() {
            return self.sign().cmp(&other.sign());
        }
        match (self.float(), other.float()) {
            (Some(a), Some(b)) => {
                let (x, y, _) = aligned(&a, &b);
                x.cmp(&y)
            }
            (None, None) => Ordering::Equal,
            (finite, _) => {
                let outward = if finite.is_some() { Ordering::Less } else { Ordering::Greater };
                if self.sign() == Sign::Minus { outward.reverse() } else { outward }
            }
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The shortest decimal that no other number of the same precision is nearer to; never with an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Integer { value, .. } => write!(f, "{value}"),
            Repr::Float(float) => decimal::write(f, float),
            Repr::NegativeZero { .. } => f.write_str("-0"),
            Repr::Infinity(Sign::Minus) => f.write_str("-Inf"),
            Repr::Infinity(_) => f.write_str("+Inf"),
        }
    }
}

impl FromStr for Number {
    type Err = ParseNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        decimal::read(text)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Repr::Integer { value, precision: INTEGER })
    }
}

impl From<BigInt> for Number {
    fn from(value: BigInt) -> Self {
        let precision = u16::try_from(value.bits()).unwrap_or(LITERAL).clamp(INTEGER, LITERAL);
        Self::round(value, 0, precision, false)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::exact(BigInt::from(value), 0, INTEGER)
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        i64::from(value).into()
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Self {
        Self::exact(BigInt::from(value), 0, INTEGER)
    }
}

impl TryFrom<f64> for Number {
    type Error = ParseNumberError;

    /// The exact value at 53 bits. What is not a number is an error.
    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if value.is_nan() {
            return Err(ParseNumberError::Syntax);
        }
        if value.is_infinite() {
            return Ok(Self(Repr::Infinity(if value < 0.0 { Sign::Minus } else { Sign::Plus })));
        }
        let bits = value.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let biased = i64::try_from(bits >> 52 & 0x7FF).unwrap_or(0);
        // Subnormal numbers lack the implied leading bit.
        let magnitude = if biased == 0 { fraction } else { fraction | 1 << 52 };
        if value == 0.0 {
            return Ok(Self::zero(value.is_sign_negative(), FLOAT));
        }
        let sign = if value.is_sign_negative() { Sign::Minus } else { Sign::Plus };
        Ok(Self::exact(BigInt::from_biguint(sign, magnitude.into()), biased.max(1) - 1075, FLOAT))
    }
}

#[cfg(test)]
mod tests;
