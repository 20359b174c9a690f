//! From files and inputs to a plan.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use karat_hcl::json;
use karat_hcl::tree::Body;
use karat_hcl::{Scope, decode};
use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit};
use karat_model::id::BuildName;
use karat_model::plan::{Build, LateConfig, Node, Plan, PostProcessing, Step};
use karat_model::span::{SourceMap, Span};
use karat_model::value::Value;

use crate::assignment::Assignments;
use crate::build::{BuildBlock, Reader, SourceUse, Use};
use crate::functions;
use crate::inputs::Inputs;
use crate::late::Late;
use crate::legacy;
use crate::load::{Content, Hcl2Files, Loaded};
use crate::progress::{DataRead, Progress};
use crate::requirement::{self, Requirement};
use crate::select::Selection;
use crate::template::Template;
use crate::walk::{Values, Walk};
use crate::{code, names, registry, settle};

/// What came of an evaluation.
pub struct Evaluation {
    /// What is to be done. `None` when the template as a whole is wrong, and with [`Inputs::syntax_only`].
    ///
    /// A mistake in the configuration of some builds leaves the others here while `diagnostics` has errors: Packer runs
    /// those, and fails in the end.
    pub plan: Option<Plan>,
    /// What is wrong, in the order of the text.
    pub diagnostics: Diagnostics,
    /// The texts that diagnostics point into: the template's files, files of values, and the values of `-var` options
    /// and environment variables.
    pub sources: Arc<SourceMap>,
    /// Texts that must not be shown, known even where there is no plan. To be registered before anything is printed.
    pub secrets: Vec<String>,
    /// Every build of the template, selected or not.
    pub builds: Vec<BuildName>,
    /// The plugins that the template requires.
    pub requirements: Vec<Requirement>,
    /// The data sources that were not read: nobody but the evaluator has looked at their configurations.
    pub unread: Vec<DataRead>,
}

/// Evaluates a template. Never fails as such: what is wrong is in [`Evaluation::diagnostics`]. With
/// [`Inputs::read_data`] it stops where data sources must be read.
pub fn evaluate<'a>(loaded: &'a Loaded, inputs: &'a Inputs<'a>) -> Progress<'a, Evaluation> {
    match &loaded.content {
        Content::Hcl2(files) => evaluate_hcl2(loaded, files, inputs),
        Content::Legacy(document) => Progress::Done(legacy::evaluate(loaded, document.as_deref(), inputs)),
    }
}

/// The same for a template that is known to be HCL2.
pub(crate) fn evaluate_hcl2<'a>(
    loaded: &'a Loaded,
    files: &'a Hcl2Files,
    inputs: &'a Inputs<'a>,
) -> Progress<'a, Evaluation> {
    let mut evaluation = Evaluation::new(loaded);
    if !evaluation.diagnostics.has_errors() {
        requirement::check_version(files, &inputs.packer_version, &mut evaluation.diagnostics);
    }
    // A template for another version may have anything in it.
    if evaluation.diagnostics.has_errors() {
        return Progress::Done(evaluation.place(files));
    }
    let diagnostics = &mut evaluation.diagnostics;
    let template = Template::collect(loaded, files, &functions::of_defaults(inputs), diagnostics);
    evaluation.requirements.clone_from(&template.requirements);
    let mut sources = loaded.sources.as_ref().clone();
    let assigned = Assignments::collect(&template.variables, files, inputs, &mut sources, diagnostics);
    evaluation.sources = Arc::new(sources);
    if inputs.syntax_only {
        return Progress::Done(evaluation.place(files));
    }
    diagnostics.extend(template.deferred.iter().cloned());
    let functions = functions::all(loaded, inputs);
    let variables = assigned.check(&functions, &evaluation.sources, diagnostics);
    let scope = names::common(functions, variables, &inputs.cwd, &loaded.directory, &inputs.packer_version);
    evaluation.secrets.extend(scope.variable("var").map(Value::sensitive_strings).unwrap_or_default());
    let walk = Walk::through(&template, inputs, &scope, diagnostics);
    Progress::of(
        walk,
        Box::new(move |values| {
            evaluation.plan(&template, scope, values, loaded, inputs);
            evaluation.place(files)
        }),
    )
}

impl Evaluation {
    /// What is known before anything is evaluated: what is wrong with the text.
    pub(crate) fn new(loaded: &Loaded) -> Self {
        Self {
            plan: None,
            diagnostics: loaded.diagnostics.clone(),
            sources: loaded.sources.clone(),
            secrets: Vec::new(),
            builds: Vec::new(),
            requirements: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// The same with the diagnostics in the order of the text, each with the block that it is in.
    fn place(mut self, files: &Hcl2Files) -> Self {
        // Lines of HCL mend no JSON.
        let json = |file| self.sources.name(file).ends_with(".json");
        let suits = |edit: &Edit| !edit.replacement.contains('\n') || !json(edit.span.file);
        let place = |mut problem: Diagnostic| {
            problem.fixes.retain(suits);
            let around = problem.primary.as_ref().and_then(|label| Template::context(files, label.span));
            problem.context = problem.context.or(around);
            problem
        };
        let sources = self.sources.clone();
        let fit = |problem: Diagnostic| settle::fit(problem, &sources);
        let found = std::mem::take(&mut self.diagnostics);
        self.diagnostics = found.into_sorted().into_iter().map(place).map(fit).collect();
        self
    }

    fn plan<'a>(
        &mut self,
        template: &Template<'a>,
        mut scope: Scope<'static>,
        values: Values,
        loaded: &'a Loaded,
        inputs: &'a Inputs<'a>,
    ) {
        let Values { locals, data, unread, diagnostics: problems } = values;
        self.unread = unread;
        let diagnostics = &mut self.diagnostics;
        diagnostics.extend(problems);
        let sensitive = template.locals.iter().filter(|local| local.sensitive);
        let secrets = sensitive.filter_map(|local| locals.get(local.name)).flat_map(Value::sensitive_strings);
        self.secrets.extend(secrets);
        scope.set("local", Value::object(locals));
        scope.set("data", data);

        for (at, block) in template.registries.iter().enumerate() {
            let first = template.registries[..at].first().map(|first| first.header);
            registry::check(block.header, &block.body, first, &scope, diagnostics);
        }
        let reader = Reader::new(template, inputs.schemas, inputs.strict);
        let blocks: Vec<BuildBlock<'_>> =
            template.builds.iter().map(|block| reader.read(block, &scope, diagnostics)).collect();
        // One that stands there wrongly has been reported.
        if template.without_builds {
            diagnostics.push(
                Diagnostic::error(code::MISSING_BUILD, "Missing build block")
                    .detail("A build block with one or more sources is required for executing a build."),
            );
        }
        self.builds =
            blocks.iter().flat_map(|block| block.sources.iter().map(|used| block.build_name(used))).collect();
        let selection = Selection::new(&inputs.only, &inputs.except, diagnostics);
        self.warn_unmatched(&selection, &blocks);
        let whole = !self.diagnostics.has_errors();
        let builds = self.plan_builds(&blocks, &selection);
        if !whole {
            return;
        }
        let selected = self.builds.iter().any(|name| selection.selects(&name.0));
        if inputs.require_builds && !selected {
            self.diagnostics.push(no_builds());
            return;
        }
        // With every selected build wrong there is nothing to go on with.
        if selected && builds.is_empty() {
            return;
        }
        self.plan = Some(Plan {
            sources: self.sources.clone(),
            template: loaded.path.display().to_string(),
            root: loaded.root.clone(),
            builds,
            secrets: self.secrets.clone(),
            sequential: blocks.iter().any(|block| block.sequential),
            user_variables: None,
        });
    }

    fn warn_unmatched(&mut self, selection: &Selection, blocks: &[BuildBlock<'_>]) {
        let builds: Vec<String> = self.builds.iter().map(|name| name.0.clone()).collect();
        let uses = blocks.iter().flat_map(|block| block.chains.iter().flatten());
        let names = uses.map(|used| used.name.clone().unwrap_or_else(|| used.component.clone()));
        selection.warn_unmatched(&builds, &names.collect::<Vec<_>>(), &mut self.diagnostics);
    }

    /// The selected builds that have no mistakes of their own.
    fn plan_builds(&mut self, blocks: &[BuildBlock<'_>], selection: &Selection) -> Vec<Build> {
        let mut builds = Vec::new();
        for block in blocks {
            for used in &block.sources {
                let name = block.build_name(used);
                if !selection.selects(&name.0) {
                    continue;
                }
                let mut problems = Diagnostics::new();
                let build = plan_build(name, block, used, selection, &mut problems);
                if !problems.has_errors() {
                    builds.extend(build);
                }
                self.diagnostics.extend(problems);
            }
        }
        builds
    }
}

pub(crate) fn no_builds() -> Diagnostic {
    Diagnostic::error(code::NO_BUILDS, "No builds to run").detail(
        "A build command cannot run without at least one build to process. If the only or except flags have been \
         specified at run time check that at least one build is selected for execution.",
    )
}

fn plan_build(
    name: BuildName,
    block: &BuildBlock<'_>,
    used: &SourceUse<'_>,
    selection: &Selection,
    diagnostics: &mut Diagnostics,
) -> Option<Build> {
    let source = plan_source(used, diagnostics)?;
    let late = Lateness { block, used };
    let step = |used: &Use, diagnostics: &mut Diagnostics| {
        let node = late.node(used, diagnostics)?;
        let name = used.name.clone().unwrap_or_else(|| used.component.clone());
        Some(Step { name, node, policy: used.policy.clone() })
    };
    let full = format!("{}.{}", used.kind, used.local);
    let admitted = |used: &&Use| used.sources.admit(&full);
    let steps =
        block.provisioners.iter().filter(admitted).filter_map(|used| step(used, diagnostics)).collect();
    let cleanup = block.cleanup.as_ref().filter(admitted).and_then(|used| step(used, diagnostics));
    let mut post_processors = Vec::new();
    for chain in &block.chains {
        let admitted = chain.iter().filter(admitted);
        let kept = admitted.take_while(|used| !selection.cuts(used.name.as_deref(), &used.component));
        let chain: Vec<PostProcessing> = kept
            .filter_map(|used| {
                let node = late.node(used, diagnostics)?;
                Some(PostProcessing {
                    name: used.name.clone().unwrap_or_default(),
                    node,
                    keep_input: used.keep_input,
                })
            })
            .collect();
        if !chain.is_empty() {
            post_processors.push(chain);
        }
    }
    Some(Build { name, source_name: used.source.clone(), source, steps, cleanup, post_processors })
}

/// The builder and its configuration: the source's body, and what the build adds to it.
fn plan_source(used: &SourceUse<'_>, diagnostics: &mut Diagnostics) -> Option<Node<Value>> {
    let block = used.block?;
    let schema = used.schema?;
    let mut body = json::settle(&block.body, schema, diagnostics).into_owned();
    if let Some(addition) = &used.addition {
        let addition = json::settle(addition, schema, diagnostics);
        for attribute in &addition.attributes {
            if let Some(first) = body.attribute(&attribute.name.name) {
                diagnostics.push(
                    Diagnostic::error(code::DUPLICATE, "Duplicate argument")
                        .at(attribute.name.span)
                        .detail(format!(
                            "The source sets \"{}\" already. A build can add to a source, not change it.",
                            attribute.name.name
                        ))
                        .label(first.name.span, "set here"),
                );
                continue;
            }
            body.attributes.push(attribute.clone());
        }
        body.blocks.extend(addition.blocks.iter().cloned());
        body.properties.extend(addition.properties.iter().cloned());
    }
    let empty = Value::object(BTreeMap::new());
    let mut scope: Scope<'_> = used.scope.child();
    scope.set("source", names::source(&used.scope, &used.kind, &used.local));
    // A builder runs before there is anything to say about the build.
    scope.set("build", empty);
    let config = decode(&body, schema, &scope, diagnostics);
    Some(Node { component: used.kind.clone(), config, span: block.header, arguments: arguments(&body) })
}

/// What the late configurations of one build share.
struct Lateness<'b, 'a> {
    block: &'b BuildBlock<'a>,
    used: &'b SourceUse<'a>,
}

impl Lateness<'_, '_> {
    fn node(&self, used: &Use, diagnostics: &mut Diagnostics) -> Option<Node<Arc<dyn LateConfig>>> {
        let scope = used
            .scope
            .as_ref()
            .clone()
            .with("source", names::source(&used.scope, &self.used.kind, &self.used.local));
        let schema = used.schema.clone()?;
        let body = match json::settle(&used.body, &schema, diagnostics) {
            Cow::Borrowed(_) => used.body.clone(),
            Cow::Owned(body) => Arc::new(body),
        };
        let arguments = arguments(&body);
        let late = Late {
            body,
            schema,
            scope,
            build: self.block.name.clone(),
            overrides: used.overrides.get(&self.used.local).cloned(),
            context: self.block.context.clone(),
        };
        late.check(diagnostics);
        Some(Node { component: used.component.clone(), config: Arc::new(late), span: used.span, arguments })
    }
}

fn arguments(body: &Body) -> BTreeMap<String, Span> {
    let attributes = body.attributes.iter().map(|attribute| (attribute.name.name.clone(), attribute.span));
    let blocks = body.blocks.iter().map(|block| (block.kind.name.clone(), block.header));
    blocks.chain(attributes).collect()
}
