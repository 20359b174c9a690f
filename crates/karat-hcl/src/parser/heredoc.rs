//! The indentation of `<<-` heredocs.

use unicode_segmentation::UnicodeSegmentation;

use super::template::{Piece, PieceKind};

/// Takes the indentation that all lines share away. This comes after strip markers have done their work, and a line
/// whose line end was stripped is no line of its own: `%{ for … ~}` joins the next line, indentation and all. Lines of
/// nothing but white space do not count and stay as they are.
pub(super) fn dedent(pieces: &mut [Piece]) {
    let mut indentation = usize::MAX;
    let mut indented = Vec::new();
    let mut line_start = true;
    for (at, piece) in pieces.iter().enumerate() {
        let text = match &piece.kind {
            PieceKind::Text(text) => Some(text.as_str()),
            _ => None,
        };
        if line_start {
            let text = text.unwrap_or("");
            let content = text.trim_start();
            if !(content.is_empty() && text.ends_with('\n')) {
                let white = text.get(..text.len() - content.len()).unwrap_or("");
                indentation = indentation.min(white.graphemes(true).count());
                indented.push(at);
            }
        }
        line_start = text.is_some_and(|text| text.ends_with('\n'));
    }
    for at in indented {
        if let Some(Piece { kind: PieceKind::Text(text), .. }) = pieces.get_mut(at) {
            let cut = text.grapheme_indices(true).nth(indentation).map_or(text.len(), |(at, _)| at);
            text.drain(..cut);
        }
    }
}
