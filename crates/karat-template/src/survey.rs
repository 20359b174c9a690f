//! What a template's variables, locals and data sources are worth, whatever its builds are like: what `inspect` and
//! `console` begin with.

use std::collections::BTreeMap;
use std::sync::Arc;

use karat_gotmpl::quoted;
use karat_hcl::Scope;
use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use karat_model::value::Value;

use crate::assignment::Assignments;
use crate::evaluate::evaluate_hcl2;
use crate::inputs::Inputs;
use crate::load::{Hcl2Files, Loaded};
use crate::progress::Progress;
use crate::show::show;
use crate::template::Template;
use crate::variable::Variable;
use crate::walk::{Values, Walk};
use crate::{functions, names};

/// The values of a template.
pub(crate) struct Survey<'a> {
    pub(crate) template: Template<'a>,
    /// What an expression sees.
    pub(crate) scope: Scope<'static>,
    /// The variables and locals, as Packer 1.16 lists them.
    pub(crate) listing: String,
    /// Texts that must not be shown.
    pub(crate) secrets: Vec<String>,
    /// What is wrong with locals and data sources. Packer passes over it.
    pub(crate) passed_over: Diagnostics,
    /// What is wrong besides: warnings.
    pub(crate) diagnostics: Diagnostics,
    /// The texts that diagnostics point into.
    pub(crate) sources: Arc<SourceMap>,
}

/// The text, the declarations or the values of variables are wrong.
pub(crate) struct Unreadable {
    pub(crate) diagnostics: Diagnostics,
    pub(crate) sources: Arc<SourceMap>,
}

/// Evaluates what can be evaluated and goes on with `then`. Data sources are read with [`Inputs::read_data`].
pub(crate) fn survey<'a, T>(
    loaded: &'a Loaded,
    files: &'a Hcl2Files,
    inputs: &'a Inputs<'a>,
    then: impl FnOnce(Survey<'a>) -> T + 'a,
) -> Result<Progress<'a, T>, Unreadable> {
    let text_only = Inputs { syntax_only: true, ..inputs.clone() };
    let read = evaluate_hcl2(loaded, files, &text_only).finish(|_| Err(Diagnostics::new()));
    let (diagnostics, sources) = (read.diagnostics, read.sources);
    if diagnostics.has_errors() {
        return Err(Unreadable { diagnostics, sources });
    }
    let mut ignored = Diagnostics::new();
    let template = Template::collect(loaded, files, &functions::of_defaults(inputs), &mut ignored);
    let mut texts = loaded.sources.as_ref().clone();
    let assigned = Assignments::collect(&template.variables, files, inputs, &mut texts, &mut ignored);
    let value = |variable: &Variable<'_>| match assigned.get(variable.name) {
        Some(assigned) => assigned.value.clone(),
        None => Value::unknown(variable.constraint.ty.clone()),
    };
    let variables: BTreeMap<String, Value> =
        template.variables.iter().map(|variable| (variable.name.to_owned(), value(variable))).collect();
    let mut listing = String::from("> input-variables:\n\n");
    for (name, value) in &variables {
        listing.push_str(&format!("var.{name}: {}\n", quoted(&show(value))));
    }
    let table = functions::all(loaded, inputs);
    let mut scope = names::common(table, variables, &inputs.cwd, &loaded.directory, &inputs.packer_version);
    let mut secrets = scope.variable("var").map(Value::sensitive_strings).unwrap_or_default();
    let mut passed_over = Diagnostics::new();
    let walk = Walk::through_all(&template, inputs, &scope, &mut passed_over);
    let then = move |Values { mut locals, data, diagnostics: problems, .. }: Values| {
        passed_over.extend(problems);
        locals.retain(|_, value| !value.is_error());
        let sensitive = template.locals.iter().filter(|local| local.sensitive);
        secrets
            .extend(sensitive.filter_map(|local| locals.get(local.name)).flat_map(Value::sensitive_strings));
        listing.push_str("\n> local-variables:\n\n");
        for (name, value) in &locals {
            listing.push_str(&format!("local.{name}: {}\n", quoted(&show(value))));
        }
        scope.set("local", Value::object(locals));
        scope.set("data", data);
        then(Survey { template, scope, listing, secrets, passed_over, diagnostics, sources })
    };
    Ok(Progress::of(walk, Box::new(then)))
}
