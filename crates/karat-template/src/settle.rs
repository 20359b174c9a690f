//! What the properties of JSON files mean where the template language itself says so. Bodies that belong to components
//! wait for their schemas.

use karat_hcl::json::Form;
use karat_hcl::tree::Body;
use karat_model::diagnostic::Diagnostics;

use crate::shape::{self, Shape};

/// Settles the body of a file, and the bodies inside that are the template language's own.
pub(crate) fn file(body: &mut Body, diagnostics: &mut Diagnostics) {
    settle(body, "", &shape::FILE, diagnostics);
}

fn settle(body: &mut Body, kind: &str, shape: &Shape, diagnostics: &mut Diagnostics) {
    body.settle(&|name| shape.role(name, form(kind, name)), diagnostics);
    for block in &mut body.blocks {
        if block.kind.name == "dynamic" {
            let kind = block.labels.first().map_or("", |label| label.text.as_str());
            let contents = block.body.blocks.iter_mut().filter(|content| content.kind.name == "content");
            contents.for_each(|content| settle_inner(&mut content.body, kind, diagnostics));
        } else {
            settle_inner(&mut block.body, &block.kind.name, diagnostics);
        }
    }
}

fn settle_inner(body: &mut Body, kind: &str, diagnostics: &mut Diagnostics) {
    let shape = match kind {
        "build" => &shape::BUILD,
        "local" => &shape::LOCAL,
        "locals" | "required_plugins" | "variables" => &shape::NAMES,
        "packer" => &shape::PACKER,
        "post-processors" => &shape::POST_PROCESSORS,
        "validation" => &shape::VALIDATION,
        "variable" => &shape::VARIABLE,
        _ => return,
    };
    settle(body, kind, shape, diagnostics);
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
