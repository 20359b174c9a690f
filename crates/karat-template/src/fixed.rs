//! Values that must stand in the text as they are: no variables, no functions.

use karat_hcl::tree::Expr;
use karat_hcl::{Scope, eval};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::value::{Type, Value};

use crate::code;

/// The value of an expression that may mention nothing. Mistakes are reported and give `None`.
pub(crate) fn value(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Value> {
    if let Some(reference) = expr.references().first() {
        diagnostics.push(
            Diagnostic::error(code::STATIC, "Variables not allowed")
                .at(reference.span)
                .detail("Variables may not be used here."),
        );
        return None;
    }
    let mut problems = Diagnostics::new();
    let value = eval(expr, &Scope::default(), &mut problems);
    let failed = value.is_error() || problems.has_errors();
    diagnostics.extend(problems.into_iter().map(|problem| {
        match (problem.code, &problem.primary) {
            (code::UNKNOWN_FUNCTION, Some(name)) => {
                Diagnostic::error(code::STATIC, "Function calls not allowed")
                    .at(name.span)
                    .detail("Functions may not be called here.")
            }
            _ => problem,
        }
    }));
    (!failed).then_some(value)
}

/// A fixed value of one type; null is none.
fn typed(expr: &Expr, ty: &Type, diagnostics: &mut Diagnostics) -> Option<Value> {
    let value = value(expr, diagnostics)?;
    let problem = match value.convert(ty) {
        Ok(value) if value.is_null() => "null value is not allowed".to_owned(),
        Ok(value) => return Some(value),
        Err(error) => error.to_string(),
    };
    diagnostics.push(
        Diagnostic::error(code::STATIC, "Unsuitable value type")
            .at(expr.span)
            .detail(format!("Unsuitable value: {problem}")),
    );
    None
}

/// A fixed text.
pub(crate) fn text(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<String> {
    typed(expr, &Type::String, diagnostics).and_then(|value| value.as_str().map(str::to_owned))
}

/// A fixed truth.
pub(crate) fn truth(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<bool> {
    typed(expr, &Type::Bool, diagnostics).and_then(|value| value.as_bool())
}
