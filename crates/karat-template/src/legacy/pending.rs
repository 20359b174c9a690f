//! What does not work with legacy JSON templates yet.

use karat_model::diagnostic::{Diagnostic, Diagnostics};

use super::Document;
use crate::code;
use crate::console::Opened;
use crate::inputs::Inputs;
use crate::inspect::Inspection;
use crate::load::Loaded;

/// Describes a template.
pub(crate) fn inspect(loaded: &Loaded, _: Option<&Document>, _: &Inputs<'_>) -> Inspection {
    let diagnostics = refused(loaded, "`inspect` of legacy JSON templates");
    Inspection { messages: None, diagnostics, sources: loaded.sources.clone(), secrets: Vec::new() }
}

/// Opens a console on a template.
pub(crate) fn console(loaded: &Loaded, _: Option<&Document>, _: &Inputs<'_>) -> Opened {
    let diagnostics = refused(loaded, "the console for legacy JSON templates");
    Opened { console: None, diagnostics, passed_over: Diagnostics::new(), sources: loaded.sources.clone() }
}

fn refused(loaded: &Loaded, what: &str) -> Diagnostics {
    let mut diagnostics = loaded.diagnostics.clone();
    if !diagnostics.has_errors() {
        diagnostics
            .push(Diagnostic::error(code::ARRIVES_LATER, format!("{what} arrives with a later release")));
    }
    diagnostics
}
