//! `karat validate`.

use karat_sdk::Cancellation;

use super::{End, block_on, runtime};
use crate::arguments::Validate;
use crate::report::Console;
use crate::session::{Purpose, Session};
use crate::signals;

pub(super) fn run(arguments: &Validate, console: Console, strict: bool) -> End {
    validate(arguments, console, strict).map_or_else(|end| end, |()| End::Success)
}

fn validate(arguments: &Validate, console: Console, strict: bool) -> Result<(), End> {
    let session = Session::new(console, strict)?;
    let loaded = session.load(&arguments.template, arguments.selection.config_type)?;
    let purpose = Purpose {
        require_builds: false,
        syntax_only: arguments.syntax_only,
        warn_undeclared: !arguments.no_warn_undeclared_var,
        read_data: arguments.evaluate_datasources,
        sequential: arguments.use_sequential_evaluation,
    };
    let options = session.run_options();
    let cancellation = Cancellation::never();
    let plan = async {
        if purpose.read_data {
            signals::leave_at_once(console).map_err(|error| {
                console.error(&format!("Error: cannot listen to signals: {error}"));
                End::Failure
            })?;
        }
        session.plan(&loaded, &arguments.selection, purpose, &options, &cancellation).await
    };
    let (_, has_errors) = if purpose.read_data { block_on(plan)? } else { runtime(false)?.block_on(plan)? };
    if has_errors {
        return Err(End::Failure);
    }
    if arguments.syntax_only {
        console.say("Syntax-only check passed. Everything looks okay.");
        return Ok(());
    }
    console.say("The configuration is valid.");
    Ok(())
}
