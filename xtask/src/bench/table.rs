//! What was measured, beside what the project wants.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One figure of one case. Smaller is better, always.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) case: &'static str,
    /// `wall`, `cpu`, `memory`, `size`
    pub(super) figure: &'static str,
    /// `s` or `MB`
    pub(super) unit: &'static str,
    pub(super) karat: f64,
    /// Nothing where Packer is not measured.
    pub(super) packer: Option<f64>,
    pub(super) target: Target,
}

/// What the project wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// At most this part of Packer's figure.
    Ratio(f64),
    /// Less than this, in the line's unit.
    Below(f64),
    /// Only reported.
    None,
}

impl Line {
    fn ratio(&self) -> Option<f64> {
        self.packer.filter(|packer| *packer > 0.0).map(|packer| self.karat / packer)
    }

    /// Whether the target holds; nothing if there is none, or nothing to compare with.
    fn reached(&self) -> Option<bool> {
        match self.target {
            Target::Ratio(limit) => self.ratio().map(|ratio| ratio <= limit),
            Target::Below(limit) => Some(self.karat < limit),
            Target::None => None,
        }
    }
}

/// The table for people.
pub(super) fn text(lines: &[Line]) -> String {
    let mut text = format!(
        "{:<22} {:<8} {:>10} {:>10} {:>8} {:>10}  \n",
        "case", "figure", "karat", "packer", "ratio", "target"
    );
    for line in lines {
        let value = |value: f64| format!("{value:.3} {}", line.unit);
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".into());
        let target = match line.target {
            Target::Ratio(limit) => format!("≤ {limit:.3}"),
            Target::Below(limit) => format!("< {limit} {}", line.unit),
            Target::None => "–".into(),
        };
        let verdict = match line.reached() {
            Some(true) => "reached",
            Some(false) => "MISSED",
            None => "",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<22} {:<8} {:>10} {:>10} {:>8} {:>10}  {verdict}",
            line.case,
            line.figure,
            value(line.karat),
            or_dash(line.packer.map(value)),
            or_dash(line.ratio().map(|ratio| format!("{ratio:.3}"))),
            target
        );
    }
    text
}

/// The same for programs: a list of objects.
pub(super) fn json(lines: &[Line]) -> String {
    let lines = lines.iter().map(|line| {
        let target = match line.target {
            Target::Ratio(limit) => json!({ "ratio": limit }),
            Target::Below(limit) => json!({ "below": limit }),
            Target::None => Value::Null,
        };
        json!({
            "case": line.case, "figure": line.figure, "unit": line.unit, "karat": line.karat, "packer": line.packer,
            "ratio": line.ratio(), "target": target, "reached": line.reached(),
        })
    });
    format!("{:#}\n", Value::Array(lines.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reached_or_missed() {
        let line =
            |karat, packer, target| Line { case: "c", figure: "wall", unit: "s", karat, packer, target };
        assert_eq!(line(1.0, Some(10.0), Target::Ratio(0.1)).reached(), Some(true));
        assert_eq!(line(2.0, Some(10.0), Target::Ratio(0.1)).reached(), Some(false));
        assert_eq!(line(2.0, None, Target::Ratio(0.1)).reached(), None);
        assert_eq!(line(2.0, None, Target::Below(2.0)).reached(), Some(false));
        let table = text(&[line(2.0, Some(10.0), Target::Ratio(0.1))]);
        assert!(table.contains("0.200") && table.contains("MISSED"), "{table}");
        assert!(json(&[line(2.0, None, Target::None)]).contains("\"ratio\": null"));
    }
}
