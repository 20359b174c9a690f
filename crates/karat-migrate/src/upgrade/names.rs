//! What variables and builders are called in HCL2, where names are identifiers.

use std::collections::{BTreeMap, BTreeSet};

use karat_hcl::is_identifier;
use karat_template::legacy::{Builder, Document};

/// Names by what they were in the JSON template.
#[derive(Debug)]
pub(super) struct Names<'a> {
    variables: BTreeMap<String, Home>,
    /// Variables that the template uses without declaring them, in the order of their use.
    undeclared: Vec<String>,
    /// Names of variables in the environment that something else than a variable's default uses.
    environment: Vec<String>,
    /// User variables that were referred to since [`Names::forget_uses`].
    used: BTreeSet<String>,
    /// All names of variables and locals.
    taken: BTreeSet<String>,
    sources: Vec<Source<'a>>,
    /// The local with the time of the build.
    timestamp: String,
    /// The local with what builders were called.
    builder_names: String,
}

/// Where a user variable went.
#[derive(Debug, Clone)]
enum Home {
    Variable(String),
    Local(String),
}

/// A builder as a source.
#[derive(Debug, Clone)]
pub(super) struct Source<'a> {
    pub(super) builder: &'a Builder,
    /// The second label of the block.
    pub(super) label: String,
}

impl Source<'_> {
    /// `type.label`
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.builder.kind.text, self.label)
    }

    /// Whether the builder had a name that could not stay.
    pub(super) fn is_renamed(&self) -> bool {
        self.builder.name.text.as_ref() != self.label && self.builder.name.text != self.builder.kind.text
    }
}

impl<'a> Names<'a> {
    /// `is_local` says which of the variables become locals.
    pub(super) fn new(document: &'a Document, is_local: impl Fn(&str) -> bool, strict: bool) -> Self {
        let mut names = Self {
            variables: BTreeMap::new(),
            undeclared: Vec::new(),
            environment: Vec::new(),
            used: BTreeSet::new(),
            taken: BTreeSet::new(),
            sources: sources(document, strict),
            timestamp: String::new(),
            builder_names: String::new(),
        };
        // Whoever has an identifier for a name keeps it.
        let (plain, others): (Vec<_>, Vec<_>) =
            document.variables.iter().partition(|variable| is_identifier(&variable.name.text));
        for variable in plain.into_iter().chain(others) {
            let name = variable.name.text.as_ref();
            let identifier = unique(identifier(name), &mut names.taken);
            let home = if is_local(name) { Home::Local(identifier) } else { Home::Variable(identifier) };
            names.variables.insert(name.to_owned(), home);
        }
        names.timestamp = unique("timestamp".to_owned(), &mut names.taken);
        names.builder_names = unique("builder_names".to_owned(), &mut names.taken);
        names
    }

    /// The expression for a user variable.
    pub(super) fn user(&mut self, name: &str) -> String {
        self.used.insert(name.to_owned());
        let home = self.variables.entry(name.to_owned()).or_insert_with(|| {
            self.undeclared.push(name.to_owned());
            Home::Variable(unique(identifier(name), &mut self.taken))
        });
        match home {
            Home::Variable(identifier) => format!("var.{identifier}"),
            Home::Local(identifier) => format!("local.{identifier}"),
        }
    }

    pub(super) fn forget_uses(&mut self) {
        self.used.clear();
    }

    /// Whether a user variable was referred to since then.
    pub(super) fn is_used(&self, name: &str) -> bool {
        self.used.contains(name)
    }

    /// The identifier of a user variable, and whether it is a local.
    pub(super) fn home(&self, name: &str) -> Option<(&str, bool)> {
        self.variables.get(name).map(|home| match home {
            Home::Variable(identifier) => (identifier.as_str(), false),
            Home::Local(identifier) => (identifier.as_str(), true),
        })
    }

    /// The expression for a variable of the environment, outside of defaults.
    pub(super) fn environment(&mut self, name: &str) -> String {
        let key = environment_key(name);
        if !self.variables.contains_key(&key) {
            self.environment.push(name.to_owned());
            let identifier = unique(identifier(&format!("env_{name}")), &mut self.taken);
            self.variables.insert(key.clone(), Home::Variable(identifier));
        }
        self.user(&key)
    }

    /// The variables that are used but not declared, with their identifiers.
    pub(super) fn undeclared(&self) -> impl Iterator<Item = (&str, &str)> {
        self.undeclared.iter().filter_map(|name| Some((name.as_str(), self.home(name)?.0)))
    }

    /// The variables of the environment that need one of their own, with its identifier.
    pub(super) fn environment_variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let home = |name: &str| Some(self.home(&environment_key(name))?.0);
        self.environment.iter().filter_map(move |name| Some((name.as_str(), home(name)?)))
    }

    /// The local with the time of the build.
    pub(super) fn timestamp(&self) -> &str {
        &self.timestamp
    }

    /// The local with what builders were called.
    pub(super) fn builder_names(&self) -> &str {
        &self.builder_names
    }

    /// The sources, in order.
    pub(super) fn sources(&self) -> &[Source<'a>] {
        &self.sources
    }

    /// The source that the builder of that name became.
    pub(super) fn source(&self, builder: &str) -> Option<&Source<'a>> {
        self.sources.iter().find(|source| source.builder.name.text.as_ref() == builder)
    }
}

/// What no user variable is called by accident.
fn environment_key(name: &str) -> String {
    format!("\0{name}")
}

/// Sources in the order of type and name, numbered where the builder has no name of its own: as Packer 1.16 does it.
fn sources(document: &Document, strict: bool) -> Vec<Source<'_>> {
    let mut builders: Vec<_> = document.builders.iter().collect();
    builders.sort_by_key(|builder| format!("{}{}", builder.kind.text, builder.name.text));
    let mut taken = BTreeSet::new();
    builders
        .into_iter()
        .enumerate()
        .map(|(position, builder)| {
            let label = if builder.name.text.is_empty() || builder.name.text == builder.kind.text {
                format!("autogenerated_{}", position + 1)
            } else if strict {
                builder.name.text.trim().replace(' ', "_")
            } else {
                identifier(&builder.name.text)
            };
            Source { builder, label: if strict { label } else { unique(label, &mut taken) } }
        })
        .collect()
}

/// A name as an identifier: what cannot be part of one becomes `_`.
fn identifier(name: &str) -> String {
    let name = name.trim();
    if is_identifier(name) {
        return name.to_owned();
    }
    // A Go template is called after what is in it.
    let inner = name.replace("{{", "").replace("}}", "");
    let mut text = String::new();
    for c in inner.trim_matches(|c: char| !is_part(c)).chars() {
        match is_part(c) {
            true => text.push(c),
            false if text.ends_with('_') => {}
            false => text.push('_'),
        }
    }
    if is_identifier(&text) { text } else { format!("_{text}") }
}

/// Whether an identifier may contain `c`.
fn is_part(c: char) -> bool {
    is_identifier(&format!("a{c}"))
}

/// `name`, or with a number behind it that no other has.
fn unique(name: String, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
    let name = free.unwrap_or(name);
    taken.insert(name.clone());
    name
}
