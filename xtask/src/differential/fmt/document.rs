//! Documents out of thin air: every form of the language, with any white space that it allows.

use crate::differential::random::Random;

const NAMES: &[&str] =
    &["a", "b1", "in", "for", "if", "name-x", "_under", "source", "日本", "é", "var", "null", "true"];
const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"];
const NUMBERS: &[&str] = &["0", "1", "42", "3.14", "1e10", "2.5E-3"];
const TEXTS: &[&str] = &[
    "x", " ", "  y ", "# no", "// no", "$${a }", "%%{ if }", "{", "}", "[ ( ", "é日本", "$", "%", "= 1",
    "a,b", "~",
];
const ESCAPES: &[&str] = &["\\n", "\\\"", "\\\\", "\\u00e9"];
const COMMENTS: &[&str] = &["# c", "#", "// two  words ", "# = { [ \"", "//"];

/// How deep expressions and blocks go.
const DEPTH: usize = 4;

/// A document.
pub(crate) fn generate(random: &mut Random) -> String {
    let line_end = if random.one_in(8) { "\r\n" } else { "\n" };
    let mut writer = Writer { random, text: String::new(), line_end };
    writer.body(DEPTH);
    writer.text
}

struct Writer<'a> {
    random: &'a mut Random,
    text: String,
    line_end: &'static str,
}

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn pick(&mut self, things: &[&str]) {
        let chosen = self.random.choose(things);
        self.text.push_str(chosen);
    }

    /// Where white space may be.
    fn gap(&mut self) {
        if self.random.one_in(60) {
            self.pick(&["/* c */", "/* c\n   d */", "/**/"]);
        }
        self.pick(&["", "", "", " ", " ", "  ", "\t"]);
    }

    /// Where white space must be.
    fn space(&mut self) {
        self.gap();
        self.pick(&[" ", " ", "   ", "\t"]);
    }

    /// Where a line may end, inside of brackets.
    fn fold(&mut self) {
        self.gap();
        while self.random.one_in(5) {
            self.line_comment();
            self.put(self.line_end);
            self.gap();
        }
    }

    fn line_comment(&mut self) {
        if self.random.one_in(5) {
            self.pick(COMMENTS);
        }
    }

    fn end_line(&mut self) {
        self.gap();
        self.line_comment();
        self.put(self.line_end);
    }

    fn name(&mut self) {
        self.pick(NAMES);
    }

    fn body(&mut self, depth: usize) {
        for at in 0..1 + self.random.below(5) {
            self.gap();
            match self.random.below(10) {
                0 => {}
                1 => self.pick(COMMENTS),
                2..=4 if depth > 0 => {
                    self.block(depth);
                    self.end_line();
                    continue;
                }
                _ => {
                    self.name();
                    self.put(&format!("_{at}"));
                    self.gap();
                    self.put("=");
                    self.gap();
                    if self.random.one_in(8) {
                        self.heredoc(depth);
                        self.put(self.line_end);
                    } else {
                        self.expression(depth);
                        self.end_line();
                    }
                    continue;
                }
            }
            self.put(self.line_end);
        }
    }

    fn block(&mut self, depth: usize) {
        self.name();
        for _ in 0..self.random.below(3) {
            if self.random.one_in(6) {
                self.space();
                self.name();
            } else {
                self.gap();
                self.put("\"label\"");
            }
        }
        self.gap();
        self.put("{");
        match self.random.below(6) {
            0 => self.gap(),
            1 => {
                self.gap();
                self.name();
                self.gap();
                self.put("=");
                self.gap();
                self.expression(1);
                self.gap();
            }
            _ => {
                self.end_line();
                self.body(depth - 1);
                self.gap();
            }
        }
        self.put("}");
    }

    fn expression(&mut self, depth: usize) {
        if depth == 0 {
            return self.literal();
        }
        match self.random.below(13) {
            0 | 1 => self.literal(),
            2 => {
                self.term(depth - 1);
                self.space();
                self.pick(OPERATORS);
                self.gap();
                self.expression(depth - 1);
            }
            3 => {
                self.pick(&["!", "-"]);
                self.gap();
                self.term(depth - 1);
            }
            4 => {
                self.term(depth - 1);
                for (mark, last) in [("?", false), (":", true)] {
                    self.gap();
                    self.put(mark);
                    self.gap();
                    if last { self.expression(depth - 1) } else { self.term(depth - 1) }
                }
            }
            _ => self.term(depth),
        }
    }

    fn literal(&mut self) {
        match self.random.below(4) {
            0 => self.pick(NUMBERS),
            1 => self.pick(&["true", "false", "null"]),
            2 => self.name(),
            _ => self.string(0),
        }
    }

    fn term(&mut self, depth: usize) {
        if depth == 0 {
            return self.literal();
        }
        match self.random.below(8) {
            0 => self.call(depth),
            1 => self.tuple(depth),
            2 => self.object(depth),
            3 => self.string(depth),
            4 => {
                self.put("(");
                self.fold();
                self.expression(depth - 1);
                self.fold();
                self.put(")");
            }
            5 => self.comprehension(depth),
            _ => self.access(depth),
        }
    }

    fn access(&mut self, depth: usize) {
        self.name();
        for _ in 0..self.random.below(4) {
            self.gap();
            match self.random.below(5) {
                0 => {
                    self.put("[");
                    self.fold();
                    self.expression(depth - 1);
                    self.fold();
                    self.put("]");
                }
                1 => self.pick(&[".*", ". *", "[*]", "[ * ]"]),
                2 => self.put(".0"),
                _ => {
                    self.put(".");
                    self.gap();
                    self.name();
                }
            }
        }
    }

    fn call(&mut self, depth: usize) {
        self.pick(&["upper", "f", "core::f", "a :: b"]);
        self.gap();
        self.put("(");
        let count = self.random.below(4);
        for at in 0..count {
            self.fold();
            if self.random.one_in(10) {
                self.heredoc(depth - 1);
                self.put(self.line_end);
            } else {
                self.expression(depth - 1);
            }
            self.fold();
            match at + 1 == count {
                false => self.put(","),
                true => self.pick(&["", "", ",", "..."]),
            }
        }
        self.fold();
        self.put(")");
    }

    fn tuple(&mut self, depth: usize) {
        self.put("[");
        let count = self.random.below(4);
        for at in 0..count {
            self.fold();
            self.expression(depth - 1);
            self.fold();
            if at + 1 < count || self.random.one_in(3) {
                self.put(",");
            }
        }
        self.fold();
        self.put("]");
    }

    fn object(&mut self, depth: usize) {
        self.put("{");
        let count = self.random.below(4);
        for at in 0..count {
            self.fold();
            match self.random.below(4) {
                0 => self.string(0),
                1 => {
                    self.put("(");
                    self.expression(depth - 1);
                    self.put(")");
                }
                _ => {
                    self.name();
                    self.put("_k");
                }
            }
            self.gap();
            self.pick(&["=", "=", ":"]);
            self.gap();
            self.expression(depth - 1);
            match (at + 1 == count, self.random.below(3)) {
                (_, 0) => self.end_line(),
                (false, _) => {
                    self.gap();
                    self.put(",");
                }
                (true, _) => {}
            }
        }
        self.fold();
        self.put("}");
    }

    fn comprehension(&mut self, depth: usize) {
        let (open, close) = if self.random.one_in(2) { ("[", "]") } else { ("{", "}") };
        self.put(open);
        self.fold();
        self.put("for");
        self.space();
        self.pick(&["x", "k,v", "k , v"]);
        self.space();
        self.put("in");
        self.space();
        self.term(depth - 1);
        self.fold();
        self.put(":");
        self.fold();
        self.term(depth - 1);
        if open == "{" {
            self.gap();
            self.put("=>");
            self.gap();
            self.term(depth - 1);
            if self.random.one_in(4) {
                self.gap();
                self.put("...");
            }
        }
        if self.random.one_in(3) {
            self.space();
            self.put("if");
            self.space();
            self.term(depth - 1);
        }
        self.fold();
        self.put(close);
    }

    fn string(&mut self, depth: usize) {
        self.put("\"");
        for _ in 0..self.random.below(4) {
            self.part(depth, true);
        }
        self.put("\"");
    }

    fn heredoc(&mut self, depth: usize) {
        self.pick(&["<<EOT", "<<-EOT"]);
        self.put(self.line_end);
        for _ in 0..self.random.below(4) {
            self.pick(&["", "  ", "\t"]);
            for _ in 0..self.random.below(3) {
                self.part(depth, false);
            }
            self.put(self.line_end);
        }
        self.pick(&["EOT", "  EOT", "\tEOT"]);
    }

    /// A piece of a template.
    fn part(&mut self, depth: usize, quoted: bool) {
        match self.random.below(6) {
            0 if quoted => self.pick(ESCAPES),
            1 | 2 if depth > 0 => {
                self.sequence("${", |writer| writer.expression(depth - 1));
            }
            3 if depth > 0 => {
                self.sequence("%{", |writer| {
                    writer.put("if");
                    writer.space();
                    writer.expression(depth - 1);
                });
                self.pick(TEXTS);
                if self.random.one_in(2) {
                    self.sequence("%{", |writer| writer.put("else"));
                    self.part(depth - 1, quoted);
                }
                self.sequence("%{", |writer| writer.put("endif"));
            }
            4 if depth > 0 => {
                self.sequence("%{", |writer| {
                    writer.pick(&["for x in", "for k , v in"]);
                    writer.space();
                    writer.expression(depth - 1);
                });
                self.part(depth - 1, quoted);
                self.sequence("%{", |writer| writer.put("endfor"));
            }
            // A `$` or `%` must not meet the `{` of the next piece.
            _ => {
                self.pick(TEXTS);
                self.put(".");
            }
        }
    }

    fn sequence(&mut self, open: &str, content: impl FnOnce(&mut Self)) {
        self.put(open);
        if self.random.one_in(5) {
            self.put("~");
        }
        self.fold();
        content(self);
        self.fold();
        self.pick(&["}", "}", "}", "~}"]);
    }
}
