//! Reading JSON, with all digits of its numbers.

use std::collections::BTreeMap;

use karat_model::value::{Type, Value};

use super::argument::fits_elements;

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 200;

/// The value that a JSON text says: arrays become tuples, objects become objects. The error says what is wrong, as a
/// fragment.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, position: 0, depth: 0, values: 0 };
    let value = reader.value()?;
    reader.blanks();
    if reader.rest().is_empty() { Ok(value) } else { reader.wrong("there is text behind the value") }
}

struct Reader<'t> {
    text: &'t str,
    position: usize,
    depth: usize,
    /// How many there were so far.
    values: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        self.position += if found { wanted.len() } else { 0 };
        found
    }

    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        let before = self.text.get(..self.position).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Err(format!("{what} at line {line}, column {column}"))
    }

    fn value(&mut self) -> Result<Value, String> {
        self.values += 1;
        if fits_elements(self.values).is_err() {
            return self.wrong("there are too many values");
        }
        self.blanks();
        match self.rest().chars().next() {
            Some('{') => self.nested(Self::object),
            Some('[') => self.nested(Self::array),
            Some('"') => self.string().map(Value::from),
            Some('-' | '0'..='9') => self.number(),
            _ if self.eat("null") => Ok(Value::null(Type::Any)),
            _ if self.eat("true") => Ok(true.into()),
            _ if self.eat("false") => Ok(false.into()),
            _ => self.wrong("there is no value"),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        if self.depth == MAX_DEPTH {
            return self.wrong("arrays and objects are nested too deeply");
        }
        self.depth += 1;
        self.position += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Value, String> {
        let mut elements = Vec::new();
        self.blanks();
        if self.eat("]") {
            return Ok(Value::tuple(elements));
        }
        loop {
            elements.push(self.value()?);
            self.blanks();
            if self.eat("]") {
                return Ok(Value::tuple(elements));
            }
            if !self.eat(",") {
                return self.wrong("a comma or a closing bracket is missing");
            }
        }
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut entries = BTreeMap::new();
        self.blanks();
        if self.eat("}") {
            return Ok(Value::object(entries));
        }
        loop {
            self.blanks();
            let name = self.string()?;
            self.blanks();
            if !self.eat(":") {
                return self.wrong("a colon is missing");
            }
            // Of names that occur twice the last counts.
            entries.insert(name, self.value()?);
            self.blanks();
            if self.eat("}") {
                return Ok(Value::object(entries));
            }
            if !self.eat(",") {
                return self.wrong("a comma or a closing brace is missing");
            }
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.position;
        self.eat("-");
        let leading_zero = self.eat("0");
        let well_formed = (leading_zero || self.digits())
            && (!self.eat(".") || self.digits())
            && (!(self.eat("e") || self.eat("E")) || self.exponent());
        let text = self.text.get(start..self.position).unwrap_or_default();
        match text.parse::<karat_model::value::Number>() {
            Ok(number) if well_formed => Ok(number.into()),
            _ => self.wrong("there is a malformed number"),
        }
    }

    fn exponent(&mut self) -> bool {
        let _sign = self.eat("+") || self.eat("-");
        self.digits()
    }

    /// Passes digits. Tells whether there were any.
    fn digits(&mut self) -> bool {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        self.position += length;
        length > 0
    }

    fn string(&mut self) -> Result<String, String> {
        if !self.eat("\"") {
            return self.wrong("a string in double quotes is missing");
        }
        let mut string = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else { return self.wrong("a string is not closed") };
            match c {
                '"' => {
                    self.position += 1;
                    return Ok(string);
                }
                '\\' => string.push(self.escape()?),
                '\0'..='\u{1f}' => return self.wrong("there is a control character in a string"),
                c => {
                    self.position += c.len_utf8();
                    string.push(c);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let escapes = [
            ("\\\"", '"'),
            ("\\\\", '\\'),
            ("\\/", '/'),
            ("\\b", '\u{8}'),
            ("\\f", '\u{c}'),
            ("\\n", '\n'),
            ("\\r", '\r'),
            ("\\t", '\t'),
        ];
        if let Some((_, c)) = escapes.iter().find(|(written, _)| self.eat(written)) {
            return Ok(*c);
        }
        let Some(unit) = self.unit() else { return self.wrong("there is an unknown escape sequence") };
        // Characters beyond 16 bits are written as two halves; a half alone is no character.
        let high = (0xd800..0xdc00).contains(&unit);
        let before = self.position;
        let low = if high { self.unit().filter(|low| (0xdc00..0xe000).contains(low)) } else { None };
        match low {
            Some(low) => {
                let c = char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
                Ok(c.unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            None => {
                self.position = before;
                Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
        }
    }

    /// Passes `\uXXXX`.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.rest().strip_prefix("\\u")?.get(..4)?;
        let digits = Some(digits).filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()))?;
        self.position += 6;
        u32::from_str_radix(digits, 16).ok()
    }
}
