//! Expressions that somebody types, evaluated with what a template has: those of HCL2, or Go templates.

use std::sync::Arc;

use karat_hcl::{Scope, eval, is_identifier, parse_expression};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::SourceMap;
use karat_model::value::{Type, Value};

use crate::code;
use crate::inputs::Inputs;
use crate::legacy;
use crate::load::{Content, Loaded};
use crate::progress::Progress;
use crate::show::show;
use crate::survey::{Survey, Unreadable, survey};

/// What came of opening a console.
pub struct Opened {
    /// `None` when the text, the declarations or the values of variables are wrong.
    pub console: Option<Console>,
    /// What is wrong, in the order of the text.
    pub diagnostics: Diagnostics,
    /// What is wrong with locals and data sources, which then are not there. Packer says nothing about it.
    pub passed_over: Diagnostics,
    /// The texts that diagnostics point into.
    pub sources: Arc<SourceMap>,
}

/// The values and functions of a template, ready for expressions.
pub struct Console {
    language: Language,
    /// Texts that must not be shown. To be registered before anything is printed.
    pub secrets: Vec<String>,
}

enum Language {
    Hcl2 { scope: Scope<'static>, listing: String },
    Legacy(legacy::Console),
}

/// Why an expression has no value.
#[derive(Debug)]
pub struct Refused {
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// The text that it points into.
    pub sources: SourceMap,
}

/// Opens a console on a template. Data sources are read with [`Inputs::read_data`]; otherwise what they offer is unknown,
/// and under [`Inputs::strict`] there is no `data` at all, as in Packer 1.16.
pub fn console<'a>(loaded: &'a Loaded, inputs: &'a Inputs<'a>) -> Progress<'a, Opened> {
    let files = match &loaded.content {
        Content::Hcl2(files) => files,
        Content::Legacy(document) => {
            return Progress::Done(legacy::console(loaded, document.as_deref(), inputs));
        }
    };
    let opened = survey(loaded, files, inputs, |survey| {
        let Survey { mut scope, listing, secrets, passed_over, diagnostics, sources, .. } = survey;
        scope.set("build", Value::unknown(Type::Object(Default::default())));
        if inputs.strict {
            scope.unset("data");
        }
        let console = Some(Console { language: Language::Hcl2 { scope, listing }, secrets });
        Opened { console, diagnostics, passed_over, sources }
    });
    opened.unwrap_or_else(|Unreadable { diagnostics, sources }| {
        Progress::Done(Opened { console: None, diagnostics, passed_over: Diagnostics::new(), sources })
    })
}

impl Console {
    pub(crate) fn legacy(console: legacy::Console, secrets: Vec<String>) -> Self {
        Self { language: Language::Legacy(console), secrets }
    }

    /// Whether Go templates are typed, not expressions of HCL2.
    pub fn is_legacy(&self) -> bool {
        matches!(self.language, Language::Legacy(_))
    }

    /// The value of an expression in words, as Packer 1.16 writes it: a text as it is, anything else in the manner of the
    /// language, over several lines. What is sensitive or unknown is said to be. For a legacy JSON template, what a Go
    /// template renders to.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression.
    pub fn evaluate(&self, text: &str) -> Result<String, Refused> {
        match &self.language {
            Language::Hcl2 { scope, .. } => evaluate(scope, text),
            Language::Legacy(console) => console.evaluate(text),
        }
    }

    /// The variables and locals, with a line for each.
    pub fn variables(&self) -> &str {
        match &self.language {
            Language::Hcl2 { listing, .. } => listing,
            Language::Legacy(console) => console.variables(),
        }
    }

    /// Whether a text goes on in the next line: it has an open bracket or heredoc.
    pub fn goes_on(&self, text: &str) -> bool {
        !self.is_legacy() && karat_hcl::goes_on(text)
    }

    /// What may stand in the place of the last name of `line`, and where that name starts.
    pub fn complete(&self, line: &str) -> (usize, Vec<String>) {
        match &self.language {
            Language::Hcl2 { scope, .. } => complete(scope, line),
            Language::Legacy(console) => console.complete(line),
        }
    }
}

fn evaluate(scope: &Scope<'static>, text: &str) -> Result<String, Refused> {
    let mut sources = SourceMap::new();
    let file = sources.add("<console-input>", text);
    let mut diagnostics = Diagnostics::new();
    let expression = parse_expression(file, text, &mut diagnostics);
    if !diagnostics.has_errors() {
        let value = eval(&expression, scope, &mut diagnostics);
        if !diagnostics.has_errors() && !value.is_error() {
            return Ok(show(&value));
        }
    }
    if !diagnostics.has_errors() {
        let problem = Diagnostic::error(code::UNKNOWN_VARIABLE, "This has no value");
        diagnostics.push(problem.label(expression.span, "what it is made of could not be evaluated"));
    }
    Err(Refused { diagnostics, sources })
}

fn complete(scope: &Scope<'static>, line: &str) -> (usize, Vec<String>) {
    let of_path = |c: char| c == '.' || c == '-' || is_identifier(&format!("a{c}"));
    let start =
        line.len() - line.chars().rev().take_while(|c| of_path(*c)).map(char::len_utf8).sum::<usize>();
    let path = line.get(start..).unwrap_or("");
    let (stem, names) = match path.rsplit_once('.') {
        Some((path, stem)) => (stem, attributes(scope, path)),
        None => (path, names(scope)),
    };
    let fitting = names.into_iter().filter(|name| name.starts_with(stem)).collect();
    (line.len() - stem.len(), fitting)
}

fn names(scope: &Scope<'static>) -> Vec<String> {
    let variables = scope.names().into_iter().map(str::to_owned);
    let functions = scope.functions().names().map(|name| format!("{name}("));
    let mut names: Vec<String> = variables.chain(functions).collect();
    names.sort();
    names
}

fn attributes(scope: &Scope<'static>, path: &str) -> Vec<String> {
    let mut steps = path.split('.');
    let first = steps.next().and_then(|name| scope.variable(name));
    let Some(value) = steps.try_fold(first, |value, step| Some(value?.get(step))).flatten() else {
        return Vec::new();
    };
    match (value.as_map(), value.ty()) {
        (Some(entries), _) => entries.keys().cloned().collect(),
        (None, Type::Object(attributes)) => attributes.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
