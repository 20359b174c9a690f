//! The functions that a template can call.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use karat_gotmpl::time::{Moment, RFC3339};
use karat_hcl::function::{Function, FunctionContext, FunctionError, FunctionTable, Param, env, standard};
use karat_model::secret_store::{SecretRequest, SecretStores};
use karat_model::value::{Type, Value};

use crate::inputs::Inputs;
use crate::load::Loaded;

/// What expressions can call everywhere but in the defaults of variables.
pub(crate) fn all(loaded: &Loaded, inputs: &Inputs<'_>) -> FunctionTable {
    let mut others = FunctionTable::new();
    let since = inputs.started.duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = Moment::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos());
    others.insert("legacy_isotime", start_time(start, Moment::format));
    others.insert("legacy_strftime", start_time(start, Moment::strftime));
    let param = |name| Param::new(name, Type::String);
    let mut secret = |name: &str, function| others.insert(name, function);
    let stores = &inputs.secret_stores;
    let vault = [param("path"), param("key")];
    secret("vault", fetch(stores, vault, |[path, key]| SecretRequest::Vault { path, key }));
    secret("consul_key", fetch(stores, [param("key")], |[key]| SecretRequest::Consul { key }));
    let aws = [param("name"), param("key").or_null()];
    secret("aws_secretsmanager", fetch(stores, aws, |[name, key]| SecretRequest::Aws { name, key }));
    secret("aws_secretsmanager_raw", fetch(stores, [param("name")], |[name]| SecretRequest::AwsRaw { name }));
    standard(&FunctionContext {
        base_dir: loaded.root.clone(),
        cwd: inputs.cwd.clone(),
        home: inputs.environment.get("HOME").map(Into::into),
        others,
    })
}

/// When the run started, by a format if there is one.
fn start_time(start: Moment, write: fn(&Moment, &str) -> String) -> Function {
    let format = Param::new("format", Type::String);
    Function::new([], Type::String, move |args| match args {
        [] => Ok(start.format(RFC3339).into()),
        [format] => Ok(write(&start, format.as_str().unwrap_or_default()).into()),
        more => {
            let message = format!("it takes no or one argument, but {} were given", more.len());
            Err(FunctionError { argument: Some(1), message })
        }
    })
    .variadic(format)
}

/// A function whose result comes from a store and must not be shown.
fn fetch<const N: usize>(
    stores: &Option<Arc<dyn SecretStores>>,
    params: [Param; N],
    request: fn([&str; N]) -> SecretRequest<'_>,
) -> Function {
    let stores = stores.clone();
    Function::new(params, Type::String, move |args| {
        let text = |at: usize| args.get(at).and_then(Value::as_str).unwrap_or_default();
        let stores =
            stores.as_ref().ok_or_else(|| FunctionError::new("no secret store can be reached from here"))?;
        let secret = stores.fetch(request(std::array::from_fn(text))).map_err(FunctionError::new)?;
        Ok(Value::string(secret.expose()).mark_sensitive())
    })
}

/// What the defaults of variables can call: `env`, and nothing else.
pub(crate) fn of_defaults(inputs: &Inputs<'_>) -> FunctionTable {
    let environment = inputs.environment.clone();
    let mut table = FunctionTable::new();
    table.insert("env", env(move |name| environment.get(name).cloned()));
    table
}
