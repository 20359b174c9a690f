//! From values to configurations: placeholders for what is not known yet, and Go templates in strings.

use std::borrow::Cow;
use std::collections::BTreeMap;

use karat_gotmpl::function::{RunFacts, standard};
use karat_gotmpl::{Functions, Template, TemplateError, Value as TemplateValue};
use karat_model::facts::Facts;
use karat_model::value::{Type, Value};

use crate::context::RunInfo;

/// What text reads as while it is not known: only when a configuration is checked, never when it is used. Packer 1.16
/// uses the same text, and templates are known to compare with it.
pub const UNKNOWN_TEXT: &str = "<unknown>";

/// Renders the Go templates that configurations hold, with what the build knows.
pub struct Decoder {
    functions: Functions,
    data: BTreeMap<String, TemplateValue>,
}

impl Decoder {
    /// With the functions and facts of one build.
    pub fn new(info: &RunInfo, facts: &Facts) -> Self {
        Self::with(info, facts, true)
    }

    /// Before there is a build: templates know neither its name and type nor, as in Packer 1.16, where the template is.
    pub fn before_builds(info: &RunInfo) -> Self {
        Self::with(info, &Facts::default(), false)
    }

    fn with(info: &RunInfo, facts: &Facts, build: bool) -> Self {
        let data: BTreeMap<String, TemplateValue> =
            facts.iter().map(|(key, value)| (key.to_string(), template_value(value))).collect();
        let since_epoch = info.started.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let mut functions = standard(&RunFacts {
            start: (since_epoch.as_secs() as i64, since_epoch.subsec_nanos()),
            template_dir: build.then(|| info.template_root.display().to_string()),
            cwd: info.cwd.display().to_string(),
            build_name: build.then(|| info.source_name.clone()),
            build_type: build.then(|| info.builder_type.clone()),
            packer_version: info.packer_version.clone(),
            variables: info.user_variables.as_deref().cloned().unwrap_or_default(),
            build_data: Some(facts.iter().map(|(key, value)| (key.to_string(), fact_text(value))).collect()),
        });
        // Packer 1.16 has no answer either: the variables of HCL are not those of JSON templates.
        if info.user_variables.is_none() {
            functions.insert("user", |_| Err("in HCL, variables are written ${var.NAME}".to_owned()));
        }
        Self { functions, data }
    }

    /// Renders `text` with the facts of the build.
    pub fn render(&self, text: &str) -> Result<String, String> {
        if !text.contains("{{") {
            return Ok(text.to_string());
        }
        let data = TemplateValue::Map(self.data.clone());
        karat_gotmpl::render(text, &data, &self.functions).map_err(|error| explained(text, &error))
    }

    /// Renders `text` with the facts of the build and the variables that only the component knows, such as `Path`, then
    /// what it renders to, until it stays the same: as Packer 1.16 does with options that it renders late. A variable of a
    /// legacy JSON template can hold a whole command, that way.
    pub fn render_late<'k>(
        &self,
        text: &str,
        variables: impl IntoIterator<Item = (&'k str, TemplateValue)>,
    ) -> Result<String, String> {
        self.settle(text, || {
            let mut data = self.data.clone();
            data.extend(variables.into_iter().map(|(key, value)| (key.to_string(), value)));
            TemplateValue::Map(data)
        })
    }

    /// As [`Self::render_late`], with these variables and no others. Where a builder prepares its machine there are no facts
    /// of the build yet, and asking for a variable that does not exist is an error.
    pub fn render_late_alone<'k>(
        &self,
        text: &str,
        variables: impl IntoIterator<Item = (&'k str, TemplateValue)>,
    ) -> Result<String, String> {
        self.settle(text, || TemplateValue::structure(variables))
    }

    /// Renders `text`, and what it renders to, until it stays the same. Most texts are no templates and need no `data`.
    fn settle(&self, text: &str, data: impl FnOnce() -> TemplateValue) -> Result<String, String> {
        if !text.contains("{{") {
            return Ok(text.to_string());
        }
        karat_gotmpl::settle(text, &data(), &self.functions).map_err(|error| explained(text, &error))
    }

    /// `text` as a field of this kind has it.
    pub(super) fn text(&self, text: &str, rendering: Rendering) -> Result<String, String> {
        match rendering {
            Rendering::Once => self.render(text),
            Rendering::Settled => self.render_late(text, []),
            Rendering::Late => self.parse_late(text),
        }
    }

    /// `text` itself, if it is a template that can be rendered later.
    fn parse_late(&self, text: &str) -> Result<String, String> {
        if text.contains("{{") {
            Template::parse(text, &self.functions).map_err(|error| explained(text, &error))?;
        }
        Ok(text.to_string())
    }

    /// `value` with everything unknown in it replaced: text by [`UNKNOWN_TEXT`], numbers by 0, truths by false,
    /// collections by empty ones.
    pub(super) fn known<'v>(&self, value: &'v Value) -> Cow<'v, Value> {
        if value.is_wholly_known() { Cow::Borrowed(value) } else { Cow::Owned(placeholder(value)) }
    }
}

/// When the Go templates in a field are rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// Once, when the configuration is decoded.
    Once,
    /// When the configuration is decoded, until nothing changes any more: options that Packer renders again before it uses
    /// them.
    Settled,
    /// By the component, with variables that only it knows.
    Late,
}

fn explained(text: &str, error: &TemplateError) -> String {
    format!("in the template {text:?}: {error}")
}

fn placeholder(value: &Value) -> Value {
    if value.is_wholly_known() {
        return value.clone();
    }
    if value.is_known() {
        if let Some(entries) = value.as_map() {
            return Value::object(
                entries.iter().map(|(key, item)| (key.clone(), placeholder(item))).collect(),
            );
        }
        if let Some(items) = value.as_slice() {
            return Value::tuple(items.iter().map(placeholder).collect());
        }
    }
    match value.ty() {
        Type::Bool => Value::bool(false),
        Type::Number => Value::number(0),
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => Value::tuple(Vec::new()),
        Type::Map(_) | Type::Object(_) => Value::object(BTreeMap::new()),
        Type::String | Type::Any => Value::string(UNKNOWN_TEXT),
    }
}

/// A JSON value as a template sees it; what is not known yet as [`UNKNOWN_TEXT`].
fn template_value(value: &serde_json::Value) -> TemplateValue {
    use serde_json::Value as Json;
    match value {
        Json::Null => TemplateValue::String(UNKNOWN_TEXT.to_string()),
        Json::Bool(truth) => TemplateValue::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(number) => TemplateValue::Int(number),
            None => TemplateValue::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => TemplateValue::String(text.clone()),
        Json::Array(items) => TemplateValue::List(items.iter().map(template_value).collect()),
        Json::Object(entries) => TemplateValue::Map(
            entries.iter().map(|(key, item)| (key.clone(), template_value(item))).collect(),
        ),
    }
}

/// A fact as text: what `{{ build "KEY" }}` gives.
fn fact_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => UNKNOWN_TEXT.to_string(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
