//! Characters and quotes that have no business where they are.

use karat_model::diagnostic::{Diagnostic, Edit};
use karat_model::span::Span;
use karat_model::value::Value;

use super::recovery::Open;
use super::{Parsed, Parser, SYNTAX, T};
use crate::token::Token;
use crate::tree::{Expr, ExprKind};

const SINGLE_QUOTES: [&str; 6] = ["'", "`", "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}"];

/// A character as people can see it.
pub(super) fn name(character: &str) -> String {
    let Some(c) = character.chars().next() else { return String::new() };
    let words = match c {
        '\0' => "a NUL character",
        '\r' => "a carriage return",
        '\u{A0}' => "a no-break space",
        '\u{AD}' => "a soft hyphen",
        '\u{200B}' => "a zero-width space",
        '\u{200C}' | '\u{200D}' => "a zero-width joiner",
        '\u{FEFF}' => "a byte order mark",
        '\u{FFFD}' => "a replacement for something that was no text",
        c if c.is_control() => "a control character",
        c if c.is_whitespace() => "a kind of space",
        _ => return format!("`{c}`"),
    };
    format!("U+{:04X}, {words}", u32::from(c))
}

impl Parser<'_> {
    /// What is wrong with a token that can start nothing, or `None` if it is a proper one.
    pub(super) fn invalid(&self, token: Token) -> Option<Diagnostic> {
        if token.kind != T::Invalid {
            return self.broken_heredoc(token);
        }
        let span = self.span(token);
        let text = self.text_of(token);
        let problem = Diagnostic::error(SYNTAX, format!("The character {} has no meaning here", name(text)));
        let problem = problem.at(span);
        let remove = Edit { span, replacement: String::new() };
        Some(match text {
            text if SINGLE_QUOTES.contains(&text) => problem.help("text is written in double quotes: \"…\""),
            ";" => problem.help("arguments are separated by line ends, not by semicolons"),
            "&" | "|" => problem.help(format!("the operator is written `{text}{text}`")),
            "^" => problem.help("use the function `pow` to raise a number to a power"),
            "\\" => {
                problem.help("outside of strings a line cannot be continued; use parentheses to break it")
            }
            "\u{A0}" | "\u{2007}" | "\u{202F}" | "\u{3000}" => {
                problem.fix(Edit { span, replacement: " ".to_owned() })
            }
            "\r" => problem.help("line ends are written \\n or \\r\\n"),
            "$" => problem.help(
                "a value is named without `$`, as in `var.name`; templates are written in quotes: \"${…}\"",
            ),
            "@" => problem,
            _ if name(text).starts_with("U+") => problem.fix(remove),
            _ => problem,
        })
    }

    fn broken_heredoc(&self, token: Token) -> Option<Diagnostic> {
        let rest = self.text.get(token.start as usize..).unwrap_or("");
        if token.kind != T::Less || !rest.starts_with("<<") {
            return None;
        }
        let span = Span { end: token.start + 2, ..self.span(token) };
        Some(
            Diagnostic::error(SYNTAX, "The start of a heredoc is not complete")
                .label(span, "needs a name, and after the name nothing but the end of the line")
                .help("for example `<<EOT`, the text on lines of its own, then `EOT` on a line of its own"),
        )
    }

    /// Text in quotes of another kind: reported, and read as the text that was meant.
    pub(super) fn other_quotes(&mut self) -> Option<Parsed<Expr>> {
        let index = self.significant(self.at);
        let open = self.token(index);
        if open.kind != T::Invalid || !SINGLE_QUOTES.contains(&self.text_of(open)) {
            return None;
        }
        let problem = self.invalid(open)?;
        let rest = self.text.get(open.end as usize..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("");
        let quotes = |c: char| SINGLE_QUOTES.contains(&&*c.encode_utf8(&mut [0; 4]));
        let Some(len) = line.find(quotes) else { return Some(self.fail(problem)) };
        let inner = line.get(..len).unwrap_or("");
        let close = line.get(len..).and_then(|close| close.chars().next()).map_or(1, char::len_utf8);
        let span = Span::new(self.file, open.start as usize, open.end as usize + len + close);
        let replacement = format!("\"{}\"", inner.replace('\\', "\\\\").replace('"', "\\\""));
        let problem = problem.fix(Edit { span, replacement });
        // What looks like a quote or a template in there was read as one.
        if inner.contains('"') || inner.contains("${") || inner.contains("%{") || inner.contains("<<") {
            return Some(self.fail(problem));
        }
        self.report(problem);
        let inside = self.tokens.iter().skip(index).take_while(|token| token.start < span.end);
        self.at = index + inside.count();
        Some(Ok(Expr { kind: ExprKind::Literal(Box::new(Value::string(inner))), span }))
    }

    /// A quote is missing on the rest of this line, which makes all else that is wrong with it uninteresting.
    pub(super) fn missing_quote(&self) -> Option<Diagnostic> {
        let mut open = Open::default();
        let mut index = self.significant(self.at);
        loop {
            let token = self.token(index);
            if matches!(token.kind, T::Newline | T::End) {
                let quote = self.token(open.unclosed_string()?);
                return Some(
                    Diagnostic::error(SYNTAX, "A quote is missing on this line")
                        .label(self.span(quote), "this `\"` starts a string that does not end")
                        .help("write \\\" for a quote inside a string"),
                );
            }
            open.feed(index, token, self.by_lines);
            index += 1;
        }
    }
}
