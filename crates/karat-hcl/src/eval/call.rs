//! Calls.

use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::span::Span;
use karat_model::value::{Type, Value};

use super::{Evaluator, NULL, TYPE, eval_apart, hint};
use crate::constraint::type_constraint;
use crate::function::{Callable, Function, FunctionError, Special};
use crate::scope::Scope;
use crate::tree::{Call, Expr};

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &Call, scope: &Scope<'_>) -> Value {
        match scope.functions().get(&call.name.name) {
            Some(Callable::Function(function)) => self.call_function(function, call, scope),
            Some(Callable::Special(Special::Convert)) if call.expand => {
                let problem = format!("`{}` does not take `...`", call.name.name);
                self.fail(Diagnostic::error(code::FUNCTION_CALL, problem).at(call.name.span))
            }
            Some(Callable::Special(special)) => match special {
                Special::Try => self.try_each(call, scope),
                Special::Can => self.can(call, scope),
                Special::Convert => self.convert(call, scope),
            },
            None => {
                // The arguments may be wrong, too, and are worth a look.
                for argument in &call.arguments {
                    self.expr(argument, scope);
                }
                self.fail(hint::unknown_function(call, scope.functions()))
            }
        }
    }

    fn call_function(&mut self, function: &Function, call: &Call, scope: &Scope<'_>) -> Value {
        let mut values = Vec::with_capacity(call.arguments.len());
        let mut spans: Vec<Span> = Vec::with_capacity(call.arguments.len());
        let mut sensitive = false;
        let last = call.arguments.len().saturating_sub(1);
        let mut unusable = None;
        for (at, argument) in call.arguments.iter().enumerate() {
            let value = self.expr(argument, scope);
            if value.is_error() {
                unusable = Some(value);
            } else if call.expand && at == last {
                sensitive |= value.is_itself_sensitive();
                match self.expanded(&value, argument) {
                    Ok(elements) => {
                        spans.extend(elements.iter().map(|_| argument.span));
                        values.extend(elements);
                    }
                    Err(value) => unusable = Some(value),
                }
            } else {
                values.push(value);
                spans.push(argument.span);
            }
        }
        if let Some(unusable) = unusable {
            return unusable.mark_if(sensitive || values.iter().any(Value::is_sensitive));
        }
        // An error deep inside an argument has been reported already.
        match function.call(&values) {
            Ok(value) => value.mark_if(sensitive),
            Err(error) => {
                let signature = function.signature(&call.name.name);
                self.fail(failed_call(call, &spans, &error).note(format!("it is called {signature}")))
            }
        }
    }

    /// The elements of the last argument of `f(a, b...)`.
    fn expanded(&mut self, value: &Value, argument: &Expr) -> Result<Vec<Value>, Value> {
        if value.is_null() {
            let problem =
                Diagnostic::error(NULL, "`...` cannot expand null").label(argument.span, "this is null");
            return Err(self.fail(problem));
        }
        if !matches!(value.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_) | Type::Any) {
            let problem = Diagnostic::error(TYPE, "`...` expands a list, a set or a tuple")
                .label(argument.span, format!("this is {}", value.ty().with_article()));
            return Err(self.fail(problem));
        }
        match value.as_slice() {
            Some(elements) => Ok(elements.to_vec()),
            None => Err(Value::unknown(Type::Any)),
        }
    }

    fn try_each(&mut self, call: &Call, scope: &Scope<'_>) -> Value {
        let mut last = None;
        let mut reasons = Vec::new();
        let candidates = match self.candidates(call, scope) {
            Ok(candidates) => candidates,
            Err(unusable) => return unusable,
        };
        for (value, problems) in candidates {
            if !problems.has_errors() {
                // What is not known yet may still fail, and then another argument would count.
                return if value.is_wholly_known() {
                    value
                } else {
                    Value::unknown(Type::Any).mark_if(value.is_sensitive())
                };
            }
            reasons.extend(
                problems.iter().filter(|problem| problem.is_error()).map(|problem| problem.title.clone()),
            );
            last = Some(());
        }
        let problem = match last {
            Some(_) => Diagnostic::error(code::FUNCTION_CALL, "No argument of `try` can be evaluated")
                .at(call.name.span),
            None => {
                Diagnostic::error(code::FUNCTION_CALL, "`try` needs at least one argument").at(call.name.span)
            }
        };
        let problem = reasons.into_iter().fold(problem, Diagnostic::note);
        self.fail(problem.help("end it with a value that always works: `try(…, null)`"))
    }

    fn can(&mut self, call: &Call, scope: &Scope<'_>) -> Value {
        let candidates = match self.candidates(call, scope) {
            Ok(candidates) => candidates,
            Err(unusable) => return unusable,
        };
        let [(value, problems)] = candidates.as_slice() else {
            return self.wrong_count(call, "can(expression)");
        };
        if problems.has_errors() {
            return Value::bool(false);
        }
        let can = if value.is_wholly_known() { Value::bool(true) } else { Value::unknown(Type::Bool) };
        can.mark_if(value.is_sensitive())
    }

    /// The arguments of `try` or `can`, each with what is wrong with it.
    fn candidates(&mut self, call: &Call, scope: &Scope<'_>) -> Result<Vec<(Value, Diagnostics)>, Value> {
        let mut candidates = Vec::with_capacity(call.arguments.len());
        let last = call.arguments.len().saturating_sub(1);
        for (at, argument) in call.arguments.iter().enumerate() {
            if call.expand && at == last {
                let value = self.expr(argument, scope);
                if value.is_error() {
                    return Err(value);
                }
                let elements = self.expanded(&value, argument)?;
                candidates.extend(elements.into_iter().map(|element| (element, Diagnostics::new())));
            } else {
                candidates.push(eval_apart(argument, scope));
            }
        }
        Ok(candidates)
    }

    fn convert(&mut self, call: &Call, scope: &Scope<'_>) -> Value {
        let [argument, ty] = call.arguments.as_slice() else {
            return self.wrong_count(call, "convert(value, type)");
        };
        let value = self.expr(argument, scope);
        let Some(constraint) = type_constraint(ty, self.diagnostics) else { return Value::error() };
        if value.is_error() {
            return value;
        }
        if constraint.has_defaults() {
            let problem =
                Diagnostic::error(code::TYPE_CONSTRAINT, "`convert` fills in no defaults").at(ty.span);
            return self
                .fail(problem.help("write `optional(TYPE)`; defaults belong into the type of a variable"));
        }
        // Here an attribute that is `optional` must be there all the same, as in Packer.
        match value.convert(&constraint.ty.without_optional()) {
            Ok(value) => value,
            Err(error) => self.wrong_type("The value cannot be converted", &error, argument.span),
        }
    }

    fn wrong_count(&mut self, call: &Call, signature: &str) -> Value {
        let problem = format!("`{}` was given {} arguments", call.name.name, call.arguments.len());
        let problem = Diagnostic::error(code::FUNCTION_CALL, problem).at(call.name.span);
        self.fail(problem.note(format!("it is called {signature}")))
    }
}

fn failed_call(call: &Call, spans: &[Span], error: &FunctionError) -> Diagnostic {
    let problem = Diagnostic::error(code::FUNCTION_CALL, format!("The call of `{}` failed", call.name.name));
    match error.argument.and_then(|argument| spans.get(argument)) {
        Some(span) => problem.label(*span, error.message.clone()),
        None => problem.label(call.name.span, error.message.clone()),
    }
}
