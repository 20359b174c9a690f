//! The functions that a template can call.

use karat_hcl::function::{FunctionContext, FunctionTable, env, standard};

use crate::inputs::Inputs;
use crate::load::Loaded;

/// What expressions can call everywhere but in the defaults of variables.
pub(crate) fn all(loaded: &Loaded, inputs: &Inputs<'_>) -> FunctionTable {
    standard(&FunctionContext {
        base_dir: loaded.root.clone(),
        cwd: inputs.cwd.clone(),
        home: inputs.environment.get("HOME").map(Into::into),
    })
}

/// What the defaults of variables can call: `env`, and nothing else.
pub(crate) fn of_defaults(inputs: &Inputs<'_>) -> FunctionTable {
    let environment = inputs.environment.clone();
    let mut table = FunctionTable::new();
    table.insert("env", env(move |name| environment.get(name).cloned()));
    table
}
