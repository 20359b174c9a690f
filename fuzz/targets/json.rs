//! JSON syntax, with the first letter of a name deciding what it means: nothing panics, every place is inside the text,
//! what cannot be read is said.
#![no_main]

mod walk;

use karat_hcl::json::{Form, Role, parse};
use karat_hcl::tree::Body;
use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use libfuzzer_sys::fuzz_target;

use walk::Walk;

fuzz_target!(|text: &str| {
    let file = SourceMap::new().add("fuzz", text);
    let mut diagnostics = Diagnostics::new();
    let mut body = parse(file, text, &mut diagnostics);
    let mut tree = Walk { text, depth: 0, errors: 0 };
    body.references().iter().for_each(|reference| assert!(text.get(reference.span.range()).is_some()));
    settle(&mut body, &mut diagnostics);
    // The names of arguments may be written with escapes.
    body.attributes.iter().for_each(|attribute| tree.expr(&attribute.expr));
    walk(&body, &mut tree);
    tree.diagnostics(&diagnostics);
});

fn walk(body: &Body, tree: &mut Walk<'_>) {
    for block in &body.blocks {
        for span in [block.kind.span, block.header, block.span, block.body.end] {
            assert!(tree.text.get(span.range()).is_some(), "{span:?} is no part of the text");
        }
        block.body.attributes.iter().for_each(|attribute| tree.expr(&attribute.expr));
        walk(&block.body, tree);
    }
}

fn settle(body: &mut Body, diagnostics: &mut Diagnostics) {
    body.settle(&role, diagnostics);
    body.blocks.iter_mut().for_each(|block| settle(&mut block.body, diagnostics));
}

fn role(name: &str) -> Option<Role> {
    match name.chars().next()? {
        'b' | 'l' => Some(Role::Block(&[])),
        's' | 'd' => Some(Role::Block(&["type", "name"])),
        'p' => Some(Role::Block(&["type"])),
        'm' => Some(Role::Dynamic),
        't' => Some(Role::Argument(Form::Expression)),
        'v' => Some(Role::Argument(Form::Verbatim)),
        '/' => None,
        _ => Some(Role::Argument(Form::Template)),
    }
}
