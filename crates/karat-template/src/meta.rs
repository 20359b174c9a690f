//! The arguments of provisioners and post-processors that say how they are run: taken out of the body before the
//! component sees it.

use std::collections::BTreeMap;
use std::time::Duration;

use karat_hcl::json::{Form, Role};
use karat_hcl::tree::{Attribute, Body, Expr};
use karat_hcl::{Scope, eval, mentioned};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::duration;
use karat_model::span::Span;
use karat_model::value::{Type, Value};

use crate::code;

/// What provisioners have.
pub(crate) const PROVISIONER: &[&str] =
    &["continue_on_error", "except", "max_retries", "name", "only", "override", "pause_before", "timeout"];

/// What post-processors have.
pub(crate) const POST_PROCESSOR: &[&str] = &["except", "keep_input_artifact", "name", "only"];

/// The meta-arguments of one body.
pub(crate) struct Meta<'a> {
    attributes: Vec<Attribute>,
    scope: &'a Scope<'a>,
}

/// For which sources a component is meant: names of the form `type.name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    pub(crate) only: Vec<String>,
    pub(crate) except: Vec<String>,
    /// Where the list stands.
    pub(crate) span: Option<Span>,
    /// Where each name stands that is written out.
    pub(crate) spans: BTreeMap<String, Span>,
}

/// Values that replace a provisioner's own for one source.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    pub(crate) values: BTreeMap<String, Value>,
    /// Where each value is named; all of it where that cannot be told.
    pub(crate) spans: BTreeMap<String, Span>,
    pub(crate) span: Span,
}

impl Sources {
    /// Whether the component is meant for a source.
    pub(crate) fn admit(&self, source: &str) -> bool {
        if self.only.is_empty() {
            self.except.iter().all(|name| name != source)
        } else {
            self.only.iter().any(|name| name == source)
        }
    }
}

impl<'a> Meta<'a> {
    /// Splits a body in its meta-arguments and the rest.
    pub(crate) fn split(
        mut body: Body,
        names: &[&str],
        scope: &'a Scope<'a>,
        diagnostics: &mut Diagnostics,
    ) -> (Self, Body) {
        body.settle(&|name| names.contains(&name).then_some(Role::Argument(Form::Template)), diagnostics);
        let is_meta = |attribute: &Attribute| names.contains(&attribute.name.name.as_str());
        let (attributes, rest) = body.attributes.into_iter().partition(is_meta);
        (Self { attributes, scope }, Body { attributes: rest, ..body })
    }

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.name == name)
    }

    /// The value of one as [`evaluate`] gives it.
    fn value(&self, name: &str, ty: &Type, diagnostics: &mut Diagnostics) -> Option<(Value, Span)> {
        let attribute = self.attribute(name)?;
        let value = evaluate(&attribute.expr, name, ty, self.scope, diagnostics)?;
        Some((value, attribute.expr.span))
    }

    pub(crate) fn text(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        let (value, _) = self.value(name, &Type::String, diagnostics)?;
        value.as_str().map(str::to_owned)
    }

    pub(crate) fn truth(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let (value, _) = self.value(name, &Type::Bool, diagnostics)?;
        value.as_bool()
    }

    /// A truth that may be left open with null.
    pub(crate) fn truth_or_null(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let expr = &self.attribute(name)?.expr;
        evaluate_or_null(expr, name, &Type::Bool, self.scope, diagnostics)?.as_bool()
    }

    /// A whole number; a negative one counts as 0.
    pub(crate) fn count(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<u32> {
        let (value, span) = self.value(name, &Type::Number, diagnostics)?;
        let number = value.as_number().and_then(|number| number.to_i64());
        if number.is_none() {
            let problem = Diagnostic::error(code::INVALID_META, format!("`{name}` must be a whole number"));
            diagnostics.push(problem.at(span));
        }
        number.map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX))
    }

    pub(crate) fn duration(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<Duration> {
        let (value, span) = self.value(name, &Type::String, diagnostics)?;
        match duration::parse(value.as_str().filter(|text| !text.is_empty())?) {
            Ok(duration) => Some(duration),
            Err(error) => {
                diagnostics.push(
                    Diagnostic::error(code::INVALID_META, format!("Failed to parse {name} duration"))
                        .at(span)
                        .detail(error.to_string()),
                );
                None
            }
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<(Vec<String>, Span)> {
        let (value, span) = self.value(name, &Type::list(Type::String), diagnostics)?;
        let texts = value.as_slice()?.iter().filter_map(|text| text.as_str().map(str::to_owned));
        Some((texts.collect(), span))
    }

    /// Texts by name; how many there are.
    pub(crate) fn texts_by_name(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<usize> {
        let (value, _) = self.value(name, &Type::map(Type::String), diagnostics)?;
        value.as_map().map(BTreeMap::len)
    }

    /// `only` and `except`, of which there may be one.
    pub(crate) fn sources(&self, diagnostics: &mut Diagnostics) -> Sources {
        let (only, except) = (self.texts("only", diagnostics), self.texts("except", diagnostics));
        if let (Some((only, a)), Some((except, b))) = (&only, &except)
            && !only.is_empty()
            && !except.is_empty()
        {
            diagnostics.push(
                Diagnostic::error(code::INVALID_META, "only one of 'only' or 'except' may be specified")
                    .at(*b)
                    .label(*a, "the other one is here"),
            );
        }
        let span = only.as_ref().or(except.as_ref()).map(|(_, span)| *span);
        let names = |list: Option<(Vec<String>, Span)>| list.map(|(names, _)| names).unwrap_or_default();
        let lists =
            self.attributes.iter().filter(|list| ["only", "except"].contains(&list.name.name.as_str()));
        let items = lists.flat_map(|list| list.expr.as_list().unwrap_or_default());
        let spans = items.filter_map(|item| Some((item.as_literal_str()?.to_owned(), item.span))).collect();
        Sources { only: names(only), except: names(except), span, spans }
    }

    /// `override`: by the name of the source.
    pub(crate) fn overrides(&self, diagnostics: &mut Diagnostics) -> BTreeMap<String, Override> {
        let Some((value, span)) = self.value("override", &Type::Any, diagnostics) else {
            return BTreeMap::new();
        };
        let wrong = |what: &str, span: Span| {
            Diagnostic::error(code::OVERRIDE, format!("provisioner's {what} block must be an HCL object"))
                .at(span)
        };
        // A map will not do, not even for Packer.
        let object =
            |value: &Value| value.as_map().filter(|_| matches!(value.ty(), Type::Object(_))).cloned();
        let Some(sources) = object(&value) else {
            diagnostics.push(wrong("override", span).help("override = { SOURCE = { ARGUMENT = VALUE } }"));
            return BTreeMap::new();
        };
        let expr = self.attribute("override").map(|attribute| &attribute.expr);
        let mut overrides = BTreeMap::new();
        for (source, value) in sources {
            let item = expr.and_then(|expr| find_item(expr, &source));
            let span = item.map_or(span, |(key, _)| key);
            if value.is_error() {
                continue;
            }
            let Some(mut values) = object(&value) else {
                diagnostics.push(wrong(&format!("override.'{source}'"), span));
                continue;
            };
            let place = |name: &String| {
                let (key, _) = item.and_then(|(_, expr)| find_item(expr, name))?;
                Some((name.clone(), key))
            };
            // Null leaves what the provisioner says itself.
            values.retain(|_, value| !value.is_null());
            let spans = values.keys().filter_map(place).collect();
            overrides.insert(source, Override { values, spans, span });
        }
        overrides
    }
}

/// The place of a key in an object that is written out, and what it is set to.
fn find_item<'e>(expr: &'e Expr, key: &str) -> Option<(Span, &'e Expr)> {
    let mut items = expr.as_object()?.iter();
    items.find(|item| item.key.as_literal_str() == Some(key)).map(|item| (item.key.span, &item.value))
}

/// The value of an argument of the template language, converted. Mistakes, which are reported, count as absent, and so does
/// null where a list or map may stand; of other types it is a mistake, as it is inside a list or map.
pub(crate) fn evaluate(
    expr: &Expr,
    name: &str,
    ty: &Type,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let value = evaluate_or_null(expr, name, ty, scope, diagnostics)?;
    let holed = match ty {
        Type::List(_) => value.as_slice().is_some_and(|elements| elements.iter().any(Value::is_null)),
        Type::Map(_) => value.as_map().is_some_and(|entries| entries.values().any(Value::is_null)),
        _ => false,
    };
    if holed || value.is_null() && matches!(ty, Type::String | Type::Number | Type::Bool) {
        diagnostics.push(
            Diagnostic::error(code::INVALID_META, format!("The argument `{name}` has the wrong type"))
                .label(expr.span, "null value is not allowed"),
        );
        return None;
    }
    (!value.is_null()).then_some(value)
}

fn evaluate_or_null(
    expr: &Expr,
    name: &str,
    ty: &Type,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let value = eval(expr, scope, diagnostics);
    if value.is_error() {
        return None;
    }
    let problem = match value.convert(ty) {
        Ok(value) if value.is_error() => return None,
        Ok(value) if value.is_wholly_known() => return Some(value),
        // What an `override` sets may be known later, like everything that steps are given.
        Ok(value) if *ty == Type::Any && value.is_known() => return Some(value),
        // Something inside was reported.
        Ok(_) if diagnostics.has_errors() => return None,
        Ok(_) => Diagnostic::error(
            code::INVALID_META,
            format!("The argument `{name}` must be known before the build"),
        )
        .at(expr.span),
        Err(error) => {
            Diagnostic::error(code::INVALID_META, format!("The argument `{name}` has the wrong type"))
                .label(expr.span, error.to_string())
        }
    };
    let problem = problem.values(mentioned(expr, scope));
    diagnostics.push(problem);
    None
}
