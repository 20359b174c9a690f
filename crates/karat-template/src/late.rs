//! Configurations that wait for what a build finds out.

use std::collections::BTreeSet;
use std::sync::Arc;

use karat_hcl::tree::Body;
use karat_hcl::{Scope, decode};
use karat_model::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use karat_model::facts::Facts;
use karat_model::plan::LateConfig;
use karat_model::schema::{Nesting, Schema};
use karat_model::value::{ObjectAttr, Type, Value};

use crate::code;
use crate::meta::Override;
use crate::names;
use crate::overlay;

/// The body of a provisioner or post-processor, and what its expressions see but for `build`.
pub(crate) struct Late {
    pub(crate) body: Arc<Body>,
    pub(crate) schema: Arc<Schema>,
    pub(crate) scope: Scope<'static>,
    /// `build.name`.
    pub(crate) build: String,
    pub(crate) overrides: Option<Override>,
    /// The enclosing block, for problems.
    pub(crate) context: String,
}

impl LateConfig for Late {
    fn evaluate(&self, facts: &Facts) -> Result<Value, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let value = self.decode(facts, &mut diagnostics);
        if !diagnostics.has_errors() {
            return Ok(value);
        }
        let errors = diagnostics.into_iter().filter(Diagnostic::is_error);
        Err(errors.map(|error| error.within(self.context.as_str())).collect())
    }
}

impl Late {
    /// Evaluates with every `build.KEY` that the body mentions unknown: which of them the builder offers is not this
    /// crate's knowledge.
    pub(crate) fn check(&self, diagnostics: &mut Diagnostics) {
        let keys = build_keys(&self.body);
        self.decode(&Facts::pending(keys.iter().map(String::as_str)), diagnostics);
    }

    fn decode(&self, facts: &Facts, diagnostics: &mut Diagnostics) -> Value {
        let scope = self.scope.child().with("build", names::build(&self.build, facts));
        let value = decode(&self.body, &self.schema, &scope, diagnostics);
        match &self.overrides {
            Some(overrides) => overlay(&value, overrides, &self.schema, diagnostics),
            None => value,
        }
    }
}

/// The keys of `build` that a body mentions, nested blocks included.
fn build_keys(body: &Body) -> BTreeSet<String> {
    let builds = body.references().into_iter().filter(|reference| reference.root.name == "build");
    builds.filter_map(|reference| reference.path.into_iter().next()).map(|name| name.name).collect()
}

/// `config` with some of its values replaced. Packer reads such values loosely, so a lone element will do for a list.
fn overlay(config: &Value, overrides: &Override, schema: &Schema, diagnostics: &mut Diagnostics) -> Value {
    let Some(config) = config.as_map() else { return config.clone() };
    let mut merged = config.clone();
    for (name, value) in &overrides.values {
        let span = overrides.spans.get(name).copied().unwrap_or(overrides.span);
        let ty = match (schema.attributes.get(name), schema.blocks.get(name)) {
            (Some(attribute), _) => attribute.ty.clone(),
            (None, Some(block)) => match block.nesting {
                Nesting::Single => forgiving(&block.schema.ty()),
                Nesting::List => Type::list(forgiving(&block.schema.ty())),
            },
            (None, None) => {
                diagnostics.push(unknown(name, span, schema));
                continue;
            }
        };
        if let Some(reason) = schema.attributes.get(name).and_then(|attribute| attribute.unsupported.as_ref())
        {
            let problem =
                Diagnostic::error(code::UNSUPPORTED, format!("The argument `{name}` is not supported yet"));
            diagnostics.push(problem.label(span, reason.clone()));
        }
        let alone = |error| match &ty {
            Type::List(_) => Value::tuple(vec![value.clone()]).convert(&ty).map_err(|_| error),
            _ => Err(error),
        };
        match value.convert(&ty).or_else(alone) {
            Ok(value) => {
                let secret = schema.attributes.get(name).is_some_and(|attribute| attribute.sensitive);
                let under = config.get(name).unwrap_or(&Value::null(ty)).clone();
                merged.insert(name.clone(), overlay::overlay(&under, &value).mark_if(secret));
            }
            Err(error) => diagnostics.push(
                Diagnostic::error(code::OVERRIDE, format!("The argument `{name}` has the wrong type"))
                    .label(span, error.to_string()),
            ),
        }
    }
    Value::object(merged)
}

fn unknown(name: &str, span: karat_model::span::Span, schema: &Schema) -> Diagnostic {
    let problem =
        Diagnostic::error(code::UNKNOWN_ARGUMENT, format!("There is no argument `{name}` here")).at(span);
    let known = schema.attributes.keys().chain(schema.blocks.keys()).map(String::as_str);
    match did_you_mean(name, known) {
        Some(near) => problem.did_you_mean(span, near),
        None => problem,
    }
}

/// The type with every attribute optional: an override sets what it sets.
fn forgiving(ty: &Type) -> Type {
    match ty {
        Type::Object(attributes) => {
            let optional = attributes.iter().map(|(name, attribute)| {
                (name.clone(), ObjectAttr { ty: forgiving(&attribute.ty), optional: true })
            });
            Type::Object(Arc::new(optional.collect()))
        }
        Type::List(element) => Type::list(forgiving(element)),
        ty => ty.clone(),
    }
}
