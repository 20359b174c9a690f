//! `for`.

use std::collections::BTreeMap;

use karat_model::diagnostic::{Diagnostic, code};
use karat_model::span::Span;
use karat_model::value::{Type, Value};

use super::{Evaluator, NULL, TYPE};
use crate::limit::{MAX_SIZE, too_many_steps};
use crate::scope::Scope;
use crate::tree::{For, Ident};

/// A scope in which the names of a `for` mean this key and this element.
pub(super) fn bind<'s>(scope: &'s Scope<'_>, names: &[Ident], key: Value, element: Value) -> Scope<'s> {
    let mut inner = scope.child();
    match names {
        [value] => inner.set(&value.name, element),
        [name, value] => {
            inner.set(&name.name, key);
            inner.set(&value.name, element);
        }
        _ => {}
    }
    inner
}

impl Evaluator<'_> {
    /// Keys and elements of what can be iterated; otherwise what the result as a whole is: unknown or an error.
    pub(super) fn elements(&mut self, value: &Value, span: Span) -> Result<Vec<(Value, Value)>, Value> {
        if value.is_error() {
            return Err(Value::error());
        }
        if value.is_null() {
            let problem =
                Diagnostic::error(NULL, "`for` cannot iterate over null").label(span, "this is null");
            return Err(self.fail(problem.help("give it a value, or iterate over `coalesce(…, [])`")));
        }
        if value.ty().is_primitive() {
            let problem = Diagnostic::error(TYPE, "`for` needs a list, a set, a map or an object")
                .label(span, format!("this is {}", value.ty().with_article()));
            return Err(self.fail(problem));
        }
        if !value.is_known() {
            return Err(Value::unknown(Type::Any).mark_if(value.is_sensitive()));
        }
        if let Some(entries) = value.as_map() {
            let entry = |(name, element): (&String, &Value)| (Value::string(name.as_str()), element.clone());
            return Ok(entries.iter().map(entry).collect());
        }
        let is_set = matches!(value.ty(), Type::Set(_));
        let elements = value.as_slice().unwrap_or_default().iter().enumerate();
        // A set has no indexes: the element is its own key.
        let entry = |(at, element): (usize, &Value)| {
            (if is_set { element.clone() } else { Value::number(at) }, element.clone())
        };
        Ok(elements.map(entry).collect())
    }

    pub(super) fn for_expression(&mut self, each: &For, scope: &Scope<'_>) -> Value {
        let collection = self.expr(&each.collection, scope);
        let elements = self.elements(&collection, each.collection.span);
        if let Err(unusable) = &elements
            && (unusable.is_error() || *collection.ty() == Type::Any)
        {
            return unusable.clone();
        }
        // A condition that can never be one is a mistake even where there is nothing to decide.
        let mut condition_sensitive = false;
        if let Some(condition) = &each.condition {
            let nothing = || Value::unknown(Type::Any);
            let value = self.expr(condition, &bind(scope, &each.names, nothing(), nothing()));
            let truth = self.truth(value, "The condition of a `for`", condition.span);
            if truth.is_error() {
                return truth;
            }
            condition_sensitive = truth.is_sensitive();
        }
        let elements = match elements {
            Ok(elements) => elements,
            Err(unknown) => return unknown.mark_if(condition_sensitive),
        };
        let mut result = Gathered { sensitive: collection.is_itself_sensitive(), ..Gathered::default() };
        for (key, element) in elements {
            if !scope.step() || result.size > MAX_SIZE {
                return self.fail(result.too_much(each.collection.span));
            }
            let scope = bind(scope, &each.names, key, element);
            // One mistake in a `for` is one mistake, however many elements there are.
            if !self.element(each, &scope, &mut result) {
                return Value::error();
            }
        }
        result.into_value(each)
    }

    /// Adds one element to the result; false after an error.
    fn element(&mut self, each: &For, scope: &Scope<'_>, result: &mut Gathered) -> bool {
        if let Some(condition) = &each.condition {
            let truth = self.expr(condition, scope);
            let truth = self.truth(truth, "The condition of a `for`", condition.span);
            result.sensitive |= truth.is_sensitive();
            match truth.as_bool() {
                Some(true) => {}
                Some(false) => return true,
                None => {
                    result.unknown = true;
                    return !truth.is_error();
                }
            }
        }
        let value = self.expr(&each.value, scope);
        if value.is_error() {
            return false;
        }
        let Some(key_expr) = &each.key else {
            result.size = result.size.saturating_add(value.size());
            result.elements.push(value);
            return true;
        };
        let key = self.expr(key_expr, scope);
        // Of what type a key is that is not known yet does not matter here.
        let key = if key.is_known() || key.is_error() {
            self.key(key, key_expr.span)
        } else {
            Err(Value::unknown(Type::Any).mark_if(key.is_sensitive()))
        };
        let key = match key {
            Ok(key) => key,
            Err(unusable) => {
                result.sensitive |= unusable.is_sensitive();
                result.unknown = true;
                return !unusable.is_error();
            }
        };
        result.sensitive |= key.is_sensitive();
        result.size = result.size.saturating_add(value.size()).saturating_add(key.size());
        let group = result.groups.entry(key.as_str().unwrap_or_default().to_owned()).or_default();
        group.push(value);
        if group.len() > 1 && !each.group {
            let shown = if result.sensitive {
                String::new()
            } else {
                format!(" \"{}\"", key.as_str().unwrap_or_default())
            };
            self.fail(
                Diagnostic::error(
                    code::DUPLICATE_KEY,
                    format!("Two elements of the `for` have the same key{shown}"),
                )
                .at(key_expr.span)
                .help("to put values with the same key together, write `...` after the value"),
            );
            return false;
        }
        true
    }
}

/// What a `for` has produced so far.
#[derive(Default)]
struct Gathered {
    elements: Vec<Value>,
    groups: BTreeMap<String, Vec<Value>>,
    sensitive: bool,
    unknown: bool,
    /// Of everything gathered.
    size: u64,
}

impl Gathered {
    fn too_much(&self, span: Span) -> Diagnostic {
        if self.size <= MAX_SIZE {
            return too_many_steps(span);
        }
        let problem = Diagnostic::error(code::TOO_LARGE, "The result of the `for` is too large");
        problem.label(span, format!("it would be more than {} MiB", MAX_SIZE >> 20))
    }

    fn into_value(self, each: &For) -> Value {
        let value = if self.unknown {
            Value::unknown(Type::Any)
        } else if each.key.is_none() {
            Value::tuple(self.elements)
        } else {
            let value = |mut group: Vec<Value>| match (each.group, group.pop()) {
                (false, Some(value)) => value,
                (_, last) => Value::tuple(group.into_iter().chain(last).collect()),
            };
            Value::object(self.groups.into_iter().map(|(key, group)| (key, value(group))).collect())
        };
        value.mark_if(self.sensitive)
    }
}
