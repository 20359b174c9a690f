//! Durations as Go programs write them: `5m`, `1h30m`, `1.5s`, `100ms`.

use std::fmt;
use std::time::Duration;

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration: {reason}; write a number and a unit, such as `30s`, `5m` or `1h30m`")]
pub struct DurationError {
    text: String,
    reason: String,
}

const UNITS: [(&str, f64); 8] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// Reads a duration in Go's notation. Negative durations are read as their sign and size: some options use a negative
/// value to mean "off".
pub fn parse_signed(text: &str) -> Result<(bool, Duration), DurationError> {
    let fail = |reason: &str| DurationError { text: text.to_string(), reason: reason.to_string() };
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok((false, Duration::ZERO));
    }
    if rest.is_empty() {
        return Err(fail("it is empty"));
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| fail("a number is missing"))?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = &rest[..letters];
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(|| {
            fail(&if unit.is_empty() { "a unit is missing".into() } else { format!("unknown unit `{unit}`") })
        })?;
        seconds += number * size;
        rest = &rest[letters..];
    }
    let size = Duration::try_from_secs_f64(seconds).map_err(|_| fail("it is too long"))?;
    Ok((negative && !size.is_zero(), size))
}

/// Reads a duration that cannot be negative.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    match parse_signed(text)? {
        (false, size) => Ok(size),
        (true, _) => Err(DurationError { text: text.to_string(), reason: "it is negative".into() }),
    }
}

/// Shows a duration as Go does: `5s`, `1m30s`, `1h0m0s`, `1.5s`, `250ms`.
#[derive(Clone, Copy, Debug)]
pub struct Go(pub Duration);

impl fmt::Display for Go {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        if nanos == 0 {
            return f.write_str("0s");
        }
        if nanos < 1_000_000_000 {
            let (size, unit) = match nanos {
                0..1_000 => (1.0, "ns"),
                1_000..1_000_000 => (1e3, "µs"),
                _ => (1e6, "ms"),
            };
            return write!(f, "{}{unit}", nanos as f64 / size);
        }
        let whole = self.0.as_secs();
        let (hours, minutes) = (whole / 3600, whole / 60 % 60);
        let seconds = (whole % 60) as f64 + f64::from(self.0.subsec_nanos()) / 1e9;
        if hours > 0 {
            write!(f, "{hours}h{minutes}m{seconds}s")
        } else if minutes > 0 {
            write!(f, "{minutes}m{seconds}s")
        } else {
            write!(f, "{seconds}s")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_go_durations() {
        for (text, shown) in [
            ("5m", "5m0s"),
            ("1h30m", "1h30m0s"),
            ("1.5s", "1.5s"),
            ("100ms", "100ms"),
            ("90s", "1m30s"),
            ("0", "0s"),
            ("2us", "2µs"),
        ] {
            assert_eq!(Go(parse(text).unwrap()).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, reason) in [
            ("5", "a unit is missing"),
            ("", "it is empty"),
            ("5 m", "unknown unit ` m`"),
            ("m", "a number is missing"),
            ("-5s", "it is negative"),
        ] {
            assert!(
                parse(text).unwrap_err().to_string().contains(reason),
                "{text}: {}",
                parse(text).unwrap_err()
            );
        }
        assert_eq!(parse_signed("-1s").unwrap(), (true, Duration::from_secs(1)));
    }
}
