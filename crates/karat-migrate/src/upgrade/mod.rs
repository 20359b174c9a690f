//! A legacy JSON template as HCL2: what `hcl2_upgrade` writes.
//!
//! Packer 1.16's command decides what becomes what. It loses things, which this one keeps: `override`, `only` and `except`
//! of builders that are called otherwise now, functions like `upper` and `split`, conditions, comments, the names of
//! builders. With [`Options::strict`] the result is as Packer's.

mod action;
mod amazon;
mod annotation;
mod body;
mod build;
mod names;
mod options;
mod plugins;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use karat_model::id::ComponentKind;
use karat_model::schema_set::SchemaSet;
use karat_template::legacy::Document;

use action::Place;
use amazon::{Filters, Secret};
use body::{Body, Text, Value};
use names::Names;

/// How to upgrade.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The components that are built in. What they call a block becomes one; of others that is guessed.
    pub schemas: &'a SchemaSet,
    /// Exactly as Packer does it, with what it loses.
    pub strict: bool,
    /// With comments that explain the parts to who has not seen HCL2 templates yet.
    pub annotations: bool,
}

/// What became of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgraded {
    /// The HCL2 template.
    pub text: String,
    /// Types of builders that are neither built in nor part of a plugin that is known: the result has no plugin for them.
    pub unknown_builders: Vec<String>,
}

/// Upgrades a template.
pub fn upgrade(document: &Document, options: &Options<'_>) -> Upgraded {
    Upgrade::new(document, options).finish()
}

/// A template on its way.
struct Upgrade<'d> {
    document: &'d Document,
    schemas: &'d SchemaSet,
    strict: bool,
    annotations: bool,
    names: Names<'d>,
    /// Variables that have themselves for a default: a way to say that they must be set.
    circular: BTreeSet<&'d str>,
    secrets: Vec<Secret>,
    /// Whether anything asks for the time of the build.
    uses_timestamp: bool,
    /// Whether anything asks what a builder was called.
    uses_builder_names: bool,
    /// What is to be said about the argument that is written next.
    notes: Vec<String>,
}

impl<'d> Upgrade<'d> {
    fn new(document: &'d Document, options: &Options<'d>) -> Self {
        let names = |is_local: &dyn Fn(&str) -> bool| Names::new(document, is_local, options.strict);
        let mut upgrade = Self {
            document,
            schemas: options.schemas,
            strict: options.strict,
            annotations: options.annotations,
            names: names(&|_| false),
            circular: BTreeSet::new(),
            secrets: Vec::new(),
            uses_timestamp: false,
            uses_builder_names: false,
            notes: Vec::new(),
        };
        let (mut locals, mut circular) = (BTreeSet::new(), BTreeSet::new());
        for variable in &document.variables {
            let Some(default) = &variable.default else { continue };
            let name = variable.name.text.as_ref();
            upgrade.names.forget_uses();
            let value = upgrade.text(&default.text, Place::Default);
            if upgrade.names.is_used(name) && !options.strict {
                circular.insert(name);
            } else if !value.expressions().all(|call| call.starts_with("env(")) {
                // The default of a variable can call `env` and nothing else.
                locals.insert(name);
            }
        }
        Self {
            names: names(&|name| locals.contains(name)),
            circular,
            secrets: Vec::new(),
            uses_timestamp: false,
            uses_builder_names: false,
            notes: Vec::new(),
            ..upgrade
        }
    }

    fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    fn is_built_in(&self, kind: ComponentKind, component: &str) -> bool {
        self.schemas.get(kind, component).is_some()
    }

    fn finish(mut self) -> Upgraded {
        // First what uses things, then what declares them.
        let locals = self.locals();
        let variables = self.variables();
        // Packer insists on a value only for what other variables use. Elsewhere it is an empty text.
        let required = if self.strict { usize::MAX } else { self.names.undeclared().count() };
        let mut filters = Filters::default();
        let sources = self.sources(&mut filters);
        let build = self.build();
        let builder_names = self.builder_names();
        let undeclared = self.undeclared(required);
        let mut file = Body::default();
        if self.annotations {
            file.comment(annotation::FILE);
        }
        for comment in &self.document.comments {
            if let karat_hcl::json::NodeKind::String(text) = &comment.value.kind
                && !self.strict
            {
                file.comment(options::remark(&comment.name.text, &text.text));
            }
        }
        let packer = self.packer();
        let (secrets, images) = (self.secret_blocks(), filters.blocks());
        let mut inputs = variables;
        inputs.blank();
        inputs.append(undeclared);
        let parts = [
            (packer, annotation::PACKER),
            (inputs, annotation::VARIABLES),
            (secrets, annotation::SECRETS),
            (images, annotation::IMAGES),
            (self.timestamp(), ""),
            (builder_names, ""),
            (locals, annotation::LOCALS),
            (sources, annotation::SOURCES),
            (build, annotation::BUILD),
        ];
        for (part, annotation) in parts {
            if part.is_empty() {
                continue;
            }
            file.blank();
            if self.annotations && !annotation.is_empty() {
                file.comment(annotation);
            }
            file.append(part);
        }
        let unknown =
            self.document.builders.iter().map(|builder| builder.kind.text.as_ref()).filter(|kind| {
                let plugin = plugins::requirement(ComponentKind::Builder, kind, self.strict);
                !self.is_built_in(ComponentKind::Builder, kind) && plugin.is_none()
            });
        Upgraded {
            text: file.to_text(!self.strict),
            unknown_builders: unknown.map(ToOwned::to_owned).collect(),
        }
    }

    /// The `packer` block.
    fn packer(&self) -> Body {
        let mut body = Body::default();
        if let Some(version) = &self.document.min_packer_version {
            body.argument("required_version", format!(">= {}", version.text).as_str());
        }
        let is_built_in = |kind, component: &str| !self.strict && self.is_built_in(kind, component);
        let requirements = plugins::requirements(self.document, is_built_in, self.strict);
        if !requirements.is_empty() {
            let mut plugins = Body::default();
            for (name, requirement) in requirements {
                let entry = [("source", requirement.source.as_str()), ("version", requirement.version)];
                let entry = entry.map(|(key, text)| (Text::from(key), Value::from(text)));
                plugins.argument(name, Value::Object(entry.into()));
            }
            body.block("required_plugins", &[], plugins);
        }
        let mut packer = Body::default();
        if !body.is_empty() {
            packer.block("packer", &[], body);
        }
        packer
    }

    fn is_sensitive(&self, variable: &str) -> bool {
        self.document.sensitive.iter().any(|name| name.text.as_ref() == variable)
    }

    /// The variables whose values a `variable` block can have.
    fn variables(&mut self) -> Body {
        let mut blocks = Body::default();
        for variable in self.declared() {
            let name = variable.name.text.as_ref();
            let Some((identifier, false)) = self.names.home(name) else { continue };
            let identifier = identifier.to_owned();
            let mut body = Body::default();
            body.argument("type", Value::Expression("string".to_owned()));
            if let Some(default) = variable.default.as_ref().filter(|_| !self.circular.contains(name)) {
                let default = self.text(&default.text, Place::Default);
                self.notes_to(&mut body);
                body.argument("default", self.value_of(default));
            }
            if self.is_sensitive(name) {
                body.argument("sensitive", Value::truth(true));
            }
            blocks.blank();
            renamed(name, &identifier, &mut blocks);
            blocks.block("variable", &[&identifier], body);
        }
        blocks
    }

    /// The variables in the order they are written in.
    fn declared(&self) -> Vec<&'d karat_template::legacy::Variable> {
        let mut variables: Vec<_> = self.document.variables.iter().collect();
        if self.strict {
            variables.sort_by_key(|variable| &variable.name.text);
        }
        variables
    }

    /// The variables that are needed but not declared. The first of them are `required`.
    fn undeclared(&self, required: usize) -> Body {
        let mut blocks = Body::default();
        let string = || Value::Expression("string".to_owned());
        for (position, (name, identifier)) in self.names.undeclared().enumerate() {
            let mut body = Body::default();
            body.argument("type", string());
            if position >= required {
                body.argument("default", "");
            }
            if self.is_sensitive(name) {
                body.argument("sensitive", Value::truth(true));
            }
            blocks.blank();
            if position == 0 && !self.strict {
                blocks.comment("What follows was used in the JSON template, but not declared.");
                blocks.blank();
            }
            renamed(name, identifier, &mut blocks);
            blocks.block("variable", &[identifier], body);
        }
        for (name, identifier) in self.names.environment_variables() {
            let mut body = Body::default();
            body.argument("type", string());
            body.argument("default", Value::Expression(format!("env({})", Text::from(name).quoted())));
            blocks.blank();
            blocks.comment("HCL2 reads the environment only in defaults of variables.");
            blocks.block("variable", &[identifier], body);
        }
        blocks
    }

    /// The local with the time of the build.
    fn timestamp(&self) -> Body {
        let mut blocks = Body::default();
        if self.uses_timestamp {
            let digits = Value::Expression(r#"regex_replace(timestamp(), "[- TZ:]", "")"#.to_owned());
            let mut body = Body::default();
            body.argument(self.names.timestamp(), digits);
            if !self.strict {
                blocks.comment(annotation::TIMESTAMP);
            }
            blocks.block("locals", &[], body);
        }
        blocks
    }

    /// The variables whose values use more than the environment.
    fn locals(&mut self) -> Body {
        let mut blocks = Body::default();
        let mut plain = Body::default();
        for variable in self.declared() {
            let name = variable.name.text.as_ref();
            let (Some((identifier, true)), Some(default)) = (self.names.home(name), &variable.default) else {
                continue;
            };
            let identifier = identifier.to_owned();
            let value = self.text(&default.text, Place::Local);
            let value = self.value_of(value);
            if !self.is_sensitive(name) {
                self.notes_to(&mut plain);
                renamed(name, &identifier, &mut plain);
                plain.argument(identifier, value);
                continue;
            }
            let mut body = Body::default();
            body.argument("sensitive", Value::truth(true));
            self.notes_to(&mut body);
            body.argument("expression", value);
            blocks.blank();
            renamed(name, &identifier, &mut blocks);
            blocks.block("local", &[&identifier], body);
        }
        if !plain.is_empty() {
            blocks.blank();
            blocks.block("locals", &[], plain);
        }
        blocks
    }
}

/// Says what a variable was called, if it could not keep its name.
fn renamed(name: &str, identifier: &str, body: &mut Body) {
    if name != identifier {
        body.comment(format!("{name:?} in the JSON template."));
    }
}
