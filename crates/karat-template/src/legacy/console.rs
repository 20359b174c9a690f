//! Go templates that somebody types, rendered with the variables of a legacy JSON template.

use std::sync::Arc;

use karat_gotmpl::Template;
use karat_hcl::json::Text;
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::{SourceMap, Span};

use super::document::Document;
use super::stage::{Stage, place};
use super::variables::Variables;
use crate::code;
use crate::console::{Opened, Refused};
use crate::inputs::Inputs;
use crate::load::Loaded;

/// The variables and functions of a template, ready for Go templates.
pub(crate) struct Console {
    stage: Stage,
    names: Vec<String>,
    listing: String,
}

/// Opens a console on a template. As in Packer, variables that have no value and mistakes in others do not keep it shut.
pub(crate) fn console(loaded: &Loaded, document: Option<&Document>, inputs: &Inputs<'_>) -> Opened {
    let diagnostics = loaded.diagnostics.clone();
    let mut passed_over = Diagnostics::new();
    let Some(document) = document.filter(|_| !diagnostics.has_errors()) else {
        return Opened { console: None, diagnostics, passed_over, sources: loaded.sources.clone() };
    };
    let mut sources = loaded.sources.as_ref().clone();
    let Variables { values, secrets } =
        Variables::collect(document, loaded, inputs, &mut sources, &mut passed_over);
    let line = |(name, value): (&String, &String)| format!("{name}: {value},\n");
    let listing = String::from("\n") + &values.iter().map(line).collect::<String>();
    let values = Arc::new(values);
    let stage = Stage::new(loaded, inputs, &values);
    let names = stage.names().chain(values.keys().map(String::as_str)).map(str::to_owned).collect();
    let console = Some(crate::Console::legacy(Console { stage, names, listing }, secrets));
    Opened { console, diagnostics, passed_over, sources: Arc::new(sources) }
}

impl Console {
    /// What a text renders to, when it is rendered until it stays as it is.
    pub(crate) fn evaluate(&self, text: &str) -> Result<String, Refused> {
        self.stage.render(text).map_err(|error| {
            let mut sources = SourceMap::new();
            let file = sources.add("<console-input>", text);
            let whole = Text::new(text, Span::new(file, 0, text.len()));
            // Where it renders to another template, that is not what somebody sees.
            let once = self.stage.render_once(text);
            let span = if once.is_err() { place(&whole, &error) } else { whole.span };
            let problem = Diagnostic::error(code::GO_TEMPLATE, error.message).at(span);
            Refused { diagnostics: [problem].into_iter().collect(), sources }
        })
    }

    /// The variables, with a line for each.
    pub(crate) fn variables(&self) -> &str {
        &self.listing
    }

    /// The names of functions and variables that `line` may go on with, and where the last name starts.
    pub(crate) fn complete(&self, line: &str) -> (usize, Vec<String>) {
        let of_name = |c: char| c == '_' || c == '-' || c.is_alphanumeric();
        let stem = line.len() - line.trim_end_matches(of_name).len();
        let start = line.len() - stem;
        let fits = |name: &&String| {
            stem > 0 && Template::parse_any(line).is_err() && name.starts_with(&line[start..])
        };
        (start, self.names.iter().filter(fits).cloned().collect())
    }
}
