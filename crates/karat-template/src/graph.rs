//! What locals and data sources need of one another, as the text says it.

use std::collections::{BTreeMap, HashMap};

use karat_hcl::Reference;
use karat_hcl::tree::Body;
use karat_model::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use karat_model::id::ComponentKind;
use karat_model::span::Span;

use crate::inputs::Inputs;
use crate::template::{Data, Local, Template};
use crate::{code, component};

/// What has a value before builds are looked at, and what each needs for it.
pub(crate) struct Graph<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    /// By node.
    pub(crate) needs: Vec<Vec<Need>>,
    /// The needs in the other direction.
    pub(crate) users: Vec<Vec<usize>>,
    /// Nodes with a mistake that was reported: they have no value.
    pub(crate) broken: Vec<bool>,
    names: Names<'a>,
}

/// One thing with a value.
#[derive(Clone, Copy)]
pub(crate) enum Node<'a> {
    Local(Local<'a>),
    Data(Data<'a>),
    /// Everything of one kind, for those that mention it as a whole or by a key that must be computed. That is: all that
    /// has a value without them.
    Whole(Whole<'a>),
    /// With `-use-sequential-evaluation`, the end of the data sources, for which locals wait.
    DataDone,
}

/// Several things under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whole<'a> {
    /// `local`
    Locals,
    /// `data`
    Data,
    /// `data.TYPE`
    DataOf(&'a str),
}

/// What one node needs of another, and where it says so.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    pub(crate) node: usize,
    pub(crate) span: Span,
}

/// What a reference leads to.
pub(crate) enum Target<'a> {
    Node(usize),
    Whole(Whole<'a>),
    /// Nothing that has been declared.
    Missing,
    /// Something that is no local and no data source.
    Other,
}

struct Names<'a> {
    locals: HashMap<&'a str, usize>,
    /// By type, then by name.
    data: BTreeMap<&'a str, BTreeMap<&'a str, usize>>,
}

impl<'a> Graph<'a> {
    /// The graph of a template; see [`Inputs::sequential`]. Reported are references to nothing, circles, and data sources
    /// that nobody could read.
    pub(crate) fn new(template: &Template<'a>, inputs: &Inputs<'_>, diagnostics: &mut Diagnostics) -> Self {
        let sequential = inputs.sequential;
        let locals = template.locals.iter().copied().map(Node::Local);
        let nodes: Vec<Node<'a>> = locals.chain(template.data.iter().copied().map(Node::Data)).collect();
        let count = nodes.len();
        let names = Names::new(&nodes);
        let needs = nodes.iter().map(|_| Vec::new()).collect();
        let mut graph = Self { nodes, needs, users: Vec::new(), broken: vec![false; count], names };
        for at in 0..count {
            if let Node::Data(data) = graph.nodes[at] {
                graph.broken[at] = !check(data, template, inputs, diagnostics);
            }
        }
        let mut wholes: BTreeMap<Whole<'a>, Vec<Need>> = BTreeMap::new();
        // The last one that needed each node: an edge is kept once.
        let mut needed_by = vec![usize::MAX; count];
        for at in 0..count {
            for reference in graph.references(at) {
                let span = reference.span;
                match graph.target(&reference) {
                    Target::Node(node) if sequential && graph.is_local(node) && !graph.is_local(at) => {
                        graph.broken[at] = true;
                        diagnostics.push(not_yet(span));
                    }
                    Target::Node(node) if needed_by[node] != at => {
                        needed_by[node] = at;
                        graph.needs[at].push(Need { node, span });
                    }
                    Target::Whole(whole) => wholes.entry(whole).or_default().push(Need { node: at, span }),
                    // Packer's old way asks for data sources without looking first: `try` has its chance.
                    Target::Missing if sequential && reference.root.name == "data" => {}
                    Target::Missing => {
                        graph.broken[at] = true;
                        diagnostics.push(graph.missing(&reference));
                    }
                    Target::Node(_) | Target::Other => {}
                }
            }
        }
        graph.link();
        for (whole, users) in wholes {
            graph.add_whole(whole, &users);
        }
        if sequential {
            graph.put_data_first(count);
        }
        graph.report_circles(diagnostics);
        if sequential {
            graph.report_depth(diagnostics);
        }
        graph
    }

    fn references(&self, at: usize) -> Vec<Reference> {
        match self.nodes.get(at) {
            Some(Node::Local(local)) => local.expr.references(),
            Some(Node::Data(data)) => data.block.body.references(),
            _ => Vec::new(),
        }
    }

    fn is_local(&self, at: usize) -> bool {
        matches!(self.nodes.get(at), Some(Node::Local(_)))
    }

    /// What a reference leads to.
    pub(crate) fn target(&self, reference: &Reference) -> Target<'a> {
        let mut path = reference.path.iter().map(|name| name.name.as_str());
        let found = match (reference.root.name.as_str(), path.next(), path.next()) {
            ("local", None, _) => return Target::Whole(Whole::Locals),
            ("local", Some(name), _) => self.names.locals.get(name),
            ("data", None, _) => return Target::Whole(Whole::Data),
            ("data", Some(kind), None) => {
                return match self.names.data.get_key_value(kind) {
                    Some((kind, _)) => Target::Whole(Whole::DataOf(kind)),
                    None => Target::Missing,
                };
            }
            ("data", Some(kind), Some(name)) => self.names.data.get(kind).and_then(|names| names.get(name)),
            _ => return Target::Other,
        };
        found.map_or(Target::Missing, |node| Target::Node(*node))
    }

    /// Everything that a reference to a whole means, whether or not some node asks for it.
    pub(crate) fn members(&self, whole: Whole<'a>) -> Vec<usize> {
        match whole {
            Whole::Locals => self.names.locals.values().copied().collect(),
            Whole::Data => self.names.data.values().flat_map(BTreeMap::values).copied().collect(),
            Whole::DataOf(kind) => {
                self.names.data.get(kind).into_iter().flat_map(BTreeMap::values).copied().collect()
            }
        }
    }

    fn link(&mut self) {
        self.users = self.needs.iter().map(|_| Vec::new()).collect();
        for (user, needs) in self.needs.iter().enumerate() {
            needs.iter().for_each(|need| self.users[need.node].push(user));
        }
    }

    fn add(&mut self, node: Node<'a>) -> usize {
        self.nodes.push(node);
        self.needs.push(Vec::new());
        self.users.push(Vec::new());
        self.broken.push(false);
        self.nodes.len() - 1
    }

    fn connect(&mut self, user: usize, node: usize, span: Span) {
        self.needs[user].push(Need { node, span });
        self.users[node].push(user);
    }

    /// A node for everything of one kind that can be known before its users are: not they themselves, nor what needs
    /// them.
    fn add_whole(&mut self, whole: Whole<'a>, users: &[Need]) {
        let mut later = vec![false; self.nodes.len()];
        let mut next: Vec<usize> = users.iter().map(|user| user.node).collect();
        while let Some(user) = next.pop() {
            if !std::mem::replace(&mut later[user], true) {
                next.extend(&self.users[user]);
            }
        }
        let all = self.add(Node::Whole(whole));
        let mut members = self.members(whole);
        members.sort_unstable();
        for member in members.into_iter().filter(|member| !later[*member]) {
            self.connect(all, member, Span::default());
        }
        let mut last = None;
        for user in users {
            if last.replace(user.node) != Some(user.node) {
                self.connect(user.node, all, user.span);
            }
        }
    }

    fn put_data_first(&mut self, count: usize) {
        let done = self.add(Node::DataDone);
        for at in 0..count {
            let (user, node) = if self.is_local(at) { (at, done) } else { (done, at) };
            self.connect(user, node, Span::default());
        }
    }

    fn missing(&self, reference: &Reference) -> Diagnostic {
        let root = &reference.root.name;
        let path = reference.path.as_slice();
        let data = self.names.data.iter();
        let sources = data.flat_map(|(kind, names)| names.keys().map(move |name| format!("{kind}.{name}")));
        let (what, wanted, mut known): (_, _, Vec<String>) = match path {
            [name, ..] if root == "local" => {
                let known = self.names.locals.keys().map(|name| (*name).to_owned());
                (format!("local value `{}`", name.name), 1, known.collect())
            }
            [kind, name, ..] => {
                (format!("data source \"{}\" \"{}\"", kind.name, name.name), 2, sources.collect())
            }
            [kind] => {
                let kinds = self.names.data.keys().map(|kind| (*kind).to_owned());
                (format!("data source of the type \"{}\"", kind.name), 1, kinds.collect())
            }
            [] => ("data source".to_owned(), 0, sources.collect()),
        };
        known.sort_unstable();
        let wanted = path.get(..wanted).unwrap_or(path);
        let place = wanted.iter().map(|name| name.span).reduce(Span::to).unwrap_or(reference.span);
        let wanted = wanted.iter().map(|name| name.name.as_str()).collect::<Vec<_>>().join(".");
        let problem = Diagnostic::error(code::NO_ATTRIBUTE, format!("There is no {what}")).at(place);
        match did_you_mean(&wanted, known.iter().map(String::as_str)) {
            Some(near) => problem.did_you_mean(reference.root.span.to(place), format!("{root}.{near}")),
            None if known.is_empty() => problem.note("none is declared"),
            None => problem.note(format!("declared: {}", known.join(", "))),
        }
    }

    /// Reports each circle, with the place of every edge.
    fn report_circles(&mut self, diagnostics: &mut Diagnostics) {
        let mut waits: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let mut ready: Vec<usize> = (0..waits.len()).filter(|at| waits[*at] == 0).collect();
        while let Some(at) = ready.pop() {
            for user in &self.users[at] {
                waits[*user] -= 1;
                if waits[*user] == 0 {
                    ready.push(*user);
                }
            }
        }
        let mut seen = vec![false; waits.len()];
        for start in (0..waits.len()).filter(|at| waits[*at] > 0) {
            // Each that waits needs one that waits: the walk ends in a circle, or where an earlier walk went.
            let mut walk: Vec<Need> = Vec::new();
            let mut at = start;
            while !seen[at] {
                seen[at] = true;
                let Some(need) = self.needs[at].iter().find(|need| waits[need.node] > 0) else { break };
                walk.push(Need { node: at, span: need.span });
                at = need.node;
            }
            if let Some(first) = walk.iter().position(|step| step.node == at) {
                diagnostics.push(self.circle(&walk[first..]));
            }
        }
    }

    fn circle(&self, walk: &[Need]) -> Diagnostic {
        let names: Vec<String> = walk.iter().map(|step| self.name(step.node)).collect();
        let next = |at: usize| &names[(at + 1) % names.len()];
        let who = match (names.iter().all(|name| name.starts_with("local.")), names.len()) {
            (true, _) => "Local values need one another in a circle",
            (false, 1) => "A data source needs itself",
            (false, _) => "Data sources and local values need one another in a circle",
        };
        let mut problem = Diagnostic::error(code::CYCLE, who);
        for (at, step) in walk.iter().enumerate() {
            problem = problem.label(step.span, format!("{} needs {}", names[at], next(at)));
        }
        problem.detail(format!("Cycle: {}, {}", names.join(", "), names[0]))
    }

    fn name(&self, at: usize) -> String {
        match self.nodes.get(at) {
            Some(Node::Local(local)) => format!("local.{}", local.name),
            Some(Node::Data(data)) => data.to_string(),
            _ => "everything".to_owned(),
        }
    }

    /// Reports what lies too deep for Packer's old way, which goes from each to what it needs, in the order of the text.
    fn report_depth(&mut self, diagnostics: &mut Diagnostics) {
        let mut done = vec![false; self.nodes.len()];
        for at in 0..self.nodes.len() {
            let Some((start, (noun, span))) = (match self.nodes[at] {
                Node::Local(local) => Some((1, ("local", local.span))),
                Node::Data(data) => Some((0, ("datasource", data.block.header))),
                Node::Whole(_) | Node::DataDone => None,
            }) else {
                continue;
            };
            if !self.reaches(at, start, &mut done) {
                self.broken[at] = true;
                let problem =
                    Diagnostic::error(code::TOO_DEEP, format!("Max {noun} recursion depth exceeded."));
                diagnostics.push(problem.at(span).detail(
                    "With -use-sequential-evaluation, what needs something that needs something must not be more than \
                     ten steps from the last of them. Without it there is no such limit.",
                ));
            }
        }
    }

    fn reaches(&self, at: usize, depth: usize, done: &mut [bool]) -> bool {
        const DEEPEST: usize = 10;
        if done[at] {
            return true;
        }
        let same = |need: &&Need| self.is_local(need.node) == self.is_local(at);
        let real = |need: &&Need| matches!(self.nodes[need.node], Node::Local(_) | Node::Data(_));
        let within = depth <= DEEPEST
            && self.needs[at].iter().filter(same).filter(real).all(|n| self.reaches(n.node, depth + 1, done));
        done[at] = within;
        within
    }
}

impl<'a> Names<'a> {
    fn new(nodes: &[Node<'a>]) -> Self {
        let mut names = Self { locals: HashMap::new(), data: BTreeMap::new() };
        for (at, node) in nodes.iter().enumerate() {
            match node {
                Node::Local(local) => {
                    names.locals.insert(local.name, at);
                }
                Node::Data(data) => {
                    names.data.entry(data.kind).or_default().insert(data.name, at);
                }
                Node::Whole(_) | Node::DataDone => {}
            }
        }
        names
    }
}

/// Whether anybody knows such a data source, and its block is one that can be read.
fn check(
    data: Data<'_>,
    template: &Template<'_>,
    inputs: &Inputs<'_>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let before = diagnostics.len();
    if inputs.schemas.get(ComponentKind::DataSource, data.kind).is_none() {
        let place = data.block.labels.first().map_or(data.block.header, |label| label.span);
        let kind = ComponentKind::DataSource;
        diagnostics.push(component::unknown(kind, data.kind, place, inputs.schemas, template));
    }
    refuse_dynamic(&data.block.body, diagnostics);
    diagnostics.len() == before
}

/// Packer does not multiply blocks in data sources.
fn refuse_dynamic(body: &Body, diagnostics: &mut Diagnostics) {
    let problem = |span| {
        Diagnostic::error(code::UNKNOWN_BLOCK, "Blocks of type \"dynamic\" are not expected here")
            .at(span)
            .help("a data source has no dynamic blocks: write each block")
    };
    let properties = body.properties.iter().filter(|property| property.name.text.as_ref() == "dynamic");
    diagnostics.extend(properties.map(|property| problem(property.name.span)));
    for block in &body.blocks {
        match block.kind.name.as_str() {
            "dynamic" => diagnostics.push(problem(block.header)),
            _ => refuse_dynamic(&block.body, diagnostics),
        }
    }
}

fn not_yet(span: Span) -> Diagnostic {
    Diagnostic::error(code::BAD_REFERENCE, "Unsupported attribute")
        .at(span)
        .detail("With -use-sequential-evaluation, data sources are read before there are local values.")
        .help("leave that flag out: data sources and local values may then need one another")
}
