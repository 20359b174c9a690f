//! What the tests of the post-processors start from.

use std::path::PathBuf;
use std::sync::Arc;

use karat_model::artifact::{Artifact, Origin};
use karat_model::facts::Facts;
use karat_model::id::ComponentKind;
use karat_model::value::Value;
use karat_sdk::testing::RecordingHost;

/// The value of a configuration, as JSON says it.
pub(crate) fn config(json: serde_json::Value) -> Value {
    Value::from_json(&json)
}

/// The artifact of a builder that made `files` in the directory of the test, each with its content.
pub(crate) fn artifact(host: &Arc<RecordingHost>, files: &[(&str, &[u8])]) -> Artifact {
    for (name, content) in files {
        let path = host.directory().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    Artifact {
        origin: Origin { kind: ComponentKind::Builder, component: "file".to_string() },
        builder_id: "packer.file".to_string(),
        id: "File".to_string(),
        description: "Stored file".to_string(),
        files: files.iter().map(|(name, _)| PathBuf::from(name)).collect(),
        facts: Facts::default(),
    }
}

/// The names below the directory of the test, sorted, directories aside.
pub(crate) fn names(host: &RecordingHost) -> Vec<String> {
    let base = host.directory();
    let (mut found, mut todo) = (Vec::new(), vec![base.clone()]);
    while let Some(directory) = todo.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else {
                found.push(path.strip_prefix(&base).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}
