//! Go's dialect of regular expressions (RE2), written in the one of the regex crate.
//!
//! They share most of their syntax. Where they differ the crate accepts more (`x**`, `\u0041`, sets inside of sets),
//! means more (`\d` is all of Unicode) or refuses things (`\Q…\E`, `\101`, a lone brace). So the pattern is read by Go's
//! rules, mistakes are told, and what it means is written out.

/// A pattern in the crate's dialect.
pub(super) struct Translated {
    pub(super) pattern: String,
    /// The names of the groups in their order. In `pattern` no group has a name, as Go allows more names.
    pub(super) names: Vec<Option<String>>,
}

/// The largest number of repetitions, those of nested ones multiplied.
const MOST_REPEATS: u64 = 1000;

/// Translates a pattern. The error says what is wrong with it, as a fragment; it may quote the pattern.
pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let mut translator = Translator {
        rest: pattern,
        output: String::with_capacity(pattern.len()),
        names: Vec::new(),
        groups: vec![Group::default()],
    };
    while !translator.rest.is_empty() {
        translator.part()?;
    }
    match translator.groups.len() {
        1 => Ok(Translated { pattern: translator.output, names: translator.names }),
        _ => Err("a group is not closed: `)` is missing".to_owned()),
    }
}

struct Translator<'p> {
    rest: &'p str,
    output: String,
    names: Vec<Option<String>>,
    /// The whole pattern, and the groups that are open.
    groups: Vec<Group>,
}

#[derive(Default)]
struct Group {
    /// Repetitions of the part before, if there is one that can be repeated.
    last: Option<u64>,
    /// The part before ends with a repetition.
    repeated: bool,
    /// The most repetitions of any part.
    most: u64,
}

impl<'p> Translator<'p> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(behind) => {
                self.rest = behind;
                true
            }
            None => false,
        }
    }

    /// What can be repeated, and how often its own parts are.
    fn atom(&mut self, output: &str, repeats: u64) {
        self.output.push_str(output);
        if let Some(group) = self.groups.last_mut() {
            *group = Group { last: Some(repeats), repeated: false, most: group.most.max(repeats) };
        }
    }

    fn part(&mut self) -> Result<(), String> {
        let before = self.rest;
        match self.next().unwrap_or_default() {
            '(' => return self.open(),
            ')' => return self.close(),
            '|' => {
                self.output.push('|');
                if let Some(group) = self.groups.last_mut() {
                    (group.last, group.repeated) = (None, false);
                }
            }
            c @ ('.' | '^' | '$') => self.atom(c.encode_utf8(&mut [0; 4]), 1),
            '[' => {
                let class = self.class()?;
                self.atom(&class, 1);
            }
            '*' | '+' | '?' => return self.repeat(before, None),
            '{' => match counts(before) {
                Some((from, to, behind)) => {
                    self.rest = behind;
                    return self.repeat(before, Some((from, to)));
                }
                None => self.atom("\\{", 1),
            },
            '\\' => return self.escape(),
            c => self.atom(&literal(c), 1),
        }
        Ok(())
    }

    fn repeat(&mut self, before: &'p str, counts: Option<(u64, Option<u64>)>) -> Result<(), String> {
        self.eat("?");
        let operator = &before[..before.len() - self.rest.len()];
        let Some(group) = self.groups.last_mut() else { return Ok(()) };
        if group.repeated {
            let hint =
                if operator.starts_with('+') { "; possessive repetitions are not supported" } else { "" };
            return Err(format!("`{operator}` repeats a repetition{hint}"));
        }
        let Some(inner) = group.last else {
            return Err(format!("there is nothing that `{operator}` could repeat"));
        };
        let mut repeats = inner;
        if let Some((from, to)) = counts {
            let most = to.unwrap_or(from);
            repeats = inner.saturating_mul(most.max(1));
            if from > MOST_REPEATS || most > MOST_REPEATS || from > most || repeats > MOST_REPEATS {
                return Err(format!(
                    "`{operator}` has wrong counts: they must rise and be at most {MOST_REPEATS}"
                ));
            }
        }
        self.output.push_str(operator);
        *group = Group { last: Some(repeats), repeated: true, most: group.most.max(repeats) };
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        if !self.rest.starts_with('?') {
            self.names.push(None);
            self.output.push('(');
            self.groups.push(Group::default());
            return Ok(());
        }
        for (start, what) in [
            ("?=", "looking ahead"),
            ("?!", "looking ahead"),
            ("?<=", "looking behind"),
            ("?<!", "looking behind"),
            ("?>", "atomic groups"),
            ("?#", "comments"),
        ] {
            if self.rest.starts_with(start) {
                return Err(format!("`({start}`: {what} is not supported")
                    .replace("groups is", "groups are")
                    .replace("comments is", "comments are"));
            }
        }
        if self.eat("?P<") || self.eat("?<") {
            let (name, behind) =
                self.rest.split_once('>').ok_or("the name of a group has no end: `>` is missing")?;
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(format!(
                    "`{name}` cannot be the name of a group: only letters, digits and _ can be in it"
                ));
            }
            self.names.push(Some(name.to_owned()));
            self.rest = behind;
            self.output.push('(');
            self.groups.push(Group::default());
            return Ok(());
        }
        let length = self.rest.find([':', ')']).ok_or("a group is not closed: `)` is missing")?;
        let flags = &self.rest[1..length];
        let (on, off) = flags.split_once('-').unwrap_or((flags, "i"));
        if !on.chars().chain(off.chars()).all(|c| "imsU".contains(c)) || off.is_empty() {
            return Err(format!("`(?{flags}`: only the flags i, m, s and U are supported"));
        }
        let ending = &self.rest[length..=length];
        self.rest = &self.rest[length + 1..];
        if ending == ":" {
            self.output.push_str(&format!("(?{flags}:"));
            self.groups.push(Group::default());
        } else if !flags.is_empty() {
            self.output.push_str(&format!("(?{flags})"));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        match self.groups.pop() {
            Some(group) if !self.groups.is_empty() => {
                self.atom(")", group.most.max(1));
                Ok(())
            }
            _ => Err("`)` closes a group that was not opened".to_owned()),
        }
    }

    /// Behind a backslash outside of brackets.
    fn escape(&mut self) -> Result<(), String> {
        if self.eat("Q") {
            let (quoted, behind) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            for c in quoted.chars() {
                self.atom(&literal(c), 1);
            }
            self.rest = behind;
            return Ok(());
        }
        let plain = [("A", "\\A"), ("z", "\\z"), ("b", "(?-u:\\b)"), ("B", "\\B")];
        if let Some((_, written)) = plain.iter().find(|(name, _)| self.eat(name)) {
            self.atom(written, 1);
        } else if let Some(set) = self.set()? {
            self.atom(&format!("[{set}]"), 1);
        } else {
            let c = self.character()?;
            self.atom(&literal_code(c), 1);
        }
        Ok(())
    }

    /// Behind a backslash: `d`, `pL` and their like, as what can stand in brackets.
    fn set(&mut self) -> Result<Option<String>, String> {
        let perl = [
            ("d", "0-9"),
            ("D", "[^0-9]"),
            ("w", "0-9A-Za-z_"),
            ("W", "[^0-9A-Za-z_]"),
            ("s", "\\t\\n\\f\\r "),
            ("S", "[^\\t\\n\\f\\r ]"),
        ];
        if let Some((_, written)) = perl.iter().find(|(name, _)| self.eat(name)) {
            return Ok(Some((*written).to_owned()));
        }
        let mut negated = self.eat("P");
        if !negated && !self.eat("p") {
            return Ok(None);
        }
        let name = match self.eat("{") {
            true => {
                let (name, behind) =
                    self.rest.split_once('}').ok_or("`\\p{` is not closed: `}` is missing")?;
                self.rest = behind;
                name.to_owned()
            }
            false => self.next().map(String::from).ok_or("`\\p` has no name of a class behind it")?,
        };
        let bare = name.strip_prefix('^');
        negated ^= bare.is_some();
        let bare = bare.unwrap_or(&name);
        let is_name = !bare.is_empty()
            // The crate also knows scripts by names such as `IsGreek`.
            && !bare.to_lowercase().starts_with("is")
            && bare.chars().all(|c| c.is_ascii_alphanumeric() || "_- ".contains(c));
        let exists = |pattern: &str| is_name && regex::Regex::new(pattern).is_ok();
        let property = [format!("gc={bare}"), format!("sc={bare}")];
        let property = property.into_iter().find(|property| exists(&format!("\\p{{{property}}}")));
        let property = property.or_else(|| {
            ["any", "ascii", "assigned"].contains(&bare.to_lowercase().as_str()).then(|| bare.to_owned())
        });
        let property = property.ok_or_else(|| format!("there is no class `\\p{{{bare}}}`; classes are general categories such as L and Lu, and scripts such as Greek"))?;
        Ok(Some(format!("\\{}{{{property}}}", if negated { 'P' } else { 'p' })))
    }

    /// Behind a backslash: the code of one character.
    fn character(&mut self) -> Result<u32, String> {
        let before = self.rest;
        let c = self.next().ok_or("it ends with a backslash")?;
        let unknown = || Err(format!("there is no escape sequence `\\{c}`"));
        Ok(match c {
            'a' => 7,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            '1'..='7' if !self.rest.starts_with(|c| ('0'..='7').contains(&c)) => {
                return Err(format!("`\\{c}`: references to groups are not supported"));
            }
            '0'..='7' => {
                let length = before.bytes().take(3).take_while(|c| (b'0'..=b'7').contains(c)).count();
                self.rest = &before[length..];
                u32::from_str_radix(&before[..length], 8).unwrap_or_default()
            }
            'x' => {
                let wrong = "`\\x` wants two hexadecimal digits, or more in braces";
                let digits = match self.eat("{") {
                    true => {
                        let (digits, behind) = self.rest.split_once('}').ok_or(wrong)?;
                        self.rest = behind;
                        digits
                    }
                    false => {
                        let digits = self.rest.get(..2).ok_or(wrong)?;
                        self.rest = &self.rest[2..];
                        digits
                    }
                };
                let is_hexadecimal = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit());
                let code =
                    u32::from_str_radix(digits, 16).ok().filter(|code| is_hexadecimal && *code <= 0x10_ffff);
                code.ok_or(wrong)?
            }
            'C' => return Err("`\\C`: single bytes are not supported".to_owned()),
            'Z' => return Err("there is no escape sequence `\\Z`; the end of the text is `\\z`".to_owned()),
            'u' | 'U' => return Err(format!("there is no escape sequence `\\{c}`; write `\\x{{…}}`")),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => u32::from(c),
            _ => return unknown(),
        })
    }

    /// Behind an opening bracket.
    fn class(&mut self) -> Result<String, String> {
        let unclosed = || "brackets are not closed: `]` is missing".to_owned();
        let mut class = String::from(if self.eat("^") { "[^" } else { "[" });
        let mut first = true;
        loop {
            let before = self.rest;
            if before.is_empty() {
                return Err(unclosed());
            }
            if !first && self.eat("]") {
                class.push(']');
                return Ok(class);
            }
            first = false;
            if before.starts_with("[:")
                && let Some(end) = before[2..].find(":]")
            {
                let name = &before[..2 + end + 2];
                let bare = before[2..2 + end].trim_start_matches('^');
                if !POSIX.contains(&bare) {
                    return Err(format!("there is no class `{name}`; such are {}", POSIX.join(", ")));
                }
                class.push_str(name);
                self.rest = &before[name.len()..];
                continue;
            }
            if self.eat("\\") {
                if let Some(set) = self.set()? {
                    class.push_str(&set);
                    continue;
                }
                self.rest = before;
            }
            let from = self.class_character().ok_or_else(unclosed)??;
            let is_range = self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1;
            let to =
                if is_range && self.eat("-") { self.class_character().ok_or_else(unclosed)?? } else { from };
            if to < from {
                let range = &before[..before.len() - self.rest.len()];
                return Err(format!("the range `{range}` runs backwards"));
            }
            push_range(&mut class, from, to);
        }
    }

    fn class_character(&mut self) -> Option<Result<u32, String>> {
        match self.next()? {
            '\\' => Some(self.character()),
            c => Some(Ok(u32::from(c))),
        }
    }
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// `{n}`, `{n,}` or `{n,m}` at the start of a text, and what is behind it.
fn counts(text: &str) -> Option<(u64, Option<u64>, &str)> {
    let (counts, behind) = text.strip_prefix('{')?.split_once('}')?;
    let count = |digits: &str| {
        let is_count = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
        let has_zeros = digits.len() > 1 && digits.starts_with('0');
        (is_count && !has_zeros).then(|| digits.parse().unwrap_or(u64::MAX))
    };
    match counts.split_once(',') {
        None => count(counts).map(|count| (count, Some(count), behind)),
        Some((from, "")) => Some((count(from)?, None, behind)),
        Some((from, to)) => Some((count(from)?, Some(count(to)?), behind)),
    }
}

fn literal(c: char) -> String {
    regex::escape(c.encode_utf8(&mut [0; 4]))
}

/// One character by its code; half of a surrogate pair is in no text.
fn literal_code(code: u32) -> String {
    char::from_u32(code).map_or_else(|| "\\P{any}".to_owned(), literal)
}

/// The characters from one code to another, inside of brackets.
fn push_range(class: &mut String, from: u32, to: u32) {
    let surrogates = 0xd800..=0xdfff;
    let from = if surrogates.contains(&from) { 0xe000 } else { from };
    let to = if surrogates.contains(&to) { 0xd7ff } else { to };
    if from <= to {
        class.push_str(&format!("\\x{{{from:x}}}-\\x{{{to:x}}}"));
    } else {
        class.push_str("\\P{any}");
    }
}
