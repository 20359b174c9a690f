//! Logarithms and powers with the approximations that Go uses, so that results agree to the last digit.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

/// `value = fraction · 2^exponent`, the fraction from ½ up to 1. For finite numbers but zero.
fn split(value: f64) -> (f64, i64) {
    // Subnormal numbers are made normal first.
    let (value, shift) =
        if value.abs() < f64::MIN_POSITIVE { (value * 2_f64.powi(52), 52) } else { (value, 0) };
    let bits = value.to_bits();
    let exponent = i64::try_from(bits >> 52 & 0x7ff).unwrap_or_default() - 1022 - shift;
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), exponent)
}

/// `fraction · 2^exponent`.
fn scale(fraction: f64, exponent: i64) -> f64 {
    let exponent = i32::try_from(exponent.clamp(-3000, 3000)).unwrap_or_default();
    // In steps, as a factor must not overflow where the result does not.
    let step = exponent.clamp(-1000, 1000);
    let rest = (exponent - step).clamp(-1000, 1000);
    fraction * 2_f64.powi(step) * 2_f64.powi(rest) * 2_f64.powi(exponent - step - rest)
}

/// The natural logarithm, by the series of fdlibm.
pub(super) fn log(value: f64) -> f64 {
    const TERMS: [f64; 7] = [
        0.6666666666666735,
        0.3999999999940942,
        0.2857142874366239,
        0.22222198432149784,
        0.1818357216161805,
        0.15313837699209373,
        0.14798198605116586,
    ];
    const LN2_HIGH: f64 = 0.6931471803691238;
    const LN2_LOW: f64 = 1.9082149292705877e-10;
    debug_assert!((LN2_HIGH + LN2_LOW - LN_2).abs() < 1e-15);
    if !value.is_finite() || value <= 0.0 {
        return value.ln();
    }
    let (mut fraction, mut exponent) = split(value);
    if fraction < FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1;
    }
    let f = fraction - 1.0;
    let k = exponent as f64;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let [l1, l2, l3, l4, l5, l6, l7] = TERMS;
    let odd = s2 * (l1 + s4 * (l3 + s4 * (l5 + s4 * l7)));
    let even = s4 * (l2 + s4 * (l4 + s4 * l6));
    let r = odd + even;
    let half = 0.5 * f * f;
    k * LN2_HIGH - ((half - (s * (half + r) + k * LN2_LOW)) - f)
}

/// A power, by squaring for the whole part of the exponent.
pub(super) fn pow(base: f64, power: f64) -> f64 {
    if base == 0.0 || !base.is_finite() || !power.is_finite() || power == 0.0 || base == 1.0 || power == 1.0 {
        return base.powf(power);
    }
    if power == 0.5 {
        return base.sqrt();
    }
    if power == -0.5 {
        return 1.0 / base.sqrt();
    }
    let mut whole = power.abs().trunc();
    let mut part = power.abs().fract();
    if part != 0.0 && base < 0.0 {
        return f64::NAN;
    }
    if whole >= 2_f64.powi(63) {
        return base.powf(power);
    }
    let (mut result, mut result_exponent) = (1.0, 0);
    if part != 0.0 {
        if part > 0.5 {
            part -= 1.0;
            whole += 1.0;
        }
        result = (part * log(base)).exp();
    }
    let (mut square, mut exponent) = split(base);
    let mut bits = whole as u64;
    while bits != 0 {
        if exponent.abs() > 1 << 12 {
            // Far beyond what a float can hold.
            result_exponent += exponent;
            break;
        }
        if bits & 1 == 1 {
            result *= square;
            result_exponent += exponent;
        }
        square *= square;
        exponent *= 2;
        if square < 0.5 {
            square += square;
            exponent -= 1;
        }
        bits >>= 1;
    }
    match power < 0.0 {
        true => scale(1.0 / result, -result_exponent),
        false => scale(result, result_exponent),
    }
}
