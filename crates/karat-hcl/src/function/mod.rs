//! The functions that expressions can call.
//!
//! A function is data plus a closure: its parameters say what it accepts, so that conversion, nulls, unknown values,
//! secrets and messages about arguments are dealt with in one place ([`Function::call`]), and the closure sees only
//! values of the types that it asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use karat_model::value::{Type, Value};

mod argument;
mod charset;
mod decimal;
mod digest;
mod encoding;
mod file;
mod float;
mod format;
mod instant;
mod json;
mod mapping;
mod network;
mod numeric;
mod pattern;
mod private_key;
mod sequence;
mod set;
mod settle;
mod string;
mod templatefile;
mod time;
mod yaml;

/// What a function's closure is.
pub type Run = dyn Fn(&[Value]) -> Result<Value, FunctionError> + Send + Sync;

/// A function.
#[derive(Clone)]
pub struct Function {
    params: Vec<Param>,
    variadic: Option<Param>,
    returns: Type,
    settle: Option<Settle>,
    run: Arc<Run>,
}

/// The type of an unknown result, from arguments of which some are unknown.
type Settle = fn(&[Value]) -> Result<Type, FunctionError>;

/// A parameter of a function.
#[derive(Debug, Clone)]
pub struct Param {
    name: &'static str,
    ty: Type,
    kind: Option<Kind>,
    null: bool,
    unknown: Unknown,
}

/// A choice of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Lists and tuples.
    Ordered,
    /// Lists, sets and tuples.
    Sequence,
    /// Maps and objects.
    Mapping,
}

impl Kind {
    fn has(self, ty: &Type) -> bool {
        match self {
            Self::Ordered => matches!(ty, Type::List(_) | Type::Tuple(_) | Type::Any),
            Self::Sequence => matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_) | Type::Any),
            Self::Mapping => matches!(ty, Type::Map(_) | Type::Object(_) | Type::Any),
        }
    }

    fn with_article(self) -> &'static str {
        match self {
            Self::Ordered => "a list or a tuple",
            Self::Sequence => "a list, a set or a tuple",
            Self::Mapping => "a map or an object",
        }
    }
}

/// What a parameter says about values that are not known yet. With others the call is not made: the result is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unknown {
    /// Everything must be known.
    No,
    /// The value itself must be known, but not what is inside.
    Inside,
    Yes,
}

/// Why a function refused its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// The argument at fault, from 0.
    pub argument: Option<usize>,
    /// The reason, a fragment such as `it must not be negative`. It never contains a sensitive value's text.
    pub message: String,
}

impl FunctionError {
    /// The call as a whole is wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { argument: None, message: message.into() }
    }

    /// One argument, counted from 0, is wrong.
    pub fn argument(argument: usize, message: impl Into<String>) -> Self {
        Self { argument: Some(argument), message: message.into() }
    }
}

impl Param {
    /// A parameter that accepts values of a type: not null, and known.
    pub fn new(name: &'static str, ty: Type) -> Self {
        Self { name, ty, kind: None, null: false, unknown: Unknown::No }
    }

    /// A parameter that accepts values of some types, as they are: not null, and known but for what is inside.
    fn of(name: &'static str, kind: Kind) -> Self {
        Self { kind: Some(kind), unknown: Unknown::Inside, ..Self::new(name, Type::Any) }
    }

    /// The same, known with all that is inside.
    fn wholly_known(mut self) -> Self {
        self.unknown = Unknown::No;
        self
    }

    /// Null is accepted too.
    #[must_use]
    pub fn or_null(mut self) -> Self {
        self.null = true;
        self
    }

    /// The closure sees unknown values. Without this a call with a value that is not wholly known is not made: its
    /// result is unknown.
    #[must_use]
    pub fn or_unknown(mut self) -> Self {
        self.unknown = Unknown::Yes;
        self
    }

    /// The closure sees values of which parts are unknown, for functions that only move these.
    #[must_use]
    pub fn or_unknown_inside(mut self) -> Self {
        self.unknown = Unknown::Inside;
        self
    }
}

impl Function {
    /// A function of these parameters. `returns` is the type of an unknown result, [`Type::Any`] if that depends on
    /// the arguments.
    pub fn new(
        params: impl IntoIterator<Item = Param>,
        returns: Type,
        run: impl Fn(&[Value]) -> Result<Value, FunctionError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            params: params.into_iter().collect(),
            variadic: None,
            returns,
            settle: None,
            run: Arc::new(run),
        }
    }

    /// The same function, taking any number of further arguments.
    #[must_use]
    pub fn variadic(mut self, param: Param) -> Self {
        self.variadic = Some(param);
        self
    }

    /// The same function, with the type of an unknown result by its arguments.
    #[must_use]
    fn settling(mut self, settle: Settle) -> Self {
        self.settle = Some(settle);
        self
    }

    /// How the function is called, for messages: `replace(text, search, replacement)`.
    pub fn signature(&self, name: &str) -> String {
        let fixed = self.params.iter().map(|param| param.name.to_owned());
        let variadic = self.variadic.iter().map(|param| format!("{}...", param.name));
        format!("{name}({})", fixed.chain(variadic).collect::<Vec<_>>().join(", "))
    }

    /// Calls the function. Arguments are converted to the parameters' types; an argument that is sensitive makes the
    /// result sensitive, one that is unknown makes it unknown.
    pub fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        self.check_count(arguments.len())?;
        let params = self.params.iter().chain(self.variadic.iter().cycle());
        let mut converted = Vec::with_capacity(arguments.len());
        let (mut unknown, mut any, mut wrong_kind) = (false, false, None);
        for (at, (value, param)) in arguments.iter().zip(params).enumerate() {
            let wrong =
                |message: String| FunctionError::argument(at, format!("\"{}\": {message}", param.name));
            let value = value.convert(&param.ty).map_err(|error| wrong(error.to_string()))?;
            if value.is_null() && !param.null {
                return Err(wrong("it must not be null".to_owned()));
            }
            if let Some(kind) = param.kind.filter(|kind| !kind.has(value.ty())) {
                let (wanted, found) = (kind.with_article(), value.ty().with_article());
                wrong_kind.get_or_insert(wrong(format!("{wanted} is required, but this is {found}")));
            }
            any |= !value.is_known() && *value.ty() == Type::Any && param.unknown != Unknown::Yes;
            unknown |= match param.unknown {
                Unknown::No => !value.is_wholly_known(),
                Unknown::Inside => !value.is_known(),
                Unknown::Yes => false,
            };
            converted.push(value);
        }
        let sensitive = converted.iter().any(Value::is_sensitive);
        // As in Packer: with an argument that may be of any type, nothing can be said about the result.
        if any {
            return Ok(Value::unknown(Type::Any).mark_if(sensitive));
        }
        // As in Packer: where the type of the result is settled, no kind is looked at before all is known.
        if let Some(wrong_kind) = wrong_kind.filter(|_| !unknown || self.returns == Type::Any) {
            return Err(wrong_kind);
        }
        let result = match self.settle {
            _ if !unknown => (self.run)(&converted)?,
            Some(settle) => Value::unknown(settle(&converted)?),
            None if self.returns == Type::Any => Value::unknown(Type::Any),
            // Functions of a fixed type never return null.
            None => Value::unknown(self.returns.clone()).not_null(),
        };
        Ok(result.mark_if(sensitive))
    }

    fn check_count(&self, found: usize) -> Result<(), FunctionError> {
        let needed = self.params.len();
        if found == needed || found > needed && self.variadic.is_some() {
            return Ok(());
        }
        let at_least = if self.variadic.is_some() { "at least " } else { "" };
        let plural = if needed == 1 { "" } else { "s" };
        let error = format!("it takes {at_least}{needed} argument{plural}, but {found} were given");
        Err(match self.params.get(found) {
            Some(missing) => FunctionError::new(format!("{error}; \"{}\" is missing", missing.name)),
            None => FunctionError { argument: Some(needed), message: error },
        })
    }
}

/// What looks like a function but decides itself which of its arguments to evaluate, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// `try(a, b, …)`: the first argument that evaluates without error.
    Try,
    /// `can(a)`: whether the argument evaluates without error.
    Can,
    /// `convert(a, type)`: the argument as a value of the type, which is written as in a variable's declaration.
    Convert,
}

/// What a name can stand for in a call.
#[derive(Clone)]
pub enum Callable {
    /// A function.
    Function(Function),
    /// A special form.
    Special(Special),
}

/// The functions of a scope by name. A clone shares them.
#[derive(Clone, Default)]
pub struct FunctionTable(Arc<BTreeMap<String, Callable>>);

impl fmt::Debug for FunctionTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl FunctionTable {
    /// No functions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a function.
    pub fn insert(&mut self, name: impl Into<String>, function: Function) {
        Arc::make_mut(&mut self.0).insert(name.into(), Callable::Function(function));
    }

    /// Adds or replaces a special form.
    pub fn insert_special(&mut self, name: impl Into<String>, special: Special) {
        Arc::make_mut(&mut self.0).insert(name.into(), Callable::Special(special));
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<&Callable> {
        self.0.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// What functions know about the world beside their arguments.
#[derive(Debug, Clone, Default)]
pub struct FunctionContext {
    /// The template's directory: what relative paths of files start from.
    pub base_dir: PathBuf,
    /// The process's working directory, absolute: what `abspath` and `filebase64` start from.
    pub cwd: PathBuf,
    /// What `~` stands for at the start of a path; without it such a path is an error.
    pub home: Option<PathBuf>,
    /// More functions: those that need more than their arguments and files. Templates that `templatefile` reads can
    /// call them too.
    pub others: FunctionTable,
}

/// The functions of Packer 1.16, but for those that need a clock of the run or a secret store (see
/// [`FunctionContext::others`]) and `env` (see [`env`]).
pub fn standard(context: &FunctionContext) -> FunctionTable {
    let mut table = context.others.clone();
    table.insert_special("try", Special::Try);
    table.insert_special("can", Special::Can);
    table.insert_special("convert", Special::Convert);
    digest::register(&mut table);
    encoding::register(&mut table);
    file::register(&mut table, context);
    format::register(&mut table);
    mapping::register(&mut table);
    network::register(&mut table);
    numeric::register(&mut table);
    pattern::register(&mut table);
    private_key::register(&mut table);
    sequence::register(&mut table);
    set::register(&mut table);
    string::register(&mut table);
    time::register(&mut table);
    // Last, as templates can call all the others.
    templatefile::register(&mut table, context);
    table
}

/// The function `env`, which only the defaults of variables may call: the value of an environment variable, or "".
pub fn env(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Function {
    Function::new([Param::new("name", Type::String)], Type::String, move |args| {
        Ok(lookup(argument::text(args, 0)).unwrap_or_default().into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[Value]) -> String {
        let table = standard(&FunctionContext::default());
        let Some(Callable::Function(function)) = table.get(name) else { panic!("no function {name}") };
        match function.call(arguments) {
            Ok(value) => format!("{:?} {}", value.as_str(), value.is_sensitive()),
            Err(error) => format!("{:?} {}", error.argument, error.message),
        }
    }

    #[test]
    fn arguments_are_checked_in_one_place() {
        assert_eq!(call("upper", &["é".into()]), r#"Some("É") false"#);
        assert_eq!(call("upper", &[5.into()]), r#"Some("5") false"#);
        assert_eq!(call("upper", &[Value::string("a").mark_sensitive()]), r#"Some("A") true"#);
        assert_eq!(call("upper", &[Value::unknown(Type::String).mark_sensitive()]), "None true");
        assert_eq!(call("upper", &[]), r#"None it takes 1 argument, but 0 were given; "text" is missing"#);
        assert_eq!(call("upper", &["a".into(), "b".into()]), "Some(1) it takes 1 argument, but 2 were given");
        assert_eq!(call("upper", &[Value::null(Type::String)]), r#"Some(0) "text": it must not be null"#);
        let tuple = Value::tuple(vec!["a".into(), 1.into()]);
        assert_eq!(call("join", &["-".into(), tuple.clone(), tuple]), r#"Some("a-1-a-1") false"#);
        assert_eq!(
            call("join", &["-".into(), "x".into()]),
            r#"Some(1) "lists": a list of string is required, but this is a string"#
        );
    }
}
