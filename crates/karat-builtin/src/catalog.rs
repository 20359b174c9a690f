//! The one list of what ships in the box.

use std::fmt::Write;
use std::sync::Arc;

use karat_model::id::ComponentKind;
use karat_model::schema::{Attribute, Nesting, Schema};
use karat_model::schema_set::SchemaSet;
use karat_sdk::component::{Builder, Component, Components, DataSource, PostProcessor, Provisioner};

use crate::builder::file::FileBuilder;
use crate::builder::null::Null;
use crate::builder::qemu::Qemu;
use crate::data_source::http::Http;
use crate::data_source::null::Null as NullData;
use crate::post_processor::artifice::Artifice;
use crate::post_processor::checksum::Checksum;
use crate::post_processor::compress::Compress;
use crate::post_processor::manifest::Manifest;
use crate::post_processor::shell_local::ShellLocal as ShellLocalAfter;
use crate::provisioner::breakpoint::Breakpoint;
use crate::provisioner::file::FileProvisioner;
use crate::provisioner::shell::Shell;
use crate::provisioner::shell_local::ShellLocal;
use crate::provisioner::sleep::Sleep;

/// Every component of this crate, by the name that templates use.
pub struct Catalog;

fn builders() -> Vec<Arc<dyn Builder>> {
    vec![Arc::new(FileBuilder), Arc::new(Null), Arc::new(Qemu)]
}

fn provisioners() -> Vec<Arc<dyn Provisioner>> {
    vec![
        Arc::new(Breakpoint),
        Arc::new(FileProvisioner),
        Arc::new(Shell),
        Arc::new(ShellLocal),
        Arc::new(Sleep),
    ]
}

fn post_processors() -> Vec<Arc<dyn PostProcessor>> {
    vec![
        Arc::new(Artifice),
        Arc::new(Checksum),
        Arc::new(Compress),
        Arc::new(Manifest),
        Arc::new(ShellLocalAfter),
    ]
}

fn data_sources() -> Vec<Arc<dyn DataSource>> {
    vec![Arc::new(Http), Arc::new(NullData)]
}

fn named<C: Component + ?Sized>(components: Vec<Arc<C>>, name: &str) -> Option<Arc<C>> {
    components.into_iter().find(|component| component.about().name == name)
}

impl Components for Catalog {
    fn builder(&self, name: &str) -> Option<Arc<dyn Builder>> {
        named(builders(), name)
    }

    fn provisioner(&self, name: &str) -> Option<Arc<dyn Provisioner>> {
        named(provisioners(), name)
    }

    fn post_processor(&self, name: &str) -> Option<Arc<dyn PostProcessor>> {
        named(post_processors(), name)
    }

    fn data_source(&self, name: &str) -> Option<Arc<dyn DataSource>> {
        named(data_sources(), name)
    }

    fn schemas(&self) -> SchemaSet {
        let mut schemas = SchemaSet::default();
        for component in all() {
            let about = component.about();
            schemas.insert(about.kind, about.name, component.schema());
        }
        for data_source in data_sources() {
            schemas.insert_output(data_source.about().name, data_source.output());
        }
        schemas
    }
}

fn all() -> Vec<Arc<dyn Component>> {
    let builders = builders().into_iter().map(|builder| builder as Arc<dyn Component>);
    let provisioners = provisioners().into_iter().map(|provisioner| provisioner as Arc<dyn Component>);
    let post_processors =
        post_processors().into_iter().map(|post_processor| post_processor as Arc<dyn Component>);
    let data_sources = data_sources().into_iter().map(|data_source| data_source as Arc<dyn Component>);
    builders.chain(provisioners).chain(post_processors).chain(data_sources).collect()
}

/// The options of every component, as Markdown: made from the definitions that decode them.
pub fn reference() -> String {
    let mut text = String::from("# Components that ship with Karat\n");
    for component in all() {
        let about = component.about();
        let title = match about.kind {
            ComponentKind::Builder => "Builder",
            ComponentKind::Provisioner => "Provisioner",
            ComponentKind::PostProcessor => "Post-processor",
            ComponentKind::DataSource => "Data source",
        };
        text += &format!("\n## {title} `{}`\n\n{}\n", about.name, about.summary);
        describe(&component.schema(), "", &mut text);
        if let Some(data_source) = Catalog.data_source(about.name).filter(|found| found.about() == about) {
            offer(&data_source.output(), &mut text);
        }
    }
    text
}

/// What a data source offers once it is read.
fn offer(output: &Schema, text: &mut String) {
    text.push_str("\n| offers | type | |\n|---|---|---|\n");
    for (name, Attribute { ty, doc, .. }) in &output.attributes {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| `{name}` | {ty} | {} |", cell(doc));
    }
}

/// Describes the options of one body; `path` leads to it, such as `disk.`.
fn describe(schema: &Schema, path: &str, text: &mut String) {
    if schema.attributes.is_empty() && schema.blocks.is_empty() {
        text.push_str("\nIt has no options.\n");
    }
    if !schema.attributes.is_empty() {
        text.push_str("\n| option | type | required | default | |\n|---|---|---|---|---|\n");
    }
    for (name, attribute) in &schema.attributes {
        let Attribute { ty, required, default, .. } = attribute;
        let required = if *required { "yes" } else { "no" };
        let default = default.as_ref().map(|default| format!("`{}`", cell(default))).unwrap_or_default();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| `{path}{name}` | {ty} | {required} | {default} | {} |",
            cell(&meaning(attribute))
        );
    }
    for (name, block) in &schema.blocks {
        let count = match block.nesting {
            Nesting::Single => "at most one block",
            Nesting::List => "any number of blocks",
        };
        text.push_str(&format!("\n`{path}{name}`: {count}. {}\n", block.doc.replace('\n', " ")));
        describe(&block.schema, &format!("{path}{name}."), text);
    }
}

fn meaning(attribute: &Attribute) -> String {
    let mut parts = vec![];
    if let Some(reason) = &attribute.unsupported {
        parts.push(format!("Not supported yet: {reason}."));
    }
    if let Some(instead) = &attribute.deprecated {
        parts.push(format!("Deprecated: {instead}."));
    }
    if !attribute.doc.is_empty() {
        parts.push(attribute.doc.clone());
    }
    if attribute.sensitive {
        parts.push("Never shown.".to_string());
    }
    parts.join(" ")
}

/// Text that stays within its table cell.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(owner: &str, schema: &Schema) {
        for (name, attribute) in &schema.attributes {
            assert!(
                !attribute.doc.is_empty()
                    || attribute.unsupported.as_ref().is_some_and(|reason| !reason.is_empty()),
                "{owner}: the option {name} has no documentation"
            );
        }
        for (name, block) in &schema.blocks {
            assert!(!block.doc.is_empty(), "{owner}: the block {name} has no documentation");
            explained(&format!("{owner}.{name}"), &block.schema);
        }
    }

    #[test]
    fn every_option_is_explained() {
        for component in all() {
            explained(component.about().name, &component.schema());
        }
        for data_source in data_sources() {
            explained(data_source.about().name, &data_source.output());
        }
    }

    #[test]
    fn names_are_found_and_belong_to_one_component() {
        let mut seen = std::collections::BTreeSet::new();
        let schemas = Catalog.schemas();
        for component in all() {
            let about = component.about();
            assert!(seen.insert((about.kind, about.name)), "{} twice", about.name);
            assert_eq!(schemas.get(about.kind, about.name), Some(&component.schema()));
            let found = match about.kind {
                ComponentKind::Builder => Catalog.builder(about.name).map(|found| found.about()),
                ComponentKind::Provisioner => Catalog.provisioner(about.name).map(|found| found.about()),
                ComponentKind::PostProcessor => Catalog.post_processor(about.name).map(|found| found.about()),
                ComponentKind::DataSource => Catalog.data_source(about.name).map(|found| found.about()),
            };
            assert_eq!(found, Some(about));
        }
        assert!(Catalog.builder("nothing").is_none());
    }

    #[test]
    fn the_reference_names_every_option() {
        let text = reference();
        for component in all() {
            let section = text
                .split("\n## ")
                .find(|section| {
                    section.contains(&format!(
                        "`{}`\n\n{}",
                        component.about().name,
                        component.about().summary
                    ))
                })
                .unwrap();
            for name in component.schema().attributes.keys() {
                assert!(section.contains(&format!("\n| `{name}` | ")), "{name}");
            }
        }
        assert!(
            text.contains("| `checksum_types` | list of string | no | `[md5]` | Which digests to make"),
            "{text}"
        );
    }
}
