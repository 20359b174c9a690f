//! One expression, and what an evaluator makes of it.

/// An expression as each of the two oracles writes it.
pub(super) struct Case {
    /// What the report counts it under.
    pub(super) category: &'static str,
    /// For Packer, unless it cannot be asked.
    pub(super) packer: Option<String>,
    /// For Terraform, unless it cannot be asked.
    pub(super) terraform: Option<String>,
}

impl Case {
    /// The same text for both.
    pub(super) fn both(category: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { category, packer: Some(text.clone()), terraform: Some(text) }
    }

    /// For Packer alone.
    pub(super) fn packer(category: &'static str, text: impl Into<String>) -> Self {
        Self { category, packer: Some(text.into()), terraform: None }
    }

    /// For Terraform alone.
    pub(super) fn terraform(category: &'static str, text: impl Into<String>) -> Self {
        Self { category, packer: None, terraform: Some(text.into()) }
    }

    /// Written by a function of the dialect.
    pub(super) fn spelled(category: &'static str, text: impl Fn(Dialect) -> String) -> Self {
        Self { category, packer: Some(text(Dialect::Packer)), terraform: Some(text(Dialect::Terraform)) }
    }
}

/// How conversions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `convert(x, list(any))`
    Packer,
    /// `tolist(x)`
    Terraform,
}

impl Dialect {
    /// A conversion to a kind of which both have one: `string number bool list set map`.
    pub(super) fn convert(self, value: &str, kind: &str) -> String {
        match (self, kind) {
            (Self::Terraform, _) => format!("to{kind}({value})"),
            (Self::Packer, "list" | "set" | "map") => format!("convert({value}, {kind}(any))"),
            (Self::Packer, _) => format!("convert({value}, {kind})"),
        }
    }

    /// A value of that type which is not known.
    pub(super) fn unknown(self, name: &str, ty: &str) -> String {
        match self {
            Self::Terraform => format!("var.u_{name}"),
            Self::Packer => format!("convert(jsondecode(packer.iterationID), {ty})"),
        }
    }
}

/// What became of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its value as JSON.
    Value(String),
    /// It, or something inside, is not known.
    Unknown,
    /// It is a secret.
    Sensitive,
    /// It cannot be evaluated.
    Error,
    /// It cannot be read.
    Unreadable,
    /// The evaluator died of it.
    Crash,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(json) => f.write_str(json),
            Self::Unknown => f.write_str("unknown"),
            Self::Sensitive => f.write_str("sensitive"),
            Self::Error => f.write_str("error"),
            Self::Unreadable => f.write_str("syntax error"),
            Self::Crash => f.write_str("crash"),
        }
    }
}

/// What stands for an error in a batch whose other expressions must go on.
pub(super) const ERROR: &str = "«error»";

/// Variables that the expressions can use, by name, type and default.
pub(super) const VARIABLES: &[(&str, &str, &str)] = &[
    ("ls", "list(string)", r#"["b", "a", "b"]"#),
    ("ln", "list(number)", "[3, 1, 2]"),
    ("le", "list(string)", "[]"),
    ("lnull", "list(string)", "null"),
    ("ss", "set(string)", r#"["b", "a", "é", "B"]"#),
    ("sn", "set(number)", "[10, 9, 1.5]"),
    ("sb", "set(bool)", "[true, false]"),
    ("sl", "set(list(number))", "[[2], [1, 2], [1]]"),
    ("so", "set(object({ a = string, b = number }))", r#"[{ a = "z", b = 1 }, { a = "a", b = 2 }]"#),
    ("ms", "map(string)", r#"{ z = "1", a = "2", "é k" = "3" }"#),
    ("mnull", "map(string)", "null"),
    ("ml", "map(list(number))", "{ p = [1, 2], q = [] }"),
    ("o", "object({ a = string, b = list(number), c = optional(bool) })", r#"{ a = "x", b = [1] }"#),
    (
        "lo",
        "list(object({ id = number, t = map(string) }))",
        r#"[{ id = 1, t = { k = "v" } }, { id = 2, t = {} }]"#,
    ),
    ("t", "tuple([string, number])", r#"["x", 1]"#),
    ("str", "string", r#""text""#),
    ("snull", "string", "null"),
    ("num", "number", "42"),
    ("any", "any", "{ a = [1, \"2\"], b = null }"),
];

/// Variables that have no value: for Terraform they are not known.
pub(super) const UNKNOWN: &[(&str, &str)] = &[
    ("s", "string"),
    ("n", "number"),
    ("b", "bool"),
    ("any", "any"),
    ("ls", "list(string)"),
    ("ss", "set(string)"),
    ("ms", "map(string)"),
    ("t", "tuple([string, number])"),
    ("o", "object({ a = string, b = list(number) })"),
    ("lo", "list(object({ id = number, t = map(string) }))"),
];
