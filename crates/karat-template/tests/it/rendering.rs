//! A plan and its problems as compact text, and a stage to produce them on.

use std::fmt::Write;

use karat_model::diagnostic_plain::render_plain;
use karat_model::facts::Facts;
use karat_model::id::ComponentKind;
use karat_model::plan::{Build, LateConfig, Plan, Step};
use karat_model::schema::{Attribute, Block, Nesting, Schema};
use karat_model::schema_set::SchemaSet;
use karat_model::value::{Type, Value};
use karat_template::{Evaluation, Inputs, Progress, evaluate, from_texts, legacy_from_bytes};

/// Components that are enough for every test.
pub(crate) fn schemas() -> SchemaSet {
    let text = || Attribute::new(Type::String);
    let list = || Attribute::new(Type::list(Type::String));
    let schema = |attributes: Vec<(&str, Attribute)>| Schema {
        attributes: attributes.into_iter().map(|(name, attribute)| (name.to_owned(), attribute)).collect(),
        blocks: Default::default(),
    };
    let mut null = schema(vec![
        ("communicator", text()),
        ("ssh_host", text()),
        ("ssh_port", Attribute::new(Type::Number)),
    ]);
    let disk = schema(vec![("size", Attribute::new(Type::Number).required()), ("name", text())]);
    null.blocks.insert(
        "disk".into(),
        Block { nesting: Nesting::List, required: false, schema: disk, doc: String::new() },
    );
    let shell = schema(vec![
        ("execute_command", Attribute { late: true, ..list() }),
        ("exit_codes", Attribute::new(Type::list(Type::Number))),
        ("pty", Attribute::new(Type::Bool)),
        ("inline", list()),
        ("script", text()),
        ("environment", Attribute::new(Type::map(Type::String))),
    ]);
    let mut set = SchemaSet::default();
    set.insert(ComponentKind::Builder, "null", null);
    set.insert(
        ComponentKind::Builder,
        "file",
        schema(vec![("content", text()), ("target", text().required())]),
    );
    set.insert(ComponentKind::Provisioner, "shell", shell.clone());
    set.insert(ComponentKind::Provisioner, "shell-local", shell.clone());
    set.insert(ComponentKind::PostProcessor, "shell-local", shell);
    set.insert(ComponentKind::PostProcessor, "manifest", schema(vec![("output", text())]));
    set.insert(ComponentKind::PostProcessor, "checksum", schema(vec![("checksum_types", list())]));
    set.insert(ComponentKind::DataSource, "null", schema(vec![("input", Attribute { ..text().required() })]));
    set.insert_output("null", schema(vec![("output", text())]));
    set
}

/// What `text`, as the file `t.pkr.hcl`, asks for with inputs that `adjust` sets.
pub(crate) fn evaluation(text: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> Evaluation {
    let schemas = schemas();
    let mut inputs = Inputs::new("/cwd", &schemas);
    adjust(&mut inputs);
    let loaded = from_texts([("t.pkr.hcl".to_owned(), text.to_owned())], []);
    whole(evaluate(&loaded, &inputs))
}

/// What `text`, as the legacy JSON template `t.json`, asks for with inputs that `adjust` sets.
pub(crate) fn legacy(text: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> Evaluation {
    let schemas = schemas();
    let mut inputs = Inputs::new("/cwd", &schemas);
    adjust(&mut inputs);
    let loaded = legacy_from_bytes("t.json".as_ref(), text.as_bytes());
    whole(evaluate(&loaded, &inputs))
}

/// The end of an evaluation that reads nothing.
pub(crate) fn whole<T>(progress: Progress<'_, T>) -> T {
    progress.finish(|read| panic!("{read} is read"))
}

/// The plan as text; problems in its place when there are any.
pub(crate) fn plan(text: &str) -> String {
    plan_with(text, |_| ())
}

/// The plan with inputs that `adjust` sets.
pub(crate) fn plan_with(text: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> String {
    let evaluation = evaluation(text, adjust);
    if !evaluation.diagnostics.is_empty() {
        return problems_of(&evaluation);
    }
    evaluation.plan.map(|plan| render(&plan)).unwrap_or_default()
}

/// The problems as text.
pub(crate) fn problems(text: &str) -> String {
    problems_of(&evaluation(text, |_| ()))
}

pub(crate) fn problems_of(evaluation: &Evaluation) -> String {
    evaluation.diagnostics.iter().map(|problem| render_plain(problem, &evaluation.sources)).collect()
}

/// Only the titles and places of the problems, a line each.
pub(crate) fn titles(evaluation: &Evaluation) -> Vec<String> {
    let title = |problem: &karat_model::diagnostic::Diagnostic| {
        let severity = if problem.is_error() { "" } else { "warning: " };
        match &problem.primary {
            Some(label) => format!("{} {severity}{}", evaluation.sources.location(label.span), problem.title),
            None => format!("{severity}{}", problem.title),
        }
    };
    evaluation.diagnostics.iter().map(title).collect()
}

pub(crate) fn render(plan: &Plan) -> String {
    plan.builds.iter().map(render_build).collect()
}

fn render_build(build: &Build) -> String {
    let mut text = format!("{} (source {})\n", build.name, build.source_name);
    writeln!(text, "  {} {}", build.source.component, show(&build.source.config)).unwrap();
    for step in &build.steps {
        writeln!(text, "  {}", render_step("step", step)).unwrap();
    }
    if let Some(step) = &build.cleanup {
        writeln!(text, "  {}", render_step("cleanup", step)).unwrap();
    }
    for chain in &build.post_processors {
        let chain = chain.iter().map(|post| {
            let name = if post.name.is_empty() { String::new() } else { format!(" \"{}\"", post.name) };
            let keep = post.keep_input.map(|keep| format!(" keep={keep}")).unwrap_or_default();
            format!("{}{name}{keep} {}", post.node.component, late(post.node.config.as_ref()))
        });
        writeln!(text, "  then {}", chain.collect::<Vec<_>>().join(" | ")).unwrap();
    }
    text
}

fn render_step(what: &str, step: &Step) -> String {
    let mut text =
        format!("{what} {} \"{}\" {}", step.node.component, step.name, late(step.node.config.as_ref()));
    if step.policy != Default::default() {
        let policy = &step.policy;
        write!(text, " pause={:?} timeout={:?}", policy.pause_before, policy.timeout).unwrap();
        write!(text, " retries={} continue={}", policy.max_retries, policy.continue_on_error).unwrap();
    }
    text
}

/// A configuration in the light of facts that stand for a running build.
fn late(config: &dyn LateConfig) -> String {
    let mut facts = Facts::default();
    facts.set("Host", "10.0.0.1");
    facts.set("Port", 22);
    show(&config.evaluate(&facts).unwrap())
}

/// A value without its nulls and empty lists.
pub(crate) fn show(value: &Value) -> String {
    let secret = if value.is_itself_sensitive() { "!" } else { "" };
    if let Some(entries) = value.as_map() {
        let idle = |value: &Value| value.is_null() || value.as_slice().is_some_and(<[Value]>::is_empty);
        let entries = entries.iter().filter(|(_, value)| !idle(value));
        let entries: Vec<String> = entries.map(|(name, value)| format!("{name}={}", show(value))).collect();
        return format!("{secret}{{{}}}", entries.join(" "));
    }
    if let Some(elements) = value.as_slice() {
        return format!("{secret}[{}]", elements.iter().map(show).collect::<Vec<_>>().join(" "));
    }
    match (value.as_str(), value.as_number(), value.as_bool()) {
        _ if !value.is_known() => "?".to_owned(),
        (Some(text), ..) => format!("{secret}{text:?}"),
        (_, Some(number), _) => format!("{secret}{number}"),
        (.., Some(truth)) => format!("{secret}{truth}"),
        _ => format!("{secret}null"),
    }
}
