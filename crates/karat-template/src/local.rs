//! Local values: a graph, evaluated in the order in which they need one another.

use std::collections::{BTreeMap, VecDeque};

use karat_hcl::tree::Ident;
use karat_hcl::{Scope, eval};
use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit, did_you_mean};
use karat_model::span::Span;
use karat_model::value::Value;

use crate::code;
use crate::template::Local;

/// What one local needs of another, and where it says so.
struct Need {
    local: usize,
    span: Span,
}

/// The values of all locals. A mistake in one makes those that need it wrong as well, without a word about them.
pub(crate) fn evaluate(
    locals: &[Local<'_>],
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Value> {
    let Graph { needs, broken } = Graph::new(locals, diagnostics);
    let users = users(&needs);
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut ready: VecDeque<usize> = (0..locals.len()).filter(|at| missing[*at] == 0).collect();
    let mut values: Vec<Option<Value>> = vec![None; locals.len()];
    while let Some(at) = ready.pop_front() {
        let needed = needs[at].iter().map(|need| {
            (locals[need.local].name.to_owned(), values[need.local].clone().unwrap_or_else(Value::error))
        });
        let value = if broken[at] {
            Value::error()
        } else {
            let scope = scope.child().with("local", Value::object(needed.collect()));
            eval(locals[at].expr, &scope, diagnostics).mark_if(locals[at].sensitive)
        };
        values[at] = Some(value);
        for user in &users[at] {
            missing[*user] -= 1;
            if missing[*user] == 0 {
                ready.push_back(*user);
            }
        }
    }
    let waiting: Vec<bool> = values.iter().map(Option::is_none).collect();
    report_cycles(locals, &needs, &waiting, diagnostics);
    let named = locals.iter().zip(values);
    named.map(|(local, value)| (local.name.to_owned(), value.unwrap_or_else(Value::error))).collect()
}

/// What needs what.
struct Graph {
    /// By local.
    needs: Vec<Vec<Need>>,
    /// Locals with a mistake that was reported.
    broken: Vec<bool>,
}

impl Graph {
    fn new(locals: &[Local<'_>], diagnostics: &mut Diagnostics) -> Self {
        let index: BTreeMap<&str, usize> =
            locals.iter().enumerate().map(|(at, local)| (local.name, at)).collect();
        let mut graph = Self { needs: Vec::with_capacity(locals.len()), broken: vec![false; locals.len()] };
        let mut greedy = Vec::new();
        for (at, local) in locals.iter().enumerate() {
            let mut needs: Vec<Need> = Vec::new();
            for reference in local.expr.references().into_iter().filter(|found| found.root.name == "local") {
                let Some(name) = reference.path.first() else {
                    greedy.push((at, reference.span));
                    continue;
                };
                match index.get(name.name.as_str()) {
                    Some(needed) if needs.iter().any(|need| need.local == *needed) => {}
                    Some(needed) => needs.push(Need { local: *needed, span: reference.span }),
                    None => {
                        graph.broken[at] = true;
                        diagnostics.push(unknown(name, reference.span, &index));
                    }
                }
            }
            graph.needs.push(needs);
        }
        graph.satisfy(&greedy);
        graph
    }

    /// `local` as a whole, or `local[key]`, means every local that can be evaluated before.
    fn satisfy(&mut self, greedy: &[(usize, Span)]) {
        let users = users(&self.needs);
        for (at, span) in greedy {
            let mut later = vec![false; self.needs.len()];
            let mut next = vec![*at];
            while let Some(user) = next.pop() {
                if !std::mem::replace(&mut later[user], true) {
                    next.extend(&users[user]);
                }
            }
            greedy.iter().for_each(|(other, _)| later[*other] = true);
            self.needs[*at].iter().for_each(|need| later[need.local] = true);
            let earlier = (0..later.len()).filter(|local| !later[*local]);
            self.needs[*at].extend(earlier.map(|local| Need { local, span: *span }));
        }
    }
}

/// The needs in the other direction.
fn users(needs: &[Vec<Need>]) -> Vec<Vec<usize>> {
    let mut users: Vec<Vec<usize>> = needs.iter().map(|_| Vec::new()).collect();
    for (user, needs) in needs.iter().enumerate() {
        needs.iter().for_each(|need| users[need.local].push(user));
    }
    users
}

fn unknown(name: &Ident, span: Span, index: &BTreeMap<&str, usize>) -> Diagnostic {
    let problem = Diagnostic::error(code::BAD_REFERENCE, "Unsupported attribute").at(name.span);
    let detail = format!("There is no local value named \"{}\".", name.name);
    match did_you_mean(&name.name, index.keys().copied()) {
        Some(near) => problem
            .detail(format!("{detail} Did you mean \"{near}\"?"))
            .fix(Edit { span, replacement: format!("local.{near}") }),
        None => problem.detail(detail),
    }
}

/// Reports each circle among the locals that could not be evaluated, with the place of every edge.
fn report_cycles(locals: &[Local<'_>], needs: &[Vec<Need>], waiting: &[bool], diagnostics: &mut Diagnostics) {
    let mut seen = vec![false; locals.len()];
    for start in (0..locals.len()).filter(|at| waiting[*at]) {
        // Each waiting local needs a waiting one: the walk ends in a circle, or where an earlier walk went.
        let mut walk: Vec<(usize, Span)> = Vec::new();
        let mut at = start;
        while !seen[at] {
            seen[at] = true;
            let Some(need) = needs[at].iter().find(|need| waiting[need.local]) else { break };
            walk.push((at, need.span));
            at = need.local;
        }
        if let Some(first) = walk.iter().position(|(local, _)| *local == at) {
            diagnostics.push(cycle(locals, &walk[first..]));
        }
    }
}

fn cycle(locals: &[Local<'_>], walk: &[(usize, Span)]) -> Diagnostic {
    let names: Vec<String> = walk.iter().map(|(at, _)| format!("local.{}", locals[*at].name)).collect();
    let next = |at: usize| &names[(at + 1) % names.len()];
    let mut problem = Diagnostic::error(code::CYCLE, "Local values need one another in a circle");
    for (at, (_, span)) in walk.iter().enumerate() {
        problem = problem.label(*span, format!("{} needs {}", names[at], next(at)));
    }
    problem.detail(format!("Cycle: {}, {}", names.join(", "), names[0]))
}
