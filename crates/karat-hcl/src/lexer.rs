//! Text to tokens. Nothing is lost: tokens and the white space between them are the text. Nothing fails either: what
//! cannot be a token is an `Invalid` one, and the parser says what is wrong with it.

use crate::layout::HeredocEnds;
use crate::token::{Token, TokenKind};

use TokenKind as T;

/// The tokens of a file or expression; the last one is the `End`.
pub fn lex(text: &str) -> Vec<Token> {
    Lexer::new(text, None).run()
}

/// The same for a text that has mistakes. Its lines say more about what was meant than its quotes and braces: a string
/// ends with its line whatever was opened inside, the marker of a heredoc ends it even within `${`, and a heredoc
/// without that marker ends where its writer seems to have thought it does.
pub(crate) fn lex_by_lines(text: &str) -> Vec<Token> {
    let ends = Some(HeredocEnds::new(text));
    Lexer { ends, ..Lexer::new(text, None) }.run()
}

/// The tokens of a text that is a template as a whole, as the files of `templatefile` are.
pub fn lex_template(text: &str) -> Vec<Token> {
    Lexer::new(text, Some(Mode::Bare)).run()
}

/// Whether an expression goes on in the next line: a bracket, an interpolation or a heredoc is open.
pub fn goes_on(text: &str) -> bool {
    let open = |token: &Token| match token.kind {
        T::OpenHeredoc => 1,
        T::CloseHeredoc => -1,
        kind => kind.depth(),
    };
    lex(&format!("{text}\n")).iter().map(open).sum::<isize>() > 0
}

/// Whether the whole text is one name.
pub fn is_identifier(text: &str) -> bool {
    !text.is_empty() && identifier(text) == text.len()
}

/// The length of the name that the text starts with.
fn identifier(text: &str) -> usize {
    let bytes = text.as_bytes();
    let starts = bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let continues = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let ascii = if starts { bytes.iter().take_while(continues).count() } else { 0 };
    // Most names are plain; the tables are only asked about the rest.
    if bytes.get(ascii).is_none_or(u8::is_ascii) {
        return ascii;
    }
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if first == '_' || unicode_ident::is_xid_start(first) || is_odd_letter(first) => {
            let rest = chars.take_while(|c| *c == '-' || continues_name(*c));
            first.len_utf8() + rest.map(char::len_utf8).sum::<usize>()
        }
        _ => 0,
    }
}

/// Packer 1.16 goes by the identifiers of Unicode 9, which had no joiners and no middle dot inside of names. Letters that
/// came later are fine with us.
fn continues_name(c: char) -> bool {
    let later = matches!(c, '\u{200C}' | '\u{200D}' | '\u{30FB}' | '\u{FF65}');
    unicode_ident::is_xid_continue(c) && !later || is_odd_letter(c)
}

/// Letters whose normal forms do not start a name, so that Unicode advises against them: `ID_Start` without `XID_Start`.
fn is_odd_letter(c: char) -> bool {
    matches!(
        c,
        '\u{37A}' | '\u{E33}' | '\u{EB3}' | '\u{309B}' | '\u{309C}' | '\u{FC5E}'
            ..='\u{FC63}'
                | '\u{FDFA}'
                | '\u{FDFB}'
                | '\u{FE70}'
                | '\u{FE72}'
                | '\u{FE74}'
                | '\u{FE76}'
                | '\u{FE78}'
                | '\u{FE7A}'
                | '\u{FE7C}'
                | '\u{FE7E}'
                | '\u{FF9E}'
                | '\u{FF9F}'
    )
}

/// What the lexer is inside of.
enum Mode<'a> {
    /// A brace within an expression.
    Brace,
    /// `${` or `%{`.
    Sequence,
    /// A string that was opened at this offset.
    Quote { opened: usize },
    /// A heredoc up to this name, or up to an offset where it is supposed to end.
    Heredoc { name: &'a str, supposed_end: Option<usize> },
    /// A template without delimiters.
    Bare,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Offset of the first byte of the current line.
    line: usize,
    modes: Vec<Mode<'a>>,
    tokens: Vec<Token>,
    /// Where heredocs end; only if lines count for more than braces.
    ends: Option<HeredocEnds<'a>>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, mode: Option<Mode<'a>>) -> Self {
        // A byte order mark is white space.
        let at = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
        Self {
            text,
            at,
            line: 0,
            modes: mode.into_iter().collect(),
            tokens: Vec::with_capacity(text.len() / 4),
            ends: None,
        }
    }

    fn run(mut self) -> Vec<Token> {
        while self.at < self.text.len() {
            match self.modes.last() {
                None | Some(Mode::Brace | Mode::Sequence) => self.normal(),
                Some(Mode::Quote { .. }) => self.quoted(),
                Some(Mode::Heredoc { name, supposed_end }) => {
                    let (name, supposed_end) = (*name, *supposed_end);
                    self.heredoc(name, supposed_end);
                }
                Some(Mode::Bare) => self.template_text(None),
            }
        }
        self.push(T::End, 0);
        self.tokens
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// A token of the next `len` bytes.
    fn push(&mut self, kind: TokenKind, len: usize) {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        self.tokens.push(Token { kind, start: narrow(self.at), end: narrow(self.at + len) });
        self.at += len;
    }

    fn newline(&mut self, len: usize) {
        if self.ends.is_some() && self.string_of_line().is_some() {
            self.abandon_line();
        }
        self.push(T::Newline, len);
        self.line = self.at;
        if self.ends.is_some() {
            self.leave_for_marker();
        }
    }

    /// The line that comes is the marker of a heredoc: what was opened inside ends with it.
    fn leave_for_marker(&mut self) {
        let heredoc = self.modes.iter().rposition(|mode| matches!(mode, Mode::Heredoc { .. }));
        if let Some(at) = heredoc
            && let Some(Mode::Heredoc { name, .. }) = self.modes.get(at)
            && current_line(self.rest()).trim() == *name
        {
            self.modes.truncate(at + 1);
        }
    }

    fn normal(&mut self) {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let one = |second: u8| bytes.get(1) == Some(&second);
        match bytes.first().copied().unwrap_or(0) {
            b' ' | b'\t' => self.at += bytes.iter().take_while(|b| matches!(b, b' ' | b'\t')).count(),
            b'\n' => self.newline(1),
            b'\r' if one(b'\n') => self.newline(2),
            b'#' => self.line_comment(rest),
            b'/' if one(b'/') => self.line_comment(rest),
            b'/' if one(b'*') => self.block_comment(rest),
            b'"' => {
                self.modes.push(Mode::Quote { opened: self.at });
                self.push(T::OpenQuote, 1);
            }
            b'<' if one(b'<') && self.open_heredoc(rest) => {}
            b'0'..=b'9' => self.push(T::Number, number(bytes)),
            b'{' => {
                if !self.modes.is_empty() {
                    self.modes.push(Mode::Brace);
                }
                self.push(T::OpenBrace, 1);
            }
            b'}' => match self.modes.pop() {
                Some(Mode::Sequence) => self.push(T::CloseTemplate, 1),
                _ => self.push(T::CloseBrace, 1),
            },
            b'~' if one(b'}') && matches!(self.modes.last(), Some(Mode::Sequence)) => {
                self.modes.pop();
                self.push(T::CloseTemplate, 2);
            }
            b'.' if one(b'.') && bytes.get(2) == Some(&b'.') => self.push(T::Ellipsis, 3),
            b'.' => self.push(T::Dot, 1),
            b'=' if one(b'=') => self.push(T::Equal, 2),
            b'=' if one(b'>') => self.push(T::Arrow, 2),
            b'=' => self.push(T::Assign, 1),
            b'!' if one(b'=') => self.push(T::NotEqual, 2),
            b'!' => self.push(T::Not, 1),
            b'<' if one(b'=') => self.push(T::LessEqual, 2),
            b'<' => self.push(T::Less, 1),
            b'>' if one(b'=') => self.push(T::GreaterEqual, 2),
            b'>' => self.push(T::Greater, 1),
            b'&' if one(b'&') => self.push(T::And, 2),
            b'|' if one(b'|') => self.push(T::Or, 2),
            b':' if one(b':') => self.push(T::DoubleColon, 2),
            b':' => self.push(T::Colon, 1),
            b'?' => self.push(T::Question, 1),
            b',' => self.push(T::Comma, 1),
            b'[' => self.push(T::OpenBracket, 1),
            b']' => self.push(T::CloseBracket, 1),
            b'(' => self.push(T::OpenParen, 1),
            b')' => self.push(T::CloseParen, 1),
            b'+' => self.push(T::Plus, 1),
            b'-' => self.push(T::Minus, 1),
            b'*' => self.push(T::Star, 1),
            b'/' => self.push(T::Slash, 1),
            b'%' => self.push(T::Percent, 1),
            _ => match identifier(rest) {
                0 => self.push(T::Invalid, rest.chars().next().map_or(1, char::len_utf8)),
                len => self.push(T::Ident, len),
            },
        }
    }

    fn line_comment(&mut self, rest: &str) {
        let (line, ends) = rest.split_once('\n').map_or((rest, false), |(line, _)| (line, true));
        // A carriage return is part of the line end, if there is one.
        let line = line.strip_suffix('\r').filter(|_| ends).unwrap_or(line);
        self.push(T::Comment, line.len());
    }

    fn block_comment(&mut self, rest: &str) {
        let len = rest.get(2..).and_then(|inner| inner.find("*/")).map_or(rest.len(), |at| at + 4);
        self.push(T::Comment, len);
    }

    /// `<<NAME` or `<<-NAME` directly before the end of the line.
    fn open_heredoc(&mut self, rest: &'a str) -> bool {
        let marker = rest.get(2..).unwrap_or("");
        let marker = marker.strip_prefix('-').unwrap_or(marker);
        let name = marker.get(..identifier(marker)).unwrap_or("");
        let tail = marker.get(name.len()..).unwrap_or("");
        let end = if tail.starts_with("\r\n") { 2 } else { 1 };
        if name.is_empty() || !(tail.starts_with('\n') || tail.starts_with("\r\n")) {
            return false;
        }
        let opener = self.line;
        self.push(T::OpenHeredoc, rest.len() - tail.len() + end);
        self.line = self.at;
        let supposed_end = self.ends.as_mut().and_then(|ends| ends.supposed(name, opener, self.at));
        self.modes.push(Mode::Heredoc { name, supposed_end });
        true
    }

    fn quoted(&mut self) {
        match self.rest().as_bytes() {
            [b'"', ..] => {
                self.modes.pop();
                self.push(T::CloseQuote, 1);
            }
            [b'\n' | b'\r', ..] => self.abandon_line(),
            _ => self.template_text(None),
        }
    }

    /// The line ends inside a string. Whatever was opened on this line since its first string is closed with it, so that
    /// a missing quote or brace spoils one line and no more.
    fn abandon_line(&mut self) {
        let last = self.modes.len().saturating_sub(1);
        self.modes.truncate(self.string_of_line().unwrap_or(last));
    }

    /// The first open string that was opened on this line, as a place in the modes.
    fn string_of_line(&self) -> Option<usize> {
        let line = self.line;
        self.modes.iter().position(|mode| matches!(mode, Mode::Quote { opened } if *opened >= line))
    }

    fn heredoc(&mut self, name: &'a str, supposed_end: Option<usize>) {
        if self.at == self.line {
            let content = current_line(self.rest());
            if content.trim() == name {
                self.modes.pop();
                self.push(T::CloseHeredoc, content.len());
                return;
            }
            if supposed_end.is_some_and(|end| self.at >= end) {
                self.modes.pop();
                return;
            }
        }
        self.template_text(Some(name));
    }

    /// Text up to something that ends or interrupts it; or that interruption. In a heredoc text ends with each line.
    fn template_text(&mut self, heredoc: Option<&str>) {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let quoted = matches!(self.modes.last(), Some(Mode::Quote { .. }));
        let mut len = 0;
        while let Some(byte) = bytes.get(len) {
            let two = (bytes.get(len + 1).copied(), bytes.get(len + 2).copied());
            match (byte, two) {
                (b'"', _) if quoted => break,
                (b'\\', (Some(next), _)) if quoted && next != b'\n' && next != b'\r' => len += 2,
                (b'\n' | b'\r', _) if quoted => break,
                (b'\n', _) if heredoc.is_some() => {
                    self.push(T::Text, len + 1);
                    self.line = self.at;
                    return;
                }
                (b'$', (Some(b'$'), Some(b'{'))) | (b'%', (Some(b'%'), Some(b'{'))) => len += 3,
                (b'$' | b'%', (Some(b'{'), _)) => break,
                _ => len += 1,
            }
        }
        if len > 0 {
            // An escaped character of several bytes may have been cut.
            while !rest.is_char_boundary(len) {
                len += 1;
            }
            self.push(T::Text, len);
            return;
        }
        let kind = if rest.starts_with('$') { T::OpenInterpolation } else { T::OpenDirective };
        self.modes.push(Mode::Sequence);
        self.push(kind, if bytes.get(2) == Some(&b'~') { 3 } else { 2 });
    }
}

/// The text up to the end of its first line.
fn current_line(text: &str) -> &str {
    let line = text.split('\n').next().unwrap_or("");
    line.strip_suffix('\r').unwrap_or(line)
}

/// The length of the number that the text starts with: `digits[.digits][(e|E)[+-]digits]`.
fn number(bytes: &[u8]) -> usize {
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut len = digits(0);
    if bytes.get(len) == Some(&b'.') && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
    }
    // Nothing but an exponent behind the point is a number, too: `1.e5`.
    let exponent_at = |at: usize| {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        matches!(bytes.get(at), Some(b'e' | b'E')) && digits(at + 1 + sign) > 0
    };
    if bytes.get(len) == Some(&b'.') && exponent_at(len + 1) {
        len += 1;
    }
    if matches!(bytes.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        let exponent = digits(len + 1 + sign);
        if exponent > 0 {
            len += 1 + sign + exponent;
        }
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> String {
        shown(text, lex(text))
    }

    fn shown(text: &str, tokens: Vec<Token>) -> String {
        let shown =
            |token: &Token| format!("{:?}({})", token.kind, &text[token.start as usize..token.end as usize]);
        tokens.iter().map(shown).collect::<Vec<_>>().join(" ").replace('\n', "⏎")
    }

    /// The text is the tokens and white space between them.
    fn check_lossless(text: &str) {
        for tokens in [lex(text), lex_template(text), lex_by_lines(text)] {
            check_tokens(text, &tokens);
        }
    }

    fn check_tokens(text: &str, tokens: &[Token]) {
        let mut at = 0;
        for token in tokens {
            let (start, end) = (token.start as usize, token.end as usize);
            assert!(start >= at && end >= start, "{text:?} at {at}");
            let gap = &text[at..start];
            assert!(gap.chars().all(|c| matches!(c, ' ' | '\t' | '\u{FEFF}')), "{gap:?} of {text:?} is lost");
            at = end;
        }
        assert_eq!(at, text.len());
    }

    const SAMPLES: &[&str] = &[
        "",
        "\u{FEFF}a = 1\r\n",
        "a = \"b ${c.d[0]} %{ if x ~}y%{ endif } $${z} \\\" é\" # comment\n/* x */ // y\n",
        "x = <<-EOT\n  a ${b}\n\n  %{~ for c in d ~}\n  $${e}\n   EOT  \ny = <<A\nB",
        "a {\n  b = { c = \"${{ d = 1 }.d}\" }\n}\n",
        "bad ' ` ; & | ^ ~ \r \u{7} 日本 _a-b 1.5e+3 1.e 1..2 ... => :: \\",
        "s = \"no end\nt = \"${\"inner\nu = \"${v\n}\"\n",
        "\"\\é\" \"\\",
        "<<E x\n<<\n<< E\n",
    ];

    #[test]
    fn nothing_is_lost() {
        for text in SAMPLES {
            check_lossless(text);
            // Broken texts in particular: every sample cut off at every place.
            for (at, _) in text.char_indices() {
                check_lossless(&text[..at]);
                check_lossless(&text[at..]);
            }
        }
    }

    #[test]
    fn cli_24_brackets_and_heredocs_go_on() {
        for text in ["[", "f(1,", "{\n a = 1", "\"${", "<<E", "<<E\nx", "[<<E\nE\n"] {
            assert!(goes_on(text), "{text}");
        }
        for text in ["", "1 +", "[]", ")", "\"[", "<<E\nE", "# {", "f(1)"] {
            assert!(!goes_on(text), "{text}");
        }
    }

    #[test]
    fn tokens() {
        for (text, expected) in [
            (
                r#""a${b}""#,
                r#"OpenQuote(") Text(a) OpenInterpolation(${) Ident(b) CloseTemplate(}) CloseQuote(") End()"#,
            ),
            (r#""$${a} $$${b}""#, r#"OpenQuote(") Text($${a} $$${b}) CloseQuote(") End()"#),
            (
                r#""${~{}~}""#,
                r#"OpenQuote(") OpenInterpolation(${~) OpenBrace({) CloseBrace(}) CloseTemplate(~}) CloseQuote(") End()"#,
            ),
            ("<<A\nb\n A\n", "OpenHeredoc(<<A⏎) Text(b⏎) CloseHeredoc( A) Newline(⏎) End()"),
            ("1.5e3.x 1e", "Number(1.5e3) Dot(.) Ident(x) Number(1) Ident(e) End()"),
            ("a-b - c", "Ident(a-b) Minus(-) Ident(c) End()"),
            // A string ends with its line.
            ("\"a\nb", "OpenQuote(\") Text(a) Newline(⏎) Ident(b) End()"),
            // An interpolation that swallows the closing quote ends with the line, too.
            (
                "\"${a\"\nb",
                "OpenQuote(\") OpenInterpolation(${) Ident(a) OpenQuote(\") Newline(⏎) Ident(b) End()",
            ),
            // An interpolation may span lines.
            (
                "\"${\na}\"",
                "OpenQuote(\") OpenInterpolation(${) Newline(⏎) Ident(a) CloseTemplate(}) CloseQuote(\") End()",
            ),
        ] {
            assert_eq!(kinds(text), expected, "{text}");
        }
    }
}
