//! Durations in words: the two largest units.

use std::time::Duration;

/// `2 seconds 113 milliseconds`, `1 minute 5 seconds`, as the end-of-build lines show them.
pub(crate) fn words(time: Duration) -> String {
    let micros = time.as_micros();
    let units: [(&str, u128); 6] = [
        ("day", 86_400_000_000),
        ("hour", 3_600_000_000),
        ("minute", 60_000_000),
        ("second", 1_000_000),
        ("millisecond", 1_000),
        ("microsecond", 1),
    ];
    let mut rest = micros;
    let mut parts = Vec::new();
    for (name, size) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() { "0 microseconds".to_string() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_08_durations_are_words() {
        for (micros, text) in [
            (2_113_000, "2 seconds 113 milliseconds"),
            (71_132, "71 milliseconds 132 microseconds"),
            (1_000_000, "1 second"),
            (3_600_000_000 + 60_000_000 + 5_000_000, "1 hour 1 minute"),
            (60_000_000 + 5, "1 minute 5 microseconds"),
            (0, "0 microseconds"),
        ] {
            assert_eq!(words(Duration::from_micros(micros)), text);
        }
    }
}
