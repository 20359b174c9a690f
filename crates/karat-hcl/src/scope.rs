//! What names mean.

use std::collections::BTreeMap;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use karat_model::value::Value;

use crate::function::FunctionTable;

/// How many steps through lists and maps the expressions of a scope may take together: some seconds' worth. Tests have no
/// time for so many.
pub(crate) const MAX_STEPS: u64 = if cfg!(test) { 100_000 } else { 10_000_000 };

/// The variables and functions that an expression can use. A child sees what its parent has, except where it gives a
/// name a meaning of its own.
#[derive(Clone, Default)]
pub struct Scope<'parent> {
    parent: Option<&'parent Scope<'parent>>,
    variables: BTreeMap<String, Value>,
    functions: FunctionTable,
    /// Steps taken through lists and maps, by all expressions of this scope and of those in it.
    steps: Arc<AtomicU64>,
}

impl<'parent> Scope<'parent> {
    /// A scope with functions and no variables.
    pub fn new(functions: FunctionTable) -> Self {
        Self { parent: None, variables: BTreeMap::new(), functions, steps: Arc::default() }
    }

    /// A scope inside this one, with the same functions.
    pub fn child(&'parent self) -> Scope<'parent> {
        Scope {
            parent: Some(self),
            variables: BTreeMap::new(),
            functions: self.functions.clone(),
            steps: Arc::clone(&self.steps),
        }
    }

    /// Gives a name its meaning here.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.variables.insert(name.into(), value);
    }

    /// Takes the meaning that a name has here away.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
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

    /// Counts a step through a list or map. False when there were too many of them.
    pub(crate) fn step(&self) -> bool {
        self.steps.fetch_add(1, Ordering::Relaxed) < MAX_STEPS
    }

    /// The functions.
    pub fn functions(&self) -> &FunctionTable {
        &self.functions
    }
}
