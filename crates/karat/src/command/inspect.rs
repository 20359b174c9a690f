//! `karat inspect`.

use super::End;
use crate::arguments::Inspect;
use crate::report::Console;
use crate::session::{Purpose, Session};

pub(super) fn run(arguments: &Inspect, console: Console) -> End {
    inspect(arguments, console).map_or_else(|end| end, |()| End::Success)
}

fn inspect(arguments: &Inspect, console: Console) -> Result<(), End> {
    let session = Session::new(console, false)?;
    let loaded = session.load(&arguments.template)?;
    let schemas = session.components.schemas();
    let purpose = Purpose { require_builds: false, syntax_only: false, warn_undeclared: false };
    let inputs = session.inputs(&arguments.selection, purpose, &schemas)?;
    let inspection = karat_template::inspect(&loaded, &inputs);
    session.show(&inspection.diagnostics, &inspection.sources);
    inspection.messages.ok_or(End::Failure)?.iter().for_each(|message| console.say(message));
    Ok(())
}
