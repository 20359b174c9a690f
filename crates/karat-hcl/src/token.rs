//! The words of the language.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A name.
    Ident,
    /// A number.
    Number,
    /// The `"` that opens a string.
    OpenQuote,
    /// The `"` that closes a string.
    CloseQuote,
    /// Text in a string or heredoc, escapes and all.
    Text,
    /// `<<NAME` or `<<-NAME` with the end of its line.
    OpenHeredoc,
    /// The line that closes a heredoc, without its line end.
    CloseHeredoc,
    /// `${` or `${~`.
    OpenInterpolation,
    /// `%{` or `%{~`.
    OpenDirective,
    /// The `}` or `~}` that ends an interpolation or directive.
    CloseTemplate,
    /// `# …`, `// …` (up to the end of the line) or `/* … */`.
    Comment,
    /// The end of a line.
    Newline,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `...`
    Ellipsis,
    /// `:`
    Colon,
    /// `::`
    DoubleColon,
    /// `?`
    Question,
    /// `=`
    Assign,
    /// `=>`
    Arrow,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `!`
    Not,
    /// A character that means nothing here.
    Invalid,
    /// The end of the text.
    End,
}

/// A token: its kind and its bytes in the text. What lies between tokens is white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl TokenKind {
    /// How many brackets it opens, interpolations and directives included; below 0: closes.
    pub fn depth(self) -> isize {
        match self {
            Self::OpenBrace
            | Self::OpenBracket
            | Self::OpenParen
            | Self::OpenInterpolation
            | Self::OpenDirective => 1,
            Self::CloseBrace | Self::CloseBracket | Self::CloseParen | Self::CloseTemplate => -1,
            _ => 0,
        }
    }

    /// The token in words, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Ident => "a name",
            Self::Number => "a number",
            Self::OpenQuote | Self::CloseQuote => "a string",
            Self::Text => "text",
            Self::OpenHeredoc | Self::CloseHeredoc => "a heredoc",
            Self::OpenInterpolation => "`${`",
            Self::OpenDirective => "`%{`",
            Self::CloseTemplate => "the `}` of an interpolation",
            Self::Comment => "a comment",
            Self::Newline => "the end of the line",
            Self::OpenBrace => "`{`",
            Self::CloseBrace => "`}`",
            Self::OpenBracket => "`[`",
            Self::CloseBracket => "`]`",
            Self::OpenParen => "`(`",
            Self::CloseParen => "`)`",
            Self::Dot => "`.`",
            Self::Comma => "`,`",
            Self::Ellipsis => "`...`",
            Self::Colon => "`:`",
            Self::DoubleColon => "`::`",
            Self::Question => "`?`",
            Self::Assign => "`=`",
            Self::Arrow => "`=>`",
            Self::Equal => "`==`",
            Self::NotEqual => "`!=`",
            Self::Less => "`<`",
            Self::LessEqual => "`<=`",
            Self::Greater => "`>`",
            Self::GreaterEqual => "`>=`",
            Self::Plus => "`+`",
            Self::Minus => "`-`",
            Self::Star => "`*`",
            Self::Slash => "`/`",
            Self::Percent => "`%`",
            Self::And => "`&&`",
            Self::Or => "`||`",
            Self::Not => "`!`",
            Self::Invalid => "a character that has no meaning here",
            Self::End => "the end of the file",
        }
    }
}
