//! Which arguments and blocks the template's own blocks may have.

use karat_hcl::habit;
use karat_hcl::json::{Form, Property, Role};
use karat_hcl::tree::{Attribute, Block, Body, Ident};
use karat_model::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use karat_model::span::Span;

use crate::code;

/// What may stand in a body of the template language.
pub(crate) struct Shape {
    /// Arguments, and whether each is required. `None`: any.
    pub(crate) arguments: Option<&'static [(&'static str, bool)]>,
    /// Kinds of blocks with the names of their labels. `None`: any.
    pub(crate) blocks: Option<Labelled>,
}

/// Kinds of blocks with the names of their labels.
type Labelled = &'static [(&'static str, &'static [&'static str])];

/// A file of a template.
pub(crate) const FILE: Shape = Shape {
    arguments: Some(&[]),
    blocks: Some(&[
        ("build", &[]),
        ("communicator", &["type", "name"]),
        ("data", &["type", "name"]),
        ("hcp_packer_registry", &[]),
        ("local", &["name"]),
        ("locals", &[]),
        ("packer", &[]),
        ("source", &["type", "name"]),
        ("variable", &["name"]),
        ("variables", &[]),
    ]),
};

pub(crate) const PACKER: Shape =
    Shape { arguments: Some(&[("required_version", false)]), blocks: Some(&[("required_plugins", &[])]) };

/// `variables`, `locals`, `required_plugins`: names that the user chooses.
pub(crate) const NAMES: Shape = Shape { arguments: None, blocks: Some(&[]) };

pub(crate) const VARIABLE: Shape = Shape {
    arguments: Some(&[("default", false), ("description", false), ("sensitive", false), ("type", false)]),
    blocks: Some(&[("validation", &[])]),
};

pub(crate) const VALIDATION: Shape =
    Shape { arguments: Some(&[("condition", true), ("error_message", true)]), blocks: Some(&[]) };

pub(crate) const LOCAL: Shape =
    Shape { arguments: Some(&[("expression", true), ("sensitive", false)]), blocks: Some(&[]) };

pub(crate) const BUILD: Shape = Shape {
    arguments: Some(&[("description", false), ("name", false), ("parallel", false), ("sources", false)]),
    blocks: BUILD_BLOCKS,
};

/// A `build` block as Packer has it: without Karat's `parallel`.
pub(crate) const PACKERS_BUILD: Shape = Shape {
    arguments: Some(&[("description", false), ("name", false), ("sources", false)]),
    blocks: BUILD_BLOCKS,
};

const BUILD_BLOCKS: Option<Labelled> = Some(&[
    ("dynamic", &["kind"]),
    ("error-cleanup-provisioner", &["type"]),
    ("from", &["type"]),
    ("hcp_packer_registry", &[]),
    ("post-processor", &["type"]),
    ("post-processors", &[]),
    ("provisioner", &["type"]),
    ("source", &["reference"]),
]);

pub(crate) const POST_PROCESSORS: Shape =
    Shape { arguments: Some(&[]), blocks: Some(&[("dynamic", &["kind"]), ("post-processor", &["type"])]) };

impl Shape {
    /// Reports everything in `body` that may not stand there, and what is missing.
    pub(crate) fn check(&self, body: &Body, diagnostics: &mut Diagnostics) {
        diagnostics.extend(body.properties.iter().map(|property| self.unknown_property(property)));
        if let Some(allowed) = self.arguments {
            let unknown =
                body.attributes.iter().filter(|a| allowed.iter().all(|(name, _)| *name != a.name.name));
            diagnostics.extend(unknown.map(|attribute| self.unknown_argument(attribute, allowed)));
            for (name, _) in
                allowed.iter().filter(|(name, required)| *required && body.attribute(name).is_none())
            {
                let problem =
                    Diagnostic::error(code::MISSING_ARGUMENT, format!("The argument `{name}` is required"));
                diagnostics.push(problem.label(body.end, "it is missing here"));
            }
        }
        if let Some(allowed) = self.blocks {
            for block in &body.blocks {
                match allowed.iter().find(|(kind, _)| *kind == block.kind.name) {
                    Some((_, labels)) => check_labels(block, labels, diagnostics),
                    None => diagnostics.push(self.unknown_block(block, allowed)),
                }
            }
        }
    }

    /// Whether `block` stands where it may and has as many labels as it must.
    pub(crate) fn admits(&self, block: &Block) -> bool {
        let Some(allowed) = self.blocks else { return true };
        allowed.iter().any(|(kind, labels)| *kind == block.kind.name && labels.len() == block.labels.len())
    }

    /// The names of the labels of a kind of block, if it may stand here.
    pub(crate) fn labels(&self, kind: &str) -> Option<&'static [&'static str]> {
        self.blocks?.iter().find(|(name, _)| *name == kind).map(|(_, labels)| *labels)
    }

    /// What a JSON property of that name is here, if anything; as an argument its strings are read as `form` says.
    pub(crate) fn role(&self, name: &str, form: Form) -> Option<Role> {
        match self.labels(name) {
            Some(_) if name == "dynamic" => Some(Role::Dynamic),
            Some(labels) => Some(Role::Block(labels)),
            None => match self.arguments {
                // Any name but that of a comment.
                None => (name != "//").then_some(Role::Argument(form)),
                Some(known) => known.iter().any(|(known, _)| *known == name).then_some(Role::Argument(form)),
            },
        }
    }

    /// Says that no block of this kind may stand here.
    pub(crate) fn unknown_kind(&self, kind: &str, span: Span) -> Diagnostic {
        let problem =
            Diagnostic::error(code::UNKNOWN_BLOCK, format!("There is no block `{kind}` here")).at(span);
        match did_you_mean(kind, self.blocks.unwrap_or_default().iter().map(|(kind, _)| *kind)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        }
    }

    fn unknown_property(&self, property: &Property) -> Diagnostic {
        let name = &property.name.text;
        let span = property.name.inside();
        let problem =
            Diagnostic::error(code::UNKNOWN_ARGUMENT, format!("There is no argument or block `{name}` here"))
                .at(span);
        let arguments = self.arguments.unwrap_or_default().iter().map(|(name, _)| *name);
        let blocks = self.blocks.unwrap_or_default().iter().map(|(kind, _)| *kind);
        suggest(problem, span, did_you_mean(name, arguments.chain(blocks)))
    }

    fn unknown_argument(&self, attribute: &Attribute, allowed: &[(&str, bool)]) -> Diagnostic {
        let Ident { name, span } = &attribute.name;
        if self.blocks.is_some_and(|blocks| blocks.iter().any(|(kind, _)| kind == name)) {
            return Diagnostic::error(
                code::UNKNOWN_ARGUMENT,
                format!("`{name}` is a block, not an argument"),
            )
            .label(*span, "it is set here with `=`")
            .help(format!("write `{name} {{ … }}` without `=`"));
        }
        let problem =
            Diagnostic::error(code::UNKNOWN_ARGUMENT, format!("There is no argument `{name}` here"))
                .at(*span);
        if let Some(help) = habit::argument(name) {
            return problem.help(help);
        }
        suggest(problem, *span, did_you_mean(name, allowed.iter().map(|(name, _)| *name)))
    }

    fn unknown_block(&self, block: &Block, allowed: Labelled) -> Diagnostic {
        let Ident { name: kind, span } = &block.kind;
        if self.arguments.is_some_and(|arguments| arguments.iter().any(|(name, _)| name == kind)) {
            return Diagnostic::error(code::UNKNOWN_BLOCK, format!("`{kind}` is an argument, not a block"))
                .label(block.header, "the `=` is missing")
                .help(format!("write `{kind} = …`"));
        }
        let problem = Diagnostic::error(code::UNKNOWN_BLOCK, format!("There is no block `{kind}` here"))
            .at(block.header);
        if let Some(help) = habit::block(kind) {
            return problem.help(help);
        }
        suggest(problem, *span, did_you_mean(kind, allowed.iter().map(|(kind, _)| *kind)))
    }
}

fn suggest(problem: Diagnostic, span: Span, near: Option<&str>) -> Diagnostic {
    match near {
        Some(near) => problem.did_you_mean(span, near),
        None => problem,
    }
}

fn check_labels(block: &Block, names: &[&str], diagnostics: &mut Diagnostics) {
    let kind = &block.kind.name;
    let plural = if names.len() == 1 { "label" } else { "labels" };
    if let Some(missing) = names.get(block.labels.len()) {
        let problem =
            Diagnostic::error(code::LABELS, format!("Missing {missing} for {kind}")).at(block.header);
        diagnostics.push(problem.detail(format!(
            "All {kind} blocks must have {} {plural} ({}).",
            names.len(),
            names.join(", ")
        )));
    } else if let Some(extra) = block.labels.get(names.len()) {
        let problem = Diagnostic::error(code::LABELS, format!("Extraneous label for {kind}")).at(extra.span);
        diagnostics.push(problem.detail(match names.len() {
            0 => format!("No labels are expected for {kind} blocks."),
            count => format!("Only {count} {plural} ({}) are expected for {kind} blocks.", names.join(", ")),
        }));
    }
}
