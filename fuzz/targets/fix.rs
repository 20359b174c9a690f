//! `fix`: nothing panics, every place is inside the text, what is not mended is said; and what was mended is JSON that
//! says the same and that can be mended again.
#![no_main]

use karat_migrate::fix::{Fixed, fix};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::SourceMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for strict in [false, true] {
        let Some(fixed) = mended(text, strict) else { continue };
        let written = fixed.template.to_string();
        let again = mended(&written, strict).expect("a mended template");
        // What escapes an escape, and a name in another's, may need several turns; anything else is done at once.
        let turns = ["powershell-escapes", "createtime", "clean-image-name"];
        let unstable = again.changes.iter().find(|change| !turns.contains(&change.fixer));
        assert!(unstable.is_none(), "{unstable:?}");
        assert!(!again.changes.is_empty() || again.template == fixed.template, "it says something else");
    }
});

fn mended(text: &str, strict: bool) -> Option<Fixed> {
    let file = SourceMap::new().add("fuzz", text);
    let mut diagnostics = Diagnostics::new();
    let fixed = fix(file, text, strict, &mut diagnostics);
    assert_eq!(fixed.is_none(), diagnostics.iter().any(Diagnostic::is_error));
    let labels = diagnostics.iter().flat_map(|problem| problem.primary.iter().chain(&problem.secondary));
    let places = labels.map(|label| label.span);
    let changes = fixed.iter().flat_map(|fixed| &fixed.changes).map(|change| change.place);
    places.chain(changes).for_each(|span| {
        assert!(text.get(span.range()).is_some(), "{span:?} is no part of the text");
    });
    fixed
}
