//! What an expression is worth.
//!
//! Evaluation never stops: a problem is reported once, its value is [`Value::error`], and what depends on that is an
//! error too, silently. Unknown values make what is computed from them unknown, sensitive values make it sensitive.

use karat_model::diagnostic::{Code, Diagnostic, Diagnostics, code};
use karat_model::span::Span;
use karat_model::value::{ConvertError, Type, Value, unify};

pub use mention::mentioned;

use crate::limit::too_large;
use crate::scope::Scope;
use crate::tree::{Conditional, Expr, ExprKind, ObjectItem, Part, UnaryOp};

mod access;
mod call;
mod hint;
mod iterate;
mod mention;
mod operator;
mod template;

/// The code of problems with the type of a value.
const TYPE: Code = code::WRONG_TYPE;
/// The code of problems with null.
const NULL: Code = code::NULL_VALUE;

/// The value of an expression. Problems go to `diagnostics`.
pub fn eval(expr: &Expr, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Value {
    Evaluator { diagnostics }.expr(expr, scope)
}

/// Keys and elements of a value that can be iterated, by the rules of `for`. Otherwise what that makes of the whole:
/// unknown, or an error that has been reported.
pub(crate) fn elements(
    value: &Value,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<(Value, Value)>, Value> {
    Evaluator { diagnostics }.elements(value, span)
}

/// Evaluates apart: the problems may turn out not to matter.
fn eval_apart(expr: &Expr, scope: &Scope<'_>) -> (Value, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let value = eval(expr, scope, &mut diagnostics);
    (value, diagnostics)
}

struct Evaluator<'d> {
    diagnostics: &'d mut Diagnostics,
}

impl Evaluator<'_> {
    fn fail(&mut self, diagnostic: Diagnostic) -> Value {
        self.diagnostics.push(diagnostic);
        Value::error()
    }

    fn expr(&mut self, expr: &Expr, scope: &Scope<'_>) -> Value {
        let before = self.diagnostics.len();
        let value = self.kind(expr, scope);
        // What a variable has was let through when it was made, and all of them together may be large.
        let made_here =
            !matches!(expr.kind, ExprKind::Literal(_) | ExprKind::Variable(_) | ExprKind::Parens(_));
        let value = match too_large(&value, expr.span) {
            Some(problem) if made_here && !value.is_error() => self.fail(problem),
            _ => value,
        };
        if self.diagnostics.len() > before {
            self.show_values(before, expr, scope);
        }
        value
    }

    fn kind(&mut self, expr: &Expr, scope: &Scope<'_>) -> Value {
        match &expr.kind {
            ExprKind::Literal(value) => value.as_ref().clone(),
            ExprKind::Template(parts) => self.template(parts, scope),
            ExprKind::Variable(name) => self.variable(name, expr.span, scope),
            ExprKind::Access(access) => {
                let value = self.expr(&access.base, scope);
                self.access(value, &access.base, &access.steps, scope)
            }
            ExprKind::Call(call) => self.call(call, scope),
            ExprKind::Tuple(elements) => {
                Value::tuple(elements.iter().map(|element| self.expr(element, scope)).collect())
            }
            ExprKind::Object(items) => self.object(items, scope),
            ExprKind::For(each) => self.for_expression(each, scope),
            ExprKind::Conditional(conditional) => self.conditional(conditional, scope),
            ExprKind::Chain(chain) => self.chain(&chain.first, &chain.links, scope),
            ExprKind::Unary(op, operand) => self.unary(*op, operand, expr.span, scope),
            ExprKind::Parens(inner) => self.expr(inner, scope),
            ExprKind::Error => Value::error(),
        }
    }

    fn variable(&mut self, name: &str, span: Span, scope: &Scope<'_>) -> Value {
        match scope.variable(name) {
            Some(value) => value.clone(),
            None => self.fail(hint::unknown_variable(name, span, scope)),
        }
    }

    fn object(&mut self, items: &[ObjectItem], scope: &Scope<'_>) -> Value {
        let mut attributes = std::collections::BTreeMap::new();
        let mut sensitive = false;
        let mut whole = None;
        for item in items {
            let value = self.expr(&item.value, scope);
            let key = if item.has_unclear_key() {
                self.unclear_key(item.key.span)
            } else {
                self.expr(&item.key, scope)
            };
            match self.key(key, item.key.span) {
                Ok(key) => {
                    sensitive |= key.is_sensitive();
                    let name = key.as_str().unwrap_or_default().to_owned();
                    if attributes.insert(name.clone(), value).is_some() {
                        let shown =
                            if key.is_sensitive() { "a key".to_owned() } else { format!("\"{name}\"") };
                        self.diagnostics.push(
                            Diagnostic::warning(
                                code::DUPLICATE_KEY,
                                format!("{shown} is in the object twice"),
                            )
                            .label(item.key.span, "this one counts, the earlier one is ignored"),
                        );
                    }
                }
                // Which attributes the object has is not known, then.
                Err(unusable) => whole = Some(unusable),
            }
        }
        whole.unwrap_or_else(|| Value::object(attributes).mark_if(sensitive))
    }

    /// A value as the key of an object: a string that is known and not null. Otherwise what the object as a whole is.
    /// `{ a.b = 1 }`: Packer 1.16 refuses to guess, and not before it evaluates the object.
    fn unclear_key(&mut self, span: Span) -> Value {
        self.fail(
            Diagnostic::error(code::SYNTAX, "It is not clear what the key is")
                .label(span, "a name, or something to evaluate?")
                .help(
                    "put it in parentheses to have it evaluated; a key with a dot in it is written in quotes",
                ),
        )
    }

    fn key(&mut self, value: Value, span: Span) -> Result<Value, Value> {
        if value.is_error() {
            return Err(value);
        }
        if value.is_null() {
            return Err(self.fail(Diagnostic::error(NULL, "A key must not be null").at(span)));
        }
        match value.convert(&Type::String) {
            Ok(key) if key.is_known() => Ok(key),
            Ok(key) => Err(Value::unknown(Type::Any).mark_if(key.is_sensitive())),
            Err(error) => Err(self.wrong_type("A key must be a string", &error, span)),
        }
    }

    fn wrong_type(&mut self, title: impl Into<String>, error: &ConvertError, span: Span) -> Value {
        self.fail(Diagnostic::error(TYPE, title).label(span, error.to_string()))
    }

    /// A value as a bool that may be unknown but not null. What is no bool is reported as `what`.
    fn truth(&mut self, value: Value, what: &str, span: Span) -> Value {
        if value.is_error() {
            return value;
        }
        if value.is_null() {
            let problem = Diagnostic::error(NULL, format!("{what} must not be null"));
            return self.fail(problem.label(span, "it must be either true or false"));
        }
        match value.convert(&Type::Bool) {
            Ok(truth) => truth,
            Err(error) => self.wrong_type(format!("{what} must be true or false"), &error, span),
        }
    }

    fn conditional(&mut self, conditional: &Conditional, scope: &Scope<'_>) -> Value {
        let condition = self.expr(&conditional.condition, scope);
        let condition = if condition.is_known() {
            self.truth(condition, "The condition", conditional.condition.span)
        } else {
            condition
        };
        let (yes, yes_problems) = eval_apart(&conditional.yes, scope);
        let (no, no_problems) = eval_apart(&conditional.no, scope);
        if condition.is_error() {
            return condition;
        }
        // Only the problems of the side that is taken matter.
        let taken = match condition.as_bool() {
            Some(true) => {
                self.diagnostics.extend(yes_problems);
                Some(&yes)
            }
            Some(false) => {
                self.diagnostics.extend(no_problems);
                Some(&no)
            }
            None => None,
        };
        let ty = match (yes.is_error(), no.is_error()) {
            (false, false) => match common_type(&yes, &no) {
                Some(ty) => ty,
                None => return self.fail(two_types(conditional, &yes, &no)),
            },
            (true, false) if taken.is_none() => no.ty().clone(),
            (false, true) if taken.is_none() => yes.ty().clone(),
            _ => taken.map_or(Type::Any, |taken| taken.ty().clone()),
        };
        let result = match taken {
            None if yes.is_null() && no.is_null() => Ok(Value::null(ty)),
            None if yes.is_surely_not_null() && no.is_surely_not_null() => Ok(Value::unknown(ty).not_null()),
            None => Ok(Value::unknown(ty)),
            Some(taken) => taken.convert(&ty),
        };
        // Both sides have been looked at, so the secrets of both count.
        let mut sides = [&condition, &yes, &no].into_iter();
        let sensitive = if taken.is_none() {
            sides.any(Value::is_sensitive)
        } else {
            sides.any(Value::is_itself_sensitive)
        };
        match result {
            Ok(value) => value.mark_if(sensitive),
            Err(error) => self.wrong_type(
                "The two sides of the condition do not fit together",
                &error,
                conditional.yes.span,
            ),
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr, span: Span, scope: &Scope<'_>) -> Value {
        let value = self.expr(operand, scope);
        let (sign, ty) = match op {
            UnaryOp::Negate => ("-", Type::Number),
            UnaryOp::Not => ("!", Type::Bool),
        };
        let Some(value) = self.operand(value, sign, &ty, operand.span, span) else { return Value::error() };
        if !value.is_known() {
            return value.not_null();
        }
        let result = match (value.as_bool(), value.as_number()) {
            (Some(truth), _) => Value::bool(!truth),
            (_, Some(number)) => Value::number(number.neg()),
            _ => Value::error(),
        };
        result.mark_if(value.is_sensitive())
    }

    fn template(&mut self, parts: &[Part], scope: &Scope<'_>) -> Value {
        // An interpolation by itself keeps the type of its value.
        if let [Part::Interpolation(expr, span)] = parts {
            return self.interpolated(expr, *span, scope);
        }
        let mut text = template::Text::default();
        self.parts(parts, scope, &mut text);
        text.into_value()
    }
}

/// The type that both sides of a condition can have. A null without a type takes the type of the other side.
fn common_type(yes: &Value, no: &Value) -> Option<Type> {
    match (yes.ty(), no.ty()) {
        (Type::Any, ty) if yes.is_null() => Some(ty.clone()),
        (ty, Type::Any) if no.is_null() => Some(ty.clone()),
        (Type::Any, _) | (_, Type::Any) => Some(Type::Any),
        (yes, no) => unify([yes, no]),
    }
}

fn two_types(conditional: &Conditional, yes: &Value, no: &Value) -> Diagnostic {
    Diagnostic::error(TYPE, "The two sides of the condition must have types that fit together")
        .label(conditional.no.span, format!("this is {}", no.ty().with_article()))
        .label(conditional.yes.span, format!("this is {}", yes.ty().with_article()))
}

#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod tests;
