//! Finds calls in a template.

use crate::Value;
use crate::tree::{Command, Node, Operand, Pipeline, Span, Term, Tree};

impl Tree {
    /// The texts that a function gets as its first argument, as they stand there, and where: of `user "name"`, `name`.
    pub fn texts_given_to(&self, function: &str) -> Vec<(&str, Span)> {
        let mut finder = Finder { function, found: Vec::new() };
        finder.nodes(&self.body);
        self.defined.values().for_each(|body| finder.nodes(body));
        finder.found
    }
}

struct Finder<'f, 't> {
    function: &'f str,
    found: Vec<(&'t str, Span)>,
}

impl<'t> Finder<'_, 't> {
    fn nodes(&mut self, nodes: &'t [Node]) {
        for node in nodes {
            match node {
                Node::Action(pipeline) => self.pipeline(pipeline),
                Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                    self.pipeline(&branch.pipeline);
                    self.nodes(&branch.body);
                    self.nodes(&branch.otherwise);
                }
                Node::Template { data, .. } => data.iter().for_each(|pipeline| self.pipeline(pipeline)),
                Node::Text(_) | Node::Break | Node::Continue => {}
            }
        }
    }

    fn pipeline(&mut self, pipeline: &'t Pipeline) {
        pipeline.commands.iter().for_each(|command| self.command(command));
    }

    fn command(&mut self, command: &'t Command) {
        if let (Term::Function(name), Some(first)) = (&command.first.term, command.arguments.first())
            && name == self.function
            && let Term::Constant(Value::String(text)) = &first.term
        {
            self.found.push((text, first.span.clone()));
        }
        self.operand(&command.first);
        command.arguments.iter().for_each(|argument| self.operand(argument));
    }

    fn operand(&mut self, operand: &'t Operand) {
        match &operand.term {
            Term::Chain(inner, _) => self.operand(inner),
            Term::Pipeline(pipeline) => self.pipeline(pipeline),
            _ => {}
        }
    }
}
