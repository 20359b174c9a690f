//! Cuts a text into tokens.

use crate::TemplateError;
use crate::tree::Span;

const LEFT: &str = "{{";
const RIGHT: &str = "}}";

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Text(String),
    LeftDelimiter,
    RightDelimiter,
    Space,
    Assign,
    Declare,
    Pipe,
    Comma,
    LeftParen,
    RightParen,
    Dot,
    Field(String),
    /// Without the `$`.
    Variable(String),
    /// A function, a keyword, `true`, `false` or `nil`.
    Word(String),
    Number(String),
    Char(char),
    String(String),
    End,
}

/// All tokens of `source`, the last of which is [`Token::End`]. Where something is no token, that is the end, and the error
/// what is wrong there.
pub(crate) fn tokens(source: &str) -> (Vec<(Token, Span)>, Option<TemplateError>) {
    let mut lexer = Lexer { source, position: 0, tokens: Vec::new() };
    let error = lexer.text().err();
    lexer.push(Token::End, lexer.position);
    (lexer.tokens, error)
}

struct Lexer<'s> {
    source: &'s str,
    position: usize,
    tokens: Vec<(Token, Span)>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.source[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, token: Token, start: usize) {
        self.tokens.push((token, start..self.position));
    }

    fn error<T>(&self, offset: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::at(self.source, offset, message))
    }

    /// Literal text and the actions between, to the end of the source.
    fn text(&mut self) -> Result<(), TemplateError> {
        let mut trim_start = false;
        loop {
            let start = self.position;
            let length = self.rest().find(LEFT).unwrap_or(self.rest().len());
            self.position += length;
            let opens = !self.rest().is_empty();
            let trims = opens && trims_left(&self.rest()[LEFT.len()..]);
            let mut text = &self.source[start..self.position];
            if trim_start {
                text = text.trim_start_matches(is_space);
            }
            if trims {
                text = text.trim_end_matches(is_space);
            }
            if !text.is_empty() {
                let text = text.to_owned();
                self.push(Token::Text(text), start);
            }
            if !opens {
                return Ok(());
            }
            let open = self.position;
            self.position += LEFT.len() + if trims { 2 } else { 0 };
            trim_start = if self.rest().starts_with("/*") {
                self.comment(open)?
            } else {
                self.tokens.push((Token::LeftDelimiter, open..open + LEFT.len()));
                self.action(open)?
            };
        }
    }

    /// Skips a comment up to and with its closing delimiter. Tells whether that trims the text behind it.
    fn comment(&mut self, open: usize) -> Result<bool, TemplateError> {
        // The star of the opening cannot close it again.
        self.position += 2;
        let Some(length) = self.rest().find("*/") else {
            return self.error(open, "unclosed comment");
        };
        self.position += length + 2;
        match self.right_delimiter() {
            Some(trims) => Ok(trims),
            None => self.error(self.position, "comment ends before closing delimiter"),
        }
    }

    /// Passes `}}` or ` -}}` if it comes next. Tells whether it trims the text behind it.
    fn right_delimiter(&mut self) -> Option<bool> {
        let rest = self.rest();
        let trims = rest.starts_with(is_space) && rest[1..].starts_with("-}}");
        if !trims && !rest.starts_with(RIGHT) {
            return None;
        }
        self.position += RIGHT.len() + if trims { 2 } else { 0 };
        Some(trims)
    }

    /// The inside of an action with its closing delimiter. Tells whether that trims the text behind it.
    fn action(&mut self, open: usize) -> Result<bool, TemplateError> {
        let mut parens = Vec::new();
        loop {
            let start = self.position;
            if let Some(trims) = self.right_delimiter() {
                if let Some(paren) = parens.pop() {
                    return self.error(paren, "unclosed left paren");
                }
                self.tokens.push((Token::RightDelimiter, start..self.position));
                return Ok(trims);
            }
            let Some(next) = self.peek() else {
                return self.error(open, "unclosed action");
            };
            self.position += next.len_utf8();
            let token = match next {
                c if is_space(c) => {
                    self.spaces();
                    Token::Space
                }
                '=' => Token::Assign,
                ':' if self.peek() == Some('=') => {
                    self.position += 1;
                    Token::Declare
                }
                ':' => return self.error(start, "expected :="),
                '|' => Token::Pipe,
                ',' => Token::Comma,
                '(' => {
                    parens.push(start);
                    Token::LeftParen
                }
                ')' => {
                    if parens.pop().is_none() {
                        return self.error(start, "unexpected right paren");
                    }
                    Token::RightParen
                }
                '"' => Token::String(self.quoted(start)?),
                '`' => Token::String(self.raw(start)?),
                '\'' => Token::Char(self.character(start)?),
                '$' => Token::Variable(self.name()?),
                '.' if !self.rest().starts_with(|c: char| c.is_ascii_digit()) => match self.name()? {
                    name if name.is_empty() => Token::Dot,
                    name => Token::Field(name),
                },
                '.' | '+' | '-' | '0'..='9' => self.number(start)?,
                c if is_alphanumeric(c) => {
                    self.position = start;
                    Token::Word(self.name()?)
                }
                c => return self.error(start, format!("unexpected {} in action", unicode(c))),
            };
            self.push(token, start);
        }
    }

    /// The rest of a run of white space, but for a blank that belongs to ` -}}`.
    fn spaces(&mut self) {
        // The run's first blank may itself be that blank, but then `right_delimiter` has seen it.
        while self.rest().starts_with(is_space) && !self.rest()[1..].starts_with("-}}") {
            self.position += 1;
        }
    }

    /// The letters, digits and underscores that come next, maybe none.
    fn name(&mut self) -> Result<String, TemplateError> {
        let rest = self.rest();
        let length = rest.find(|c| !is_alphanumeric(c)).unwrap_or(rest.len());
        let name = rest[..length].to_owned();
        self.position += length;
        match self.peek() {
            Some(c) if !is_space(c) && !".,|:()".contains(c) && !self.rest().starts_with(RIGHT) => {
                self.error(self.position, format!("bad character {}", unicode(c)))
            }
            _ => Ok(name),
        }
    }

    fn number(&mut self, start: usize) -> Result<Token, TemplateError> {
        let mut previous = ' ';
        for c in self.source[self.position..].chars() {
            let exponent = if self.is_hexadecimal(start) { "pP" } else { "eE" };
            let sign_of_exponent = "+-".contains(c) && exponent.contains(previous);
            if !is_alphanumeric(c) && c != '.' && !sign_of_exponent {
                break;
            }
            self.position += c.len_utf8();
            previous = c;
        }
        Ok(Token::Number(self.source[start..self.position].to_owned()))
    }

    fn is_hexadecimal(&self, start: usize) -> bool {
        let digits = self.source[start..].trim_start_matches(['+', '-']);
        digits.starts_with("0x") || digits.starts_with("0X")
    }

    fn raw(&mut self, start: usize) -> Result<String, TemplateError> {
        let Some(length) = self.rest().find('`') else {
            return self.error(start, "unterminated raw quoted string");
        };
        // As in Go, carriage returns are not part of a raw string.
        let text = self.rest()[..length].replace('\r', "");
        self.position += length + 1;
        Ok(text)
    }

    fn quoted(&mut self, start: usize) -> Result<String, TemplateError> {
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                None | Some('\n') => return self.error(start, "unterminated quoted string"),
                Some('"') => {
                    self.position += 1;
                    // Escapes such as \xff can spell what is not UTF-8.
                    return Ok(String::from_utf8_lossy(&bytes).into_owned());
                }
                Some(_) => match self.escaped('"')? {
                    Escaped::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    Escaped::Byte(byte) => bytes.push(byte),
                },
            }
        }
    }

    fn character(&mut self, start: usize) -> Result<char, TemplateError> {
        if matches!(self.peek(), None | Some('\n' | '\'')) {
            return self.error(start, "malformed character constant");
        }
        let c = match self.escaped('\'')? {
            Escaped::Char(c) => c,
            Escaped::Byte(byte) => char::from(byte),
        };
        if self.peek() != Some('\'') {
            return self.error(start, "malformed character constant");
        }
        self.position += 1;
        Ok(c)
    }

    /// One character of a string or character constant, which may be an escape sequence.
    fn escaped(&mut self, quote: char) -> Result<Escaped, TemplateError> {
        let start = self.position;
        let mut chars = self.source[start..].chars();
        let first = chars.next().unwrap_or_default();
        self.position += first.len_utf8();
        if first != '\\' {
            return Ok(Escaped::Char(first));
        }
        let kind = chars.next().unwrap_or_default();
        self.position += kind.len_utf8();
        let simple = match kind {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '\\' => '\\',
            c if c == quote => c,
            'x' => return self.digits(start, 2, 16).map(|code| Escaped::Byte(code as u8)),
            'u' => return self.code_point(start, 4),
            'U' => return self.code_point(start, 8),
            '0'..='7' => {
                self.position -= 1;
                let code = self.digits(start, 3, 8)?;
                return match u8::try_from(code) {
                    Ok(byte) => Ok(Escaped::Byte(byte)),
                    Err(_) => self.error(start, "an octal escape sequence goes up to \\377"),
                };
            }
            _ => return self.error(start, "unknown escape sequence"),
        };
        Ok(Escaped::Char(simple))
    }

    fn digits(&mut self, start: usize, count: usize, radix: u32) -> Result<u32, TemplateError> {
        let digits = self.rest().get(..count).filter(|digits| digits.chars().all(|c| c.is_digit(radix)));
        match digits.and_then(|digits| u32::from_str_radix(digits, radix).ok()) {
            Some(code) => {
                self.position += count;
                Ok(code)
            }
            None => self.error(start, format!("this escape sequence needs {count} digits")),
        }
    }

    fn code_point(&mut self, start: usize, count: usize) -> Result<Escaped, TemplateError> {
        let code = self.digits(start, count, 16)?;
        match char::from_u32(code) {
            Some(c) => Ok(Escaped::Char(c)),
            None => self.error(start, "this escape sequence is not a Unicode character"),
        }
    }
}

enum Escaped {
    Char(char),
    Byte(u8),
}

/// Whether what follows `{{` is `-` and a blank, the sign to trim the text before.
fn trims_left(after_delimiter: &str) -> bool {
    after_delimiter.strip_prefix('-').is_some_and(|rest| rest.starts_with(is_space))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn unicode(c: char) -> String {
    format!("U+{:04X} {c:?}", u32::from(c))
}
