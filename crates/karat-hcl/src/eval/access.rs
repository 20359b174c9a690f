//! Steps into values: `.name`, `[key]`, `[*]`.

use karat_model::diagnostic::{Diagnostic, Edit, code, did_you_mean};
use karat_model::span::Span;
use karat_model::value::{Type, Value};

use super::{Evaluator, NULL, TYPE, hint};
use crate::is_identifier;
use crate::limit::{MAX_SIZE, too_many_steps};
use crate::scope::Scope;
use crate::tree::{Expr, Step, StepKind};

/// How many names of what there is a message lists.
const NAMED: usize = 12;

/// What the messages call the thing that a step is taken from.
struct Place {
    name: String,
    span: Span,
}

impl Place {
    fn of(base: &Expr, steps: &[Step]) -> Self {
        let names = base.as_keyword().map(str::to_owned).into_iter();
        let steps_names: Option<Vec<String>> =
            steps.iter().map(|step| step.name().map(|name| name.name)).collect();
        let name = match (base.as_keyword(), steps_names) {
            (Some(_), Some(steps)) => format!("`{}`", names.chain(steps).collect::<Vec<_>>().join(".")),
            _ => "the value".to_owned(),
        };
        Self { name, span: steps.last().map_or(base.span, |step| base.span.to(step.span)) }
    }
}

impl Evaluator<'_> {
    pub(super) fn access(&mut self, value: Value, base: &Expr, steps: &[Step], scope: &Scope<'_>) -> Value {
        let mut value = value;
        for (at, step) in steps.iter().enumerate() {
            if value.is_error() {
                return value;
            }
            let place = || Place::of(base, steps.get(..at).unwrap_or_default());
            value = match &step.kind {
                StepKind::Attribute(name) => self.attribute(&value, name, step.name_span(), place),
                StepKind::Index(key) => {
                    let key_value = self.expr(key, scope);
                    self.index(&value, key_value, key.span, place)
                }
                StepKind::Splat(each) => self.splat(&value, base, each, step.span, scope),
            };
        }
        value
    }

    fn attribute(&mut self, value: &Value, name: &str, span: Span, place: impl Fn() -> Place) -> Value {
        let found = match value.ty() {
            _ if value.is_null() => return self.fail(null_inside(name, span, &place())),
            Type::Any => Some(Value::unknown(Type::Any)),
            Type::Object(attributes) => match value.get(name) {
                Some(found) => Some(found.clone()),
                None if value.is_known() => None,
                None => attributes.get(name).map(|attribute| Value::unknown(attribute.ty.clone())),
            },
            Type::Map(element) => match value.get(name) {
                Some(found) => Some(found.clone()),
                None if value.is_known() => None,
                None => Some(Value::unknown(element.as_ref().clone())),
            },
            ty => return self.fail(hint::no_attributes(ty, name, span, &place().name, place().span)),
        };
        match found {
            Some(found) => found.mark_if(value.is_itself_sensitive()),
            None => self.fail(missing(value, name, span, &place())),
        }
    }

    fn index(&mut self, value: &Value, key: Value, span: Span, place: impl Fn() -> Place) -> Value {
        if key.is_error() {
            return key;
        }
        let sensitive = value.is_itself_sensitive() || key.is_sensitive();
        if value.is_null() {
            let problem = Diagnostic::error(
                NULL,
                format!("{} is null, so there is nothing inside", capital(&place().name)),
            );
            return self.fail(problem.label(place().span, "this is null"));
        }
        if key.is_null() {
            return self
                .fail(Diagnostic::error(NULL, "An index must not be null").label(span, "this is null"));
        }
        let result = match value.ty() {
            Type::Any => Some(Value::unknown(Type::Any)),
            _ if *key.ty() == Type::Any => Some(Value::unknown(Type::Any)),
            Type::List(_) | Type::Tuple(_) => self.numbered(value, &key, span, &place),
            Type::Map(_) | Type::Object(_) => self.named(value, &key, span, &place),
            Type::Set(_) => {
                let problem = Diagnostic::error(TYPE, "The elements of a set have no index")
                    .label(place().span, "this is a set")
                    .help("iterate over it with `for`, or make it a list: `convert(…, list(string))`");
                Some(self.fail(problem))
            }
            ty => {
                let problem =
                    Diagnostic::error(TYPE, format!("{} has nothing inside", capital(&ty.with_article())));
                Some(self.fail(problem.label(place().span, format!("this is {}", ty.with_article()))))
            }
        };
        result.unwrap_or_else(Value::error).mark_if(sensitive)
    }

    /// The element of a list or tuple.
    fn numbered(
        &mut self,
        value: &Value,
        key: &Value,
        span: Span,
        place: &impl Fn() -> Place,
    ) -> Option<Value> {
        let key = match key.convert(&Type::Number) {
            Ok(key) => key,
            Err(error) => {
                let problem = Diagnostic::error(
                    TYPE,
                    format!("The index of {} is a number", value.ty().with_article()),
                )
                .label(span, error.to_string());
                self.fail(problem);
                return None;
            }
        };
        let element = || value.ty().element().cloned().unwrap_or(Type::Any);
        let Some(number) = key.as_number() else { return Some(Value::unknown(element())) };
        let types = if let Type::Tuple(types) = value.ty() { types.as_ref() } else { &[] };
        let length = if value.is_known() { value.as_slice().map(<[Value]>::len) } else { None };
        let length = length.or(if let Type::Tuple(types) = value.ty() { Some(types.len()) } else { None });
        let at = number.to_u64().and_then(|at| usize::try_from(at).ok());
        match (at, length) {
            (Some(at), Some(length)) if at < length => {
                let unknown = || types.get(at).cloned().map(Value::unknown);
                value.as_slice().and_then(|elements| elements.get(at).cloned()).or_else(unknown)
            }
            (Some(_), None) => Some(Value::unknown(element())),
            (at, length) => {
                let count = match length {
                    Some(0) => "it is empty".to_owned(),
                    Some(1) => "it has 1 element; its index is 0".to_owned(),
                    Some(length) => format!("it has {length} elements, with the indexes 0 to {}", length - 1),
                    None => "indexes are whole numbers from 0".to_owned(),
                };
                let shown = if key.is_sensitive() { String::new() } else { format!(" {number}") };
                let place = place();
                let mut problem = Diagnostic::error(
                    code::NO_ELEMENT,
                    format!("{} has no element{shown}", capital(&place.name)),
                );
                problem = problem.label(span, count);
                if at.is_none() && number.is_negative() {
                    problem = problem.help("to count from the end, use `element(…, -1)`");
                } else if at.is_none() {
                    problem = problem.help("an index is a whole number");
                }
                self.fail(problem);
                None
            }
        }
    }

    /// The element of a map or object.
    fn named(&mut self, value: &Value, key: &Value, span: Span, place: &impl Fn() -> Place) -> Option<Value> {
        let key = match key.convert(&Type::String) {
            Ok(key) => key,
            Err(error) => {
                let problem =
                    Diagnostic::error(TYPE, format!("A key of {} is a string", value.ty().with_article()))
                        .label(span, error.to_string());
                self.fail(problem);
                return None;
            }
        };
        let Some(name) = key.as_str() else {
            return Some(Value::unknown(value.ty().element().cloned().unwrap_or(Type::Any)));
        };
        if key.is_sensitive() && value.is_known() && value.get(name).is_none() {
            let problem = Diagnostic::error(
                code::NO_ELEMENT,
                format!("{} has no element of that key", capital(&place().name)),
            );
            self.fail(problem.label(span, "the key is sensitive and not shown"));
            return None;
        }
        Some(self.attribute(value, name, span, place))
    }

    /// The same steps for each element. What is no list counts as a list of one, null as an empty one.
    fn splat(&mut self, value: &Value, base: &Expr, each: &[Step], span: Span, scope: &Scope<'_>) -> Value {
        let sensitive = value.is_itself_sensitive();
        let is_sequence = matches!(value.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_));
        if value.is_null() {
            if !is_sequence {
                return Value::tuple(Vec::new()).mark_if(sensitive);
            }
            let problem = Diagnostic::error(NULL, "A list that is null has no elements for `[*]`");
            return self.fail(problem.label(span, "the list before this is null"));
        }
        if !value.is_known() {
            let of = |evaluator: &mut Self, ty: &Type| {
                evaluator.access(Value::unknown(ty.clone()), base, each, scope)
            };
            let result = match value.ty() {
                Type::List(element) | Type::Set(element) => {
                    let element = of(self, element);
                    if element.is_error() {
                        element
                    } else {
                        Value::unknown(Type::list(element.ty().clone())).not_null()
                    }
                }
                Type::Tuple(types) => {
                    let elements: Vec<Value> = types.iter().map(|ty| of(self, ty)).collect();
                    if elements.iter().any(Value::is_error) {
                        Value::error()
                    } else {
                        Value::unknown(Type::tuple(elements.iter().map(|element| element.ty().clone())))
                            .not_null()
                    }
                }
                Type::Any => Value::unknown(Type::Any),
                ty => match of(self, ty) {
                    element if element.is_error() => element,
                    // If it turns out to be null, there is no element.
                    element if value.is_surely_not_null() => Value::tuple(vec![element]),
                    _ => Value::unknown(Type::Any),
                },
            };
            return result.mark_if(sensitive);
        }
        let one = std::slice::from_ref(value);
        let elements = if is_sequence { value.as_slice().unwrap_or_default() } else { one };
        let mut results = Vec::with_capacity(elements.len());
        let mut size = 0_u64;
        for element in elements {
            if !scope.step() {
                return self.fail(too_many_steps(span));
            }
            let result = self.access(element.clone(), base, each, scope);
            size = size.saturating_add(result.size());
            if size > MAX_SIZE {
                return self
                    .fail(Diagnostic::error(code::TOO_LARGE, "The result of `[*]` is too large").at(span));
            }
            if result.is_error() {
                return result;
            }
            results.push(result);
        }
        let (Type::List(element) | Type::Set(element)) = value.ty() else {
            return Value::tuple(results).mark_if(sensitive);
        };
        if results.is_empty() {
            // The steps must be possible for an element even where there is none.
            let result = self.access(Value::unknown(element.as_ref().clone()), base, each, scope);
            let list = if result.is_error() { result } else { Value::list(result.ty().clone(), results) };
            return list.mark_if(sensitive);
        }
        let mut types = results.iter().map(Value::ty).filter(|ty| **ty != Type::Any);
        let ty = types.next().cloned().unwrap_or(Type::Any);
        if types.any(|other| *other != ty) {
            let problem =
                Diagnostic::error(TYPE, "The elements that `[*]` collects from a list have several types");
            return self.fail(
                problem
                    .label(span, "a list has elements of one type")
                    .help("write `[for x in … : x…]`, which makes a tuple"),
            );
        }
        Value::list(ty, results).mark_if(sensitive)
    }
}

fn null_inside(name: &str, span: Span, place: &Place) -> Diagnostic {
    Diagnostic::error(NULL, format!("{} is null, so it has no attribute \"{name}\"", capital(&place.name)))
        .label(span, "there is nothing to take this from")
        .help("where null is possible, use `try(…, default)`")
}

fn missing(value: &Value, name: &str, span: Span, place: &Place) -> Diagnostic {
    let what = if matches!(value.ty(), Type::Map(_)) { "element" } else { "attribute" };
    let known: Vec<&str> = match (value.as_map(), value.ty()) {
        (Some(entries), _) => entries.keys().map(String::as_str).collect(),
        (None, Type::Object(attributes)) => attributes.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let root = place.name.trim_matches('`');
    let declared = match root {
        "var" => Some("variable"),
        "local" => Some("local value"),
        _ => None,
    };
    let title = match declared {
        Some(thing) => format!("There is no {thing} `{name}`"),
        None => format!("{} has no {what} \"{name}\"", capital(&place.name)),
    };
    let problem = Diagnostic::error(code::NO_ATTRIBUTE, title).at(span);
    // Keys of a map can be secrets; names in a template cannot.
    if value.is_itself_sensitive() {
        return problem;
    }
    if let Some(meant) = did_you_mean(name, known.iter().copied()) {
        let problem = problem.help(format!("did you mean `{}`?", shown_name(root, meant)));
        // Not where it stands in quotes and brackets.
        return match is_identifier(meant) && span.range().len() == name.len() {
            true => problem.fix(Edit { span, replacement: meant.to_owned() }),
            false => problem,
        };
    }
    let problem = match (declared, root) {
        (Some("variable"), _) => problem.help(format!("declare it: variable \"{name}\" {{ … }}")),
        (Some(_), _) => problem.help(format!("declare it: locals {{ {name} = … }}")),
        (None, "path") if name == "module" => problem.help("the directory of the template is `path.root`"),
        _ => problem,
    };
    match known.len() {
        0 => problem.note(if declared.is_some() { "none is declared" } else { "it is empty" }),
        count => {
            let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
            let known = known.get(..NAMED).unwrap_or(&known).join(", ");
            problem.note(format!("{} {known}{more}", if declared.is_some() { "declared:" } else { "it has" }))
        }
    }
}

/// `var.region` rather than `region`, where the beginning is plain.
fn shown_name(root: &str, name: &str) -> String {
    if root.starts_with(char::is_alphabetic) && !root.contains(' ') {
        format!("{root}.{name}")
    } else {
        name.to_owned()
    }
}

fn capital(name: &str) -> String {
    match name.strip_prefix('t') {
        Some(rest) if name.starts_with("the ") => format!("T{rest}"),
        _ => match name.strip_prefix('a') {
            Some(rest) if name.starts_with("a ") || name.starts_with("an ") => format!("A{rest}"),
            _ => name.to_owned(),
        },
    }
}
