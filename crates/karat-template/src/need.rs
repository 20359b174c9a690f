//! Which data sources the selected builds need, as the text says it: a data source that none of them needs is not read.

use karat_hcl::tree::{Block, Body};
use karat_hcl::{Reference, Scope};
use karat_model::diagnostic::Diagnostics;
use karat_model::value::Value;

use crate::build::Reader;
use crate::graph::{Graph, Target};
use crate::inputs::Inputs;
use crate::meta;
use crate::select::Selection;
use crate::template::Template;
use crate::walk::Walk;

/// By node of the walk's graph. In doubt, something is needed: names of builds that depend on data sources make
/// everything in their blocks count.
pub(crate) fn needed<'a>(
    template: &Template<'a>,
    inputs: &Inputs<'a>,
    scope: &Scope<'static>,
    walk: &Walk<'a>,
) -> Vec<bool> {
    let mut need = Needed { graph: &walk.graph, nodes: vec![false; walk.graph.nodes.len()] };
    let (locals, data) = walk.values();
    let scope = scope.clone().with("local", Value::object(locals)).with("data", data);
    // What is wrong shows when everything is known.
    let selection = Selection::new(&inputs.only, &inputs.except, &mut Diagnostics::new());
    let reader = Reader::new(template, inputs.schemas, inputs.strict);
    for block in &template.builds {
        need.head(block);
        let mut problems = Diagnostics::new();
        let build = reader.read(block, &scope, &mut problems);
        if problems.has_errors() {
            need.body(&block.body);
            template.sources.values().for_each(|source| need.body(&source.body));
            continue;
        }
        let selected = build.sources.iter().filter(|used| selection.selects(&build.build_name(used).0));
        let selected: Vec<&Block> = selected.filter_map(|used| used.block).collect();
        if !selected.is_empty() {
            need.body(&block.body);
        }
        selected.iter().for_each(|source| need.body(&source.body));
    }
    need.nodes
}

struct Needed<'g, 'a> {
    graph: &'g Graph<'a>,
    nodes: Vec<bool>,
}

impl Needed<'_, '_> {
    /// What is evaluated of a build block whether it is selected or not: what it is called, which blocks it has and how
    /// they are run.
    fn head(&mut self, block: &Block) {
        if !block.body.properties.is_empty() {
            // Nobody has decided yet what they are.
            self.body(&block.body);
        }
        for attribute in &block.body.attributes {
            let always = block.kind.name == "build"
                || block.kind.name == "dynamic"
                || [meta::PROVISIONER, meta::POST_PROCESSOR].concat().contains(&attribute.name.name.as_str());
            if always {
                self.references(attribute.expr.references());
            }
        }
        block.body.blocks.iter().for_each(|inner| self.head(inner));
    }

    fn body(&mut self, body: &Body) {
        self.references(body.references());
    }

    fn references(&mut self, references: Vec<Reference>) {
        for reference in references {
            match self.graph.target(&reference) {
                Target::Node(node) => self.node(node),
                Target::Whole(whole) => {
                    self.graph.members(whole).into_iter().for_each(|node| self.node(node))
                }
                Target::Missing | Target::Other => {}
            }
        }
    }

    /// A node and everything that it needs.
    fn node(&mut self, node: usize) {
        let mut next = vec![node];
        while let Some(at) = next.pop() {
            if !std::mem::replace(&mut self.nodes[at], true) {
                next.extend(self.graph.needs[at].iter().map(|need| need.node));
            }
        }
    }
}
