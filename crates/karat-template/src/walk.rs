//! The way through a graph of locals and data sources: each is given its value once, as soon as what it needs has one.

use std::collections::{BTreeMap, VecDeque};

use karat_hcl::{Scope, decode, eval};
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::id::ComponentKind;
use karat_model::plan::Node as PlanNode;
use karat_model::schema_set::SchemaSet;
use karat_model::value::{Type, Value};

use crate::code;
use crate::graph::{Graph, Need, Node, Whole};
use crate::inputs::Inputs;
use crate::need::needed;
use crate::progress::{Answer, DataRead};
use crate::template::{Data, Local, Template};

/// Where the walk is.
pub(crate) struct Walk<'a> {
    pub(crate) graph: Graph<'a>,
    /// What expressions see beside `local` and `data`.
    scope: Scope<'static>,
    schemas: &'a SchemaSet,
    /// Which data sources are to be read, as far as that is known. The others are unknown values of their types.
    wanted: Vec<bool>,
    /// One data source at a time.
    sequential: bool,
    values: Vec<Option<Value>>,
    /// How many of its needs each node waits for.
    waits: Vec<usize>,
    ready: VecDeque<usize>,
    /// Data sources that could be read now.
    readable: BTreeMap<usize, DataRead>,
    /// Data sources that are being read.
    asked: Vec<usize>,
    unread: Vec<DataRead>,
    diagnostics: Diagnostics,
    failed: bool,
}

/// What a walk brought.
pub(crate) struct Values {
    pub(crate) locals: BTreeMap<String, Value>,
    /// `data`
    pub(crate) data: Value,
    /// Data sources that nobody read: their configurations have not been looked at by a component yet.
    pub(crate) unread: Vec<DataRead>,
    pub(crate) diagnostics: Diagnostics,
}

impl<'a> Walk<'a> {
    /// Through the locals and data sources of a template, as `inputs` wants it; `scope` is what their expressions see
    /// beside one another. Everything that needs no reading is done.
    pub(crate) fn through(
        template: &Template<'a>,
        inputs: &Inputs<'a>,
        scope: &Scope<'static>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let graph = Graph::new(template, inputs, diagnostics);
        let mut walk = Self::new(graph, scope.clone(), inputs, diagnostics);
        if !inputs.strict && walk.wants_to_read() {
            let needed = needed(template, inputs, scope, &walk);
            walk.restrict(&needed);
        }
        walk
    }

    /// The same for somebody who wants to see everything, and not build anything.
    pub(crate) fn through_all(
        template: &Template<'a>,
        inputs: &Inputs<'a>,
        scope: &Scope<'static>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let graph = Graph::new(template, inputs, diagnostics);
        Self::new(graph, scope.clone(), inputs, &Diagnostics::new())
    }

    /// Nothing is read once `diagnostics` has errors, nor after the first mistake on the way: the build will not take
    /// place.
    fn new(graph: Graph<'a>, scope: Scope<'static>, inputs: &Inputs<'a>, diagnostics: &Diagnostics) -> Self {
        let count = graph.nodes.len();
        let waits: Vec<usize> = graph.needs.iter().map(Vec::len).collect();
        let mut walk = Self {
            graph,
            scope: scope
                .with("local", Value::object(BTreeMap::new()))
                .with("data", Value::object(BTreeMap::new())),
            schemas: inputs.schemas,
            wanted: vec![inputs.read_data; count],
            sequential: inputs.sequential,
            values: vec![None; count],
            ready: (0..count).filter(|at| waits[*at] == 0).collect(),
            waits,
            readable: BTreeMap::new(),
            asked: Vec::new(),
            unread: Vec::new(),
            diagnostics: Diagnostics::new(),
            failed: diagnostics.has_errors(),
        };
        walk.run();
        walk
    }

    /// Leaves out the data sources that are not `needed`.
    fn restrict(&mut self, needed: &[bool]) {
        self.wanted.iter_mut().zip(needed).for_each(|(wanted, needed)| *wanted &= needed);
    }

    /// Whether there are data sources that could be read.
    fn wants_to_read(&self) -> bool {
        !self.failed && self.readable.keys().any(|at| self.wanted[*at])
    }

    /// What must be read to go on; nothing when the end is reached.
    pub(crate) fn next(&mut self) -> Vec<DataRead> {
        loop {
            self.run();
            let failed = self.failed;
            let wanted = &self.wanted;
            let skipped: Vec<_> = self.readable.extract_if(.., |at, _| failed || !wanted[*at]).collect();
            if skipped.is_empty() {
                break;
            }
            for (at, read) in skipped {
                let value =
                    self.schemas.output(&read.node.component).map(|output| Value::unknown(output.ty()));
                self.settle(at, value.unwrap_or_else(Value::error));
                if !self.failed {
                    self.unread.push(read);
                }
            }
        }
        let mut reads = std::mem::take(&mut self.readable);
        if self.sequential
            && let Some(second) = reads.keys().nth(1).copied()
        {
            self.readable = reads.split_off(&second);
        }
        let (asked, reads) = reads.into_iter().unzip();
        self.asked = asked;
        reads
    }

    /// What came of the data sources that [`Self::next`] asked for, in the same order.
    pub(crate) fn answer(&mut self, answers: impl IntoIterator<Item = Answer>) {
        let mut answers = answers.into_iter();
        for at in std::mem::take(&mut self.asked) {
            let answer = answers.next().unwrap_or_else(|| Err(Diagnostics::new()));
            let value = match answer.and_then(|value| self.fit(at, value)) {
                Ok(value) => value,
                Err(problems) => {
                    self.failed = true;
                    self.diagnostics.extend(problems);
                    Value::error()
                }
            };
            self.settle(at, value);
        }
    }

    /// The value in the shape that the data source announced.
    fn fit(&self, at: usize, value: Value) -> Answer {
        let Node::Data(Data { kind, block, .. }) = self.graph.nodes[at] else { return Ok(value) };
        let Some(output) = self.schemas.output(kind) else { return Ok(value) };
        value.convert(&output.ty()).map_err(|error| {
            let title = format!("The data source {kind} offers something else than it announced");
            [Diagnostic::error(code::DATA_SOURCE, title).label(block.header, error.to_string())]
                .into_iter()
                .collect()
        })
    }

    /// What is known so far; what is not is unknown.
    pub(crate) fn values(&self) -> (BTreeMap<String, Value>, Value) {
        self.named(0..self.graph.nodes.len(), || Value::unknown(Type::Any))
    }

    /// The end: what has no value by now is wrong, and that has been said.
    pub(crate) fn finish(self) -> Values {
        let (locals, data) = self.named(0..self.graph.nodes.len(), Value::error);
        Values { locals, data, unread: self.unread, diagnostics: self.diagnostics }
    }

    /// The values of some nodes by their names.
    fn named(
        &self,
        nodes: impl IntoIterator<Item = usize>,
        absent: impl Fn() -> Value,
    ) -> (BTreeMap<String, Value>, Value) {
        let mut locals = BTreeMap::new();
        let mut data: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for at in nodes {
            let value = || self.values[at].clone().unwrap_or_else(&absent);
            match self.graph.nodes[at] {
                Node::Local(local) => {
                    locals.insert(local.name.to_owned(), value());
                }
                Node::Data(Data { kind, name, .. }) => {
                    data.entry(kind.to_owned()).or_default().insert(name.to_owned(), value());
                }
                Node::Whole(_) | Node::DataDone => {}
            }
        }
        (locals, Value::object(data.into_iter().map(|(kind, values)| (kind, of_one_type(values))).collect()))
    }

    /// Everything that can be done without reading.
    fn run(&mut self) {
        while let Some(at) = self.ready.pop_front() {
            match self.graph.nodes[at] {
                Node::Local(_) | Node::Data(_) if self.graph.broken[at] => {
                    self.failed = true;
                    self.settle(at, Value::error());
                }
                Node::Local(local) => {
                    let value = self.local(at, local);
                    self.settle(at, value);
                }
                Node::Data(data) => self.data(at, data),
                Node::Whole(whole) => {
                    let (locals, data) = self.named(self.needed(at), Value::error);
                    self.settle(at, if whole == Whole::Locals { Value::object(locals) } else { data });
                }
                Node::DataDone => self.settle(at, Value::null(Type::Any)),
            }
        }
    }

    fn needed(&self, at: usize) -> impl Iterator<Item = usize> {
        self.graph.needs[at].iter().map(|Need { node, .. }| *node)
    }

    fn settle(&mut self, at: usize, value: Value) {
        self.values[at] = Some(value);
        for user in &self.graph.users[at] {
            self.waits[*user] -= 1;
            if self.waits[*user] == 0 {
                self.ready.push_back(*user);
            }
        }
    }

    fn local(&mut self, at: usize, local: Local<'a>) -> Value {
        let mut problems = Diagnostics::new();
        let value = eval(local.expr, &self.scope_of(at), &mut problems).mark_if(local.sensitive);
        self.failed |= problems.has_errors();
        self.diagnostics.extend(problems);
        value
    }

    fn data(&mut self, at: usize, Data { kind, name, block }: Data<'a>) {
        let Some(schema) = self.schemas.get(ComponentKind::DataSource, kind) else {
            self.settle(at, Value::error());
            return;
        };
        let mut problems = Diagnostics::new();
        let config = decode(&block.body, schema, &self.scope_of(at), &mut problems);
        let wrong = problems.has_errors();
        self.failed |= wrong;
        self.diagnostics.extend(problems);
        if wrong {
            self.settle(at, Value::error());
            return;
        }
        let arguments = block
            .body
            .attributes
            .iter()
            .map(|attribute| (attribute.name.name.clone(), attribute.span))
            .collect();
        let node = PlanNode { component: kind.to_owned(), config, span: block.header, arguments };
        self.readable.insert(at, DataRead { name: name.to_owned(), node });
    }

    /// What the expressions of a node see: of `local` and `data`, what it needs.
    fn scope_of(&self, at: usize) -> Scope<'_> {
        let mut scope = self.scope.child();
        let whole = |wanted: Whole<'_>| {
            let is_whole =
                |node: &usize| matches!(self.graph.nodes[*node], Node::Whole(whole) if whole == wanted);
            self.needed(at).find(is_whole).and_then(|node| self.values[node].as_ref())
        };
        let (locals, data) = self.named(self.needed(at), Value::error);
        match whole(Whole::Locals) {
            Some(all) => scope.set("local", with(all, locals)),
            None if !locals.is_empty() => scope.set("local", Value::object(locals)),
            None => {}
        }
        let mut kinds = data.as_map().cloned().unwrap_or_default();
        for node in self.needed(at) {
            if let (Node::Whole(Whole::Data | Whole::DataOf(_)), Some(all)) =
                (self.graph.nodes[node], &self.values[node])
            {
                for (kind, all) in all.as_map().into_iter().flatten() {
                    let own = kinds.get(kind).and_then(Value::as_map).cloned().unwrap_or_default();
                    kinds.insert(
                        kind.clone(),
                        of_one_type(with(all, own).as_map().cloned().unwrap_or_default()),
                    );
                }
            }
        }
        if !kinds.is_empty() {
            scope.set("data", Value::object(kinds));
        }
        scope
    }
}

/// The object `all` with a few more entries; mostly it has them already.
fn with(all: &Value, more: BTreeMap<String, Value>) -> Value {
    if more.keys().all(|name| all.get(name).is_some()) {
        return all.clone();
    }
    let mut entries = all.as_map().cloned().unwrap_or_default();
    entries.extend(more);
    Value::object(entries)
}

/// The data sources of one type: a map as in Packer, or an object where they offer different things.
fn of_one_type(values: BTreeMap<String, Value>) -> Value {
    let mut types = values.values().map(Value::ty);
    match types.next().cloned() {
        Some(ty) if ty != Type::Any && types.all(|other| *other == ty) => Value::map(ty, values),
        _ => Value::object(values),
    }
}
