//! `karat explain`: the pages about kinds of problems, and about the environment.

use karat_model::diagnostic::{code, did_you_mean};

use super::End;
use crate::arguments::Explain;
use crate::environment;
use crate::report::Console;

/// The one page that is about no problem.
const ENVIRONMENT: &str = "environment";

pub(super) fn run(arguments: &Explain, console: Console) -> End {
    let Some(name) = &arguments.code else {
        let width = code::ALL.iter().map(|code| code.name().len()).max().unwrap_or_default();
        code::ALL.iter().for_each(|code| console.say(&format!("{:width$}  {}", code.name(), code.title())));
        return End::Success;
    };
    // As it stands in a message: `error[unknown-argument]`.
    let name = name.split(['[', ']']).nth(1).unwrap_or(name).to_lowercase();
    if name == ENVIRONMENT {
        console.say(&environment::page());
        return End::Success;
    }
    let Some(code) = code::named(&name) else {
        let near = did_you_mean(&name, code::ALL.iter().map(|code| code.name()).chain([ENVIRONMENT]));
        let hint = match near {
            Some(near) => format!("Did you mean {near}?"),
            None => "`karat explain` lists them all.".to_owned(),
        };
        console.error(&format!("Error: there is no code {name}. {hint}"));
        return End::Failure;
    };
    console.say(&format!("{code}: {}\n\n{}", code.title(), code.text()));
    End::Success
}
