//! Go templates before there is a build: variables, the names of builders, and what Packer itself reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use karat_gotmpl::function::{RunFacts, standard};
use karat_gotmpl::{Functions, TemplateError, Value};
use karat_hcl::json::Text;
use karat_model::span::Span;

use crate::inputs::Inputs;
use crate::load::Loaded;

/// What is known before there is a build.
pub(super) fn run_facts(
    loaded: &Loaded,
    inputs: &Inputs<'_>,
    variables: BTreeMap<String, String>,
) -> RunFacts {
    let since_epoch = inputs.started.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    RunFacts {
        start: (seconds, since_epoch.subsec_nanos()),
        // A console needs no template.
        template_dir: (!loaded.path.as_os_str().is_empty()).then(|| loaded.root.display().to_string()),
        cwd: inputs.cwd.display().to_string(),
        build_name: None,
        build_type: None,
        packer_version: inputs.packer_version.clone(),
        variables,
        build_data: None,
    }
}

/// Renders what Packer itself needs to know, such as the names of builders.
pub(super) struct Stage {
    functions: Functions,
}

impl Stage {
    pub(super) fn new(
        loaded: &Loaded,
        inputs: &Inputs<'_>,
        variables: &Arc<BTreeMap<String, String>>,
    ) -> Self {
        Self { functions: standard(&run_facts(loaded, inputs, variables.as_ref().clone())) }
    }

    /// The names of the functions, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.names()
    }

    /// What a text renders to.
    pub(super) fn render_once(&self, text: &str) -> Result<String, TemplateError> {
        karat_gotmpl::render(text, &Value::Null, &self.functions)
    }

    /// What a text renders to when it is rendered until it stays as it is.
    pub(super) fn render(&self, text: &str) -> Result<String, TemplateError> {
        karat_gotmpl::settle(text, &Value::Null, &self.functions)
    }
}

/// Where in a file an error in a text is: the rest of its line, at most up to the end of the action.
pub(super) fn place(text: &Text, error: &TemplateError) -> Span {
    let line_start = text.text.split_inclusive('\n').take(error.line - 1).map(str::len).sum::<usize>();
    let line = text.text.get(line_start..).unwrap_or("");
    let Some((column, _)) = line.char_indices().nth(error.column - 1) else { return text.span };
    let start = line_start + column;
    let rest = text.text.get(start..).unwrap_or("");
    let end = rest.find("}}").unwrap_or(rest.len()).min(rest.find('\n').unwrap_or(rest.len()));
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    let end = start
        + rest.get(..end).unwrap_or("").trim_end().len().max(rest.chars().next().map_or(0, char::len_utf8));
    text.place(narrow(start), narrow(end))
}
