//! What a template has, in words.

use std::collections::BTreeMap;
use std::sync::Arc;

use karat_hcl::Scope;
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::SourceMap;
use karat_model::value::Value;

use crate::assignment::Assignments;
use crate::build::{BuildBlock, Reader, Use};
use crate::evaluate::{Evaluation, evaluate};
use crate::inputs::Inputs;
use crate::load::Loaded;
use crate::progress::Progress;
use crate::show::{quote, show};
use crate::template::Template;
use crate::variable::Variable;
use crate::walk::{Values, Walk};
use crate::{code, functions, names};

/// What came of looking at a template.
pub struct Inspection {
    /// The title, the variables and locals, and the builds: three messages, as `packer inspect` says them, each with a
    /// line end of its own. `None` when the text, the declarations or the
    /// values of variables are wrong; mistakes in locals, sources and builds are passed over.
    pub messages: Option<[String; 3]>,
    /// What is wrong, in the order of the text.
    pub diagnostics: Diagnostics,
    /// The texts that diagnostics point into.
    pub sources: Arc<SourceMap>,
    /// Texts that must not be shown: to be hidden wherever they stand in the messages.
    pub secrets: Vec<String>,
}

/// Describes a template. Sensitive values show as `<sensitive>`, those that are not known as `<unknown>`. Data sources are
/// read with [`Inputs::read_data`].
pub fn inspect<'a>(loaded: &'a Loaded, inputs: &'a Inputs<'a>) -> Progress<'a, Inspection> {
    let text_only = Inputs { syntax_only: true, ..inputs.clone() };
    let Evaluation { diagnostics, sources, .. } =
        evaluate(loaded, &text_only).finish(|_| Err(Diagnostics::new()));
    if diagnostics.has_errors() {
        return Progress::Done(Inspection { messages: None, diagnostics, sources, secrets: Vec::new() });
    }
    let mut ignored = Diagnostics::new();
    let template = Template::collect(loaded, &functions::of_defaults(inputs), &mut ignored);
    let mut texts = loaded.sources.as_ref().clone();
    let assigned = Assignments::collect(&template.variables, loaded, inputs, &mut texts, &mut ignored);
    let value = |variable: &Variable<'_>| match assigned.get(variable.name) {
        Some(assigned) => assigned.value.clone(),
        None => Value::unknown(variable.constraint.ty.clone()),
    };
    let variables: BTreeMap<String, Value> =
        template.variables.iter().map(|variable| (variable.name.to_owned(), value(variable))).collect();
    let mut secrets = Vec::new();
    let mut text = String::from("> input-variables:\n\n");
    for (name, value) in &variables {
        text.push_str(&format!("var.{name}: {}\n", quote(&show(value))));
        secrets.extend(value.sensitive_strings());
    }
    let table = functions::all(loaded, inputs);
    let mut scope = names::common(table, variables, &inputs.cwd, &loaded.directory, &inputs.packer_version);
    let walk = Walk::through(&template, inputs, &scope, &mut Diagnostics::new());
    Progress::of(
        walk,
        Box::new(move |Values { locals, data, .. }| {
            text.push_str("\n> local-variables:\n\n");
            for (name, value) in locals.iter().filter(|(_, value)| !value.is_error()) {
                text.push_str(&format!("local.{name}: {}\n", quote(&show(value))));
            }
            for local in template.locals.iter().filter(|local| local.sensitive) {
                secrets.extend(locals.get(local.name).map(Value::sensitive_strings).unwrap_or_default());
            }
            scope.set("local", Value::object(locals));
            scope.set("data", data);
            let mut builds = String::from("> builds:\n");
            describe_builds(&template, inputs, &scope, &mut builds);
            let messages = Some(["Packer Inspect: HCL2 mode\n".to_owned(), text, builds]);
            Inspection { messages, diagnostics, sources, secrets }
        }),
    )
}

fn describe_builds(template: &Template<'_>, inputs: &Inputs<'_>, scope: &Scope<'static>, text: &mut String) {
    let reader = Reader::new(template, inputs.schemas, inputs.strict);
    let mut shown = 0;
    for block in &template.builds {
        let mut problems = Diagnostics::new();
        let build = reader.read(block, scope, &mut problems);
        let inside = |problem: &&Diagnostic| {
            let place = problem.primary.as_ref().map(|label| label.span);
            place.is_some_and(|place| block.span.to(place) == block.span && place.file == block.span.file)
        };
        problems.extend(template.deferred.iter().filter(inside).cloned());
        // Packer leaves out a build with mistakes; a name that nobody knows is none, here.
        let unknown = [code::UNKNOWN_COMPONENT, code::UNKNOWN_SOURCE];
        if problems.iter().all(|problem| !problem.is_error() || unknown.contains(&problem.code)) {
            text.push_str(&describe(&build, shown));
            shown += 1;
        }
    }
}

fn describe(build: &BuildBlock<'_>, at: usize) -> String {
    let mut text = match build.name.as_str() {
        "" => format!("\n  > <unnamed build {at}>:\n"),
        name => format!("\n  > {name}:\n"),
    };
    if !build.description.is_empty() {
        text.push_str(&format!("\n  > Description: {}\n", build.description));
    }
    text.push_str("\n    sources:\n");
    for source in &build.sources {
        text.push_str(&format!("\n      {}.{}\n", source.kind, source.local));
    }
    text.push_str("\n    provisioners:\n\n");
    if build.provisioners.is_empty() {
        text.push_str("      <no provisioner>\n");
    }
    for used in &build.provisioners {
        text.push_str(&format!("      {}\n", title(used)));
    }
    text.push_str("\n    post-processors:\n");
    if build.chains.is_empty() {
        text.push_str("\n      <no post-processor>\n");
    }
    for (at, chain) in build.chains.iter().enumerate() {
        text.push_str(&format!("\n      {at}:\n"));
        for used in chain {
            text.push_str(&format!("        {}\n", title(used)));
        }
    }
    text
}

fn title(used: &Use) -> String {
    match &used.name {
        Some(name) => format!("{}.{name}", used.component),
        None => used.component.clone(),
    }
}
