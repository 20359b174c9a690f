//! The `packer` block: which Packer a template wants, and which plugins.

use karat_hcl::tree::{Attribute, Block, Expr, ExprKind};
use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit};
use karat_model::span::{SourceMap, Span};
use karat_model::value::{Type, Value};

use crate::code;
use crate::constraint::{Constraint, Version};
use crate::fixed;
use crate::load::Hcl2Files;

/// A plugin that the template requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The name that the template gives it.
    pub name: String,
    /// Its address, such as `github.com/hashicorp/amazon`.
    pub source: String,
    /// Which versions will do, as written.
    pub version: String,
    /// Where it is required.
    pub span: Span,
}

const SOURCE_EXAMPLE: &str = "A valid source looks like \"github.com/hashicorp/happycloud\"";

/// Checks every `required_version`. Packer does this before it looks at anything else.
pub(crate) fn check_version(files: &Hcl2Files, current: &str, diagnostics: &mut Diagnostics) {
    let blocks = files.bodies.iter().flat_map(|body| body.blocks_of("packer"));
    for attribute in blocks.filter_map(|block| block.body.attribute("required_version")) {
        let span = attribute.expr.span;
        let Some(value) = fixed::value(&attribute.expr, diagnostics) else { continue };
        // Null asks for nothing.
        if value.is_null() {
            continue;
        }
        let value = value.convert(&Type::String).ok();
        let Some(text) = value.as_ref().and_then(Value::as_str) else {
            let problem = Diagnostic::error(code::VERSION, "Invalid version constraint").at(span);
            diagnostics.push(problem.detail("A string value is required for required_version."));
            continue;
        };
        let constraint = match Constraint::parse(text) {
            Ok(constraint) => constraint,
            Err(part) => {
                diagnostics.push(
                    Diagnostic::error(code::VERSION, "Invalid version constraint")
                        .at(span)
                        .detail(constraint_detail(&part)),
                );
                continue;
            }
        };
        if Version::parse(current).is_some_and(|version| !constraint.allows(&version)) {
            diagnostics.push(
                Diagnostic::error(code::VERSION, "Unsupported Packer Core version").at(span).detail(format!(
                    "This configuration does not support Packer version {current}, which Karat is compatible with. \
                     Version constraints are normally set for a reason; if the template does work, widen this one."
                )),
            );
        }
    }
}

fn constraint_detail(part: &str) -> String {
    format!(
        "\"{part}\" is not a version constraint. A constraint is a version after one of =, !=, >, >=, <, <=, ~>; \
         several are separated by commas: \">= 1.7.0, < 2.0.0\"."
    )
}

/// The entries of a `required_plugins` block that are as they should be.
pub(crate) fn read(block: &Block, diagnostics: &mut Diagnostics) -> Vec<Requirement> {
    crate::shape::NAMES.check(&block.body, diagnostics);
    block.body.attributes.iter().filter_map(|attribute| entry(attribute, diagnostics)).collect()
}

fn entry(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<Requirement> {
    let name = &attribute.name.name;
    let error = |title: &str| Diagnostic::error(code::REQUIRED_PLUGIN, title).at(attribute.span);
    let lower = name.to_lowercase();
    if let Some(problem) = name_problem(name) {
        diagnostics.push(
            error("Invalid plugin local name")
                .at(attribute.name.span)
                .detail(format!("{name} is an invalid plugin local name: {problem}")),
        );
    } else if lower != *name {
        diagnostics.push(
            error("Invalid plugin local name")
                .at(attribute.name.span)
                .detail(format!(
                    "Plugin names must be normalized. Replace \"{name}\" with \"{lower}\" to fix this error."
                ))
                .fix(Edit { span: attribute.name.span, replacement: lower }),
        );
    }
    let ExprKind::Object(items) = &attribute.expr.kind else {
        diagnostics.push(not_an_object(attribute, error("Invalid plugin requirement")));
        return None;
    };
    let (mut source, mut version) = (None, None);
    for item in items {
        let key = item.key.as_literal_str().or_else(|| item.key.as_keyword());
        let slot = match key {
            Some("source") => &mut source,
            Some("version") => &mut version,
            _ => {
                diagnostics.push(
                    Diagnostic::error(code::REQUIRED_PLUGIN, "Invalid plugin requirement")
                        .at(item.key.span)
                        .detail("A plugin requirement has a `source` and a `version`, and nothing else."),
                );
                continue;
            }
        };
        *slot = Some(&item.value);
    }
    let source = match source {
        Some(expr) => {
            text("source", expr, diagnostics).and_then(|text| check_source(text, expr, diagnostics))
        }
        None => {
            diagnostics.push(error("No source was set").detail(
                "The source field must be specified as a string. Ex: `source = \"github.com/hashicorp/happycloud\"`.",
            ));
            None
        }
    };
    let version = match version {
        Some(expr) => {
            text("version", expr, diagnostics).and_then(|text| check_constraint(text, expr, diagnostics))
        }
        None => {
            diagnostics.push(error("No version constraint was set").detail(
                "The version field must be specified as a string. Ex: `version = \">= 1.2.0, < 2.0.0\"`.",
            ));
            None
        }
    };
    Some(Requirement { name: name.clone(), source: source?, version: version?, span: attribute.span })
}

/// A text that is written as one: a number will not do.
fn text(name: &str, expr: &Expr, diagnostics: &mut Diagnostics) -> Option<String> {
    let value = fixed::value(expr, diagnostics)?;
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let title = if name == "source" { "Invalid source" } else { "Invalid version constraint" };
    let problem = Diagnostic::error(code::REQUIRED_PLUGIN, title).at(expr.span);
    diagnostics.push(problem.detail(format!("The {name} must be specified as a string.")));
    None
}

fn not_an_object(attribute: &Attribute, problem: Diagnostic) -> Diagnostic {
    let name = &attribute.name.name;
    let version = attribute.expr.as_literal_str().unwrap_or(">= 1.0.0");
    let block =
        format!("{name} = {{\n  source  = \"github.com/hashicorp/{name}\"\n  version = \"{version}\"\n}}");
    problem
        .detail(format!("'{name} = …' is not enough to find a plugin. You must define a whole block. For example:\n{block}"))
        .fix(Edit { span: attribute.span, replacement: block })
}

fn check_constraint(text: String, expr: &Expr, diagnostics: &mut Diagnostics) -> Option<String> {
    let error = |detail: String| {
        Diagnostic::error(code::REQUIRED_PLUGIN, "Invalid version constraint").at(expr.span).detail(detail)
    };
    match Constraint::parse(&text) {
        Ok(constraint) if constraint.has_prerelease() => {
            diagnostics.push(error(format!("Unsupported prerelease for constraint \"{text}\"")));
            None
        }
        Ok(_) => Some(text),
        Err(part) => {
            diagnostics.push(error(constraint_detail(&part)));
            None
        }
    }
}

fn check_source(text: String, expr: &Expr, diagnostics: &mut Diagnostics) -> Option<String> {
    let Some(detail) = source_problem(&text) else { return Some(text) };
    diagnostics.push(
        Diagnostic::error(code::REQUIRED_PLUGIN, "Failed to parse source").at(expr.span).detail(detail),
    );
    None
}

/// What is wrong with a plugin's address, if anything is.
fn source_problem(text: &str) -> Option<String> {
    let mut problems = Vec::new();
    // What has a colon before the first slash is a scheme, a port of a host included.
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if !scheme.contains('/') => (Some(scheme), rest.trim_start_matches("//")),
        _ => (None, text),
    };
    let parts: Vec<&str> = rest.trim_matches('/').split('/').collect();
    if rest.starts_with('/') {
        problems.push("A source URL must not start with a '/' character.".to_owned());
    }
    if rest.ends_with('/') {
        problems.push("A source URL must not end with a '/' character.".to_owned());
    }
    if let Some(scheme) = scheme {
        problems.push(format!("A source URL must not contain a scheme (e.g. {scheme}:)."));
    }
    if rest.contains('?') {
        problems.push("A source URL must not contain a query (e.g. ?var=val)".to_owned());
    }
    if rest.contains('#') {
        problems.push("A source URL must not contain a fragment (e.g. #anchor).".to_owned());
    }
    if parts.len() < 3 {
        problems.push("A source URL must at least contain a host and a path with 2 components".to_owned());
    }
    if parts.len() > 16 {
        problems.push("A source URL must have at most 16 components".to_owned());
    }
    if !problems.is_empty() {
        let list: Vec<String> = problems.iter().map(|problem| format!("* {problem}")).collect();
        return Some(format!(
            "The provided source URL is invalid.\nThe following errors have been discovered:\n{}\n\n{SOURCE_EXAMPLE}",
            list.join("\n")
        ));
    }
    let last = parts.last().copied().unwrap_or_default();
    for prefix in ["packer-plugin-", "packer-"] {
        if let Some(name) = last.strip_prefix(prefix) {
            return Some(format!(
                "Plugin source has a type with the prefix \"{prefix}\", which isn't valid. Repositories are often \
                 named like that, plugins are not.\n\nDid you mean \"{name}\"?"
            ));
        }
    }
    name_problem(last)
        .map(|problem| format!("\"{last}\" cannot be the name of a plugin: {problem}\n\n{SOURCE_EXAMPLE}"))
}

/// What is wrong with names that are required twice, in whatever file.
pub(crate) fn duplicates(all: &[Requirement], sources: &SourceMap) -> Vec<Diagnostic> {
    let duplicate = |(at, requirement): (usize, &Requirement)| {
        let first = all[..at].iter().find(|other| other.name == requirement.name)?;
        let title = format!("Duplicate required_plugin.\"{}\" block", requirement.name);
        let problem = Diagnostic::error(code::DUPLICATE, title).at(requirement.span).detail(format!(
            "A plugin of that name is required already, at {}. Two plugins must have different names.",
            sources.location(first.span)
        ));
        Some(problem.label(first.span, "required here first"))
    };
    all.iter().enumerate().filter_map(duplicate).collect()
}

/// What keeps a text from being the name of a plugin, which is a label of a host name: Packer says so.
fn name_problem(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_alphanumeric() || c == '-';
    if name.contains('.') {
        Some("dots are not allowed")
    } else if name.contains("--") {
        Some("cannot use multiple consecutive dashes")
    } else if name.is_empty() || name.starts_with('-') || name.ends_with('-') || !name.chars().all(allowed) {
        Some("must contain only letters, digits, and dashes, and may not use leading or trailing dashes")
    } else {
        None
    }
}
