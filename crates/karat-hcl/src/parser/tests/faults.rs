//! Texts with mistakes and all that is said about them: `faults.txt`.

use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;

use crate::parse;
use crate::testing::problems;

/// Everything that is said, one problem per line. A suggested edit is shown as the line that it makes.
fn said(text: &str) -> String {
    let mut map = SourceMap::new();
    let file = map.add("test", text);
    let mut diagnostics = Diagnostics::new();
    parse(file, text, &mut diagnostics);
    let found = diagnostics.clone().into_sorted();
    let lines = problems(&map, diagnostics);
    let with_fix = found.iter().zip(lines.lines()).map(|(problem, line)| {
        let fixes = problem.fixes.iter().map(|edit| {
            let mut mended = text.to_owned();
            mended.replace_range(edit.span.range(), &edit.replacement);
            let start = mended[..edit.span.range().start].rfind('\n').map_or(0, |at| at + 1);
            let lines = edit.replacement.trim_end().matches('\n').count() + 1;
            let lines: Vec<&str> = mended[start..].lines().take(lines).collect();
            format!(" >> {}", lines.join("⏎"))
        });
        format!("{line}{}\n", fixes.collect::<String>())
    });
    with_fix.collect()
}

#[test]
fn each_mistake_is_one_message() {
    let cases = include_str!("faults.txt");
    let mut found = String::new();
    for case in cases.split("=== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (text, _) = rest.split_once("---\n").unwrap();
        found.push_str(&format!("=== {title}\n{text}---\n{}", said(text)));
    }
    if found != cases {
        let place = std::env::temp_dir().join("faults.txt");
        std::fs::write(&place, &found).unwrap();
        let (left, right) =
            cases.lines().zip(found.lines()).find(|(left, right)| left != right).unwrap_or_default();
        panic!("expected: {left}\nfound:    {right}\nAll that was found is in {}.", place.display());
    }
}
