//! The blocks of a template, gathered from all its files.

use std::collections::{BTreeMap, HashMap};

use karat_hcl::function::FunctionTable;
use karat_hcl::is_identifier;
use karat_hcl::tree::{Attribute, Block, Expr, Label};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::{SourceMap, Span};

use crate::code;
use crate::fixed;
use crate::load::{Hcl2Files, Loaded};
use crate::plugin::{Gap, Room};
use crate::requirement::{self, Requirement};
use crate::shape;
use crate::variable::Variable;

/// What the files of a template declare. Nothing is evaluated but what must be fixed: versions, types, flags.
pub(crate) struct Template<'a> {
    pub(crate) requirements: Vec<Requirement>,
    /// Where another plugin can be required.
    pub(crate) room: Option<Room>,
    pub(crate) variables: Vec<Variable<'a>>,
    pub(crate) locals: Vec<Local<'a>>,
    pub(crate) data: Vec<Data<'a>>,
    /// By type and name.
    pub(crate) sources: BTreeMap<(&'a str, &'a str), &'a Block>,
    pub(crate) builds: Vec<&'a Block>,
    /// `hcp_packer_registry` blocks that are in no build.
    pub(crate) registries: Vec<&'a Block>,
    /// What shows when sources and builds are looked at: not for a check of syntax alone.
    pub(crate) deferred: Vec<Diagnostic>,
    /// Whether no file has a build block, be it a wrong one.
    pub(crate) without_builds: bool,
    names: Names<'a>,
}

/// Where each name is in its list.
#[derive(Default)]
struct Names<'a> {
    variables: HashMap<&'a str, usize>,
    locals: HashMap<&'a str, usize>,
    data: HashMap<(&'a str, &'a str), usize>,
}

/// A local value: an attribute of a `locals` block, or a `local` block.
#[derive(Clone, Copy)]
pub(crate) struct Local<'a> {
    pub(crate) name: &'a str,
    /// The name.
    pub(crate) span: Span,
    pub(crate) expr: &'a Expr,
    pub(crate) sensitive: bool,
}

/// A `data` block.
#[derive(Clone, Copy)]
pub(crate) struct Data<'a> {
    /// The type.
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) block: &'a Block,
}

impl std::fmt::Display for Data<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "data.{}.{}", self.kind, self.name)
    }
}

impl<'a> Template<'a> {
    /// Gathers the blocks of all files. `functions` are those that the defaults of variables may call.
    pub(crate) fn collect(
        loaded: &'a Loaded,
        files: &'a Hcl2Files,
        functions: &FunctionTable,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut template = Self {
            names: Names::default(),
            deferred: files.deferred.iter().cloned().collect(),
            requirements: Vec::new(),
            room: None,
            variables: Vec::new(),
            locals: Vec::new(),
            data: Vec::new(),
            sources: BTreeMap::new(),
            builds: Vec::new(),
            registries: Vec::new(),
            without_builds: files.bodies.iter().all(|body| body.blocks_of("build").next().is_none()),
        };
        for body in &files.bodies {
            shape::FILE.check(body, diagnostics);
            for block in body.blocks.iter().filter(|block| shape::FILE.admits(block)) {
                template.add(block, functions, &loaded.sources, diagnostics);
            }
        }
        template.deferred.extend(requirement::duplicates(&template.requirements, &loaded.sources));
        template
    }

    fn add(
        &mut self,
        block: &'a Block,
        functions: &FunctionTable,
        sources: &SourceMap,
        diagnostics: &mut Diagnostics,
    ) {
        match (block.kind.name.as_str(), block.labels.as_slice()) {
            ("packer", _) => {
                shape::PACKER.check(&block.body, diagnostics);
                for plugins in block.body.blocks_of("required_plugins") {
                    self.offer(Gap::before(plugins.body.end, sources).map(Room::Plugins));
                    self.requirements.extend(requirement::read(plugins, diagnostics));
                }
                self.offer(Gap::before(block.body.end, sources).map(Room::Packer));
            }
            ("variable", [label]) => {
                let variable = Variable::from_block(block, label, functions, diagnostics);
                self.declare(variable, sources, diagnostics);
            }
            ("variables", _) => {
                shape::NAMES.check(&block.body, diagnostics);
                for attribute in &block.body.attributes {
                    let variable = Variable::from_attribute(attribute, functions, diagnostics);
                    self.declare(variable, sources, diagnostics);
                }
            }
            ("locals", _) => {
                shape::NAMES.check(&block.body, diagnostics);
                for Attribute { name, expr, .. } in &block.body.attributes {
                    let local = Local { name: &name.name, span: name.span, expr, sensitive: false };
                    self.define(local, sources, diagnostics);
                }
            }
            ("local", [label]) => {
                shape::LOCAL.check(&block.body, diagnostics);
                let sensitive =
                    block.body.attribute("sensitive").and_then(|a| fixed::truth(&a.expr, diagnostics));
                if let Some(Attribute { expr, .. }) = block.body.attribute("expression") {
                    let local = Local {
                        name: &label.text,
                        span: label.span,
                        expr,
                        sensitive: sensitive.unwrap_or(false),
                    };
                    check_name("local", label, diagnostics);
                    self.define(local, sources, diagnostics);
                }
            }
            ("data", [kind, name]) => {
                check_name("data source", kind, diagnostics);
                check_name("data resource", name, diagnostics);
                let data = Data { kind: &kind.text, name: &name.text, block };
                self.add_data(data, sources, diagnostics);
            }
            ("source", [kind, name]) => self.add_source(kind, name, block, sources),
            ("build", _) => self.builds.push(block),
            ("hcp_packer_registry", _) => self.registries.push(block),
            // `communicator` has no effect in Packer either.
            _ => {}
        }
    }

    /// The first `required_plugins` block has room for more, else the first `packer` block.
    fn offer(&mut self, room: Option<Room>) {
        match (&self.room, &room) {
            (None, _) | (Some(Room::Packer(_)), Some(Room::Plugins(_))) => self.room = room,
            _ => {}
        }
    }

    fn declare(&mut self, variable: Variable<'a>, sources: &SourceMap, diagnostics: &mut Diagnostics) {
        if let Some(first) = self.names.variables.get(variable.name).and_then(|at| self.variables.get(*at)) {
            diagnostics.push(
                Diagnostic::error(code::DUPLICATE, "Duplicate variable")
                    .at(variable.span)
                    .detail(format!(
                        "The variable \"{}\" is declared already, at {}.",
                        variable.name,
                        sources.location(first.span)
                    ))
                    .label(first.span, "declared here first"),
            );
        } else {
            self.names.variables.insert(variable.name, self.variables.len());
            self.variables.push(variable);
        }
    }

    fn define(&mut self, local: Local<'a>, sources: &SourceMap, diagnostics: &mut Diagnostics) {
        if let Some(first) = self.names.locals.get(local.name).and_then(|at| self.locals.get(*at)) {
            diagnostics.push(
                Diagnostic::error(code::DUPLICATE, "Duplicate local definition")
                    .at(local.span)
                    .detail(format!(
                        "Local variable \"{}\" is defined twice in your templates. Other definition found at \"{}\"",
                        local.name,
                        sources.location(first.span)
                    ))
                    .label(first.span, "defined here first"),
            );
        } else {
            self.names.locals.insert(local.name, self.locals.len());
            self.locals.push(local);
        }
    }

    fn add_data(&mut self, data: Data<'a>, sources: &SourceMap, diagnostics: &mut Diagnostics) {
        let key = (data.kind, data.name);
        if let Some(first) = self.names.data.get(&key).and_then(|at| self.data.get(*at)) {
            diagnostics.push(duplicate_block("data", first.block, data.block, sources));
        } else {
            self.names.data.insert(key, self.data.len());
            self.data.push(data);
        }
    }

    /// The first of several source blocks with one name counts.
    fn add_source(&mut self, kind: &'a Label, name: &'a Label, block: &'a Block, sources: &SourceMap) {
        match self.sources.get(&(kind.text.as_str(), name.text.as_str())) {
            Some(first) => self.deferred.push(duplicate_block("source", first, block, sources)),
            None => {
                self.sources.insert((&kind.text, &name.text), block);
            }
        }
    }

    /// A source block.
    pub(crate) fn source(&self, kind: &str, name: &str) -> Option<&'a Block> {
        // A key borrows from the template, which what is looked for does not.
        self.sources.iter().find(|(key, _)| **key == (kind, name)).map(|(_, block)| *block)
    }

    /// The header of the top-level block around a place, for problems there.
    pub(crate) fn context(files: &Hcl2Files, span: Span) -> Option<String> {
        let mut blocks = files.bodies.iter().flat_map(|body| &body.blocks);
        let around = |block: &&Block| {
            block.span.file == span.file && block.span.start <= span.start && span.end <= block.span.end
        };
        blocks.find(around).map(Block::title)
    }
}

fn duplicate_block(kind: &str, first: &Block, block: &Block, sources: &SourceMap) -> Diagnostic {
    Diagnostic::error(code::DUPLICATE, format!("Duplicate {kind} block"))
        .at(block.header)
        .detail(format!(
            "This {kind} block has the same type and name as a previous block declared at {}. Each must have a unique \
             name per type.",
            sources.location(first.header)
        ))
        .label(first.header, "declared here first")
}

/// Reports a name that no expression could mention.
pub(crate) fn check_name(what: &str, label: &Label, diagnostics: &mut Diagnostics) {
    if !is_identifier(&label.text) {
        diagnostics.push(
            Diagnostic::error(code::BAD_NAME, format!("Invalid {what} name")).at(label.span).detail(
                "A name must start with a letter or underscore and may contain only letters, digits, underscores, \
                 and dashes.",
            ),
        );
    }
}
