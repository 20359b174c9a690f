//! How one value looks with a verb of `printf`.

use crate::Value;
use crate::float::format_float;
use crate::print::{is_printable, quote, quote_char};

/// What stands between `%` and the verb.
#[derive(Default, Clone, Copy)]
pub(crate) struct Flags {
    pub(crate) plus: bool,
    pub(crate) minus: bool,
    pub(crate) sharp: bool,
    pub(crate) space: bool,
    pub(crate) zero: bool,
    pub(crate) width: Option<usize>,
    pub(crate) precision: Option<usize>,
    /// `%+v`: structs show the names of their fields.
    names: bool,
    /// `%#v`: values look as in Go's source.
    source: bool,
}

/// The verb `%v` without any flags.
pub(crate) fn plain(value: &Value) -> String {
    argument(value, 'v', Flags::default())
}

/// An argument as `verb` shows it.
pub(crate) fn argument(value: &Value, verb: char, mut flags: Flags) -> String {
    // `%w` is for errors: it is read as `%v` and then complained about.
    if matches!(verb, 'v' | 'w') {
        flags = Flags { names: flags.plus, source: flags.sharp, plus: false, sharp: false, ..flags };
    }
    match (value, verb) {
        (Value::Null, 'v' | 'T') => pad("<nil>", flags),
        (Value::Null, _) => format!("%!{verb}(<nil>)"),
        (value, 'T') => pad(cut(value.type_name(), flags), flags),
        (value, _) => inner(value, verb, flags),
    }
}

/// A value, with the verb used for each of its elements if it has any.
fn inner(value: &Value, verb: char, flags: Flags) -> String {
    match value {
        Value::Null if flags.source => Some("interface {}(nil)".to_owned()),
        Value::Null => Some("<nil>".to_owned()),
        // Of lists and maps Go shows with `%p` where in memory they are.
        Value::List(_) | Value::Map(_) | Value::Struct(_) if matches!(verb, 'p' | 'w') => None,
        Value::List(items) => Some(list(items, verb, flags)),
        Value::Map(entries) => Some(map(entries, verb, flags)),
        Value::Struct(fields) => Some(structure(fields, verb, flags)),
        Value::Bool(truth) => matches!(verb, 'v' | 't').then(|| pad(&truth.to_string(), flags)),
        Value::Int(number) => integer(*number, verb, flags),
        Value::Float(number) => float(*number, verb, flags),
        Value::String(text) => string(text, verb, flags),
    }
    .unwrap_or_else(|| format!("%!{verb}({}={})", value.type_name(), inner(value, 'v', flags)))
}

fn list(items: &[Value], verb: char, flags: Flags) -> String {
    let items: Vec<_> = items.iter().map(|item| inner(item, verb, flags)).collect();
    if flags.source {
        format!("[]interface {{}}{{{}}}", items.join(", "))
    } else {
        format!("[{}]", items.join(" "))
    }
}

type Entries = std::collections::BTreeMap<String, Value>;

fn map(entries: &Entries, verb: char, flags: Flags) -> String {
    let entry = |(key, item): (&String, &Value)| {
        let key = Value::from(key.as_str());
        format!("{}:{}", inner(&key, verb, flags), inner(item, verb, flags))
    };
    let entries: Vec<_> = entries.iter().map(entry).collect();
    if flags.source {
        format!("map[string]interface {{}}{{{}}}", entries.join(", "))
    } else {
        format!("map[{}]", entries.join(" "))
    }
}

fn structure(fields: &Entries, verb: char, flags: Flags) -> String {
    let field = |(name, item): (&String, &Value)| match flags.names || flags.source {
        true => format!("{name}:{}", inner(item, verb, flags)),
        false => inner(item, verb, flags),
    };
    let fields: Vec<_> = fields.iter().map(field).collect();
    if flags.source {
        format!("struct{{{}}}", fields.join(", "))
    } else {
        format!("{{{}}}", fields.join(" "))
    }
}

/// Fills `text` up to the width.
fn pad(text: &str, flags: Flags) -> String {
    let missing = flags.width.unwrap_or(0).saturating_sub(text.chars().count());
    match (flags.minus, flags.zero) {
        (true, _) => text.to_owned() + &" ".repeat(missing),
        (false, true) => "0".repeat(missing) + text,
        (false, false) => " ".repeat(missing) + text,
    }
}

/// Fills `text` up to the width, with blanks alone.
fn pad_blank(text: &str, flags: Flags) -> String {
    pad(text, Flags { zero: false, ..flags })
}

/// As many characters as the precision allows.
fn cut(text: &str, flags: Flags) -> &str {
    let end = flags.precision.and_then(|precision| text.char_indices().nth(precision));
    &text[..end.map_or(text.len(), |(end, _)| end)]
}

/// What stands before a number: its sign, or what the flags ask for instead of none.
fn sign(negative: bool, flags: Flags) -> &'static str {
    match (negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    }
}

fn integer(number: i64, verb: char, flags: Flags) -> Option<String> {
    let magnitude = number.unsigned_abs();
    let (digits, prefix) = match verb {
        'v' | 'd' => (magnitude.to_string(), ""),
        'b' => (format!("{magnitude:b}"), "0b"),
        'o' | 'O' => (format!("{magnitude:o}"), "0"),
        'x' => (format!("{magnitude:x}"), "0x"),
        'X' => (format!("{magnitude:X}"), "0X"),
        'c' => {
            let c = u32::try_from(number).ok().and_then(char::from_u32);
            return Some(pad(c.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut [0; 4]), flags));
        }
        'q' => return Some(pad(&quote_char(number, flags.plus), flags)),
        'U' => return Some(code_point(number, flags)),
        _ => return None,
    };
    let sign = sign(number < 0, flags);
    let fill_to = match (flags.precision, flags.width) {
        (Some(0), _) if number == 0 => return Some(pad_blank("", flags)),
        (Some(precision), _) => precision,
        // The prefix is not counted, as in Go.
        (None, Some(width)) if flags.zero && !flags.minus => width.saturating_sub(sign.len()),
        _ => 0,
    };
    let digits = "0".repeat(fill_to.saturating_sub(digits.len())) + &digits;
    // One leading zero is enough to tell an octal number.
    let needless = prefix == "0" && digits.starts_with('0');
    let prefix = if flags.sharp && !needless { prefix } else { "" };
    let octal = if verb == 'O' { "0o" } else { "" };
    Some(pad_blank(&format!("{sign}{octal}{prefix}{digits}"), flags))
}

/// `U+0041`; sharp: `U+0041 'A'`.
fn code_point(number: i64, flags: Flags) -> String {
    let digits = flags.precision.unwrap_or(4).max(4);
    let mut text = format!("U+{number:0digits$X}");
    let c = u32::try_from(number).ok().and_then(char::from_u32);
    if let Some(c) = c.filter(|c| flags.sharp && is_printable(*c)) {
        text.push_str(&format!(" '{c}'"));
    }
    pad_blank(&text, flags)
}

fn float(number: f64, verb: char, flags: Flags) -> Option<String> {
    let (form, precision) = match verb {
        'v' => ('g', flags.precision),
        'b' | 'g' | 'x' => (verb, flags.precision),
        'G' | 'X' => (verb.to_ascii_lowercase(), flags.precision),
        'e' | 'f' => (verb, flags.precision.or(Some(6))),
        'E' | 'F' => (verb.to_ascii_lowercase(), flags.precision.or(Some(6))),
        _ => return None,
    };
    let mut text = format_float(number.abs(), form, precision);
    if number.is_nan() {
        return Some(pad_blank(&format!("{}NaN", sign(false, flags)), flags));
    }
    if number.is_infinite() {
        let sign = sign(number < 0.0, Flags { plus: flags.plus || !flags.space, ..flags });
        return Some(pad_blank(&format!("{sign}Inf"), flags));
    }
    if verb.is_ascii_uppercase() {
        text.make_ascii_uppercase();
    }
    if flags.sharp && verb != 'b' {
        // As in Go, `%#X` keeps no zeros.
        let digits = if matches!(verb, 'v' | 'g' | 'G' | 'x') { flags.precision.unwrap_or(6) } else { 0 };
        text = with_point(&text, digits);
    }
    let sign = sign(number.is_sign_negative(), flags);
    if flags.zero && !flags.minus && !sign.is_empty() {
        let missing = flags.width.unwrap_or(0).saturating_sub(sign.len() + text.len());
        return Some(format!("{sign}{}{text}", "0".repeat(missing)));
    }
    Some(pad(&(sign.to_owned() + &text), flags))
}

/// A number without a sign, with a point and at least so many digits. As in Go, the `x` of `0x1` counts as a digit.
fn with_point(text: &str, digits: usize) -> String {
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let exponent: &[char] = if hexadecimal { &['p', 'P'] } else { &['e', 'E'] };
    let (number, tail) = text.split_at(text.find(exponent).unwrap_or(text.len()));
    let significant = number.chars().filter(|c| *c != '.').skip_while(|c| *c == '0').count();
    let has_point = number.contains('.');
    let alone = usize::from(!has_point && number == "0");
    let zeros = "0".repeat(digits.saturating_sub(significant + alone));
    format!("{number}{}{zeros}{tail}", if has_point { "" } else { "." })
}

fn string(text: &str, verb: char, flags: Flags) -> Option<String> {
    let short = cut(text, flags);
    Some(match verb {
        'v' if flags.source => pad(&quote(short, false), flags),
        'v' | 's' => pad(short, flags),
        'q' if flags.sharp && can_backquote(short) => pad(&format!("`{short}`"), flags),
        'q' => pad(&quote(short, flags.plus), flags),
        'x' => pad(&bytes(text, flags, "0x", |byte| format!("{byte:02x}")), flags),
        'X' => pad(&bytes(text, flags, "0X", |byte| format!("{byte:02X}")), flags),
        _ => return None,
    })
}

fn bytes(text: &str, flags: Flags, prefix: &str, pair: impl Fn(&u8) -> String) -> String {
    let bytes = &text.as_bytes()[..text.len().min(flags.precision.unwrap_or(usize::MAX))];
    let prefix = if flags.sharp && !bytes.is_empty() { prefix } else { "" };
    let separator = if flags.space { format!(" {prefix}") } else { String::new() };
    prefix.to_owned() + &bytes.iter().map(pair).collect::<Vec<_>>().join(&separator)
}

/// Whether a text may stand in backquotes: no controls but tabs, and no byte order mark.
fn can_backquote(text: &str) -> bool {
    text.chars().all(|c| c == '\t' || !(c < ' ' || matches!(c, '`' | '\x7f' | '\u{FEFF}')))
}
