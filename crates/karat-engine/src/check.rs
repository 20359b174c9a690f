//! What the components think of a plan before anything starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use karat_model::diagnostic::{Code, Diagnostic, Diagnostics, code};
use karat_model::facts::Facts;
use karat_model::id::BuildName;
use karat_model::plan::{Build, LateConfig, Node, Plan};
use karat_model::span::Span;
use karat_model::value::Value;
use karat_sdk::component::{Checked, Components};
use karat_sdk::config::{Problem, Problems};
use karat_sdk::context::{CheckContext, RunInfo};

use crate::job::info;
use crate::run::RunOptions;

/// What is wrong with one build. A build with errors cannot run; the others can.
#[derive(Clone, Debug)]
pub struct BuildCheck {
    /// The build.
    pub build: BuildName,
    /// Its problems, and its components' warnings.
    pub diagnostics: Diagnostics,
}

/// Asks every component of every build about its configuration, with late values unknown. Reports every problem, not the
/// first. Component types that do not exist are passed over: whoever made the plan has reported them.
pub async fn check(plan: &Plan, components: &dyn Components, options: &RunOptions) -> Vec<BuildCheck> {
    plan.secrets.iter().for_each(|secret| options.redactor.add(secret));
    let mut checks = Vec::new();
    for build in &plan.builds {
        let info = Arc::new(info(plan, build, options));
        let diagnostics = check_build(build, components, info).await;
        checks.push(BuildCheck { build: build.name.clone(), diagnostics });
    }
    checks
}

async fn check_build(build: &Build, components: &dyn Components, info: Arc<RunInfo>) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut cx = CheckContext { info, facts: Facts::default() };

    let mut own_facts = Vec::new();
    if let Some(builder) = components.builder(&build.source.component) {
        // Legacy JSON templates have no sources.
        let context = match &cx.info.user_variables {
            Some(_) => format!("builder \"{}\"", build.source_name),
            None => format!("source \"{}\" \"{}\"", build.source.component, build.source_name),
        };
        let place = Place::of(&build.source, context);
        match builder.check(&cx, &build.source.config).await {
            Ok(checked) => {
                own_facts = checked.facts.clone();
                place.warn(&mut found, checked);
            }
            Err(problems) => place.report(&mut found, problems),
        }
    }
    cx.facts = Facts::pending(own_facts.iter().map(String::as_str));

    for (step, kind) in build
        .steps
        .iter()
        .map(|step| (step, "provisioner"))
        .chain(build.cleanup.iter().map(|step| (step, "error-cleanup-provisioner")))
    {
        let Some(provisioner) = components.provisioner(&step.node.component) else { continue };
        let place = Place::of(&step.node, format!("{kind} \"{}\"", step.node.component));
        let Some(config) = evaluated(&mut found, &step.node, &cx.facts) else { continue };
        match provisioner.check(&cx, &config).await {
            Ok(checked) => place.warn(&mut found, checked),
            Err(problems) => place.report(&mut found, problems),
        }
    }
    for step in build.post_processors.iter().flatten() {
        let Some(processor) = components.post_processor(&step.node.component) else { continue };
        let place = Place::of(&step.node, format!("post-processor \"{}\"", step.node.component));
        let Some(config) = evaluated(&mut found, &step.node, &cx.facts) else { continue };
        match processor.check(&cx, &config).await {
            Ok(checked) => place.warn(&mut found, checked),
            Err(problems) => place.report(&mut found, problems),
        }
    }
    found
}

fn evaluated(found: &mut Diagnostics, node: &Node<Arc<dyn LateConfig>>, facts: &Facts) -> Option<Value> {
    match node.config.evaluate(facts) {
        Ok(value) => Some(value),
        Err(problems) => {
            found.extend(problems);
            None
        }
    }
}

/// Where a component stands in the template.
struct Place<'a> {
    span: Span,
    arguments: &'a BTreeMap<String, Span>,
    context: String,
}

impl<'a> Place<'a> {
    fn of<C>(node: &'a Node<C>, context: String) -> Self {
        Self { span: node.span, arguments: &node.arguments, context }
    }

    fn report(&self, found: &mut Diagnostics, problems: Problems) {
        for Problem { argument, message } in problems.0 {
            let span = argument.and_then(|name| self.arguments.get(&name).copied()).unwrap_or(self.span);
            found.push(self.said(Diagnostic::error, code::INVALID_CONFIGURATION, &message).at(span));
        }
    }

    fn warn(&self, found: &mut Diagnostics, checked: Checked) {
        for message in checked.warnings {
            found.push(self.said(Diagnostic::warning, code::COMPONENT_WARNING, &message).at(self.span));
        }
    }

    /// The first line is the title; the rest explains it.
    fn said(&self, make: fn(Code, String) -> Diagnostic, code: Code, message: &str) -> Diagnostic {
        let (title, rest) = message.split_once('\n').unwrap_or((message, ""));
        let diagnostic = make(code, title.to_string()).within(&self.context);
        if rest.trim().is_empty() { diagnostic } else { diagnostic.detail(rest) }
    }
}
