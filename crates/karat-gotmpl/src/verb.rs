//! `printf`: Go's verbs, but for hexadecimal and binary floats (`%x` and `%b` of a number with a fraction) and `%p`.

use crate::Value;
use crate::float::format_float;
use crate::print::{print, quote, quote_char};

/// The largest width or precision, as in Go.
const MAX_SIZE: usize = 1_000_000;

/// Formats `arguments` as `format` says. As in Go, a mistake does not fail but shows in the text, as `%!d(string=x)`.
pub(crate) fn format(format: &str, arguments: &[Value]) -> String {
    let mut printer = Printer { rest: format, arguments, next: 0, reordered: false, output: String::new() };
    printer.run();
    printer.output
}

#[derive(Default, Clone, Copy)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

struct Printer<'f> {
    rest: &'f str,
    arguments: &'f [Value],
    next: usize,
    /// Whether an `[n]` was used: then arguments left over are no mistake.
    reordered: bool,
    output: String,
}

impl Printer<'_> {
    fn run(&mut self) {
        while let Some(position) = self.rest.find('%') {
            self.output.push_str(&self.rest[..position]);
            self.rest = &self.rest[position + 1..];
            self.directive();
        }
        self.output.push_str(self.rest);
        if !self.reordered && self.next < self.arguments.len() {
            let extra: Vec<_> = self.arguments[self.next..]
                .iter()
                .map(|value| match value {
                    Value::Null => "<nil>".to_owned(),
                    value => format!("{}={}", value.type_name(), print(value)),
                })
                .collect();
            self.output.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// A directive from behind its `%`.
    fn directive(&mut self) {
        let mut flags = Flags::default();
        loop {
            match self.rest.chars().next() {
                Some('+') => flags.plus = true,
                Some('-') => flags.minus = true,
                Some('#') => flags.sharp = true,
                Some(' ') => flags.space = true,
                Some('0') => flags.zero = true,
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        let mut good = true;
        let mut after_index = self.index(&mut good);
        if self.eat('*') {
            match self.size_argument() {
                Some(width) => {
                    flags.minus |= width < 0;
                    flags.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => self.output.push_str("%!(BADWIDTH)"),
            }
            after_index = false;
        } else {
            flags.width = self.number();
            good &= !(after_index && flags.width.is_some());
        }
        if self.eat('.') {
            good &= !after_index;
            after_index = self.index(&mut good);
            if self.eat('*') {
                match self.size_argument() {
                    Some(precision) => flags.precision = usize::try_from(precision).ok(),
                    None => self.output.push_str("%!(BADPREC)"),
                }
                after_index = false;
            } else {
                flags.precision = Some(self.number().unwrap_or(0));
            }
        }
        if !after_index {
            self.index(&mut good);
        }
        let mut chars = self.rest.chars();
        let Some(verb) = chars.next() else {
            self.output.push_str("%!(NOVERB)");
            return;
        };
        self.rest = chars.as_str();
        let text = match self.arguments.get(self.next) {
            _ if verb == '%' => "%".to_owned(),
            _ if !good => format!("%!{verb}(BADINDEX)"),
            None => format!("%!{verb}(MISSING)"),
            Some(value) => {
                self.next += 1;
                directive(value, verb, flags)
            }
        };
        self.output.push_str(&text);
    }

    /// Passes an `[n]`, the number of the argument to go on with. Tells whether there was one.
    fn index(&mut self, good: &mut bool) -> bool {
        let Some(rest) = self.rest.strip_prefix('[') else {
            return false;
        };
        self.reordered = true;
        let Some((number, behind)) = rest.split_once(']') else {
            self.rest = rest;
            *good = false;
            return false;
        };
        self.rest = behind;
        match number.parse::<usize>() {
            Ok(number) if (1..=self.arguments.len()).contains(&number) => {
                self.next = number - 1;
                true
            }
            _ => {
                *good = false;
                false
            }
        }
    }

    fn number(&mut self) -> Option<usize> {
        let length = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits.parse().ok().filter(|size| *size <= MAX_SIZE)
    }

    /// The argument that a `*` stands for.
    fn size_argument(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        match argument {
            Value::Int(size) if size.unsigned_abs() <= MAX_SIZE as u64 => Some(*size),
            _ => None,
        }
    }
}

fn directive(value: &Value, verb: char, flags: Flags) -> String {
    match (value, verb) {
        (value, 'T') => pad(value.type_name().to_owned(), Flags { precision: None, ..flags }),
        (Value::Null, 'v') => pad("<nil>".to_owned(), flags),
        (Value::Null, verb) => format!("%!{verb}(<nil>)"),
        (value, verb) => verbed(value, verb, flags),
    }
}

/// A value, with the verb used for each of its elements if it has any.
fn verbed(value: &Value, verb: char, flags: Flags) -> String {
    let as_source = verb == 'v' && flags.sharp;
    let element = |value: &Value| match value {
        Value::Null if as_source => "interface {}(nil)".to_owned(),
        Value::Null => pad("<nil>".to_owned(), flags),
        value => verbed(value, verb, flags),
    };
    let key = |key: &str| verbed(&Value::from(key), verb, flags);
    let (separator, colon) = if as_source { (", ", ":") } else { (" ", ":") };
    match value {
        Value::Null => element(value),
        Value::List(items) => {
            let items = items.iter().map(element).collect::<Vec<_>>().join(separator);
            if as_source { format!("[]interface {{}}{{{items}}}") } else { format!("[{items}]") }
        }
        Value::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(name, value)| format!("{}{colon}{}", key(name), element(value)))
                .collect();
            let entries = entries.join(separator);
            if as_source {
                format!("map[string]interface {{}}{{{entries}}}")
            } else {
                format!("map[{entries}]")
            }
        }
        Value::Struct(fields) => {
            let named = verb == 'v' && (flags.plus || flags.sharp);
            let fields: Vec<_> = fields
                .iter()
                .map(
                    |(name, value)| if named { format!("{name}:{}", element(value)) } else { element(value) },
                )
                .collect();
            let name = if as_source { "struct" } else { "" };
            format!("{name}{{{}}}", fields.join(separator))
        }
        Value::Bool(value) if matches!(verb, 'v' | 't') => pad(value.to_string(), flags),
        Value::Int(number) => integer(*number, verb, flags).unwrap_or_else(|| misfit(value, verb, flags)),
        Value::Float(number) => float(*number, verb, flags).unwrap_or_else(|| misfit(value, verb, flags)),
        Value::String(text) => string(text, verb, flags).unwrap_or_else(|| misfit(value, verb, flags)),
        Value::Bool(_) => misfit(value, verb, flags),
    }
}

/// What Go writes for a verb that does not fit the value.
fn misfit(value: &Value, verb: char, flags: Flags) -> String {
    format!("%!{verb}({}={})", value.type_name(), verbed(value, 'v', Flags { sharp: false, ..flags }))
}

/// Fills `text` up to the width.
fn pad(text: String, flags: Flags) -> String {
    let missing = flags.width.unwrap_or(0).saturating_sub(text.chars().count());
    if flags.minus {
        text + &" ".repeat(missing)
    } else {
        (if flags.zero { "0" } else { " " }).repeat(missing) + &text
    }
}

/// For `%v` a plus asks for the names of fields, not for signs.
fn shows_plus(verb: char, flags: Flags) -> bool {
    flags.plus && verb != 'v'
}

fn integer(number: i64, verb: char, flags: Flags) -> Option<String> {
    let magnitude = number.unsigned_abs();
    let (digits, prefix) = match verb {
        'v' | 'd' => (magnitude.to_string(), ""),
        'b' => (format!("{magnitude:b}"), "0b"),
        'o' => (format!("{magnitude:o}"), "0"),
        'O' => (format!("{magnitude:o}"), "0o"),
        'x' => (format!("{magnitude:x}"), "0x"),
        'X' => (format!("{magnitude:X}"), "0X"),
        'c' | 'q' | 'U' => {
            let c = u32::try_from(number).ok().and_then(char::from_u32);
            return Some(match verb {
                'c' => pad(c.unwrap_or(char::REPLACEMENT_CHARACTER).to_string(), flags),
                'q' => pad(quote_char(number, flags.plus), flags),
                _ => pad(format!("U+{number:04X}"), Flags { zero: false, ..flags }),
            });
        }
        _ => return None,
    };
    let sign = match (number < 0, shows_plus(verb, flags), flags.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    };
    let fill_to = match (flags.precision, flags.width) {
        (Some(0), _) if number == 0 => return Some(pad(String::new(), Flags { zero: false, ..flags })),
        (Some(precision), _) => precision,
        // The prefix is not counted, as in Go.
        (None, Some(width)) if flags.zero && !flags.minus => width - sign.len().min(width),
        _ => 0,
    };
    let zeros = "0".repeat(fill_to.saturating_sub(digits.len()));
    let prefix = if verb == 'O' || (flags.sharp && verb != 'v') { prefix } else { "" };
    // One leading zero is enough to tell an octal number.
    let prefix = if prefix == "0" && !zeros.is_empty() { "" } else { prefix };
    Some(pad(format!("{sign}{prefix}{zeros}{digits}"), Flags { zero: false, ..flags }))
}

fn float(number: f64, verb: char, flags: Flags) -> Option<String> {
    let lower = match verb {
        'v' => 'g',
        'F' => 'f',
        'e' | 'E' | 'f' | 'g' | 'G' => verb.to_ascii_lowercase(),
        _ => return None,
    };
    let keeps_zeros = flags.sharp && verb != 'v' && lower == 'g';
    let precision = if keeps_zeros { flags.precision.or(Some(6)) } else { flags.precision };
    let mut text = format_float(number, lower, precision, keeps_zeros);
    if verb.is_ascii_uppercase() {
        text = text.replace('e', "E");
    }
    let digits = text.trim_start_matches(['+', '-']);
    let sign = match (
        text.starts_with('-'),
        shows_plus(verb, flags) || (number.is_infinite() && !flags.space),
        flags.space,
    ) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, _, true) => " ",
        _ => "",
    };
    if flags.zero && !flags.minus && number.is_finite() {
        let missing = flags.width.unwrap_or(0).saturating_sub(sign.len() + digits.len());
        return Some(format!("{sign}{}{digits}", "0".repeat(missing)));
    }
    Some(pad(format!("{sign}{digits}"), Flags { zero: false, ..flags }))
}

fn string(text: &str, verb: char, flags: Flags) -> Option<String> {
    let cut: String = match flags.precision {
        Some(precision) if !matches!(verb, 'x' | 'X') => text.chars().take(precision).collect(),
        _ => text.to_owned(),
    };
    let text = match verb {
        'v' if flags.sharp => quote(&cut, false),
        'v' | 's' => cut,
        'q' if flags.sharp && !cut.contains(['`', '\n', '\r']) => format!("`{cut}`"),
        'q' => quote(&cut, flags.plus),
        'x' | 'X' => {
            let bytes = &text.as_bytes()[..text.len().min(flags.precision.unwrap_or(usize::MAX))];
            let prefix = if flags.sharp { if verb == 'x' { "0x" } else { "0X" } } else { "" };
            let pairs = bytes
                .iter()
                .map(|byte| if verb == 'x' { format!("{byte:02x}") } else { format!("{byte:02X}") });
            let pairs: Vec<_> = pairs.collect();
            match (bytes.is_empty(), flags.space) {
                (true, _) => String::new(),
                (false, true) => prefix.to_owned() + &pairs.join(&format!(" {prefix}")),
                (false, false) => prefix.to_owned() + &pairs.concat(),
            }
        }
        _ => return None,
    };
    Some(pad(text, flags))
}
