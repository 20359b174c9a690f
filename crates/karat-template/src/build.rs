//! Build blocks: which sources, and what is done with each.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use karat_hcl::tree::{Block, Body, Expr, Label};
use karat_hcl::{Scope, is_identifier};
use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit, did_you_mean};
use karat_model::id::{BuildName, ComponentKind};
use karat_model::plan::StepPolicy;
use karat_model::schema::Schema;
use karat_model::schema_set::SchemaSet;
use karat_model::span::Span;
use karat_model::value::{Type, Value};

use crate::code;
use crate::component;
use crate::expand::{Expanded, expand};
use crate::meta::{self, Meta, Override, Sources};
use crate::registry;
use crate::shape;
use crate::template::Template;

/// A build block.
pub(crate) struct BuildBlock<'a> {
    /// Empty where it has none.
    pub(crate) name: String,
    pub(crate) description: String,
    /// `parallel = false`.
    pub(crate) sequential: bool,
    pub(crate) sources: Vec<SourceUse<'a>>,
    pub(crate) provisioners: Vec<Use>,
    pub(crate) cleanup: Option<Use>,
    pub(crate) chains: Vec<Vec<Use>>,
    /// Where its `hcp_packer_registry` block is.
    pub(crate) registry: Option<Span>,
    /// `build "…"`, for problems.
    pub(crate) context: String,
}

/// A source as a build uses it.
pub(crate) struct SourceUse<'a> {
    pub(crate) kind: String,
    /// The name of the source block.
    pub(crate) source: String,
    /// The name in this build, else that of the source block.
    pub(crate) local: String,
    /// `None`: there is no such source, which has been reported.
    pub(crate) block: Option<&'a Block>,
    pub(crate) schema: Option<&'a Schema>,
    /// What the build adds to the source's body.
    pub(crate) addition: Option<Body>,
    pub(crate) scope: Arc<Scope<'static>>,
}

/// A provisioner or post-processor as a build uses it.
pub(crate) struct Use {
    pub(crate) component: String,
    /// The template's name for it.
    pub(crate) name: Option<String>,
    pub(crate) span: Span,
    pub(crate) body: Arc<Body>,
    /// `None`: no such component, which has been reported.
    pub(crate) schema: Option<Arc<Schema>>,
    pub(crate) scope: Arc<Scope<'static>>,
    pub(crate) sources: Sources,
    pub(crate) overrides: BTreeMap<String, Override>,
    pub(crate) policy: StepPolicy,
    pub(crate) keep_input: Option<bool>,
}

/// What reading a build block needs.
pub(crate) struct Reader<'r, 'a> {
    template: &'r Template<'a>,
    schemas: &'a SchemaSet,
    /// The schemas of provisioners and post-processors, which plans keep.
    shared: HashMap<(ComponentKind, &'a str), Arc<Schema>>,
    strict: bool,
}

impl BuildBlock<'_> {
    /// The name of one of its builds.
    pub(crate) fn build_name(&self, source: &SourceUse<'_>) -> BuildName {
        let name = format!("{}.{}", source.kind, source.local);
        BuildName(if self.name.is_empty() { name } else { format!("{}.{name}", self.name) })
    }
}

impl<'r, 'a> Reader<'r, 'a> {
    /// Reads build blocks of a template.
    pub(crate) fn new(template: &'r Template<'a>, schemas: &'a SchemaSet, strict: bool) -> Self {
        let kinds = [ComponentKind::Provisioner, ComponentKind::PostProcessor];
        let names = kinds.into_iter().flat_map(|kind| schemas.names(kind).map(move |name| (kind, name)));
        let shared = names.filter_map(|key| Some((key, Arc::new(schemas.get(key.0, key.1)?.clone()))));
        Self { template, schemas, shared: shared.collect(), strict }
    }

    /// Reads a build block; mistakes are reported, and what they concern is left out.
    pub(crate) fn read(
        &self,
        block: &'a Block,
        scope: &Scope<'static>,
        diagnostics: &mut Diagnostics,
    ) -> BuildBlock<'a> {
        let shape = if self.strict { shape::PACKERS_BUILD } else { shape::BUILD };
        shape.check(&block.body, diagnostics);
        let text = |name: &str, diagnostics: &mut Diagnostics| {
            let attribute = block.body.attribute(name)?;
            let value = meta::evaluate(&attribute.expr, name, &Type::String, scope, diagnostics)?;
            value.as_str().map(str::to_owned)
        };
        let name = text("name", diagnostics).unwrap_or_default();
        let description = text("description", diagnostics).unwrap_or_default();
        let parallel = block.body.attribute("parallel").and_then(|attribute| {
            meta::evaluate(&attribute.expr, "parallel", &Type::Bool, scope, diagnostics)?.as_bool()
        });
        let build = Value::object([("name".to_owned(), Value::string(name.as_str()))].into());
        let scope = Arc::new(scope.clone().with("build", build));
        let mut found = BuildBlock {
            name,
            description,
            sequential: parallel == Some(false),
            sources: Vec::new(),
            provisioners: Vec::new(),
            cleanup: None,
            chains: Vec::new(),
            registry: None,
            context: block.title(),
        };
        let before = diagnostics.len();
        // Packer takes the list first, wherever it stands.
        self.read_list(block, &scope, &mut found, diagnostics);
        for inner in expand(&block.body, &shape::BUILD, &scope, diagnostics) {
            self.read_block(&inner, &mut found, diagnostics);
        }
        if found.sources.is_empty() && diagnostics.len() == before {
            diagnostics.push(
                Diagnostic::error(code::MISSING_BUILD, "missing source reference")
                    .at(block.header)
                    .detail("a build block must reference at least one source to be built"),
            );
        }
        if !self.strict {
            warn_unknown_sources(&found, diagnostics);
        }
        found
    }

    fn read_list(
        &self,
        block: &'a Block,
        scope: &Arc<Scope<'static>>,
        found: &mut BuildBlock<'a>,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(attribute) = block.body.attribute("sources") else { return };
        let items = attribute.expr.as_list().unwrap_or_default();
        let bare = |item: &&Expr| {
            item.as_traversal()
                .is_some_and(|names| names.names.first().is_some_and(|root| root.name == "source"))
        };
        if let Some(item) = items.iter().find(bare) {
            diagnostics.push(unquoted_reference(item));
            return;
        }
        let list = Type::list(Type::String);
        let value = meta::evaluate(&attribute.expr, "sources", &list, scope, diagnostics);
        let references = value.as_ref().and_then(Value::as_slice).unwrap_or_default();
        for (at, reference) in references.iter().enumerate() {
            let span = items.get(at).map_or(attribute.expr.span, |item| item.span);
            let used = reference.as_str().and_then(|text| self.source_use(text, span, scope, diagnostics));
            found.sources.extend(used);
        }
    }

    fn read_block(&self, inner: &Expanded<'a>, found: &mut BuildBlock<'a>, diagnostics: &mut Diagnostics) {
        match inner.kind {
            "source" => self.read_source(inner, found, diagnostics),
            "provisioner" => found.provisioners.push(self.provisioner(inner, diagnostics)),
            "error-cleanup-provisioner" => {
                let cleanup = self.provisioner(inner, diagnostics);
                if let Some(first) = &found.cleanup {
                    diagnostics.push(
                        Diagnostic::error(code::DUPLICATE, "Only one error-cleanup-provisioner is allowed")
                            .at(inner.header)
                            .label(first.span, "the first one is here"),
                    );
                } else {
                    found.cleanup = Some(cleanup);
                }
            }
            "post-processor" => found.chains.push(vec![self.post_processor(inner, diagnostics)]),
            "post-processors" => {
                shape::POST_PROCESSORS.check(inner.body, diagnostics);
                let chain = expand(inner.body, &shape::POST_PROCESSORS, &inner.scope, diagnostics);
                let chain = chain.iter().map(|inner| self.post_processor(inner, diagnostics));
                found.chains.push(chain.collect());
            }
            "hcp_packer_registry" => {
                registry::check(inner.header, inner.body, found.registry, &inner.scope, diagnostics);
                found.registry.get_or_insert(inner.header);
            }
            // `from` has no effect in Packer either.
            _ => {}
        }
    }

    fn read_source(&self, inner: &Expanded<'a>, found: &mut BuildBlock<'a>, diagnostics: &mut Diagnostics) {
        let Label { text, span } = &inner.label;
        let Some(mut used) = self.source_use(text, *span, &inner.scope, diagnostics) else { return };
        let (meta, addition) = Meta::split(inner.body.clone(), &["name"], &inner.scope, diagnostics);
        if let Some(name) = meta.text("name", diagnostics).filter(|name| !name.is_empty()) {
            used.local = name;
        }
        used.addition = Some(addition);
        found.sources.push(used);
    }

    /// The use of the source block behind `type.name`.
    fn source_use(
        &self,
        reference: &str,
        span: Span,
        scope: &Arc<Scope<'static>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<SourceUse<'a>> {
        let parts: Vec<&str> = reference.split('.').collect();
        let (kind, name) = match parts.as_slice() {
            [kind, name] | [_, kind, name, ..] if is_identifier(kind) && is_identifier(name) => {
                (*kind, *name)
            }
            _ => {
                diagnostics.push(
                    Diagnostic::error(code::BAD_REFERENCE, "Invalid source reference").at(span).detail(
                        "A source reference is the type and the name of a source with a dot between them; each must \
                         start with a letter and may contain only letters, digits, underscores, and dashes. A valid \
                         source reference looks like: `source.type.name`",
                    ),
                );
                return None;
            }
        };
        let block = self.template.source(kind, name);
        let schema = self.schemas.get(ComponentKind::Builder, kind);
        match block {
            None => diagnostics.push(self.unknown_source(kind, name, span)),
            Some(block) if schema.is_none() => {
                // Said once, where the type is written.
                let place = block.labels.first().map_or(block.header, |label| label.span);
                let builder = ComponentKind::Builder;
                diagnostics.push(component::unknown(builder, kind, place, self.schemas, self.template));
            }
            Some(_) => {}
        }
        Some(SourceUse {
            kind: kind.to_owned(),
            source: name.to_owned(),
            local: name.to_owned(),
            block,
            schema,
            addition: None,
            scope: scope.clone(),
        })
    }

    fn unknown_source(&self, kind: &str, name: &str, span: Span) -> Diagnostic {
        let known: Vec<String> =
            self.template.sources.keys().map(|(kind, name)| format!("{kind}.{name}")).collect();
        let wanted = format!("{kind}.{name}");
        let problem = Diagnostic::error(code::UNKNOWN_SOURCE, format!("Unknown source {wanted}")).at(span);
        let problem = problem.detail(format!("Known: [{}]", known.join(" ")));
        match did_you_mean(&wanted, known.iter().map(String::as_str)) {
            Some(near) => problem
                .help(format!("did you mean `{near}`?"))
                .fix(Edit { span, replacement: format!("\"{near}\"") }),
            None => problem.help(format!("declare it: source \"{kind}\" \"{name}\" {{ … }}")),
        }
    }

    fn provisioner(&self, inner: &Expanded<'a>, diagnostics: &mut Diagnostics) -> Use {
        let (meta, body) = Meta::split(inner.body.clone(), meta::PROVISIONER, &inner.scope, diagnostics);
        let pause_before = meta.duration("pause_before", diagnostics).unwrap_or_default();
        let timeout = meta.duration("timeout", diagnostics).filter(|timeout| !timeout.is_zero());
        let policy = StepPolicy {
            pause_before,
            // Packer forgets the timeout of a provisioner that pauses.
            timeout: timeout.filter(|_| !self.strict || pause_before.is_zero()),
            max_retries: meta.count("max_retries", diagnostics).unwrap_or(0),
            continue_on_error: meta.truth("continue_on_error", diagnostics).unwrap_or(false),
        };
        let overrides = meta.overrides(diagnostics);
        let used = self.component(ComponentKind::Provisioner, inner, &meta, body, diagnostics);
        Use { overrides, policy, ..used }
    }

    fn post_processor(&self, inner: &Expanded<'a>, diagnostics: &mut Diagnostics) -> Use {
        let (meta, body) = Meta::split(inner.body.clone(), meta::POST_PROCESSOR, &inner.scope, diagnostics);
        let keep_input = meta.truth_or_null("keep_input_artifact", diagnostics);
        let used = self.component(ComponentKind::PostProcessor, inner, &meta, body, diagnostics);
        Use { keep_input, ..used }
    }

    fn component(
        &self,
        kind: ComponentKind,
        inner: &Expanded<'a>,
        meta: &Meta<'_>,
        body: Body,
        diagnostics: &mut Diagnostics,
    ) -> Use {
        let component = &inner.label.text;
        let schema = self.shared.get(&(kind, component.as_str())).cloned();
        if schema.is_none() {
            let span = inner.label.span;
            diagnostics.push(component::unknown(kind, component, span, self.schemas, self.template));
        }
        Use {
            component: component.clone(),
            name: meta.text("name", diagnostics).filter(|name| !name.is_empty()),
            span: inner.header,
            body: Arc::new(body),
            schema,
            scope: inner.scope.clone(),
            sources: meta.sources(diagnostics),
            overrides: BTreeMap::new(),
            policy: StepPolicy::default(),
            keep_input: None,
        }
    }
}

/// `source.type.name` without quotes is what references to other things look like.
fn unquoted_reference(item: &Expr) -> Diagnostic {
    let names = item.as_traversal().map(|names| names.names).unwrap_or_default();
    let names: Vec<String> = names.into_iter().map(|name| name.name).collect();
    let quoted = format!("\"{}\"", names.join("."));
    Diagnostic::error(code::BAD_REFERENCE, "A reference to a source is written in quotes")
        .at(item.span)
        .help(format!("write {quoted}"))
        .fix(Edit { span: item.span, replacement: quoted })
}

/// `only`, `except` and `override` that name no source of the build have no effect, which is hardly what was meant.
fn warn_unknown_sources(build: &BuildBlock<'_>, diagnostics: &mut Diagnostics) {
    let full: Vec<String> =
        build.sources.iter().map(|source| format!("{}.{}", source.kind, source.local)).collect();
    let short: Vec<&str> = build.sources.iter().map(|source| source.local.as_str()).collect();
    let uses = build.provisioners.iter().chain(&build.cleanup).chain(build.chains.iter().flatten());
    for used in uses {
        let Sources { only, except, span, spans } = &used.sources;
        for name in only.iter().chain(except).filter(|name| !full.contains(name)) {
            let known: Vec<&str> = full.iter().map(String::as_str).collect();
            diagnostics.push(no_match(name, spans.get(name).copied().or(*span).unwrap_or(used.span), &known));
        }
        for (name, Override { span, .. }) in &used.overrides {
            if !short.contains(&name.as_str()) {
                diagnostics.push(no_match(name, *span, &short));
            }
        }
    }
}

fn no_match(name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let problem =
        Diagnostic::warning(code::NO_MATCH, format!("\"{name}\" is no source of this build")).at(span);
    let problem =
        problem.detail(format!("It has no effect. The sources of this build: {}.", known.join(", ")));
    // Legacy JSON templates leave out the type.
    let short =
        || known.iter().copied().find(|full| full.split_once('.').is_some_and(|(_, own)| own == name));
    let Some(near) = did_you_mean(name, known.iter().copied()).or_else(short) else { return problem };
    let inside = match span.range().len().checked_sub(name.len()) {
        Some(0) => span,
        Some(2) => Span { start: span.start + 1, end: span.end - 1, ..span },
        _ => return problem.help(format!("did you mean `{near}`?")),
    };
    problem.did_you_mean(inside, near)
}
