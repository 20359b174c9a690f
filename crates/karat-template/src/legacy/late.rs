//! Configurations of a legacy JSON template that wait for what a build finds out.

use std::collections::BTreeMap;
use std::sync::Arc;

use karat_gotmpl::function::{RunFacts, standard};
use karat_gotmpl::{Functions, Template, TemplateError, Value as TemplateValue};
use karat_hcl::json::Property;
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::facts::Facts;
use karat_model::plan::LateConfig;
use karat_model::schema::Schema;
use karat_model::span::Span;
use karat_model::value::Value;

use super::lower::{Lowering, require};
use crate::overlay::overlay;

/// What stands for what is not known while a configuration is checked.
const PENDING: &str = "\u{F0002}";

/// The options of a provisioner or post-processor, and what their Go templates see but for the facts of the build.
pub(super) struct Late {
    pub(super) component: String,
    pub(super) options: Arc<Vec<Property>>,
    /// Those that stand in for them, for one builder.
    pub(super) overrides: Option<Arc<Vec<Property>>>,
    pub(super) schema: Arc<Schema>,
    /// What holds for the build.
    pub(super) facts: Arc<RunFacts>,
    /// The component's object.
    pub(super) span: Span,
    /// For problems.
    pub(super) context: String,
}

/// What is known about a build.
#[derive(Clone, Copy)]
pub(super) enum Knowledge<'f> {
    /// Nothing, and nothing ever will: a builder's own options.
    Nothing,
    /// Whatever somebody asks for will be known.
    Later,
    /// These facts, of which some may be pending.
    Facts(&'f Facts),
}

impl LateConfig for Late {
    fn evaluate(&self, facts: &Facts) -> Result<Value, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let value = self.lower(Knowledge::Facts(facts), &mut diagnostics);
        if !diagnostics.has_errors() {
            return Ok(value);
        }
        let errors = diagnostics.into_iter().filter(Diagnostic::is_error);
        Err(errors.map(|error| error.within(self.context.as_str())).collect())
    }
}

impl Late {
    /// Reports what is wrong whatever the build finds out.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        let mut problems = Diagnostics::new();
        self.lower(Knowledge::Later, &mut problems);
        diagnostics.extend(problems.into_iter().map(|problem| problem.within(self.context.as_str())));
    }

    fn lower(&self, knowledge: Knowledge<'_>, diagnostics: &mut Diagnostics) -> Value {
        let facts = &self.facts;
        let mut value = lower(&self.component, &self.options, &self.schema, facts, knowledge, diagnostics);
        if let Some(overrides) = &self.overrides {
            let over = lower(&self.component, overrides, &self.schema, facts, knowledge, diagnostics);
            value = overlay(&value, &over);
        }
        require(&value, &self.schema, self.span, "", diagnostics);
        value
    }
}

/// The options as a value of the schema's shape. What is required may be missing.
pub(super) fn lower(
    component: &str,
    options: &[Property],
    schema: &Schema,
    facts: &RunFacts,
    knowledge: Knowledge<'_>,
    diagnostics: &mut Diagnostics,
) -> Value {
    // Few options need it.
    let functions = std::cell::OnceCell::new();
    let render = |text: &str| {
        let functions = functions.get_or_init(|| self::functions(facts, knowledge));
        render(text, functions, knowledge)
    };
    Lowering { render: &render, component, diagnostics }.options(options, schema, "")
}

fn functions(facts: &RunFacts, knowledge: Knowledge<'_>) -> Functions {
    let build_data = match knowledge {
        Knowledge::Nothing => BTreeMap::new(),
        Knowledge::Later => return pending_functions(facts),
        Knowledge::Facts(facts) => {
            facts.iter().map(|(key, value)| (key.to_owned(), text_of(value))).collect()
        }
    };
    standard(&RunFacts { build_data: Some(build_data), ..facts.clone() })
}

fn pending_functions(facts: &RunFacts) -> Functions {
    let mut functions = standard(facts);
    functions.insert("build", |_| Ok(TemplateValue::from(PENDING)));
    functions
}

fn render(
    text: &str,
    functions: &Functions,
    knowledge: Knowledge<'_>,
) -> Result<Option<String>, TemplateError> {
    let template = Template::parse(text, functions)?;
    let value = |key: String| {
        let value = match knowledge {
            Knowledge::Nothing => return None,
            Knowledge::Later => PENDING.to_owned(),
            Knowledge::Facts(facts) => text_of(facts.get(&key)?),
        };
        Some((key, TemplateValue::from(value)))
    };
    let data = TemplateValue::Map(template.fields().into_iter().filter_map(value).collect());
    let rendered = template.render(&data, functions);
    match rendered {
        Ok(text) => Ok(Some(text).filter(|text| !text.contains(PENDING))),
        // What a function makes of what is not known says nothing.
        Err(_) if matches!(knowledge, Knowledge::Later) && asks_for_facts(&template, text) => Ok(None),
        Err(error) => Err(error),
    }
}

fn asks_for_facts(template: &Template, text: &str) -> bool {
    !template.fields().is_empty() || text.contains("build ")
}

fn text_of(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => PENDING.to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
