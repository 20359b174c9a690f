//! Operators.

use karat_model::diagnostic::{Diagnostic, code};
use karat_model::span::Span;
use karat_model::value::{Number, Type, Value};

use super::{Evaluator, NULL, TYPE, eval_apart};
use crate::scope::Scope;
use crate::tree::{BinaryOp, Expr, Link};

impl BinaryOp {
    /// The operator as it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn chain(&mut self, first: &Expr, links: &[Link], scope: &Scope<'_>) -> Value {
        if let Some(Link { op: op @ (BinaryOp::And | BinaryOp::Or), .. }) = links.first() {
            return self.logic(first, links, *op, scope);
        }
        let mut left = self.expr(first, scope);
        let mut left_span = first.span;
        for link in links {
            let right = self.expr(&link.operand, scope);
            left = self.binary(link, (left, left_span), right);
            left_span = left_span.to(link.operand.span);
        }
        left
    }

    /// `&&` and `||`: an operand that decides hides what is wrong with the others, on both sides, so that
    /// `x == null || x.y == 1` works.
    fn logic(&mut self, first: &Expr, links: &[Link], op: BinaryOp, scope: &Scope<'_>) -> Value {
        let deciding = op == BinaryOp::Or;
        let mut result = Value::bool(!deciding);
        let mut problems = Vec::new();
        let op_spans = links.iter().map(|link| link.op_span);
        let operands = std::iter::once(first).chain(links.iter().map(|link| &link.operand));
        let before = links.first().map_or(first.span, |link| link.op_span);
        for (operand, op_span) in operands.zip(std::iter::once(before).chain(op_spans)) {
            let (value, mut found) = eval_apart(operand, scope);
            let value = Evaluator { diagnostics: &mut found }.operand(
                value,
                op.sign(),
                &Type::Bool,
                operand.span,
                op_span,
            );
            let value = value.unwrap_or_else(Value::error);
            if value.as_bool() == Some(deciding) {
                return value;
            }
            problems.extend(found);
            let sensitive = result.is_sensitive() || value.is_sensitive();
            // Errors outdo unknown values, which outdo known ones.
            if value.is_error() || !value.is_known() && !result.is_error() {
                result = value;
            }
            result = result.mark_if(sensitive);
        }
        self.diagnostics.extend(problems);
        result
    }

    fn binary(&mut self, link: &Link, (left, left_span): (Value, Span), right: Value) -> Value {
        let sensitive = left.is_sensitive() || right.is_sensitive();
        if left.is_error() || right.is_error() {
            return Value::error();
        }
        if matches!(link.op, BinaryOp::Equal | BinaryOp::NotEqual) {
            let result = match equal(&left, &right) {
                Some(equal) => Value::bool(equal == (link.op == BinaryOp::Equal)),
                None => Value::unknown(Type::Bool),
            };
            return result.mark_if(sensitive);
        }
        let sign = link.op.sign();
        let left = self.operand(left, sign, &Type::Number, left_span, link.op_span);
        let right = self.operand(right, sign, &Type::Number, link.operand.span, link.op_span);
        let (Some(left), Some(right)) = (left, right) else { return Value::error() };
        let is_comparison = matches!(
            link.op,
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual
        );
        let (Some(a), Some(b)) = (left.as_number(), right.as_number()) else {
            let ty = if is_comparison { Type::Bool } else { Type::Number };
            return Value::unknown(ty).mark_if(sensitive);
        };
        let result = match link.op {
            BinaryOp::Less => Some(Value::bool(a < b)),
            BinaryOp::LessEqual => Some(Value::bool(a <= b)),
            BinaryOp::Greater => Some(Value::bool(a > b)),
            BinaryOp::GreaterEqual => Some(Value::bool(a >= b)),
            op => arithmetic(op, a, b).map(Value::number),
        };
        match result {
            Some(value) => value.mark_if(sensitive),
            None => self.fail(
                Diagnostic::error(code::NO_NUMBER, format!("The result of `{sign}` is not a number"))
                    .label(link.op_span, "zero by zero and infinity by infinity have no result"),
            ),
        }
    }

    /// A value as an operand: converted, and not null.
    pub(super) fn operand(
        &mut self,
        value: Value,
        sign: &str,
        ty: &Type,
        span: Span,
        op: Span,
    ) -> Option<Value> {
        if value.is_error() {
            return None;
        }
        let what = format!("`{sign}` needs {}", ty.with_article());
        if value.is_null() {
            self.fail(
                Diagnostic::error(NULL, what).label(span, "this is null").label(op, "the operator is this"),
            );
            return None;
        }
        match value.convert(ty) {
            Ok(value) => Some(value),
            Err(error) => {
                let mut problem = Diagnostic::error(TYPE, what).label(span, error.to_string());
                if sign == "+" && matches!(value.ty(), Type::String) {
                    problem = problem.help("to put texts together, write \"${a}${b}\"");
                } else if sign == "+" && value.ty().is_compound() {
                    problem = problem.help("use `concat` to put lists together, `merge` for objects");
                }
                self.fail(problem);
                None
            }
        }
    }
}

/// `None` as long as it is not known.
fn equal(left: &Value, right: &Value) -> Option<bool> {
    if left.is_null() && right.is_null() {
        return Some(true);
    }
    if !left.is_known() || !right.is_known() {
        let differ = left.ty() != right.ty() && !left.ty().has_any() && !right.ty().has_any();
        let null = left.is_null() || right.is_null();
        return (differ && !null).then_some(false);
    }
    if left.is_null() || right.is_null() {
        return Some(false);
    }
    if left.is_wholly_known() && right.is_wholly_known() {
        return Some(left.equals(right));
    }
    // What is unknown deep inside can only matter if everything around it fits.
    (left.ty() != right.ty() && !left.ty().has_any() && !right.ty().has_any()).then_some(false)
}

fn arithmetic(op: BinaryOp, a: &Number, b: &Number) -> Option<Number> {
    match op {
        BinaryOp::Add => a.add(b),
        BinaryOp::Subtract => a.sub(b),
        BinaryOp::Multiply => a.mul(b),
        BinaryOp::Divide => a.div(b),
        BinaryOp::Remainder => a.rem(b),
        _ => None,
    }
}
