//! What `fix` does: 34 *fixers*, each for one thing that changed between Packer 0.2 and 1.6.5, run over a legacy JSON
//! template in Packer 1.16's order.
//!
//! What a fixer does not understand stays as it stands, for instance a number where it expects a string. Where Packer
//! refuses a template or crashes over it, there is an error with a place.

mod change;
mod rule;
mod sections;
mod special;
mod table;

use karat_hcl::json::Node;
use karat_model::diagnostic::Diagnostics;
use karat_model::span::FileId;
use karat_template::legacy::read_json;

pub use change::Change;
pub use rule::Section;
pub use table::FIXERS;

use crate::json::{Json, Object};
use rule::Rule;
use sections::Sections;

/// Mends one thing that changed from one version of Packer to another.
#[derive(Debug)]
pub struct Fixer {
    /// Packer's name for it.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The version of Packer that had it the new way first, where its changelog tells.
    pub since: Option<&'static str>,
    rules: &'static [Rule],
}

/// A template that has been fixed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// The template.
    pub template: Json,
    /// What changed, in the order of the fixers.
    pub changes: Vec<Change>,
}

/// Runs all fixers over a template. `None` when something is wrong with it: that goes to `diagnostics`.
///
/// `strict`: exactly what Packer 1.16 does, also where it could do better.
pub fn fix(file: FileId, text: &str, strict: bool, diagnostics: &mut Diagnostics) -> Option<Fixed> {
    let mut problems = Diagnostics::new();
    let root = read_json(file, text, &mut problems);
    let fixed = root.and_then(|root| fixed(&root, text, strict, &mut problems));
    let fixed = fixed.filter(|_| !problems.has_errors());
    diagnostics.extend(problems);
    fixed
}

fn fixed(root: &Node, text: &str, strict: bool, diagnostics: &mut Diagnostics) -> Option<Fixed> {
    let mut template = Json::read(root, text, diagnostics)?;
    let mut sections = Sections::of(&mut template, root, diagnostics)?;
    let mut changes = Vec::new();
    for fixer in &FIXERS {
        // Packer looks for it in builders only if there are post-processors, too.
        if strict && fixer.name == "docker-email" && !sections.has_post_processors() {
            continue;
        }
        for rule in fixer.rules {
            let components = sections.components(rule.section).iter_mut();
            for component in components.filter(|component| rule.types.have(kind(component.options))) {
                let before = component.options.clone();
                match rule.verb.apply(component.options, strict) {
                    Ok(()) => changes.extend(Change::of(fixer, &before, component)),
                    Err(stuck) => diagnostics.push(stuck.problem(component)),
                }
            }
        }
    }
    drop(sections);
    Some(Fixed { template, changes })
}

/// The `type` of a component.
fn kind(options: &Object) -> Option<&str> {
    options.get("type").and_then(Json::as_text)
}

/// The fixer that mends an option which components of a type no longer have.
pub fn mends(section: Section, kind: &str, option: &str) -> Option<&'static Fixer> {
    let mends = |rule: &Rule| {
        rule.section == section && rule.types.have(Some(kind)) && rule.verb.takes_away().contains(&option)
    };
    FIXERS.iter().find(|fixer| fixer.rules.iter().any(mends))
}
