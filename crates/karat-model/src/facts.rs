//! What a running build tells its steps: `build.*` in templates.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// The value behind each `build.KEY`, by key.
///
/// At plan time the keys are known and the values are not; see [`Facts::is_pending`]. While a build runs the builder
/// fills them in. Values are plain JSON: strings, numbers, booleans, lists of them.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Facts {
    values: BTreeMap<String, Json>,
    pending: bool,
}

/// Keys that every builder offers, before it has values for them (Packer 1.16's common set).
pub const COMMON_KEYS: [&str; 13] = [
    "ID",
    "Host",
    "Port",
    "User",
    "Password",
    "ConnType",
    "PackerRunUUID",
    "PackerHTTPPort",
    "PackerHTTPIP",
    "PackerHTTPAddr",
    "SSHPublicKey",
    "SSHPrivateKey",
    "WinRMPassword",
];

impl Facts {
    /// The facts of a build that has not run: every common key, and the builder's `own` keys, all unknown.
    pub fn pending<'a>(own: impl IntoIterator<Item = &'a str>) -> Self {
        let values = COMMON_KEYS.into_iter().chain(own).map(|key| (key.to_string(), Json::Null)).collect();
        Self { values, pending: true }
    }

    /// Whether the build has not run yet, so that keys exist without values.
    pub fn is_pending(&self) -> bool {
        self.pending
    }

    /// Sets one fact.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<Json>) {
        self.values.insert(key.into(), value.into());
    }

    /// The value of one fact.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.values.get(key)
    }

    /// The value of one fact, where it is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Json::as_str)
    }

    /// All facts in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Adds `other`'s facts; on a clash `other` wins.
    pub fn extend(&mut self, other: &Facts) {
        for (key, value) in &other.values {
            self.values.insert(key.clone(), value.clone());
        }
    }
}
