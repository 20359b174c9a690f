//! `karat init` and `karat plugins`.

use std::path::Path;

use karat_model::diagnostic::{Diagnostic, code};
use karat_template::{Progress, Requirement};

use super::{End, later};
use crate::arguments::{ConfigType, Init, PluginsAction, Selection};
use crate::report::Console;
use crate::session::{Purpose, Session};

/// What brings the rest of this.
const RELEASE: &str = "with Packer's plugins";

/// Plugins all of whose components are in the box.
const BUILT_IN: &[&str] = &["github.com/hashicorp/qemu"];

const NO_REQUIREMENTS: &str = "
No plugins requirement found, make sure you reference a Packer config
containing a packer.required_plugins block. See
https://www.packer.io/docs/templates/hcl_templates/blocks/packer
for more info.";

pub(super) fn init(arguments: &Init, console: Console, strict: bool) -> End {
    let Init { template, selection, .. } = arguments;
    let requirements = match requirements(template, selection, console, strict) {
        Ok(requirements) => requirements,
        Err(end) => return end,
    };
    if requirements.is_empty() {
        console.message(NO_REQUIREMENTS);
        return End::Success;
    }
    let (built_in, missing): (Vec<_>, Vec<_>) =
        requirements.iter().partition(|requirement| BUILT_IN.contains(&requirement.source.as_str()));
    if !strict {
        let told = built_in.iter().map(|requirement| &requirement.source);
        told.for_each(|source| {
            console.say(&format!("{source} is part of Karat: there is nothing to install"))
        });
    }
    if missing.is_empty() {
        return End::Success;
    }
    let list: String = missing.iter().map(|requirement| format!("\n* {}", line(requirement))).collect();
    console
        .error(&format!("Error: Karat cannot install plugins yet, and the template requires these:{list}"));
    later(console, "init for them", RELEASE)
}

pub(super) fn run(action: &PluginsAction, console: Console, strict: bool) -> End {
    let (template, selection) = match action {
        PluginsAction::Required { template, selection } => (template, selection),
        PluginsAction::Install { .. } => return later(console, "plugins install", RELEASE),
        PluginsAction::Installed { .. } => return later(console, "plugins installed", RELEASE),
        PluginsAction::Remove { .. } => return later(console, "plugins remove", RELEASE),
    };
    match requirements(template, selection, console, strict) {
        Ok(requirements) if requirements.is_empty() => console.message(NO_REQUIREMENTS),
        Ok(requirements) => requirements.iter().for_each(|requirement| console.message(&line(requirement))),
        Err(end) => return end,
    }
    End::Success
}

/// `NAME SOURCE "VERSIONS"`. Packer puts the paths of installed plugins behind; Karat has none.
fn line(Requirement { name, source, version, .. }: &Requirement) -> String {
    format!("{name} {source} {version:?}")
}

/// The plugins that a template requires. Shows what is wrong with it, if it cannot be told.
fn requirements(
    template: &Path,
    selection: &Selection,
    console: Console,
    strict: bool,
) -> Result<Vec<Requirement>, End> {
    let session = Session::new(console, strict)?;
    let is_named = |ending| template.as_os_str().as_encoded_bytes().ends_with(ending);
    let is_hcl = is_named(b".pkr.hcl") || is_named(b".pkr.json") || template.is_dir();
    if !is_hcl && template.exists() && selection.config_type != Some(ConfigType::Hcl2) {
        return Err(session.refuse(
            Diagnostic::error(
                code::COMMAND_LINE,
                "Packer plugins currently only works with HCL2 configuration templates",
            )
            .detail("A legacy JSON template cannot say which plugins it requires. Name them to `plugins install`."),
        ));
    }
    let loaded = session.load(template, selection.config_type)?;
    let schemas = session.components.schemas();
    let purpose = Purpose {
        require_builds: false,
        syntax_only: true,
        warn_undeclared: false,
        read_data: false,
        sequential: false,
    };
    let inputs = session.inputs(selection, purpose, &schemas)?;
    // Nothing is read for the text alone.
    let Progress::Done(evaluation) = karat_template::evaluate(&loaded, &inputs) else {
        return Err(End::Failure);
    };
    session.show(&evaluation.diagnostics, &evaluation.sources);
    if evaluation.diagnostics.has_errors() {
        return Err(End::Failure);
    }
    Ok(evaluation.requirements)
}
