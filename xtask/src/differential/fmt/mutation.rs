//! Other white space in a document, and damage.

use karat_hcl::lex;
use karat_hcl::token::TokenKind as T;

use crate::differential::random::Random;

/// The text with other white space between its tokens, wherever that means nothing.
pub(crate) fn respace(text: &str, random: &mut Random) -> String {
    let tokens = lex(text);
    let mut out = String::new();
    let mut last: Option<(T, u32)> = None;
    for token in &tokens {
        let end = last.map_or(0, |(_, end)| end);
        let gap = &text[end as usize..token.start as usize];
        let left = last.map_or(T::Newline, |(kind, _)| kind);
        if left != T::Comment && token.kind == T::Newline && left != T::CloseHeredoc && random.one_in(12) {
            out.push_str(random.choose(&[" # note", "  // note", "#", " /* note */"]));
        }
        match (left, token.kind) {
            // White space is text there.
            (T::Text | T::OpenQuote | T::OpenHeredoc, _)
            | (_, T::Text | T::CloseQuote | T::CloseHeredoc)
            | (T::CloseTemplate, T::OpenInterpolation | T::OpenDirective)
            | (T::Number, T::Dot)
            | (T::Dot, T::Number) => out.push_str(gap),
            _ if gap.is_empty() && random.one_in(3) => out.push_str(random.choose(&[" ", "\t", "   "])),
            _ if gap.is_empty() => {}
            _ => out.push_str(random.choose(&[" ", "  ", "\t", "      "])),
        }
        out.push_str(&text[token.start as usize..token.end as usize]);
        last = Some((token.kind, token.end));
    }
    out
}

/// The text, now and then with an odd beginning or end, or with a character too many or too few.
pub(crate) fn mutate(mut text: String, random: &mut Random) -> String {
    match random.below(30) {
        0 => text.insert(0, '\u{FEFF}'),
        1 => text.truncate(text.trim_end().len()),
        2 => text.push_str(random.choose(&["  ", "\t", "# end", "/* end */", "\n\n \n"])),
        3 => text = text.replace("\r\n", "\n").replace('\n', "\r\n"),
        4 => {
            let at = place(&text, random);
            text.insert_str(at, random.choose(&["\"", "{", "}", "(", "=", "\n", "$", ",", "<<", "'", "~"]));
        }
        5 if !text.is_empty() => {
            let at = place(&text, random);
            if at < text.len() {
                text.remove(at);
            }
        }
        _ => {}
    }
    text
}

fn place(text: &str, random: &mut Random) -> usize {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    places[random.below(places.len())]
}
