//! What names mean.

use std::collections::BTreeMap;

use karat_model::value::Value;

use crate::function::FunctionTable;

/// The variables and functions that an expression can use. A child sees what its parent has, except where it gives a
/// name a meaning of its own.
#[derive(Clone, Default)]
pub struct Scope<'parent> {
    parent: Option<&'parent Scope<'parent>>,
    variables: BTreeMap<String, Value>,
    functions: FunctionTable,
}

impl<'parent> Scope<'parent> {
    /// A scope with functions and no variables.
    pub fn new(functions: FunctionTable) -> Self {
        Self { parent: None, variables: BTreeMap::new(), functions }
    }

    /// A scope inside this one, with the same functions.
    pub fn child(&'parent self) -> Scope<'parent> {
        Scope { parent: Some(self), variables: BTreeMap::new(), functions: self.functions.clone() }
    }

    /// Gives a name its meaning here.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.variables.insert(name.into(), value);
    }

    /// The same scope with one more variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// What a name means.
    pub fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).or_else(|| self.parent?.variable(name))
    }

    /// All names of variables, inner ones first.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.variables.keys().map(String::as_str).collect();
        names.extend(self.parent.map(Scope::names).unwrap_or_default());
        names
    }

    /// The functions.
    pub fn functions(&self) -> &FunctionTable {
        &self.functions
    }
}
