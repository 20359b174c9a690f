//! Components that a template names and nobody knows.

use karat_model::diagnostic::{Diagnostic, Edit, did_you_mean};
use karat_model::id::ComponentKind;
use karat_model::schema_set::SchemaSet;
use karat_model::span::Span;

use crate::code;
use crate::plugin::Plugin;
use crate::template::Template;

/// The word that Packer's messages have for a kind of component.
fn noun(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Builder => "source",
        ComponentKind::Provisioner => "provisioner",
        ComponentKind::PostProcessor => "post-processor",
        ComponentKind::DataSource => "data source",
    }
}

/// Says that there is no `name` of this kind: a slip, a plugin that is not required, or one that is but is not here.
pub(crate) fn unknown(
    kind: ComponentKind,
    name: &str,
    span: Span,
    schemas: &SchemaSet,
    template: &Template<'_>,
) -> Diagnostic {
    let noun = noun(kind);
    let title = match kind {
        ComponentKind::Builder => format!("Unknown source type {name}"),
        ComponentKind::DataSource => format!("Unknown data type {name}"),
        _ => format!("Unknown {noun} type \"{name}\""),
    };
    let problem = Diagnostic::error(code::UNKNOWN_COMPONENT, title).at(span);
    if let Some(plugin) = Plugin::of(kind, name) {
        return missing_plugin(problem, name, noun, plugin, template);
    }
    if let Some(near) = did_you_mean(name, schemas.names(kind).chain(Plugin::components(kind))) {
        return problem
            .detail(format!("Did you mean to use \"{near}\"?"))
            .fix(Edit { span, replacement: format!("\"{near}\"") });
    }
    let known: Vec<&str> = schemas.names(kind).collect();
    let prefix = name.split('-').next().unwrap_or(name);
    problem
        .detail(format!(
            "The {noun} {name} is not built in, and is likely part of a plugin that is not installed. Plugins are \
             listed at https://developer.hashicorp.com/packer/integrations?filter={prefix}"
        ))
        .note(format!("built in: {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") }))
}

fn missing_plugin(
    problem: Diagnostic,
    name: &str,
    noun: &str,
    plugin: Plugin,
    template: &Template<'_>,
) -> Diagnostic {
    let from = format!("The {noun} {name} is in the plugin {}", plugin.source);
    match template.requirements.iter().find(|requirement| requirement.source == plugin.source) {
        Some(requirement) => problem
            .detail(format!("{from}, which this version of Karat cannot load yet."))
            .label(requirement.span, "required here"),
        None => {
            let file = problem.primary.as_ref().map(|label| label.span.file).unwrap_or_default();
            let edit = plugin.require(template.room.as_ref(), file);
            problem.detail(format!("{from}, which the template does not require.")).fix(edit)
        }
    }
}
