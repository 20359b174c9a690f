//! The user variables of a legacy JSON template: given, or rendered from their defaults.
//!
//! The value of a variable is a Go template, wherever it comes from, and may call `user` for other ones, `env` for the
//! environment, and secret stores: nowhere else do these work. Packer renders all of them up to a hundred times over.
//! Here, each is rendered after those that it needs, which comes to the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use karat_gotmpl::function::standard;
use karat_gotmpl::{Functions, TemplateError, Value, render};
use karat_model::diagnostic::{Diagnostic, Diagnostics, Severity, did_you_mean};
use karat_model::secret_store::SecretRequest;
use karat_model::span::{SourceMap, Span};

use super::document::Document;
use super::given::{self, Given};
use super::stage::{place, run_facts};
use crate::code;
use crate::inputs::Inputs;
use crate::load::Loaded;

/// How many bytes the values of variables may have, and take from one another: so much that only a mistake needs more.
const LARGEST: usize = 64 << 20;

/// The variables of a template.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// Every variable that has a value, with what it renders to; also those that are given and not declared.
    pub values: BTreeMap<String, String>,
    /// The values that must not be shown: those of `sensitive-variables` that are declared.
    pub secrets: Vec<String>,
}

impl Variables {
    /// Renders the variables; if required ones are not given, there are only those that are, as they stand there. Values
    /// that are given join `sources`, so that messages can point into them.
    pub fn collect(
        document: &Document,
        loaded: &Loaded,
        inputs: &Inputs<'_>,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let given = given::collect(document, inputs, sources, diagnostics);
        for variable in &document.variables {
            if variable.default.is_none() && !given.contains_key(variable.name.text.as_ref()) {
                let name = &variable.name.text;
                let problem = Diagnostic::error(code::UNSET, format!("required variable not set: {name}"));
                diagnostics.push(
                    problem
                        .at(variable.name.span)
                        .help(format!("give it a value: -var '{name}=VALUE', or a default instead of null")),
                );
            }
        }
        if diagnostics.has_errors() {
            let as_given = |(name, given): (String, Given)| (name, given.text.text.to_string());
            let values = given.into_iter().map(as_given).collect();
            return Self { secrets: secrets(document, &values), values };
        }
        let mut texts: BTreeMap<String, Given> = document
            .variables
            .iter()
            .filter_map(|variable| {
                let text = variable.default.clone()?;
                Some((variable.name.text.to_string(), Given { text, exact: true, hidden: false }))
            })
            .collect();
        texts.extend(given);
        let mut rendering = Rendering::new(&texts, loaded, inputs);
        texts.keys().for_each(|name| rendering.settle(name));
        let values = rendering.finish(diagnostics);
        Self { secrets: secrets(document, &values), values }
    }
}

/// The values of sensitive variables.
fn secrets(document: &Document, values: &BTreeMap<String, String>) -> Vec<String> {
    let declared: BTreeSet<&str> =
        document.variables.iter().map(|variable| variable.name.text.as_ref()).collect();
    let sensitive = document.sensitive.iter().map(|name| name.text.as_ref());
    let secrets = sensitive.filter(|name| declared.contains(name)).filter_map(|name| values.get(name));
    secrets.filter(|secret| !secret.is_empty()).cloned().collect()
}

/// What a call of `user` finds.
#[derive(Default)]
struct Found {
    values: BTreeMap<String, String>,
    /// What the text at hand called for that has no value yet.
    missing: Vec<String>,
    /// How many bytes were given to all texts, and came of them.
    taken: usize,
}

struct Rendering<'t> {
    texts: &'t BTreeMap<String, Given>,
    functions: Functions,
    found: Arc<Mutex<Found>>,
    failed: BTreeSet<String>,
    problems: Vec<Diagnostic>,
    /// What is wrong with those that are not set, which Packer may pass over.
    unset: Vec<Diagnostic>,
}

impl<'t> Rendering<'t> {
    fn new(texts: &'t BTreeMap<String, Given>, loaded: &Loaded, inputs: &Inputs<'_>) -> Self {
        let found = Arc::new(Mutex::new(Found::default()));
        let mut functions = standard(&run_facts(loaded, inputs, BTreeMap::new()));
        let shared = Arc::clone(&found);
        functions.insert("user", move |arguments| {
            let [name] = texts_of::<1>(arguments)?;
            let mut found = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(value) = found.values.get(name).cloned() else {
                found.missing.push(name.to_owned());
                return Ok(Value::from(""));
            };
            found.taken += value.len();
            if found.taken > LARGEST {
                return Err(format!("the values of variables are more than {} MiB in all", LARGEST >> 20));
            }
            Ok(Value::from(value))
        });
        let environment = inputs.environment.clone();
        functions.insert("env", move |arguments| {
            let [name] = texts_of::<1>(arguments)?;
            Ok(Value::from(environment.get(name).map_or("", String::as_str)))
        });
        insert_stores(&mut functions, inputs);
        Self { texts, functions, found, failed: BTreeSet::new(), problems: Vec::new(), unset: Vec::new() }
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renders a variable and, before it, what it needs.
    fn settle(&mut self, name: &str) {
        let mut waiting = vec![name.to_owned()];
        // Those of them that were tried: each needs the next.
        let mut path: Vec<String> = Vec::new();
        let mut on_path: BTreeSet<String> = BTreeSet::new();
        while let Some(name) = waiting.last().cloned() {
            if self.found().taken > LARGEST {
                return self.report_size(&name);
            }
            let given = self.texts.get(&name).filter(|_| !self.is_settled(&name));
            if let Some(given) = given
                && let Err(missing) = self.attempt(&name, given)
            {
                if on_path.insert(name.clone()) {
                    path.push(name.clone());
                }
                if let Some(unset) = missing.iter().find(|needed| !self.texts.contains_key(*needed)) {
                    self.report_unset(&name, given, unset);
                } else if missing.iter().any(|needed| self.failed.contains(needed)) {
                    // What is wrong has been said.
                    self.failed.insert(name);
                } else if let Some(needed) = missing.iter().find(|needed| on_path.contains(*needed)) {
                    let from = path.iter().position(|name| name == needed).unwrap_or(0);
                    self.report_cycle(path.get(from..).unwrap_or_default());
                } else {
                    waiting.extend(missing);
                }
                continue;
            }
            waiting.pop();
            if path.pop_if(|last| *last == name).is_some() {
                on_path.remove(&name);
            }
        }
    }

    fn is_settled(&self, name: &str) -> bool {
        self.failed.contains(name) || self.found().values.contains_key(name)
    }

    /// Renders one text. What it needs and does not have comes back.
    fn attempt(&mut self, name: &str, given: &Given) -> Result<(), BTreeSet<String>> {
        let (text, kept) = keep_fields(&given.text.text);
        let result = render(&text, &Value::Null, &self.functions);
        let missing: BTreeSet<String> = self.found().missing.drain(..).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        match result {
            Ok(rendered) => {
                let rendered = restore_fields(rendered, &kept);
                let mut found = self.found();
                found.taken += rendered.len();
                found.values.insert(name.to_owned(), rendered);
            }
            Err(error) => {
                let message =
                    if given.hidden { "what is wrong would show a part of it" } else { &error.message };
                let title = format!("error interpolating default value for '{name}': {message}");
                let problem = Diagnostic::error(code::GO_TEMPLATE, title);
                let place = if kept.is_empty() { place_of(given, &error) } else { given.text.span };
                self.problems.push(problem.at(place));
                self.failed.insert(name.to_owned());
            }
        }
        Ok(())
    }

    fn report_unset(&mut self, name: &str, given: &Given, unset: &str) {
        let title = format!("variable {name} needs the variable {unset}, which is not set");
        let problem = Diagnostic::error(code::UNSET, title).at(call_of(unset, given));
        let problem = match did_you_mean(unset, self.texts.keys().map(String::as_str)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("declare it in \"variables\", or set it: -var '{unset}=VALUE'")),
        };
        self.unset.push(problem);
        self.failed.insert(name.to_owned());
    }

    fn report_size(&mut self, name: &str) {
        let title = format!("The values of variables are more than {} MiB in all", LARGEST >> 20);
        if let Some(given) = self.texts.get(name).filter(|_| self.problems.is_empty()) {
            self.problems.push(Diagnostic::error(code::TOO_LARGE, title).at(given.text.span));
        }
    }

    fn report_cycle(&mut self, cycle: &[String]) {
        let mut names: Vec<&str> = cycle.iter().map(String::as_str).collect();
        names.extend(names.first().copied());
        let title = format!("The variables need one another: {}", names.join(" -> "));
        let mut problem = Diagnostic::error(code::CYCLE, title);
        for pair in names.windows(2) {
            let [name, needed] = pair else { continue };
            if let Some(given) = self.texts.get(*name) {
                problem = problem.label(call_of(needed, given), format!("{name} needs {needed}"));
            }
        }
        self.unset.push(problem.help("break the circle: one of them must do without the others"));
        self.failed.extend(cycle.iter().cloned());
    }

    fn finish(self, diagnostics: &mut Diagnostics) -> BTreeMap<String, String> {
        let values = std::mem::take(&mut self.found().values);
        // Packer goes on as long as a round renders something, and in each round it renders every text that calls `user`
        // with a name in backquotes. Then it passes over the others, which are not set.
        let passed_over =
            values.keys().any(|name| self.texts.get(name).is_some_and(|given| keeps_on(&given.text.text)));
        if passed_over {
            let as_warning = |problem: Diagnostic| {
                let warning = Diagnostic { severity: Severity::Warning, ..problem };
                warning.note("Packer goes on without a word: the variable is empty")
            };
            diagnostics.extend(self.unset.into_iter().map(as_warning));
        } else {
            diagnostics.extend(self.unset);
        }
        diagnostics.extend(self.problems);
        values
    }
}

/// Where an error in a value is.
fn place_of(given: &Given, error: &TemplateError) -> Span {
    if given.exact { place(&given.text, error) } else { given.text.span }
}

/// Where a value calls for a variable.
fn call_of(name: &str, given: &Given) -> Span {
    let text = given.text.text.as_ref();
    let at = ["`", "\""].iter().find_map(|quote| text.find(&format!("{quote}{name}{quote}")));
    match at.filter(|_| given.exact) {
        Some(at) => {
            let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            given.text.place(narrow(at), narrow(at + name.len() + 2))
        }
        None => given.text.span,
    }
}

/// What stands around the number of an action that is kept. No text has such characters by accident.
const MARKS: [char; 2] = ['\u{F0000}', '\u{F0001}'];

/// The text without its actions of the form `{{ .X }}`, which are for somebody else, and these actions: their numbers stand
/// for them.
fn keep_fields(text: &str) -> (String, Vec<&str>) {
    let mut kept = Vec::new();
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, action) = rest.split_at(open);
        left.push_str(before);
        let len = field_action(action);
        let (action, behind) = action.split_at(len.unwrap_or("{{".len()));
        if len.is_some() {
            let [start, end] = MARKS;
            left.push_str(&format!("{start}{}{end}", kept.len()));
            kept.push(action);
        } else {
            left.push_str(action);
        }
        rest = behind;
    }
    (left + rest, kept)
}

/// The text with the actions that were kept in their places again.
fn restore_fields(text: String, kept: &[&str]) -> String {
    if kept.is_empty() {
        return text;
    }
    let [start, end] = MARKS;
    let mut parts = text.split(start);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, behind) = part.split_once(end).unwrap_or(("", part));
        whole.push_str(
            number.parse().ok().and_then(|number: usize| kept.get(number)).copied().unwrap_or_default(),
        );
        whole.push_str(behind);
    }
    whole
}

/// The length of the action that a text starts with, if it is like `{{ .X }}`: a dot behind at most one space, all on one
/// line.
fn field_action(text: &str) -> Option<usize> {
    let inside = text.get(2..)?;
    let inside = inside.strip_prefix([' ', '\t', '\n', '\r', '\u{C}']).unwrap_or(inside);
    let field = inside.strip_prefix('.')?;
    let end = field.find("}}")?;
    let on_one_line = field.get(..end).is_some_and(|field| !field.trim_end().contains('\n'));
    on_one_line.then(|| text.len() - field.len() + end + 2)
}

/// Whether Packer renders a text again in each of its rounds: it has ``{{ user `NAME` }}``.
fn keeps_on(text: &str) -> bool {
    text.match_indices("{{").any(|(open, _)| {
        let inside = text.get(open + 2..).unwrap_or("").trim_start();
        let Some(argument) = inside.strip_prefix("user").map(str::trim_start) else { return false };
        let line = argument.lines().next().unwrap_or("");
        let closed = |(at, _): (usize, &str)| {
            argument.get(at + 1..).is_some_and(|rest| rest.trim_start().starts_with("}}"))
        };
        argument.starts_with('`') && line.match_indices('`').skip(1).any(closed)
    })
}

fn insert_stores(functions: &mut Functions, inputs: &Inputs<'_>) {
    let stores = inputs.secret_stores.clone();
    let fetch = move |request: SecretRequest<'_>| {
        let stores = stores.as_ref().ok_or("no secret store can be reached from here")?;
        stores.fetch(request).map(|secret| Value::from(secret.expose()))
    };
    let ask = fetch.clone();
    functions.insert("vault", move |arguments| {
        let [path, key] = texts_of::<2>(arguments)?;
        ask(SecretRequest::Vault { path, key })
    });
    let ask = fetch.clone();
    functions.insert("consul_key", move |arguments| {
        let [key] = texts_of::<1>(arguments)?;
        ask(SecretRequest::Consul { key })
    });
    let ask = fetch.clone();
    functions.insert("aws_secretsmanager", move |arguments| {
        let (name, key) = match arguments {
            [_] => (texts_of::<1>(arguments)?, [""]),
            _ => {
                let [name, key] = texts_of::<2>(arguments)?;
                ([name], [key])
            }
        };
        let ([name], [key]) = (name, key);
        ask(SecretRequest::Aws { name, key })
    });
    functions.insert("aws_secretsmanager_raw", move |arguments| {
        let [name] = texts_of::<1>(arguments)?;
        fetch(SecretRequest::AwsRaw { name })
    });
}

fn texts_of<const N: usize>(arguments: &[Value]) -> Result<[&str; N], String> {
    let wrong = || format!("wrong number of args: want {N} got {}", arguments.len());
    let mut texts = [""; N];
    let arguments: &[Value; N] = arguments.try_into().map_err(|_| wrong())?;
    for (text, argument) in texts.iter_mut().zip(arguments) {
        let Value::String(argument) = argument else {
            return Err(format!("wrong type for value; expected string; got {}", argument.type_name()));
        };
        *text = argument;
    }
    Ok(texts)
}
