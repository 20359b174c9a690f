//! The functions that templates may call.

mod builtin;
mod escape;
mod packer;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use packer::{RunFacts, standard};

pub(crate) use builtin::{call_builtin, is_builtin};

use crate::Value;

/// A function: from arguments to a value, or to a message that says why not.
pub type Function = Arc<dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync>;

/// Functions by name, beside those that Go itself has (`printf`, `eq`, …), which they may replace.
#[derive(Clone, Default)]
pub struct Functions(BTreeMap<String, Function>);

impl Functions {
    /// Adds a function, or replaces the one of that name.
    pub fn insert(
        &mut self,
        name: impl Into<String>,
        function: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static,
    ) {
        self.0.insert(name.into(), Arc::new(function));
    }

    /// Adds all of `other`, which win over those already here.
    pub fn extend(&mut self, other: Functions) {
        self.0.extend(other.0);
    }

    /// The function of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Function> {
        self.0.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}
