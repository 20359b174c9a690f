//! Declarations of input variables.

use karat_hcl::function::FunctionTable;
use karat_hcl::tree::{Attribute, Block, Expr, Label};
use karat_hcl::{Reference, Scope, TypeConstraint, eval, type_constraint};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::Span;
use karat_model::value::{Type, Value};

use crate::code;
use crate::fixed;
use crate::shape;
use crate::template::check_name;

/// An input variable as it is declared.
pub(crate) struct Variable<'a> {
    pub(crate) name: &'a str,
    /// The name.
    pub(crate) span: Span,
    /// What values it takes.
    pub(crate) constraint: TypeConstraint,
    /// Where a type can be declared, if none is and the default decides.
    pub(crate) untyped: Option<Span>,
    /// Its default, and where that stands.
    pub(crate) default: Option<(Value, Span)>,
    pub(crate) sensitive: bool,
    pub(crate) rules: Vec<Rule<'a>>,
    /// Its declaration has a mistake that was reported: nothing is said about its value.
    pub(crate) broken: bool,
}

/// A `validation` block.
pub(crate) struct Rule<'a> {
    pub(crate) condition: &'a Expr,
    pub(crate) message: String,
    pub(crate) span: Span,
}

impl<'a> Variable<'a> {
    /// A `variable` block.
    pub(crate) fn from_block(
        block: &'a Block,
        label: &'a Label,
        functions: &FunctionTable,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let body = &block.body;
        let mut problems = Diagnostics::new();
        check_name("variable", label, &mut problems);
        shape::VARIABLE.check(body, &mut problems);
        if let Some(description) = body.attribute("description") {
            fixed::text(&description.expr, &mut problems);
        }
        let sensitive = body.attribute("sensitive").and_then(|a| fixed::truth(&a.expr, &mut problems));
        let rules =
            body.blocks_of("validation").filter_map(|rule| Rule::read(rule, &label.text, &mut problems));
        let rules = rules.collect();
        let declared = body.attribute("type").map(|a| type_constraint(&a.expr, &mut problems));
        let untyped =
            body.attribute("default").filter(|_| declared.is_none()).map(|default| default.span.at_start());
        // `any` says nothing either.
        let declared = declared.filter(|declared| declared.as_ref().is_none_or(|c| c.ty != Type::Any));
        let default = body.attribute("default").and_then(|a| default(a, functions, &mut problems));
        let constraint = match (declared, &default) {
            (Some(constraint), _) => constraint.unwrap_or_else(|| TypeConstraint::from(Type::Any)),
            // `[]` and `{}` say nothing about what is to come.
            (None, Some((value, _))) if is_empty(value) => TypeConstraint::from(Type::Any),
            (None, Some((value, _))) => TypeConstraint::from(value.ty().clone()),
            (None, None) => TypeConstraint::from(Type::Any),
        };
        let default = default.and_then(|default| check_default(default, &constraint, &mut problems));
        let broken = problems.has_errors();
        diagnostics.extend(problems);
        let sensitive = sensitive.unwrap_or(false);
        Self { name: &label.text, span: label.span, constraint, untyped, default, sensitive, rules, broken }
    }

    /// An attribute of a `variables` block: name and default. The default's type is the variable's.
    pub(crate) fn from_attribute(
        attribute: &'a Attribute,
        functions: &FunctionTable,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let default = default(attribute, functions, diagnostics);
        let ty = default.as_ref().map_or(Type::Any, |(value, _)| value.ty().clone());
        Self {
            name: &attribute.name.name,
            span: attribute.name.span,
            constraint: TypeConstraint::from(ty),
            untyped: None,
            broken: default.is_none(),
            default,
            sensitive: false,
            rules: Vec::new(),
        }
    }
}

impl<'a> Rule<'a> {
    fn read(block: &'a Block, variable: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        shape::VALIDATION.check(&block.body, diagnostics);
        let message = block.body.attribute("error_message")?;
        let text = fixed::text(&message.expr, diagnostics)?;
        if !is_sentence(&text) {
            diagnostics.push(
                Diagnostic::error(code::INVALID_VALIDATION, "Invalid validation error message")
                    .at(message.expr.span)
                    .detail(
                        "Validation error message must be at least one full sentence starting with an uppercase \
                         letter (if the alphabet permits it) and ending with a period or question mark.",
                    ),
            );
        }
        let condition = &block.body.attribute("condition")?.expr;
        check_condition(condition, variable, diagnostics).then_some(Self {
            condition,
            message: text,
            span: block.header,
        })
    }
}

/// A condition speaks of its own variable, and of nothing else.
fn check_condition(condition: &Expr, variable: &str, diagnostics: &mut Diagnostics) -> bool {
    let references = condition.references();
    let own = |reference: &&Reference| {
        reference.root.name == "var" && reference.path.first().is_some_and(|name| name.name == variable)
    };
    let mut good = true;
    for reference in references.iter().filter(|reference| !own(reference)) {
        good = false;
        diagnostics.push(
            Diagnostic::error(code::INVALID_VALIDATION, "Invalid reference in variable validation")
                .at(reference.span)
                .detail(format!(
                    "The condition for variable \"{variable}\" can only refer to the variable itself, using var.{variable}."
                )),
        );
    }
    if good && references.is_empty() {
        good = false;
        diagnostics.push(
            Diagnostic::error(code::INVALID_VALIDATION, "Invalid variable validation condition").at(condition.span).detail(
                format!(
                    "The condition for variable \"{variable}\" must refer to var.{variable} in order to test incoming values."
                ),
            ),
        );
    }
    good
}

/// Letters of scripts that have no capitals do not begin a sentence for Packer either.
fn is_sentence(text: &str) -> bool {
    let text = text.trim();
    let begins = |c: char| c.is_uppercase() || !c.is_alphabetic();
    text.starts_with(begins) && text.ends_with(['.', '?', '!'])
}

fn is_empty(value: &Value) -> bool {
    value.as_slice().is_some_and(<[Value]>::is_empty)
        || value.as_map().is_some_and(std::collections::BTreeMap::is_empty)
}

/// The value of a default, which may call `env` and nothing else.
fn default(
    attribute: &Attribute,
    functions: &FunctionTable,
    diagnostics: &mut Diagnostics,
) -> Option<(Value, Span)> {
    let expr = &attribute.expr;
    if let Some(reference) = expr.references().first() {
        diagnostics.push(Diagnostic::error(code::STATIC, "Variables not allowed").at(reference.span).detail(
            "Variables may not be used here. The default of a variable may call env(); a local can combine \
                 variables.",
        ));
        return None;
    }
    let mut problems = Diagnostics::new();
    let value = eval(expr, &Scope::new(functions.clone()), &mut problems);
    let failed = problems.has_errors();
    diagnostics.extend(problems.into_iter().map(|problem| {
        if problem.code == code::UNKNOWN_FUNCTION {
            problem.note(
                "the default of a variable may call env() and nothing else; a local can call every function",
            )
        } else {
            problem
        }
    }));
    (!failed && !value.is_error()).then_some((value, expr.span))
}

fn check_default(
    (value, span): (Value, Span),
    constraint: &TypeConstraint,
    diagnostics: &mut Diagnostics,
) -> Option<(Value, Span)> {
    match constraint.apply(&value) {
        Ok(value) => Some((value, span)),
        Err(error) => {
            diagnostics.push(
                Diagnostic::error(code::INVALID_DEFAULT, "Invalid default value for variable")
                    .at(span)
                    .detail(format!(
                        "This default value is not compatible with the variable's type constraint: {error}."
                    )),
            );
            None
        }
    }
}
