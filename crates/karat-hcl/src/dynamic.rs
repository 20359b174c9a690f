//! `dynamic` blocks: as many blocks as a value has elements.

use karat_model::diagnostic::{Code, Diagnostic, Diagnostics, code};
use karat_model::value::{Type, Value};

use crate::eval::{elements, eval};
use crate::limit::too_many_steps;
use crate::scope::Scope;
use crate::tree::{Block, Body, Expr, ExprKind};

/// The code of problems with how a `dynamic` block is written.
const CODE: Code = code::DYNAMIC;

/// A `dynamic "kind" { for_each, iterator, labels, content }` with its `for_each` evaluated.
pub struct Dynamic<'b> {
    /// The kind of the blocks that it makes.
    pub kind: &'b str,
    /// What they contain.
    pub content: &'b Body,
    /// Their labels, to be evaluated for each.
    pub labels: &'b [Expr],
    /// Whether it is a secret how many there are.
    pub sensitive: bool,
    iterator: &'b str,
    /// `None`: not known yet.
    elements: Option<Vec<(Value, Value)>>,
}

impl<'b> Dynamic<'b> {
    /// Reads a block whose kind is `dynamic`. Problems are reported, and if nothing can be made of it the result is
    /// `None`.
    pub fn read(block: &'b Block, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
        let [kind] = block.labels.as_slice() else {
            diagnostics.push(
                Diagnostic::error(CODE, "A `dynamic` block has one label: the kind of the blocks to make")
                    .at(block.header)
                    .help("dynamic \"KIND\" { for_each = …  content { … } }, each on a line of its own"),
            );
            return None;
        };
        for attribute in &block.body.attributes {
            if !["for_each", "iterator", "labels"].contains(&attribute.name.name.as_str()) {
                let name = &attribute.name.name;
                diagnostics.push(
                    Diagnostic::error(CODE, format!("A `dynamic` block has no argument `{name}`"))
                        .at(attribute.name.span)
                        .help(format!("put it into `content` to set it in each `{}`", kind.text)),
                );
            }
        }
        let mut contents = block.body.blocks_of("content");
        let (Some(content), None) = (contents.next(), contents.next()) else {
            let problem = Diagnostic::error(CODE, "A `dynamic` block needs exactly one `content` block");
            diagnostics.push(problem.label(block.header, "it says what each of the blocks contains"));
            return None;
        };
        if let Some(other) = block.body.blocks.iter().find(|other| other.kind.name != "content") {
            let problem = format!("A `dynamic` block has no block `{}`", other.kind.name);
            diagnostics.push(Diagnostic::error(CODE, problem).at(other.header).help("put it into `content`"));
        }
        let Some(for_each) = block.body.attribute("for_each") else {
            let problem = Diagnostic::error(CODE, "A `dynamic` block needs `for_each`");
            diagnostics.push(problem.label(block.body.end, "it is missing here"));
            return None;
        };
        let iterator = match block.body.attribute("iterator").map(|attribute| &attribute.expr) {
            None => kind.text.as_str(),
            Some(expr) => match expr.as_keyword() {
                Some(name) => name,
                None if expr.kind == ExprKind::Error => return None,
                None => {
                    let problem =
                        Diagnostic::error(CODE, "`iterator` must be a name without quotes").at(expr.span);
                    diagnostics.push(problem);
                    return None;
                }
            },
        };
        let labels = match block.body.attribute("labels").map(|attribute| &attribute.expr) {
            None => &[],
            Some(expr) => match expr.as_list() {
                Some(labels) => labels,
                None => {
                    let problem =
                        Diagnostic::error(CODE, "`labels` must be a list in brackets").at(expr.span);
                    diagnostics.push(problem);
                    return None;
                }
            },
        };
        let value = eval(&for_each.expr, scope, diagnostics);
        let sensitive = value.is_itself_sensitive();
        let elements = match elements(&value, for_each.expr.span, diagnostics) {
            // Each makes a block.
            Ok(elements) if !elements.iter().all(|_| scope.step()) => {
                diagnostics.push(too_many_steps(for_each.expr.span));
                return None;
            }
            Ok(elements) => Some(elements),
            Err(unusable) if unusable.is_error() => return None,
            Err(_) => None,
        };
        Some(Self { kind: &kind.text, content: &content.body, labels, sensitive, iterator, elements })
    }

    /// One scope for each block, in which the iterator's `key` and `value` are set; `None` as long as it is not known
    /// how many there are.
    pub fn scopes<'s>(&self, scope: &'s Scope<'_>) -> Option<Vec<Scope<'s>>> {
        let elements = self.elements.as_ref()?;
        Some(elements.iter().map(|(key, value)| self.scope(scope, key.clone(), value.clone())).collect())
    }

    /// The scope for a block of which nothing is known yet.
    pub fn unknown_scope<'s>(&self, scope: &'s Scope<'_>) -> Scope<'s> {
        self.scope(scope, Value::unknown(Type::Any), Value::unknown(Type::Any))
    }

    fn scope<'s>(&self, scope: &'s Scope<'_>, key: Value, value: Value) -> Scope<'s> {
        let element = Value::object([("key".to_owned(), key), ("value".to_owned(), value)].into());
        scope.child().with(self.iterator, element)
    }
}
