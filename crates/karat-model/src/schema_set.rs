//! The schemas of every component that can be named: what the evaluator is given instead of the components.

use std::collections::BTreeMap;

use crate::id::ComponentKind;
use crate::schema::Schema;

/// Schemas by component.
#[derive(Clone, Debug, Default)]
pub struct SchemaSet {
    schemas: BTreeMap<(ComponentKind, String), Schema>,
    /// By data source.
    outputs: BTreeMap<String, Schema>,
}

impl SchemaSet {
    /// Adds one component.
    pub fn insert(&mut self, kind: ComponentKind, name: impl Into<String>, schema: Schema) {
        self.schemas.insert((kind, name.into()), schema);
    }

    /// Says what a data source offers once it is read.
    pub fn insert_output(&mut self, name: impl Into<String>, output: Schema) {
        self.outputs.insert(name.into(), output);
    }

    /// The schema of one component.
    pub fn get(&self, kind: ComponentKind, name: &str) -> Option<&Schema> {
        self.schemas.get(&(kind, name.to_string()))
    }

    /// What a data source offers once it is read.
    pub fn output(&self, name: &str) -> Option<&Schema> {
        self.outputs.get(name)
    }

    /// The names of one kind, in order: for "did you mean".
    pub fn names(&self, kind: ComponentKind) -> impl Iterator<Item = &str> {
        self.schemas.keys().filter(move |(found, _)| *found == kind).map(|(_, name)| name.as_str())
    }
}
