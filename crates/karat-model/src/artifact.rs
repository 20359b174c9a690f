//! What a build leaves behind on purpose.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::id::ComponentKind;

/// A finished product of a builder or a post-processor, as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// Which component type made it and therefore knows how to destroy it.
    pub origin: Origin,
    /// The stable identifier of the kind of artifact that scripts scrape, such as `transcend.qemu`.
    pub builder_id: String,
    /// Identity within its kind, such as an AMI id; the fixed word `VM` for qemu.
    pub id: String,
    /// The text of the end-of-build summary.
    pub description: String,
    /// Files on this host.
    pub files: Vec<PathBuf>,
    /// The facts of the build that made it: what `build.*` means in post-processors. Empty where the builder offers
    /// none (the file builder).
    pub facts: Facts,
}

/// The component that made an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Builder or post-processor.
    pub kind: ComponentKind,
    /// Component type, such as `qemu`.
    pub component: String,
}
