//! Templates with mistakes, and what is said about them, in whole: `tests/faults/*.txt`.
//!
//! A file has sections that begin with `=== `: the template's files (a name that ends in `.hcl` or `.json`), `-var
//! NAME=VALUE`, and what the three renderers make of it. `KARAT_BLESS=1` writes those anew, to be read in the diff.
//! Every file has one mistake and gets one diagnostic, unless its first line says how many: `=== expect N`.

use std::fmt::Write;
use std::path::Path;

use karat_builtin::catalog::Catalog;
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::secret::Redactor;
use karat_model::span::SourceMap;
use karat_sdk::Components;
use karat_template::{Inputs, evaluate, from_texts};

use super::{diagnostics, json};

#[derive(Default)]
struct Fault {
    expected: usize,
    /// (title, text)
    given: Vec<(String, String)>,
    /// (renderer, text)
    said: Vec<(String, String)>,
}

const RENDERERS: [&str; 3] = ["plain", "drawn", "json"];

fn read(text: &str) -> Fault {
    let mut fault = Fault { expected: 1, ..Fault::default() };
    // A line end is `\n`, whatever it looks like: `\r` and the end of the file without one are written out.
    for section in format!("\n{text}").split("\n=== ").skip(1) {
        let (title, text) = section.split_once('\n').unwrap_or((section, ""));
        if let Some(count) = title.strip_prefix("expect ") {
            fault.expected = count.parse().unwrap();
        } else if RENDERERS.contains(&title) {
            fault.said.push((title.to_owned(), text.to_owned()));
        } else {
            fault.given.push((title.to_owned(), text.to_owned()));
        }
    }
    fault
}

/// `\r` and `\0` at a line's end: CRLF, and the end of the file.
fn raw(text: &str) -> String {
    let text = format!("{text}\n").replace("\\r\n", "\r\n");
    text.split("\\0\n").next().unwrap_or_default().to_owned()
}

fn evaluated(fault: &Fault) -> (Diagnostics, std::sync::Arc<SourceMap>, Redactor) {
    let files = fault.given.iter().filter(|(name, _)| !name.starts_with('-'));
    let files = files.map(|(name, text)| (name.clone(), raw(text)));
    let (values, templates): (Vec<_>, Vec<_>) = files.partition(|(name, _)| name.contains(".auto."));
    let loaded = from_texts(templates, values);
    let schemas = Catalog.schemas();
    let mut inputs = Inputs::new(Path::new("/home/me"), &schemas);
    inputs.packer_version = "1.16.0".to_owned();
    inputs.warn_undeclared = true;
    let variables = fault.given.iter().filter_map(|(name, _)| name.strip_prefix("-var "));
    let pair = |text: &str| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    inputs.arguments = variables.filter_map(pair).collect();
    let evaluation = evaluate(&loaded, &inputs).finish(|_| Err(Diagnostics::new()));
    let redactor = Redactor::default();
    evaluation.secrets.iter().for_each(|secret| redactor.add(secret));
    (evaluation.diagnostics, evaluation.sources, redactor)
}

fn said(problems: &Diagnostics, sources: &SourceMap, redactor: &Redactor) -> [(String, String); 3] {
    let plain = diagnostics::plain(problems, sources) + &diagnostics::more(problems);
    let lines: Vec<String> = problems.iter().map(|one| json::diagnostic(one, sources, redactor)).collect();
    let json = lines.concat();
    let texts = [plain, diagnostics::drawn(problems, sources, false), json];
    let shown = |(name, text): (&str, String)| {
        (name.to_owned(), redactor.redact(&text).trim_end_matches('\n').to_owned() + "\n")
    };
    RENDERERS.into_iter().zip(texts).map(shown).collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn cli_28_each_fault_is_one_diagnostic_in_three_renderings() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let mut files: Vec<_> =
        std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let bless = std::env::var_os("KARAT_BLESS").is_some();
    let mut wrong = String::new();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(file).unwrap();
        let fault = read(&text);
        let (problems, sources, redactor) = evaluated(&fault);
        if problems.len() != fault.expected {
            let titles: Vec<_> = problems.iter().map(|problem| problem.title.as_str()).collect();
            writeln!(wrong, "{name}: {} diagnostics, not {}: {titles:?}", problems.len(), fault.expected)
                .unwrap();
        }
        let said = said(&problems, &sources, &redactor);
        if bless {
            let (given, _) = text.split_once("\n=== plain\n").unwrap_or((text.trim_end_matches('\n'), ""));
            let said = said.iter().map(|(title, text)| format!("\n=== {title}\n{text}")).collect::<String>();
            std::fs::write(file, format!("{given}{said}")).unwrap();
        } else {
            for ((title, is), (_, should)) in said.iter().zip(&fault.said) {
                if is.trim_end() != should.trim_end() {
                    writeln!(wrong, "{name}, {title}:\n{is}--- instead of\n{should}").unwrap();
                }
            }
            if fault.said.len() != RENDERERS.len() {
                writeln!(wrong, "{name}: not blessed").unwrap();
            }
        }
    }
    assert!(files.len() >= 40, "{}", files.len());
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn cli_28_edits_mend_what_they_stand_with() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let mut mended = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let mut fault = read(&std::fs::read_to_string(&path).unwrap());
        let (problems, sources, _) = evaluated(&fault);
        let edits: Vec<_> =
            problems.iter().flat_map(|problem: &Diagnostic| &problem.fixes).cloned().collect();
        if edits.is_empty() {
            continue;
        }
        for (name, text) in &mut fault.given {
            let mut new = raw(text);
            let mut here: Vec<_> = edits.iter().filter(|edit| sources.name(edit.span.file) == name).collect();
            here.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
            for edit in here {
                new.replace_range(edit.span.range(), &edit.replacement);
            }
            *text = new.trim_end_matches('\n').to_owned();
        }
        let (left, _, _) = evaluated(&fault);
        let mended_ones = problems.iter().filter(|one| !one.fixes.is_empty());
        let titles: Vec<_> = mended_ones.map(|one| one.title.as_str()).collect();
        let again: Vec<_> = left.iter().filter(|one| titles.contains(&one.title.as_str())).collect();
        // A plugin that is required now still has to be there.
        let away = again.iter().all(|one| one.code == karat_model::diagnostic::code::UNKNOWN_COMPONENT)
            && left.iter().all(|one| one.fixes.is_empty());
        assert!(again.is_empty() || away, "{}: {again:?}\n{:?}", path.display(), fault.given);
        mended += 1;
    }
    assert!(mended >= 15, "{mended}");
}
