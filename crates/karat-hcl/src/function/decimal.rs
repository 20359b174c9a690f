//! Numbers written with a wished number of digits.

use karat_model::value::Number;

/// The digits of a finite number without its sign: `0.DIGITS · 10^exponent`.
pub(super) struct Decimal {
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// The shortest digits that identify the number.
    pub(super) fn new(number: &Number) -> Self {
        let text = number.to_string();
        let text = text.trim_start_matches('-');
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let leading = all.iter().take_while(|digit| **digit == b'0').count();
        let mut digits = all.get(leading..).unwrap_or_default().to_vec();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let exponent = if digits.is_empty() { 0 } else { whole.len() as i64 - leading as i64 };
        Self { digits, exponent }
    }

    /// The same with at most so many digits, rounded half to even.
    fn rounded(&self, count: i64) -> Self {
        let Ok(count) = usize::try_from(count) else { return Self { digits: Vec::new(), exponent: 0 } };
        let (kept, cut) = match self.digits.split_at_checked(count) {
            Some((kept, cut)) if !cut.is_empty() => (kept, cut),
            _ => return Self { digits: self.digits.clone(), exponent: self.exponent },
        };
        let up = match cut {
            [b'5'] => kept.last().is_some_and(|digit| digit % 2 == 1),
            _ => cut.first().is_some_and(|digit| *digit >= b'5'),
        };
        let mut digits = kept.to_vec();
        let mut exponent = self.exponent;
        if up {
            while digits.last() == Some(&b'9') {
                digits.pop();
            }
            match digits.last_mut() {
                Some(last) => *last += 1,
                None => {
                    digits.push(b'1');
                    exponent += 1;
                }
            }
        }
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let exponent = if digits.is_empty() { 0 } else { exponent };
        Self { digits, exponent }
    }

    /// The digit worth `10^power`.
    fn digit(&self, power: i64) -> char {
        let at = usize::try_from(self.exponent - 1 - power).ok();
        at.and_then(|at| self.digits.get(at)).map_or('0', |digit| char::from(*digit))
    }

    fn positional(&self, places: usize) -> String {
        let mut text: String = (0..self.exponent.max(1)).rev().map(|power| self.digit(power)).collect();
        if places > 0 {
            text.push('.');
            text.extend((1..=places as i64).map(|place| self.digit(-place)));
        }
        text
    }

    /// `%f`: so many digits behind the point.
    pub(super) fn fixed(&self, places: usize) -> String {
        self.rounded(self.exponent + places as i64).positional(places)
    }

    /// `%e`: so many digits behind the point, or as many as there are, and an exponent.
    pub(super) fn scientific(&self, places: Option<usize>) -> String {
        let rounded = self.rounded(places.map_or(i64::MAX, |places| places as i64 + 1));
        let power = if rounded.digits.is_empty() { 0 } else { rounded.exponent - 1 };
        let places = places.unwrap_or(rounded.digits.len().max(1) - 1) as i64;
        let mut text = String::from(rounded.digit(power));
        if places > 0 {
            text.push('.');
            text.extend((1..=places).map(|place| rounded.digit(power - place)));
        }
        text + &format!("e{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs())
    }

    /// `%g`: at most so many digits, or as many as there are; with an exponent if it is far from zero.
    pub(super) fn general(&self, digits: Option<usize>) -> String {
        let wanted = digits.map_or(i64::MAX, |digits| digits.max(1) as i64);
        let rounded = self.rounded(wanted);
        let count = rounded.digits.len() as i64;
        let limit = match digits {
            None => 6,
            Some(_) if wanted > count && count >= rounded.exponent => count,
            Some(_) => wanted,
        };
        let power = if rounded.digits.is_empty() { 0 } else { rounded.exponent - 1 };
        if power < -4 || power >= limit.max(1) {
            return rounded.scientific(None);
        }
        rounded.positional(usize::try_from(count - rounded.exponent).unwrap_or(0))
    }
}
