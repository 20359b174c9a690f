//! Names and identities.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Identity of one `karat build` run: a version-7 UUID, so ids sort by start time.
///
/// Components see it as `PACKER_RUN_UUID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a build as people see it: `[BUILD.]TYPE.SOURCE`.
///
/// The last part is the local name of the source where the build block gives one. `-only` and `-except` match this
/// name, and every line of output carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BuildName(pub String);

impl fmt::Display for BuildName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of component a template names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentKind {
    /// Makes a machine and an artifact from it; `source` blocks.
    Builder,
    /// Changes a running machine.
    Provisioner,
    /// Turns one artifact into another.
    PostProcessor,
    /// Reads something at plan time.
    DataSource,
}

impl fmt::Display for ComponentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Builder => "builder",
            Self::Provisioner => "provisioner",
            Self::PostProcessor => "post-processor",
            Self::DataSource => "data source",
        })
    }
}
