//! `karat inspect`.

use std::path::Path;

use karat_model::diagnostic::{Diagnostic, code};
use karat_sdk::Cancellation;
use karat_template::Said;

use super::{End, runtime};
use crate::arguments::Inspect;
use crate::report::Console;
use crate::session::{Purpose, Session};

/// What Packer 1.16 inspects where it is given nothing.
const NOTHING: &[u8] = br#"{"builders": [{"type": "null", "communicator": "none"}]}"#;

pub(super) fn run(arguments: &Inspect, console: Console, strict: bool) -> End {
    inspect(arguments, console, strict).map_or_else(|end| end, |()| End::Success)
}

fn inspect(arguments: &Inspect, console: Console, strict: bool) -> Result<(), End> {
    let session = Session::new(console, strict)?;
    let loaded = match &arguments.template {
        Some(template) => session.load(template, arguments.selection.config_type)?,
        // Packer shows a template of its own, then.
        None if strict => karat_template::legacy_from_bytes(Path::new("-"), NOTHING),
        None => {
            let problem = Diagnostic::error(code::COMMAND_LINE, "The template is missing");
            return Err(session.refuse(problem.help("write karat inspect TEMPLATE")));
        }
    };
    let schemas = session.components.schemas();
    let purpose = Purpose {
        require_builds: false,
        syntax_only: false,
        warn_undeclared: false,
        // Packer reads them only to show what they feed; whoever looks at a template hardly expects that.
        read_data: strict,
        sequential: arguments.use_sequential_evaluation,
    };
    let inputs = session.inputs(&arguments.selection, purpose, &schemas)?;
    let options = session.run_options();
    // What data sources complain about does not matter here.
    let cancellation = Cancellation::never();
    let data_sources = session.data_sources(&loaded, &options, &cancellation);
    let inspection = data_sources.settle(karat_template::inspect(&loaded, &inputs));
    let (inspection, _) = runtime(false)?.block_on(inspection)?;
    inspection.secrets.iter().for_each(|secret| session.redactor.add(secret));
    session.show(&inspection.diagnostics, &inspection.sources);
    for said in inspection.messages.ok_or(End::Failure)? {
        match said {
            Said::Line(text) => console.say(&session.redactor.redact(&text)),
            Said::Record { category, arguments } => {
                let shown: Vec<_> = arguments.iter().map(|text| session.redactor.redact(text)).collect();
                console.fact(category, &shown.iter().map(AsRef::as_ref).collect::<Vec<_>>());
            }
        }
    }
    Ok(())
}
