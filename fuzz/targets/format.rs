//! The formatter: nothing but white space changes, and formatting once is enough.
#![no_main]

use karat_hcl::token::TokenKind;
use karat_hcl::{format, lex, parse};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let formatted = format(text);
    let squeezed = |text: &str| text.replace([' ', '\t', '\u{FEFF}'], "");
    assert_eq!(squeezed(&formatted), squeezed(text), "more than white space changed");
    if is_sound(text) {
        assert!(words(&formatted) == words(text), "the tokens changed:\n{formatted}");
        assert!(is_sound(&formatted), "it cannot be read any more:\n{formatted}");
        assert_eq!(format(&formatted), formatted, "formatting once is not enough");
    }
});

fn is_sound(text: &str) -> bool {
    let mut diagnostics = Diagnostics::new();
    parse(SourceMap::new().add("fuzz", text), text, &mut diagnostics);
    diagnostics.is_empty()
}

fn words(text: &str) -> Vec<(TokenKind, &str)> {
    lex(text).iter().map(|token| (token.kind, &text[token.start as usize..token.end as usize])).collect()
}
