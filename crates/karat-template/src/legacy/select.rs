//! `-only` and `-except` for legacy JSON templates: names as they are, no patterns.

use std::collections::BTreeSet;

use karat_model::diagnostic::{Diagnostic, Diagnostics};

use super::Document;
use crate::code;
use crate::inputs::Inputs;

/// Which builds and post-processors the command line selects.
pub(super) struct Selection<'i> {
    only: BTreeSet<&'i str>,
    except: BTreeSet<&'i str>,
}

impl<'i> Selection<'i> {
    pub(super) fn new(inputs: &'i Inputs<'_>) -> Self {
        let names = |names: &'i [String]| names.iter().map(String::as_str).collect();
        Self { only: names(&inputs.only), except: names(&inputs.except) }
    }

    /// Whether a build takes part, by the rendered name of its builder.
    pub(super) fn selects(&self, builder: &str) -> bool {
        (self.only.is_empty() || self.only.contains(builder)) && !self.except.contains(builder)
    }

    /// Whether a chain of post-processors ends before the one of this name.
    pub(super) fn cuts(&self, post_processor: &str) -> bool {
        !post_processor.is_empty() && self.except.contains(post_processor)
    }

    /// Warns about names that nothing has. Packer says nothing, which puzzles people who write `type.name`, as builds are shown.
    pub(super) fn warn_unmatched(
        &self,
        document: &Document,
        builds: &[(String, String)],
        diagnostics: &mut Diagnostics,
    ) {
        let post_processors: Vec<&str> =
            document.post_processors.iter().flatten().map(|used| used.name.text.as_ref()).collect();
        let all = self.only.iter().map(|name| ("only", *name));
        for (option, name) in all.chain(self.except.iter().map(|name| ("except", *name))) {
            let is_known = builds.iter().any(|(builder, _)| builder == name)
                || option == "except" && post_processors.contains(&name);
            if is_known || name.is_empty() {
                continue;
            }
            let names: Vec<&str> = builds.iter().map(|(name, _)| name.as_str()).collect();
            let problem = Diagnostic::warning(code::NO_MATCH, format!("-{option}={name} matches nothing"));
            let problem = problem.detail(format!("The builders of this template: {}.", names.join(", ")));
            diagnostics.push(match builds.iter().find(|(_, shown)| shown == name) {
                Some((builder, _)) => problem
                    .help(format!("in legacy JSON templates builds are selected by the name of the builder: -{option}={builder}")),
                None if name.contains(['*', '?', '[', '{']) => {
                    problem.help("patterns are for HCL2 templates; in legacy JSON templates names are taken as they are")
                }
                None => problem,
            });
        }
    }
}
