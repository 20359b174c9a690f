//! Which plugins a template needs, by the types in it.

use std::collections::BTreeMap;

use karat_model::id::ComponentKind;
use karat_template::Plugin;
use karat_template::legacy::Document;

/// Plugins by the start of the types that are theirs: the list of Packer 1.16's command.
const PREFIXES: [&str; 10] = [
    "amazon",
    "ansible",
    "azure",
    "docker",
    "googlecompute",
    "qemu",
    "vagrant",
    "virtualbox",
    "vmware",
    "vsphere",
];

/// A plugin as `required_plugins` has it.
pub(super) struct Requirement {
    pub(super) source: String,
    pub(super) version: &'static str,
}

/// The plugin of a type, if one is known.
pub(super) fn requirement(
    kind: ComponentKind,
    component: &str,
    strict: bool,
) -> Option<(String, Requirement)> {
    if let Some(prefix) = PREFIXES.iter().find(|prefix| component.starts_with(**prefix)) {
        let source = format!("github.com/hashicorp/{prefix}");
        return Some(((*prefix).to_owned(), Requirement { source, version: "~> 1" }));
    }
    let plugin = Plugin::of(kind, component).filter(|_| !strict)?;
    let requirement = Requirement { source: plugin.source.to_owned(), version: plugin.version };
    Some((plugin.name.to_owned(), requirement))
}

/// The plugins of all types that `is_built_in` does not know, by name.
pub(super) fn requirements(
    document: &Document,
    is_built_in: impl Fn(ComponentKind, &str) -> bool,
    strict: bool,
) -> BTreeMap<String, Requirement> {
    use ComponentKind::{Builder, PostProcessor, Provisioner};
    let builders = document.builders.iter().map(|builder| (Builder, &builder.kind));
    let cleanup = document.cleanup.iter().filter(|_| !strict);
    let provisioners =
        document.provisioners.iter().chain(cleanup).map(|provisioner| (Provisioner, &provisioner.kind));
    let post_processors = document.post_processors.iter().flatten().map(|one| (PostProcessor, &one.kind));
    builders
        .chain(provisioners)
        .chain(post_processors)
        .filter(|(kind, component)| !is_built_in(*kind, &component.text))
        .filter_map(|(kind, component)| requirement(kind, &component.text, strict))
        .collect()
}
