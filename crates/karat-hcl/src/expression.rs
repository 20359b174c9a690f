//! What can be said about an expression without evaluating it.

use karat_model::span::Span;

use crate::tree::{Access, Call, Expr, ExprKind, ForPart, Ident, IfPart, ObjectItem, Part, Step, StepKind};

/// A mention of a variable: `var.disk.size`, also where it is part of something larger.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The variable: `var`.
    pub root: Ident,
    /// The names that follow, as far as they are fixed: `disk`, `size`. `["disk"]` counts like `.disk`.
    pub path: Vec<Ident>,
    /// Root and path.
    pub span: Span,
}

/// An expression that is nothing but names: `source.qemu.base`.
#[derive(Debug, Clone, PartialEq)]
pub struct Traversal {
    /// The names, at least one.
    pub names: Vec<Ident>,
    /// All of them.
    pub span: Span,
}

impl ObjectItem {
    /// Whether the key is `a.b` or `a["b"]` without parentheses: it could be meant as a name or to be evaluated.
    pub(crate) fn has_unclear_key(&self) -> bool {
        let ExprKind::Access(access) = &self.key.kind else { return false };
        let fixed = |step: &Step| match &step.kind {
            StepKind::Attribute(_) => true,
            StepKind::Index(key) => matches!(key.kind, ExprKind::Literal(_)),
            StepKind::Splat(_) => false,
        };
        matches!(access.base.kind, ExprKind::Variable(_)) && access.steps.iter().all(fixed)
    }
}

impl Expr {
    /// The word, if the expression is one bare word.
    pub fn as_keyword(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Variable(name) => Some(name),
            _ => None,
        }
    }

    /// The text, if the expression is a string without anything to evaluate in it.
    pub fn as_literal_str(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Literal(value) => value.as_str(),
            _ => None,
        }
    }

    /// The names, if the expression is nothing but names with dots between them.
    pub fn as_traversal(&self) -> Option<Traversal> {
        let (base, steps) = match &self.kind {
            ExprKind::Access(access) => (&access.base, access.steps.as_slice()),
            _ => (self, &[][..]),
        };
        let root = Ident { name: base.as_keyword()?.to_owned(), span: base.span };
        let names: Option<Vec<Ident>> =
            std::iter::once(Some(root)).chain(steps.iter().map(Step::name)).collect();
        Some(Traversal { names: names?, span: self.span })
    }

    /// The call, if the expression is one.
    pub fn as_call(&self) -> Option<&Call> {
        match &self.kind {
            ExprKind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The elements, if the expression is `[a, b]`.
    pub fn as_list(&self) -> Option<&[Expr]> {
        match &self.kind {
            ExprKind::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// The items, if the expression is `{ a = b }`.
    pub fn as_object(&self) -> Option<&[ObjectItem]> {
        match &self.kind {
            ExprKind::Object(items) => Some(items),
            _ => None,
        }
    }

    /// Every variable that the expression mentions, in the order of the text. Names that a `for` inside gives are not
    /// among them.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Finder { bound: Vec::new(), references: Vec::new() };
        found.expr(self);
        found.references
    }
}

impl Step {
    /// Where the name stands: the step without its dot.
    pub(crate) fn name_span(&self) -> Span {
        match &self.kind {
            StepKind::Attribute(name) if self.span.range().len() == name.len() + 1 => {
                Span { start: self.span.start + 1, ..self.span }
            }
            _ => self.span,
        }
    }

    /// The name that the step leads to, if that is fixed.
    pub fn name(&self) -> Option<Ident> {
        match &self.kind {
            StepKind::Attribute(name) => Some(Ident { name: name.clone(), span: self.name_span() }),
            StepKind::Index(key) => Some(Ident { name: key.as_literal_str()?.to_owned(), span: self.span }),
            StepKind::Splat(_) => None,
        }
    }
}

struct Finder<'a> {
    /// Names of the enclosing `for`s.
    bound: Vec<&'a str>,
    references: Vec<Reference>,
}

impl<'a> Finder<'a> {
    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Error => {}
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Variable(name) => self.variable(name, expr.span, &[]),
            ExprKind::Access(access) => {
                let Access { base, steps } = access.as_ref();
                match &base.kind {
                    ExprKind::Variable(name) => self.variable(name, base.span, steps),
                    _ => self.expr(base),
                }
                self.steps(steps);
            }
            ExprKind::Call(call) => call.arguments.iter().for_each(|argument| self.expr(argument)),
            ExprKind::Tuple(elements) => elements.iter().for_each(|element| self.expr(element)),
            ExprKind::Object(items) => items.iter().for_each(|item| {
                self.expr(&item.key);
                self.expr(&item.value);
            }),
            ExprKind::For(each) => {
                self.expr(&each.collection);
                self.binding(&each.names, |finder| {
                    let inner = each.key.iter().chain([&each.value]).chain(&each.condition);
                    inner.for_each(|expr| finder.expr(expr));
                });
            }
            ExprKind::Conditional(conditional) => {
                self.expr(&conditional.condition);
                self.expr(&conditional.yes);
                self.expr(&conditional.no);
            }
            ExprKind::Chain(chain) => {
                self.expr(&chain.first);
                chain.links.iter().for_each(|link| self.expr(&link.operand));
            }
            ExprKind::Unary(_, operand) | ExprKind::Parens(operand) => self.expr(operand),
        }
    }

    fn binding(&mut self, names: &'a [Ident], inside: impl FnOnce(&mut Self)) {
        let outside = self.bound.len();
        self.bound.extend(names.iter().map(|name| name.name.as_str()));
        inside(self);
        self.bound.truncate(outside);
    }

    fn parts(&mut self, parts: &'a [Part]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Interpolation(expr, _) => self.expr(expr),
                Part::If(part) => {
                    let IfPart { condition, yes, no } = part.as_ref();
                    self.expr(condition);
                    self.parts(yes);
                    self.parts(no);
                }
                Part::For(part) => {
                    let ForPart { names, collection, body } = part.as_ref();
                    self.expr(collection);
                    self.binding(names, |finder| finder.parts(body));
                }
            }
        }
    }

    fn steps(&mut self, steps: &'a [Step]) {
        for step in steps {
            match &step.kind {
                StepKind::Attribute(_) => {}
                StepKind::Index(key) => self.expr(key),
                StepKind::Splat(each) => self.steps(each),
            }
        }
    }

    fn variable(&mut self, name: &str, at: Span, steps: &[Step]) {
        if self.bound.contains(&name) {
            return;
        }
        let path: Vec<Ident> = steps.iter().map_while(Step::name).collect();
        let span = path.last().map_or(at, |last| at.to(last.span));
        self.references.push(Reference { root: Ident { name: name.to_owned(), span: at }, path, span });
    }
}
