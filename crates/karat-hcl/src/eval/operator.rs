//! Operators.

use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::span::Span;
use karat_model::value::{Number, Type, Value};

use super::{Evaluator, NULL, TYPE, eval_apart};
use crate::scope::Scope;
use crate::tree::{BinaryOp, Expr, ExprKind, Link, UnaryOp};

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

    fn logic(&mut self, first: &Expr, links: &[Link], op: BinaryOp, scope: &Scope<'_>) -> Value {
        let mut left = eval_apart(first, scope);
        let mut left_span = first.span;
        // Failed arithmetic is still a number, which is no operand here.
        let is_failed_number = |expr: &Expr, (value, _): &Apart| value.is_error() && is_arithmetic(expr);
        let mut unsuitable = is_failed_number(first, &left);
        for link in links {
            let right = eval_apart(&link.operand, scope);
            unsuitable |= is_failed_number(&link.operand, &right);
            if unsuitable {
                self.diagnostics.extend(left.1);
                self.diagnostics.extend(right.1);
                left = (Value::error(), Diagnostics::new());
                continue;
            }
            left = logical(op, link, (left, left_span), right);
            left_span = left_span.to(link.operand.span);
        }
        let (value, problems) = left;
        self.diagnostics.extend(problems);
        value
    }

    fn binary(&mut self, link: &Link, (left, left_span): (Value, Span), right: Value) -> Value {
        let sensitive = left.is_sensitive() || right.is_sensitive();
        if left.is_error() || right.is_error() {
            return Value::error();
        }
        if matches!(link.op, BinaryOp::Equal | BinaryOp::NotEqual) {
            let result = match left.equality(&right) {
                Some(equal) => Value::bool(equal == (link.op == BinaryOp::Equal)),
                None => Value::unknown(Type::Bool).not_null(),
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
            return Value::unknown(ty).not_null().mark_if(sensitive);
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

fn is_arithmetic(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Parens(inner) => is_arithmetic(inner),
        ExprKind::Unary(op, _) => *op == UnaryOp::Negate,
        ExprKind::Chain(chain) => chain.links.iter().any(|link| {
            use BinaryOp::{Add, Divide, Multiply, Remainder, Subtract};
            matches!(link.op, Add | Subtract | Multiply | Divide | Remainder)
        }),
        _ => false,
    }
}

/// A value, and what is wrong with it.
type Apart = (Value, Diagnostics);

/// `&&` and `||`. Both sides are evaluated, and the side that decides hides what is wrong with the other, so that
/// `x == null || x.y == 1` works. What is no bool is a mistake in any case. Null counts as false for what decides.
fn logical(op: BinaryOp, link: &Link, (left, left_span): (Apart, Span), right: Apart) -> Apart {
    let mut unsuitable = Diagnostics::new();
    let mut convert = |(value, problems): Apart, span: Span| {
        let converted = if value.is_null() && value.convert(&Type::Bool).is_ok() {
            value
        } else {
            let evaluator = &mut Evaluator { diagnostics: &mut unsuitable };
            let operand = evaluator.operand(value, op.sign(), &Type::Bool, span, link.op_span);
            operand.unwrap_or_else(Value::error)
        };
        (converted, problems)
    };
    let (left, left_problems) = convert(left, left_span);
    let (right, right_problems) = convert(right, link.operand.span);
    let sensitive = left.is_sensitive() || right.is_sensitive();
    let together = |mut problems: Diagnostics, others: [Diagnostics; 2]| {
        others.into_iter().for_each(|others| problems.extend(others));
        (Value::error().mark_if(sensitive), problems)
    };
    if unsuitable.has_errors() {
        return together(unsuitable, [left_problems, right_problems]);
    }
    let deciding = op == BinaryOp::Or;
    let truth = |value: &Value| if value.is_null() { Some(false) } else { value.as_bool() };
    let because_of = |value: Value, problems: Diagnostics| {
        let value = if problems.has_errors() { Value::error() } else { value };
        (value.mark_if(sensitive), problems)
    };
    let unknown = || Value::unknown(Type::Bool).not_null();
    match (truth(&left), truth(&right)) {
        (None, None) if !left_problems.has_errors() => because_of(unknown(), left_problems),
        (None, None) => together(unsuitable, [left_problems, right_problems]),
        (Some(truth), _) if truth == deciding => because_of(Value::bool(truth), left_problems),
        (_, Some(truth)) if truth == deciding => because_of(Value::bool(truth), right_problems),
        (None, _) => because_of(unknown(), left_problems),
        (_, None) => because_of(unknown(), right_problems),
        _ => {
            let mut problems = left_problems;
            problems.extend(right_problems);
            let evaluator = &mut Evaluator { diagnostics: &mut problems };
            for (value, span) in [(left, left_span), (right, link.operand.span)] {
                evaluator.operand(value, op.sign(), &Type::Bool, span, link.op_span);
            }
            because_of(Value::bool(!deciding), problems)
        }
    }
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
