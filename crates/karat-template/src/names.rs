//! What names mean in the expressions of a template.

use std::collections::BTreeMap;
use std::path::Path;

use karat_hcl::Scope;
use karat_hcl::function::FunctionTable;
use karat_model::facts::Facts;
use karat_model::value::{Type, Value};

/// The names that every expression sees but the defaults of variables: `var`, `path`, `packer`, `source`.
pub(crate) fn common(
    functions: FunctionTable,
    variables: BTreeMap<String, Value>,
    cwd: &Path,
    root: &Path,
    packer_version: &str,
) -> Scope<'static> {
    let path = object([("cwd", slashes(cwd)), ("root", slashes(root))]);
    let unknown = || Value::unknown(Type::String);
    let packer = object([
        ("iterationID", unknown()),
        ("version", Value::string(packer_version)),
        ("versionFingerprint", unknown()),
    ]);
    Scope::new(functions)
        .with("var", Value::object(variables))
        .with("path", path)
        .with("packer", packer)
        .with("source", object([("name", unknown()), ("type", unknown())]))
}

/// `source.type` and `source.name`, where the source is known. The iterator of a `dynamic "source"` block has the same
/// name: what it offers stays.
pub(crate) fn source(scope: &Scope<'_>, kind: &str, name: &str) -> Value {
    let mut entries = scope.variable("source").and_then(Value::as_map).cloned().unwrap_or_default();
    entries.insert("name".to_owned(), Value::string(name));
    entries.insert("type".to_owned(), Value::string(kind));
    Value::object(entries)
}

/// `build.name` and what is known or will be known about the running build.
pub(crate) fn build(name: &str, facts: &Facts) -> Value {
    let value = |json| if facts.is_pending() { Value::unknown(Type::Any) } else { Value::from_json(json) };
    let mut values: BTreeMap<String, Value> =
        facts.iter().map(|(key, json)| (key.to_owned(), value(json))).collect();
    values.insert("name".to_owned(), Value::string(name));
    Value::object(values)
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::object(entries.map(|(name, value)| (name.to_owned(), value)).into())
}

/// A path with `/` between its parts on every system.
fn slashes(path: &Path) -> Value {
    Value::string(path.display().to_string().replace('\\', "/"))
}
