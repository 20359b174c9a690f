//! Differences that are meant, and why. Each reason has a row in `differences.md`.

use super::case::Outcome;

/// Functions that Terraform lacks.
const FOREIGN: &[&str] = &["convert("];

/// Whether Terraform cannot be asked about an expression, because it calls what Packer alone has.
pub(super) fn only_packer_knows(text: &str) -> bool {
    FOREIGN.iter().any(|name| text.contains(name))
}

/// What came out of one comparison.
pub(super) struct Comparison<'c> {
    pub(super) oracle: &'c str,
    pub(super) category: &'c str,
    pub(super) text: &'c str,
    pub(super) theirs: &'c Outcome,
    pub(super) ours: &'c Outcome,
    /// Whether our value is sensitive.
    pub(super) sensitive: bool,
}

impl Comparison<'_> {
    /// Why the expression may come out differently, if there is a reason.
    pub(super) fn reason(&self) -> Option<&'static str> {
        let has = |part: &str| self.text.contains(part);
        match (self.oracle, self.theirs, self.ours) {
            ("terraform", Outcome::Error | Outcome::Unknown, Outcome::Value(_) | Outcome::Unknown)
                if has("&&") || has("||") =>
            {
                Some(
                    "HCL 2.24, and Packer with it, lets the deciding side of && and || hide errors; Terraform does not",
                )
            }
            (_, Outcome::Error, Outcome::Unreadable) if has(".") && has("{") => {
                Some("an object's key `a.b` is refused when the file is read, not when it is evaluated")
            }
            (_, Outcome::Error, Outcome::Value(_))
                if self.category == "conditions"
                    && (has("[null]") || has("list(any)") || has("tolist([])")) =>
            {
                Some(
                    "a tuple of different objects beside a list of nulls becomes a list of maps; go-cty fails",
                )
            }
            (_, Outcome::Value(_), Outcome::Value(_)) if has("\u{200d}\u{200d}") => {
                Some("broken emoji sequences have other borders in another version of Unicode")
            }
            ("terraform", Outcome::Unknown, Outcome::Error) if has("var.u_o[") || has("[*][0]") => Some(
                "Terraform does not look for a number among the attributes of an unknown object; Packer does",
            ),
            (_, Outcome::Error, Outcome::Unknown) if has("parseint(") => {
                Some("whether an unknown bool is a whole number shows when it is known")
            }
            ("terraform", Outcome::Unknown, Outcome::Unknown) => {
                Some("the type of an unknown result of a function is less exact, or more")
            }
            ("terraform", Outcome::Value(_), Outcome::Unknown) if has("lookup(") => {
                Some("lookup wants all of an object known, as in Packer; in Terraform it does not")
            }
            ("terraform", Outcome::Value(_), Outcome::Value(_)) if self.sensitive => {
                Some("the result of a function is sensitive if anything inside an argument is")
            }
            (_, Outcome::Unknown, Outcome::Value(_)) if has("format") && has("null") => Some(
                "format and formatlist with a null that has no type have a result, which Packer calls unknown",
            ),
            ("terraform", Outcome::Error, Outcome::Value(_)) if has("parseint(sensitive(") => {
                Some("Terraform's parseint takes no sensitive number")
            }
            _ => None,
        }
    }
}
