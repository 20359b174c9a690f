//! From a builder with everything that applies to it to a build of the plan.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use karat_gotmpl::function::RunFacts;
use karat_hcl::json::{Property, Text};
use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit, did_you_mean};
use karat_model::duration;
use karat_model::id::{BuildName, ComponentKind};
use karat_model::plan::{Build, LateConfig, Node, PostProcessing, Step, StepPolicy};
use karat_model::schema::Schema;
use karat_model::schema_set::SchemaSet;
use karat_model::span::Span;
use karat_model::value::Value;

use super::document::{Document, PostProcessor, Provisioner};
use super::evaluate::Named;
use super::late::{Knowledge, Late, lower};
use super::lower::{require, schema_name};
use super::select::Selection;
use super::stage::{Stage, place, run_facts};
use crate::code;
use crate::inputs::Inputs;
use crate::load::Loaded;
use crate::plugin::Plugin;

/// Makes builds.
pub(super) struct Planner<'a> {
    document: &'a Document,
    stage: &'a Stage,
    schemas: &'a SchemaSet,
    strict: bool,
    /// What is known before there is a build.
    facts: RunFacts,
    /// What the builds share.
    shared: HashMap<(ComponentKind, &'a str), Arc<Schema>>,
    options: HashMap<Span, Arc<Vec<Property>>>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        document: &'a Document,
        loaded: &Loaded,
        inputs: &'a Inputs<'_>,
        stage: &'a Stage,
        variables: &Arc<BTreeMap<String, String>>,
    ) -> Self {
        let mut shared = HashMap::new();
        let mut options = HashMap::new();
        let mut share = |kind: ComponentKind, name: &'a Text, span: Span, own: &[Property]| {
            if let Some(schema) = inputs.schemas.get(kind, &name.text) {
                shared.entry((kind, name.text.as_ref())).or_insert_with(|| Arc::new(schema.clone()));
            }
            options.insert(span, Arc::new(own.to_vec()));
        };
        for used in document.provisioners.iter().chain(&document.cleanup) {
            share(ComponentKind::Provisioner, &used.kind, used.span, &used.options);
        }
        for used in document.post_processors.iter().flatten() {
            share(ComponentKind::PostProcessor, &used.kind, used.span, &used.options);
        }
        let facts = run_facts(loaded, inputs, variables.as_ref().clone());
        Self { document, stage, schemas: inputs.schemas, strict: inputs.strict, facts, shared, options }
    }

    /// The build of one builder. `None` after mistakes.
    pub(super) fn build(
        &self,
        named: &Named<'_>,
        selection: &Selection<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Build> {
        let builder = named.builder;
        // What `only`, `except` and `override` call it.
        let own_name = builder.name.text.as_ref();
        let name = BuildName(builder.shown(&named.name));
        let facts = Arc::new(RunFacts {
            build_name: Some(named.name.clone()),
            build_type: Some(builder.kind.text.to_string()),
            ..self.facts.clone()
        });
        let source = self.source(named, &facts, diagnostics);
        let admitted = |used: &&Provisioner| admits(&used.only, &used.except, own_name);
        let steps: Vec<Option<Step>> = self
            .document
            .provisioners
            .iter()
            .filter(admitted)
            .map(|used| self.step(used, named, &facts, diagnostics))
            .collect();
        let cleanup = self.document.cleanup.as_ref().map(|used| self.step(used, named, &facts, diagnostics));
        let mut post_processors = Vec::new();
        for chain in &self.document.post_processors {
            let admitted = chain.iter().filter(|used| admits(&used.only, &used.except, own_name));
            let kept = admitted.take_while(|used| !selection.cuts(&used.name.text));
            let chain: Vec<PostProcessing> =
                kept.filter_map(|used| self.post_processing(used, named, &facts, diagnostics)).collect();
            if !chain.is_empty() {
                post_processors.push(chain);
            }
        }
        Some(Build {
            name,
            source_name: named.name.clone(),
            source: source?,
            steps: steps.into_iter().collect::<Option<_>>()?,
            cleanup: cleanup.flatten(),
            post_processors,
        })
    }

    fn source(
        &self,
        named: &Named<'_>,
        facts: &RunFacts,
        diagnostics: &mut Diagnostics,
    ) -> Option<Node<Value>> {
        let builder = named.builder;
        let kind = ComponentKind::Builder;
        let Some(schema) = self.schemas.get(kind, &builder.kind.text) else {
            diagnostics.push(self.unknown(kind, &builder.kind, named));
            return None;
        };
        let context = format!("builder \"{}\"", named.name);
        let mut problems = Diagnostics::new();
        let knowledge = Knowledge::Nothing;
        let config = lower(&builder.kind.text, &builder.options, schema, facts, knowledge, &mut problems);
        require(&config, schema, builder.span, "", &mut problems);
        diagnostics.extend(problems.into_iter().map(|problem| problem.within(context.as_str())));
        let arguments = arguments(&builder.options, schema);
        Some(Node { component: builder.kind.text.to_string(), config, span: head(builder.span), arguments })
    }

    fn step(
        &self,
        used: &Provisioner,
        named: &Named<'_>,
        facts: &Arc<RunFacts>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Step> {
        let policy = self.policy(used, diagnostics);
        let own_name = named.builder.name.text.as_ref();
        let overrides = used.overrides.iter().find(|entry| entry.builder.text.as_ref() == own_name);
        let place = Place { kind: ComponentKind::Provisioner, name: &used.kind, span: used.span };
        let overrides = overrides.map(|entry| Arc::new(entry.options.clone()));
        let node = self.node(place, overrides, named, facts, diagnostics)?;
        Some(Step { name: used.kind.text.to_string(), node, policy: policy? })
    }

    fn policy(&self, used: &Provisioner, diagnostics: &mut Diagnostics) -> Option<StepPolicy> {
        let duration = |text: &Option<Text>| {
            text.as_ref().and_then(|text| duration::parse(&text.text).ok()).unwrap_or_default()
        };
        let pause_before = duration(&used.pause_before);
        let timeout = Some(duration(&used.timeout)).filter(|timeout| !timeout.is_zero());
        Some(StepPolicy {
            pause_before,
            // Packer forgets the timeout of a provisioner that pauses.
            timeout: timeout.filter(|_| !self.strict || pause_before.is_zero()),
            max_retries: match &used.max_retries {
                Some(text) => self.retries(text, diagnostics)?,
                None => 0,
            },
            continue_on_error: false,
        })
    }

    fn retries(&self, text: &Text, diagnostics: &mut Diagnostics) -> Option<u32> {
        let rendered = match self.stage.render(&text.text) {
            Ok(rendered) => rendered,
            Err(error) => {
                let title = format!("failed to interpolate `max_retries`: {}", error.message);
                diagnostics.push(Diagnostic::error(code::GO_TEMPLATE, title).at(place(text, &error)));
                return None;
            }
        };
        match rendered.parse::<i64>() {
            // Below zero is never, in Packer.
            Ok(retries) => Some(u32::try_from(retries.max(0)).unwrap_or(u32::MAX)),
            Err(_) => {
                let title = format!(
                    "`max_retries` must be a valid integer: it is {}",
                    karat_gotmpl::quoted(&rendered)
                );
                diagnostics.push(Diagnostic::error(code::INVALID_META, title).at(text.span));
                None
            }
        }
    }

    fn post_processing(
        &self,
        used: &PostProcessor,
        named: &Named<'_>,
        facts: &Arc<RunFacts>,
        diagnostics: &mut Diagnostics,
    ) -> Option<PostProcessing> {
        let place = Place { kind: ComponentKind::PostProcessor, name: &used.kind, span: used.span };
        let node = self.node(place, None, named, facts, diagnostics)?;
        Some(PostProcessing { name: used.name.text.to_string(), node, keep_input: used.keep_input })
    }

    fn node(
        &self,
        place: Place<'_>,
        overrides: Option<Arc<Vec<Property>>>,
        named: &Named<'_>,
        facts: &Arc<RunFacts>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Node<Arc<dyn LateConfig>>> {
        let Some(schema) = self.shared.get(&(place.kind, place.name.text.as_ref())) else {
            diagnostics.push(self.unknown(place.kind, place.name, named));
            return None;
        };
        let options = self.options.get(&place.span).cloned().unwrap_or_default();
        let mut arguments = arguments(&options, schema);
        arguments.extend(overrides.iter().flat_map(|over| self::arguments(over, schema)));
        let late = Late {
            component: place.name.text.to_string(),
            options,
            overrides,
            schema: schema.clone(),
            facts: facts.clone(),
            span: place.span,
            context: format!("{} \"{}\"", place.kind, place.name.text),
        };
        late.check(diagnostics);
        let component = place.name.text.to_string();
        Some(Node { component, config: Arc::new(late), span: head(place.span), arguments })
    }

    /// Says that there is no such component, in Packer's words for legacy JSON templates.
    fn unknown(&self, kind: ComponentKind, name: &Text, named: &Named<'_>) -> Diagnostic {
        let title = format!("Failed to initialize build \"{}\"", named.name);
        let problem = Diagnostic::error(code::UNKNOWN_COMPONENT, title).at(name.span);
        let noun = kind.to_string();
        let missing = format!(
            "The {noun} {} is unknown by Packer, and is likely part of a plugin that is not installed.",
            name.text
        );
        if let Some(plugin) = Plugin::of(kind, &name.text) {
            return problem.detail(missing).note(format!(
                "it is in the plugin {}, which this version of Karat cannot load yet",
                plugin.source
            ));
        }
        if let Some(near) = did_you_mean(&name.text, self.schemas.names(kind).chain(Plugin::components(kind)))
        {
            return problem
                .detail(format!("Did you mean to use \"{near}\"?"))
                .label(name.span, format!("the {noun} {} is unknown", name.text))
                .fix(Edit { span: name.span, replacement: format!("\"{near}\"") });
        }
        let prefix = name.text.split('-').next().unwrap_or_default();
        let known: Vec<&str> = self.schemas.names(kind).collect();
        problem
            .detail(format!(
                "{missing}\nPlugins are listed at https://developer.hashicorp.com/packer/integrations?filter={prefix}"
            ))
            .note(format!("built in: {}", known.join(", ")))
    }
}

/// A use of a component.
struct Place<'d> {
    kind: ComponentKind,
    name: &'d Text,
    span: Span,
}

fn admits(only: &[Text], except: &[Text], builder: &str) -> bool {
    let names = |names: &[Text]| names.iter().any(|name| name.text.as_ref() == builder);
    if only.is_empty() { !names(except) } else { names(only) }
}

/// Where each argument stands, by the schema's name for it.
fn arguments(options: &[Property], schema: &Schema) -> BTreeMap<String, Span> {
    let place = |property: &Property| {
        let name = schema_name(&property.name.text, schema)?;
        Some((name.to_owned(), property.name.span.to(property.value.span)))
    };
    options.iter().filter_map(place).collect()
}

/// The first character of an object: all of it may be long.
fn head(span: Span) -> Span {
    Span { end: span.start + 1, ..span }
}
