//! `printf`: Go's verbs.

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

impl<'f> Printer<'f> {
    fn run(&mut self) {
        while let Some(position) = self.rest.find('%') {
            self.output.push_str(&self.rest[..position]);
            self.rest = &self.rest[position + 1..];
            self.verb();
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

    fn eat(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// A directive from behind its `%`.
    fn verb(&mut self) {
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
            self.eat();
        }
        let mut indexed = self.index();
        match self.size() {
            Ok(Some(width)) => {
                flags.minus |= width < 0;
                flags.width = Some(width.unsigned_abs() as usize);
                if indexed == Some(true) && !self.last_was_star {
                    indexed = Some(false);
                }
            }
            Ok(None) => {}
            Err(()) => self.output.push_str("%!(BADWIDTH)"),
        }
        let _ = indexed;
    }
}
