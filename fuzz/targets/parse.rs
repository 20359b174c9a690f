//! Lexer and parser, as a file, an expression and a template: nothing is lost, nothing panics, every place is inside the
//! text, and what cannot be read is said.
#![no_main]

mod walk;

use karat_hcl::token::{Token, TokenKind};
use karat_hcl::{lex, lex_template, parse, parse_expression, parse_template};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use libfuzzer_sys::fuzz_target;

use walk::Walk;

fuzz_target!(|text: &str| {
    lossless(text, &lex(text));
    lossless(text, &lex_template(text));
    let file = SourceMap::new().add("fuzz", text);

    let mut diagnostics = Diagnostics::new();
    let mut tree = Walk { text, depth: 0, errors: 0 };
    tree.body(&parse(file, text, &mut diagnostics));
    tree.diagnostics(&diagnostics);

    for read in [parse_expression, parse_template] {
        let mut diagnostics = Diagnostics::new();
        let mut tree = Walk { text, depth: 0, errors: 0 };
        tree.expr(&read(file, text, &mut diagnostics));
        tree.diagnostics(&diagnostics);
    }
});

/// The text is its tokens and the white space between them.
fn lossless(text: &str, tokens: &[Token]) {
    let mut at = 0;
    for token in tokens {
        let gap = text.get(at..token.start as usize).expect("tokens are in order and cut no character");
        assert!(gap.chars().all(|c| matches!(c, ' ' | '\t' | '\u{FEFF}')), "{gap:?} is lost");
        text.get(token.start as usize..token.end as usize).expect("a token cuts no character");
        assert!(token.end > token.start || token.kind == TokenKind::End, "an empty token: {token:?}");
        at = token.end as usize;
    }
    assert_eq!(at, text.len(), "the end of the text is lost");
    assert_eq!(tokens.iter().filter(|token| token.kind == TokenKind::End).count(), 1);
}
