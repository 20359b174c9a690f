//! Random expressions, the same ones for the same seed: mostly well-typed, nested, of everything that the language has.

use super::case::{Case, Dialect};
use crate::differential::random::Random;

/// What an expression should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Number,
    Text,
    Truth,
    Sequence,
    Named,
}

use Want::{Named, Number, Sequence, Text, Truth};

struct Writer {
    random: Random,
    dialect: Dialect,
    /// Names of enclosing `for`s.
    names: Vec<String>,
}

/// Expressions from consecutive seeds.
pub(super) fn cases(count: usize) -> Vec<Case> {
    let wants = [Number, Text, Truth, Sequence, Named, Sequence, Named];
    (0..count)
        .map(|seed| {
            let write = |dialect| {
                let random = Random::new(seed as u64 * 7919 + 17);
                let mut writer = Writer { random, dialect, names: Vec::new() };
                writer.want(wants[seed % wants.len()], 2 + seed % 4)
            };
            Case::spelled("nested", write)
        })
        .collect()
}

/// Random text templates, in quotes and as heredocs.
pub(super) fn templates(count: usize) -> Vec<Case> {
    (0..count)
        .map(|seed| {
            let write = |dialect| {
                let random = Random::new(seed as u64 * 104_729 + 5);
                let mut writer = Writer { random, dialect, names: Vec::new() };
                if seed % 2 == 0 { writer.heredoc() } else { format!("\"{}\"", writer.parts(3, false)) }
            };
            Case::spelled("templates", write)
        })
        .collect()
}

/// Expressions of which a few characters were changed.
pub(super) fn mutated(from: &[&str], count: usize) -> Vec<Case> {
    const PIECES: &[&str] = &[
        "(", ")", "[", "]", "{", "}", "\"", ".", ",", ":", "=", "?", "${", "}", "~", "*", "...", "\n", " ",
        "for ", " in ", " if ", "=>", "1", "a", "-", "!", "&&", "#", "/*", "//", "<<A\n", "%{", "\\", "é",
        "null", "0",
    ];
    let mut random = Random::new(4711);
    (0..count)
        .map(|_| {
            let mut text: Vec<char> = random.choose(from).chars().collect();
            for _ in 0..=random.below(3) {
                let at = random.below(text.len() + 1);
                match random.below(3) {
                    0 if at < text.len() => {
                        text.remove(at);
                    }
                    1 if at + 1 < text.len() => text.swap(at, at + 1),
                    _ => {
                        let piece = random.choose(PIECES);
                        text.splice(at..at, piece.chars());
                    }
                }
            }
            Case::packer("mutated", text.into_iter().collect::<String>())
        })
        .collect()
}

impl Writer {
    fn want(&mut self, want: Want, depth: usize) -> String {
        // A few expressions are of a kind that does not belong there.
        let want = if self.random.one_in(16) {
            [Number, Text, Truth, Sequence, Named][self.random.below(5)]
        } else {
            want
        };
        if depth == 0 {
            return self.leaf(want);
        }
        if !self.names.is_empty() && self.random.one_in(5) {
            let at = self.random.below(self.names.len());
            return self.names.get(at).cloned().unwrap_or_default();
        }
        match self.random.below(12) {
            0 => {
                let (condition, yes, no) =
                    (self.want(Truth, depth - 1), self.want(want, depth - 1), self.want(want, depth - 1));
                return format!("({condition} ? {yes} : {no})");
            }
            1 => {
                let sequence = self.want(Sequence, depth - 1);
                let index = self.random.below(3);
                return format!("{sequence}[{index}]");
            }
            2 => {
                let named = self.want(Named, depth - 1);
                let key = self.random.choose(&[".a", ".b", "[\"a\"]", "[\"z\"]", "[\"${\"a\"}\"]"]);
                return format!("{named}{key}");
            }
            3 if self.random.one_in(2) => {
                let (first, second) = (self.want(want, depth - 1), self.want(want, depth - 1));
                return format!("try({first}, {second})");
            }
            _ => {}
        }
        match want {
            Number => self.number(depth - 1),
            Text => self.text(depth - 1),
            Truth => self.truth(depth - 1),
            Sequence => self.sequence(depth - 1),
            Named => self.named(depth - 1),
        }
    }

    fn leaf(&mut self, want: Want) -> String {
        if self.random.one_in(20) {
            return self.random.choose(&["null", "var.snull", "var.lnull", "var.any"]).to_owned();
        }
        let choices: &[&str] = match want {
            Number => &["0", "1", "2", "-3", "1.5", "10", "\"4\"", "var.num", "1e3", "0.1", "7"],
            Text => &[
                "\"\"",
                "\"a\"",
                "\"b c\"",
                "\"é\"",
                "\"a,b,c\"",
                "\"x\\ny\"",
                "\"${1}\"",
                "var.str",
                "\"Ω👍\"",
                "\"1\"",
                "\"$${q}\"",
            ],
            Truth => &["true", "false", "\"true\"", "var.num > 3", "var.str == \"text\""],
            Sequence => &[
                "[]",
                "[1, 2, 3]",
                "[\"b\", \"a\"]",
                "[1, \"x\"]",
                "var.ls",
                "var.ln",
                "var.ss",
                "var.sn",
                "var.lo",
                "var.t",
                "[[1], []]",
                "[true]",
                "var.sl",
                "[{ a = 1 }, { a = 2 }]",
                "var.le",
            ],
            Named => &[
                "{}",
                "{ a = 1 }",
                "{ a = \"x\", b = 2 }",
                "var.ms",
                "var.o",
                "var.ml",
                "{ b = [1], a = [] }",
                "{ \"k é\" = null }",
            ],
        };
        self.random.choose(choices).to_owned()
    }

    fn number(&mut self, depth: usize) -> String {
        match self.random.below(8) {
            0..=2 => {
                let operator = self.random.choose(&["+", "-", "*", "/", "%"]);
                let (a, b) = (self.want(Number, depth), self.want(Number, depth));
                format!("({a} {operator} {b})")
            }
            3 => format!("length({})", self.any(depth, &[Sequence, Named, Text])),
            4 => format!("-{}", self.want(Number, depth)),
            5 => {
                let function = self.random.choose(&["abs", "ceil", "floor", "signum"]);
                format!("{function}({})", self.want(Number, depth))
            }
            6 => format!("max({}, {})", self.want(Number, depth), self.want(Number, depth)),
            _ => {
                let kind = self.want(Text, depth);
                self.dialect.convert(&kind, "number")
            }
        }
    }

    fn text(&mut self, depth: usize) -> String {
        match self.random.below(12) {
            0..=3 => format!("\"{}\"", self.parts(depth, false)),
            4 => {
                let function = self.random.choose(&[
                    "upper",
                    "lower",
                    "title",
                    "trimspace",
                    "strrev",
                    "chomp",
                    "md5",
                    "base64encode",
                    "urlencode",
                ]);
                format!("{function}({})", self.want(Text, depth))
            }
            5 => {
                let separator = self.want(Text, 0);
                format!("join({separator}, {})", self.want(Sequence, depth))
            }
            6 => format!("jsonencode({})", self.any(depth, &[Sequence, Named, Number, Truth, Text])),
            7 => {
                let verb = self.random.choose(&[
                    "%v", "%s", "%d", "%q", "%5s|", "%-5s|", "%05.1f", "%#v", "%t", "%x", "%3d%%", "%e",
                    "%g", "%b",
                ]);
                format!("format(\"{verb}\", {})", self.any(depth, &[Number, Text, Truth, Number]))
            }
            8 => format!(
                "substr({}, {}, {})",
                self.want(Text, depth),
                self.random.below(3),
                self.random.below(4)
            ),
            9 => {
                format!("replace({}, {}, {})", self.want(Text, depth), self.want(Text, 0), self.want(Text, 0))
            }
            10 => {
                let value = self.any(depth, &[Number, Truth, Text]);
                self.dialect.convert(&value, "string")
            }
            _ => format!("trimprefix({}, {})", self.want(Text, depth), self.want(Text, 0)),
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        match self.random.below(8) {
            0 => {
                let operator = self.random.choose(&["<", "<=", ">", ">="]);
                format!("({} {operator} {})", self.want(Number, depth), self.want(Number, depth))
            }
            1 | 2 => {
                let operator = self.random.choose(&["==", "!="]);
                let want = [Number, Text, Sequence, Named, Truth][self.random.below(5)];
                format!("({} {operator} {})", self.want(want, depth), self.want(want, depth))
            }
            3 | 4 => {
                let operator = self.random.choose(&["&&", "||"]);
                format!("({} {operator} {})", self.want(Truth, depth), self.want(Truth, depth))
            }
            5 => format!("!{}", self.want(Truth, depth)),
            6 => format!("can({})", self.any(depth, &[Number, Text, Named, Sequence])),
            _ => format!("contains({}, {})", self.want(Sequence, depth), self.any(depth, &[Number, Text])),
        }
    }

    fn sequence(&mut self, depth: usize) -> String {
        match self.random.below(14) {
            0 | 1 => {
                let want = [Number, Text, Sequence, Named, Truth][self.random.below(5)];
                let elements: Vec<String> =
                    (0..self.random.below(4)).map(|_| self.want(want, depth)).collect();
                format!("[{}]", elements.join(", "))
            }
            2..=4 => {
                let (intro, count) = self.intro(depth);
                let want = [Number, Text, Sequence, Named][self.random.below(4)];
                let value = self.want(want, depth);
                let condition = if self.random.one_in(3) {
                    format!(" if {}", self.want(Truth, depth))
                } else {
                    String::new()
                };
                self.names.truncate(self.names.len() - count);
                format!("[for {intro} : {value}{condition}]")
            }
            5 => {
                let splat = self.random.choose(&["[*]", "[*].a", ".*.a", "[*][0]", "[*].t.k", ".*"]);
                format!("{}{splat}", self.any(depth, &[Sequence, Sequence, Named]))
            }
            6 => {
                let value = self.want(Sequence, depth);
                self.dialect.convert(&value, "list")
            }
            7 => {
                let value = self.want(Sequence, depth);
                self.dialect.convert(&value, "set")
            }
            8 => {
                let function = self.random.choose(&["concat", "setunion", "setproduct", "setintersection"]);
                format!("{function}({}, {})", self.want(Sequence, depth), self.want(Sequence, depth))
            }
            9 => {
                let function = self.random.choose(&["keys", "values"]);
                format!("{function}({})", self.want(Named, depth))
            }
            10 => {
                let function = self.random.choose(&["reverse", "distinct", "flatten", "sort", "compact"]);
                format!("{function}({})", self.want(Sequence, depth))
            }
            11 => format!(
                "split({}, {})",
                self.random.choose(&["\",\"", "\"\"", "\" \""]),
                self.want(Text, depth)
            ),
            12 => format!("range({})", self.random.below(5)),
            _ => format!("slice({}, 0, {})", self.want(Sequence, depth), self.random.below(3)),
        }
    }

    /// `x in …` or `k, v in …`, whose names are then in force; how many they are.
    fn intro(&mut self, depth: usize) -> (String, usize) {
        let collection = self.any(depth, &[Sequence, Sequence, Named]);
        let level = self.names.len();
        if self.random.one_in(2) {
            self.names.push(format!("x{level}"));
            return (format!("x{level} in {collection}"), 1);
        }
        self.names.extend([format!("k{level}"), format!("v{level}")]);
        (format!("k{level}, v{level} in {collection}"), 2)
    }

    fn named(&mut self, depth: usize) -> String {
        match self.random.below(8) {
            0..=2 => {
                let mut items = Vec::new();
                for _ in 0..self.random.below(4) {
                    let key = self
                        .random
                        .choose(&["a", "b", "\"a\"", "(\"b\")", "c", "\"é\"", "\"x${1}\"", "1", "(1 + 1)"])
                        .to_owned();
                    let want = [Number, Text, Sequence, Named, Truth][self.random.below(5)];
                    let sign = self.random.choose(&[" = ", ": "]);
                    items.push(format!("{key}{sign}{}", self.want(want, depth)));
                }
                format!("{{ {} }}", items.join(", "))
            }
            3..=5 => {
                let (intro, count) = self.intro(depth);
                let key = self.want(Text, depth.min(1));
                let want = [Number, Text, Sequence, Named][self.random.below(4)];
                let value = self.want(want, depth);
                let group = self.random.choose(&["", "..."]);
                let condition = if self.random.one_in(3) {
                    format!(" if {}", self.want(Truth, depth))
                } else {
                    String::new()
                };
                let key = match self.random.below(3) {
                    0 => key,
                    _ => format!("\"k${{{}}}\"", self.names.last().cloned().unwrap_or_default()),
                };
                self.names.truncate(self.names.len() - count);
                format!("{{for {intro} : {key} => {value}{group}{condition}}}")
            }
            6 => format!("merge({}, {})", self.want(Named, depth), self.want(Named, depth)),
            _ => {
                let value = self.want(Named, depth);
                self.dialect.convert(&value, "map")
            }
        }
    }

    fn any(&mut self, depth: usize, wants: &[Want]) -> String {
        let want = wants.get(self.random.below(wants.len())).copied().unwrap_or(Text);
        self.want(want, depth)
    }

    /// What stands between the quotes of a text, or in a heredoc.
    fn parts(&mut self, depth: usize, heredoc: bool) -> String {
        let mut text = String::new();
        for _ in 0..=self.random.below(4) {
            let (left, right) = (self.random.choose(&["", "", "~"]), self.random.choose(&["", "", "~"]));
            match self.random.below(7) {
                0..=2 => {
                    let literal = if heredoc {
                        self.random.choose(&[
                            "a",
                            " b ",
                            "\n  ",
                            "\n",
                            "\n    c\n",
                            "\\n",
                            "$${x}",
                            "  ",
                            "\"q\"",
                            "é",
                            "\t",
                        ])
                    } else {
                        self.random.choose(&[
                            "a",
                            " b ",
                            "\\n",
                            "\\t",
                            "\\n  c \\n",
                            "$${x}",
                            "%%{y}",
                            "  ",
                            "\\\"q\\\"",
                            "\\u00e9",
                            "$",
                            "%",
                        ])
                    };
                    text += literal;
                }
                3 | 4 => {
                    let value = self.any(depth.saturating_sub(1), &[Number, Text, Truth]);
                    text += &format!("${{{left} {value} {right}}}");
                }
                5 => {
                    let condition = self.want(Truth, depth.saturating_sub(2));
                    let yes = self.parts(depth.saturating_sub(1), heredoc);
                    let (l, r) = (self.random.choose(&["", "~"]), self.random.choose(&["", "~"]));
                    text += &format!("%{{{left} if {condition} {right}}}{yes}");
                    if self.random.one_in(2) {
                        text += &format!("%{{{l} else {r}}}{}", self.parts(depth.saturating_sub(1), heredoc));
                    }
                    text += &format!("%{{{l} endif {right}}}");
                }
                _ => {
                    let (intro, count) = self.intro(depth.saturating_sub(2));
                    let body = self.parts(depth.saturating_sub(1), heredoc);
                    self.names.truncate(self.names.len() - count);
                    text += &format!("%{{{left} for {intro} {right}}}{body}%{{{right} endfor {left}}}");
                }
            }
        }
        text
    }

    fn heredoc(&mut self) -> String {
        let dash = self.random.choose(&["", "-", "-"]);
        let body = self.parts(3, true);
        let indent = self.random.choose(&["", "  ", "    "]);
        // A line that opens a heredoc must not end inside of an interpolation.
        format!("<<{dash}EOT\n{indent}{body}\n{indent}EOT\n")
    }
}
