//! Templates that nobody would write: most are sound, some are broken on purpose.

use super::super::random::Random;
use super::tables::{FIELDS, FLAGS, FUNCTIONS, LITERALS, STAMPS, TEXTS, VERBS};

/// The template of that number.
pub(super) fn template(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut writer =
        Writer { random: &mut random, text: String::new(), variables: Vec::new(), loops: 0, names: 0 };
    let count = 1 + writer.random.below(4);
    (0..count).for_each(|_| writer.statement(3));
    let text = writer.text;
    if random.one_in(4) { mutated(&text, &mut random) } else { text }
}

/// The text with a few characters less, more, or elsewhere.
fn mutated(text: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..1 + random.below(2) {
        let at = random.below(chars.len() + 1);
        let other = random.below(chars.len() + 1);
        match random.below(4) {
            0 if at < chars.len() => drop(chars.remove(at)),
            1 if at < chars.len() && other < chars.len() => chars.swap(at, other),
            2 => {
                let piece: Vec<char> = random.choose(PIECES).chars().collect();
                chars.splice(at..at, piece);
            }
            _ => chars.truncate(at.max(1)),
        }
    }
    chars.into_iter().collect()
}

/// What makes a template another one.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    "-}}",
    "{{- ",
    " -}}",
    "(",
    ")",
    "|",
    ".",
    ",",
    ":=",
    "=",
    "$",
    "$x",
    "\"",
    "`",
    "'",
    " ",
    "\n",
    "/*",
    "*/",
    "-",
    "+",
    "0",
    "1e",
    "_",
    "é",
    "%",
    "[",
    "]",
    "\\",
    "{{end}}",
    "{{else}}",
    "{{break}}",
    "nil",
    "end",
    "\t",
    "\r\n",
    "{{if",
    "else if",
    "{{define \"T\"}}",
    "{{template \"T\"}}",
    "*",
    "#",
    "!",
    "<no value>",
    "\u{a0}",
    "\u{7f}",
];

struct Writer<'r> {
    random: &'r mut Random,
    text: String,
    variables: Vec<String>,
    loops: usize,
    names: usize,
}

impl Writer<'_> {
    fn open(&mut self) {
        let open = if self.random.one_in(8) { "{{- " } else { self.random.choose(&["{{", "{{", "{{ "]) };
        self.text.push_str(open);
    }

    fn close(&mut self) {
        let close = if self.random.one_in(8) { " -}}" } else { self.random.choose(&["}}", "}}", " }}"]) };
        self.text.push_str(close);
    }

    fn action(&mut self, inside: &str) {
        self.open();
        self.text.push_str(inside);
        self.close();
    }

    /// Text, an action or a block; blocks nest at most `depth` deep.
    fn statement(&mut self, depth: usize) {
        match self.random.below(if depth == 0 { 6 } else { 14 }) {
            0 | 1 => {
                let text = self.random.choose(TEXTS);
                self.text.push_str(text);
            }
            2 | 3 => {
                let pipeline = self.pipeline(2);
                self.action(&pipeline);
            }
            4 => self.assignment(),
            5 if self.loops > 0 => {
                let word = self.random.choose(&["break", "continue"]);
                let condition = self.pipeline(1);
                self.text.push_str(&format!("{{{{if {condition}}}}}{{{{{word}}}}}{{{{end}}}}"));
            }
            5 => {
                let comment =
                    self.random.choose(&["{{/* c */}}", "{{- /* c */ -}}", "{{/**/}}", "{{- /*}}*/}}"]);
                self.text.push_str(comment);
            }
            6..=8 => self.block(depth, "if"),
            9 => self.block(depth, "with"),
            10 | 11 => self.block(depth, "range"),
            12 => self.definition(depth),
            _ => {
                let name = self.random.choose(&["T0", "T1", "T0", "none"]);
                let data =
                    if self.random.one_in(2) { String::new() } else { " ".to_owned() + &self.argument(1) };
                self.action(&format!("template {name:?}{data}"));
            }
        }
    }

    fn assignment(&mut self) {
        let pipeline = self.pipeline(1);
        if !self.variables.is_empty() && self.random.one_in(2) {
            let name = self.variables[self.random.below(self.variables.len())].clone();
            self.action(&format!("{name} = {pipeline}"));
        } else {
            let name = self.random.choose(&["$x", "$y", "$zeta"]).to_owned();
            self.action(&format!("{name} := {pipeline}"));
            self.variables.push(name);
        }
    }

    fn block(&mut self, depth: usize, keyword: &str) {
        let scope = self.variables.len();
        let pipeline = match keyword {
            "range" if !self.random.one_in(4) => self.random.choose(RANGES).to_owned(),
            _ => self.pipeline(1),
        };
        let declared = self.random.below(5);
        let declaration = match declared {
            0 => "$v := ",
            1 if keyword == "range" => "$k, $v := ",
            2 if self.variables.iter().any(|name| name == "$x") => "$x = ",
            _ => "",
        };
        self.action(&format!("{keyword} {declaration}{pipeline}"));
        if declaration.contains("$v") {
            self.variables.push("$v".to_owned());
        }
        let inner = self.variables.len();
        self.loops += usize::from(keyword == "range");
        (0..1 + self.random.below(2)).for_each(|_| self.statement(depth - 1));
        self.loops -= usize::from(keyword == "range");
        self.variables.truncate(inner);
        if self.random.one_in(2) {
            if keyword != "range" && self.random.one_in(2) {
                let pipeline = self.pipeline(1);
                self.action(&format!("else {keyword} {pipeline}"));
                self.statement(depth - 1);
            }
            self.action("else");
            self.statement(depth - 1);
        }
        self.action("end");
        self.variables.truncate(scope);
    }

    fn definition(&mut self, depth: usize) {
        let name = format!("T{}", self.names);
        self.names += 1;
        if self.random.one_in(2) {
            let data = self.pipeline(1);
            self.action(&format!("block {name:?} {data}"));
        } else {
            self.action(&format!("define {name:?}"));
        }
        let (variables, loops) = (std::mem::take(&mut self.variables), std::mem::take(&mut self.loops));
        self.statement(depth - 1);
        (self.variables, self.loops) = (variables, loops);
        self.action("end");
    }

    fn pipeline(&mut self, depth: usize) -> String {
        let mut text = self.command(depth);
        while self.random.one_in(5) {
            text.push_str(self.random.choose(&[" | ", "|", " |"]));
            text.push_str(&self.call(depth));
        }
        text
    }

    fn command(&mut self, depth: usize) -> String {
        if self.random.one_in(2) { self.call(depth) } else { self.argument(depth) }
    }

    fn call(&mut self, depth: usize) -> String {
        match self.random.below(4) {
            0 => {
                let mut format = String::new();
                for _ in 0..1 + self.random.below(3) {
                    format.push_str(&directive(self.random));
                }
                let mut text = format!("printf {}", quoted(&format));
                (0..self.random.below(4)).for_each(|_| text.push_str(&format!(" {}", self.argument(depth))));
                text
            }
            1 if self.random.one_in(3) => {
                let (seconds, nanos) = STAMPS[self.random.below(STAMPS.len())];
                format!("at {seconds} {nanos} {}", quoted(&layout(self.random)))
            }
            _ => {
                let (name, least, most) = FUNCTIONS[self.random.below(FUNCTIONS.len())];
                let mut text = name.to_owned();
                let count = least + self.random.below(most - least + 1);
                (0..count).for_each(|_| text.push_str(&format!(" {}", self.argument(depth))));
                text
            }
        }
    }

    fn argument(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 8 } else { 10 }) {
            0..=3 => self.random.choose(FIELDS).to_owned(),
            4 | 5 if !self.variables.is_empty() => {
                let field = if self.random.one_in(6) { ".x" } else { "" };
                self.variables[self.random.below(self.variables.len())].clone() + field
            }
            4..=7 => self.random.choose(LITERALS).to_owned(),
            _ => {
                let field = if self.random.one_in(5) { ".x" } else { "" };
                format!("({}){field}", self.pipeline(depth - 1))
            }
        }
    }
}

/// What can be iterated over, in most worlds.
const RANGES: &[&str] = &[
    ".L",
    ".LS",
    ".M",
    "3",
    "0",
    "-2",
    ".Z",
    ".Nil",
    "list 1 nil .S",
    ".MM",
    ".LM",
    "(slice .L 1)",
    ".",
    "$.L",
    ".E",
];

/// One directive of `printf`, rarely a sound one.
pub(super) fn directive(random: &mut Random) -> String {
    let mut text = String::from("%");
    (0..random.below(3)).for_each(|_| text.push_str(random.choose(FLAGS)));
    let index = |random: &mut Random, text: &mut String| {
        if random.one_in(8) {
            text.push_str(random.choose(&[
                "[1]",
                "[2]",
                "[3]",
                "[0]",
                "[]",
                "[x]",
                "[-1]",
                "[1",
                "[99999999]",
            ]));
        }
    };
    index(random, &mut text);
    text.push_str(random.choose(&["", "", "", "1", "5", "12", "*", "300", "99999999"]));
    if random.one_in(3) {
        text.push('.');
        index(random, &mut text);
        text.push_str(random.choose(&["", "0", "1", "3", "20", "*", "-1"]));
    }
    index(random, &mut text);
    text.push_str(random.choose(VERBS));
    text.push_str(random.choose(&["", "", " ", "|", "%%"]));
    text
}

/// A layout of Go's `Time.Format`.
pub(super) fn layout(random: &mut Random) -> String {
    const PIECES: &[&str] = &[
        "2006",
        "06",
        "01",
        "1",
        "Jan",
        "January",
        "02",
        "2",
        "_2",
        "002",
        "__2",
        "Mon",
        "Monday",
        "15",
        "03",
        "3",
        "04",
        "4",
        "05",
        "5",
        "PM",
        "pm",
        "MST",
        "-0700",
        "-07:00",
        "-07",
        "-070000",
        "-07:00:00",
        "Z0700",
        "Z07:00",
        "Z07",
        "Z070000",
        "Z07:00:00",
        ".000",
        ".999",
        ",000000",
        ",9",
        ".0",
        ".000000000",
        ".9999999999",
        "_2006",
        "_20060",
        "T",
        " ",
        "-",
        ":",
        "/",
        ".",
        "0",
        "9",
        "x",
        "é",
        "Janet",
        "Months",
        "Julian",
        "th",
        "_",
        "07",
        "Z",
        "7",
        "00",
    ];
    (0..1 + random.below(6)).map(|_| random.choose(PIECES)).collect()
}

/// A text as a string of the template language.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
