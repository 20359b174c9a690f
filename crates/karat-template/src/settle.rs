//! What the properties of JSON files mean where the template language itself says so. Bodies that belong to components
//! wait for their schemas.

use karat_hcl::json::Form;
use karat_hcl::tree::Body;
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::SourceMap;

use crate::{code, shape};

/// Settles the body of a file, and the bodies inside that are the template language's own. To `deferred` go the problems
/// that Packer finds only when it evaluates locals and reads builds.
pub(crate) fn file(body: &mut Body, text: &str, diagnostics: &mut Diagnostics, deferred: &mut Diagnostics) {
    if body.properties.is_empty() {
        return;
    }
    body.settle(&|name| shape::FILE.role(name, Form::Template), diagnostics);
    for block in &mut body.blocks {
        let mut problems = Diagnostics::new();
        settle_inner(&mut block.body, &block.kind.name, text, &mut problems);
        let (later, now): (Vec<Diagnostic>, Vec<Diagnostic>) =
            problems.into_iter().partition(|problem| match block.kind.name.as_str() {
                "build" => true,
                "local" | "locals" => {
                    [code::SYNTAX, code::TOO_DEEP, code::DUPLICATE_KEY].contains(&problem.code)
                }
                _ => false,
            });
        deferred.extend(later);
        diagnostics.extend(now);
    }
}

/// Reports a body of names that is an array of objects: such a one must be an object. `text` is that of its file.
pub(crate) fn check_object(body: &Body, text: &str, diagnostics: &mut Diagnostics) {
    // A body ends with the last character of its value; one that could not be read, with none.
    if !matches!(text.get(body.end.range()), Some("}" | "")) {
        let problem = Diagnostic::error(code::WRONG_TYPE, "An object is expected here");
        diagnostics.push(problem.label(body.end, "something else ends here").help("write `{ \"name\": … }`"));
    }
}

/// The problem with the changes that mend it as they must be written if it is in a JSON file.
pub(crate) fn fit(mut problem: Diagnostic, sources: &SourceMap) -> Diagnostic {
    let file = problem.fixes.first().map(|edit| edit.span.file);
    if let Some(file) = file.filter(|file| sources.name(*file).ends_with(".json")) {
        problem.fixes = karat_hcl::json::fit(sources.text(file), &problem.fixes);
    }
    problem
}

fn settle_inner(body: &mut Body, kind: &str, text: &str, diagnostics: &mut Diagnostics) {
    let shape = match kind {
        "build" => &shape::BUILD,
        "local" => &shape::LOCAL,
        "locals" | "required_plugins" | "variables" => {
            check_object(body, text, diagnostics);
            &shape::NAMES
        }
        "packer" => &shape::PACKER,
        "post-processors" => &shape::POST_PROCESSORS,
        "validation" => &shape::VALIDATION,
        "variable" => &shape::VARIABLE,
        _ => return,
    };
    body.settle(&|name| shape.role(name, form(kind, name)), diagnostics);
    for block in &mut body.blocks {
        if block.kind.name == "dynamic" {
            let kind = block.labels.first().map_or("", |label| label.text.as_str());
            let contents = block.body.blocks.iter_mut().filter(|content| content.kind.name == "content");
            contents.for_each(|content| settle_inner(&mut content.body, kind, text, diagnostics));
        } else {
            settle_inner(&mut block.body, &block.kind.name, text, diagnostics);
        }
    }
}

/// How the strings of an argument are read: where nothing can be mentioned, as they stand.
fn form(kind: &str, argument: &str) -> Form {
    match (kind, argument) {
        ("variable", "type") => Form::Expression,
        ("variable", "description" | "sensitive")
        | ("validation", "error_message")
        | ("local", "sensitive")
        | ("packer", "required_version")
        | ("required_plugins", _) => Form::Verbatim,
        _ => Form::Template,
    }
}
