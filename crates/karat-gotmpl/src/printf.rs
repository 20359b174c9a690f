//! `printf`: a format and its arguments. How one value looks with a verb is `verb`'s business.

use crate::Value;
use crate::limit::{MAX_TEXT, too_long};
use crate::verb::{self, Flags};

/// The largest width or precision, as in Go.
const MAX_SIZE: usize = 1_000_000;

/// Formats `arguments` as `format` says. As in Go, a mistake does not fail but shows in the text, as `%!d(string=x)`.
///
/// # Errors
/// The text would be too long.
pub(crate) fn format(format: &str, arguments: &[Value]) -> Result<String, String> {
    let mut printer = Printer { rest: format, arguments, next: 0, reordered: false, output: String::new() };
    while let Some(position) = printer.rest.find('%') {
        printer.output.push_str(&printer.rest[..position]);
        printer.rest = &printer.rest[position + 1..];
        printer.directive()?;
    }
    printer.output.push_str(printer.rest);
    printer.extra();
    Ok(printer.output)
}

/// A number of digits alone. As in Go the last digit is not looked at when it is asked whether that is too large.
fn size(digits: &str) -> Option<usize> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|size| is_number && size / 10 <= MAX_SIZE)
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
    /// What follows a `%`.
    fn directive(&mut self) -> Result<(), String> {
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
        // At the end of the format a point is a verb.
        if self.rest.len() > 1 && self.eat('.') {
            good &= !after_index;
            after_index = self.index(&mut good);
            if self.eat('*') {
                flags.precision = self.size_argument().and_then(|precision| usize::try_from(precision).ok());
                if flags.precision.is_none() {
                    self.output.push_str("%!(BADPREC)");
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
            return Ok(());
        };
        self.rest = chars.as_str();
        let text = match self.arguments.get(self.next) {
            _ if verb == '%' => "%".to_owned(),
            _ if !good => format!("%!{verb}(BADINDEX)"),
            None => format!("%!{verb}(MISSING)"),
            Some(value) => {
                self.next += 1;
                // Each item of a value is made so wide.
                let wide = flags.width.max(flags.precision).unwrap_or(0).saturating_mul(value.parts());
                if self.output.len().saturating_add(wide) > MAX_TEXT {
                    return Err(too_long());
                }
                verb::argument(value, verb, flags)
            }
        };
        self.output.push_str(&text);
        Ok(())
    }

    /// Complains about the arguments that nothing asked for.
    fn extra(&mut self) {
        if self.reordered || self.next >= self.arguments.len() {
            return;
        }
        let shown = |value: &Value| match value {
            Value::Null => "<nil>".to_owned(),
            value => format!("{}={}", value.type_name(), verb::plain(value)),
        };
        let extra: Vec<_> = self.arguments[self.next..].iter().map(shown).collect();
        self.output.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }

    fn eat(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Passes an `[n]`, the number of the argument to go on with. Tells whether there was a number in brackets.
    fn index(&mut self, good: &mut bool) -> bool {
        let Some(inside) = self.rest.strip_prefix('[') else {
            return false;
        };
        self.reordered = true;
        // Where the bracket is not closed, or hardly anything follows, only the bracket is passed.
        let Some((digits, behind)) = inside.split_once(']').filter(|_| self.rest.len() > 2) else {
            (self.rest, *good) = (inside, false);
            return false;
        };
        self.rest = behind;
        match size(digits) {
            Some(number) if (1..=self.arguments.len()).contains(&number) => self.next = number - 1,
            Some(_) => *good = false,
            None => {
                *good = false;
                return false;
            }
        }
        true
    }

    /// The digits that come next. As in Go a number too large swallows the rest of the format.
    fn number(&mut self) -> Option<usize> {
        let length = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(length);
        let size = size(digits);
        self.rest = if size.is_none() && !digits.is_empty() { "" } else { rest };
        size
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
