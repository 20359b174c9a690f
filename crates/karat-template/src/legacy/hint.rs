//! Files whose names say "legacy JSON template" while their texts say something else.

use karat_hcl::json::{NodeKind, Property};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::{FileId, Span};

use crate::code;

/// What HCL2 templates have at the root, and legacy JSON templates do not.
const BLOCKS: [&str; 7] = ["build", "data", "local", "locals", "packer", "source", "variable"];

/// What to say about a text in HCL's own syntax.
pub(super) fn native(file: FileId, text: &str) -> Option<Diagnostic> {
    // A JSON text with mistakes is no HCL with mistakes.
    if text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let body = karat_hcl::parse(file, text, &mut Diagnostics::new());
    let block = body.blocks.iter().find(|block| BLOCKS.contains(&block.kind.name.as_str()))?;
    Some(renamed(block.header, "HCL2", ".pkr.hcl"))
}

/// What to say about HCL2 in JSON's syntax.
pub(super) fn json(properties: &[Property]) -> Option<Diagnostic> {
    let blocks = ["build", "source", "variable"];
    let is_block = |property: &&Property| {
        let object = matches!(property.value.kind, NodeKind::Object(_) | NodeKind::Array(_));
        object && blocks.contains(&property.name.text.as_ref())
    };
    let legacy = |property: &Property| property.name.text.eq_ignore_ascii_case("builders");
    let block = properties.iter().find(is_block).filter(|_| !properties.iter().any(legacy))?;
    Some(renamed(block.name.span, "HCL2 in JSON's syntax", ".pkr.json"))
}

fn renamed(place: Span, language: &str, suffix: &str) -> Diagnostic {
    Diagnostic::error(code::SYNTAX, "Failed to parse file as legacy JSON template")
        .label(place, format!("this is {language}"))
        .detail(
            "Packer reads a file as HCL2 only if its name ends in `.pkr.hcl` or `.pkr.json`, and any other as a legacy \
             JSON template.",
        )
        .help(format!("rename the file: its name must end in `{suffix}`"))
}
