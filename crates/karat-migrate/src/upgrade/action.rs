//! Go templates as HCL2 templates: actions become expressions, and what has no counterpart stays as it is, for
//! components render Go templates in HCL2 too.

use std::collections::BTreeMap;

use karat_gotmpl::Template;
use karat_gotmpl::tree::{Branch, Command, Node, Operand, Pipeline, Term};
use karat_template::legacy::Builder;

use super::Upgrade;
use super::body::{Body, Text, Value};
use super::names::Source;

/// How long the text of an expression may be before it is used more than once: repetitions of repetitions grow fast.
const LONGEST: usize = 1000;

/// Where a text stands, which decides what it can refer to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'s> {
    /// The default of a variable.
    Default,
    /// A local.
    Local,
    /// A data source.
    Data,
    /// A source.
    Source(&'s Source<'s>),
    /// A provisioner or a post-processor.
    Step,
}

/// An HCL2 expression for what a Go template computes.
#[derive(Clone, Debug)]
struct Expression {
    text: String,
    /// What it is, where the template itself says so.
    literal: Option<String>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    Number,
    Truth,
}

impl Expression {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), literal: None, kind: Kind::Text }
    }

    fn truth(text: String) -> Self {
        Self { text, literal: None, kind: Kind::Truth }
    }

    fn literal(text: &str) -> Self {
        Self { text: Text::from(text).quoted(), literal: Some(text.to_owned()), kind: Kind::Text }
    }

    /// As a condition: what Go takes for true.
    fn condition(self) -> String {
        match self.kind {
            Kind::Text => format!("{} != \"\"", self.text),
            Kind::Number => format!("{} != 0", self.text),
            Kind::Truth => self.text,
        }
    }
}

/// One text on its way.
struct Translation<'t, 'u, 'd> {
    upgrade: &'u mut Upgrade<'d>,
    place: Place<'t>,
    /// What the template's own variables are worth. None is followed if any is set twice.
    variables: BTreeMap<String, Expression>,
    follow: bool,
}

impl Upgrade<'_> {
    /// A Go template as HCL2. What could not be translated is noted.
    pub(super) fn text(&mut self, text: &str, place: Place<'_>) -> Text {
        if !text.contains("{{") {
            return Text::from(text);
        }
        let template = match Template::parse_any(text) {
            Ok(template) => template,
            Err(error) => {
                self.note(format!("This is no Go template, and stays as it was: {error}"));
                return Text::from(text);
            }
        };
        let tree = template.tree();
        if !tree.defined.is_empty() {
            self.note("HCL2 has nothing like {{define}}: this stays a Go template.");
            return Text::from(text);
        }
        let mut translated = Text::default();
        let follow = !tree.body.iter().any(assigns);
        let mut translation = Translation { upgrade: self, place, variables: BTreeMap::new(), follow };
        translation.nodes(&tree.body, &mut translated);
        translated
    }
}

impl Upgrade<'_> {
    /// The name that a builder had.
    fn name_of(&mut self, builder: &Builder) -> Text {
        self.text(&builder.name.text, Place::Local)
    }

    /// An expression for the name that the builder at work had.
    fn build_name(&mut self) -> String {
        let builders: Vec<_> =
            self.names.sources().iter().map(|source| (source.builder, source.label.clone())).collect();
        if builders.iter().all(|(builder, label)| builder.name.text.as_ref() == label) {
            return "source.name".to_owned();
        }
        if builders.iter().all(|(builder, _)| builder.name.text == builder.kind.text) {
            return "source.type".to_owned();
        }
        self.uses_builder_names = true;
        format!("lookup(local.{}, source.name, source.name)", self.names.builder_names())
    }

    /// What the sources were called that are called otherwise now.
    pub(super) fn builder_names(&mut self) -> Body {
        let mut blocks = Body::default();
        if self.uses_builder_names {
            let builders: Vec<_> =
                self.names.sources().iter().map(|source| (source.builder, source.label.clone())).collect();
            let changed = builders.iter().filter(|(builder, label)| builder.name.text.as_ref() != label);
            let names =
                changed.map(|(builder, label)| (Text::from(label.as_str()), self.name_of(builder).into()));
            let names = Value::Object(names.collect());
            let mut body = Body::default();
            body.argument(self.names.builder_names(), names);
            blocks.comment(
                "What sources were called as builders in the JSON template, by what they are called now.",
            );
            blocks.block("locals", &[], body);
        }
        blocks
    }
}

/// Whether a variable that exists gets another value anywhere in the node.
fn assigns(node: &Node) -> bool {
    match node {
        Node::Action(pipeline) => pipeline.assigns,
        Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
            branch.pipeline.assigns || branch.body.iter().chain(&branch.otherwise).any(assigns)
        }
        Node::Text(_) | Node::Template { .. } | Node::Break | Node::Continue => false,
    }
}

impl Translation<'_, '_, '_> {
    fn nodes(&mut self, nodes: &[Node], out: &mut Text) {
        for node in nodes {
            match node {
                Node::Text(text) => out.push_plain(text),
                Node::Action(pipeline) => self.action(pipeline, out),
                Node::If(branch) => self.choice(branch, out),
                Node::With(branch) => self.block("with", branch, out),
                Node::Range(branch) => self.block("range", branch, out),
                Node::Template { .. } | Node::Break | Node::Continue => out.push_plain(&node.to_string()),
            }
        }
    }

    /// Nodes of a block, whose variables end with it.
    fn inside(&mut self, nodes: &[Node], out: &mut Text) {
        let outer = self.variables.clone();
        self.nodes(nodes, out);
        self.variables = outer;
    }

    fn action(&mut self, pipeline: &Pipeline, out: &mut Text) {
        let expression = self.pipeline(pipeline);
        match (pipeline.variables.as_slice(), expression) {
            ([], Some(Expression { literal: Some(text), .. }))
                if !text.contains("{{") && !self.upgrade.strict =>
            {
                out.push_plain(&text)
            }
            ([], Some(expression)) if expression.literal.is_none() => out.push_interpolation(expression.text),
            ([name], Some(expression)) if self.follow && expression.text.len() <= LONGEST => {
                self.variables.insert(name.clone(), expression);
            }
            _ => {
                if calls(pipeline) {
                    self.stays(pipeline);
                }
                out.push_plain("{{ ");
                self.go_pipeline(pipeline, out);
                out.push_plain(" }}");
            }
        }
    }

    fn choice(&mut self, branch: &Branch, out: &mut Text) {
        let condition = match branch.pipeline.variables.is_empty() {
            true => self.pipeline(&branch.pipeline),
            false => None,
        };
        let Some(condition) = condition else { return self.block("if", branch, out) };
        let condition = condition.condition();
        let bare = condition.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        out.push_directive(format!("if {}", bare.unwrap_or(&condition)));
        self.inside(&branch.body, out);
        if !branch.otherwise.is_empty() {
            out.push_directive("else");
            self.inside(&branch.otherwise, out);
        }
        out.push_directive("endif");
    }

    /// A block that stays a Go template.
    fn block(&mut self, keyword: &str, branch: &Branch, out: &mut Text) {
        self.stays(format_args!("{keyword} {}", branch.pipeline));
        out.push_plain(&format!("{{{{ {keyword} "));
        self.go_pipeline(&branch.pipeline, out);
        out.push_plain(" }}");
        self.inside(&branch.body, out);
        if !branch.otherwise.is_empty() {
            out.push_plain("{{ else }}");
            self.inside(&branch.otherwise, out);
        }
        out.push_plain("{{ end }}");
    }

    fn stays(&mut self, what: impl std::fmt::Display) {
        self.upgrade.note(format!("This stays a Go template, which the component renders: {what}"));
    }

    /// A pipeline as an expression, if it has one; without what it declares.
    fn pipeline(&mut self, pipeline: &Pipeline) -> Option<Expression> {
        self.commands(&pipeline.commands)
    }

    fn commands(&mut self, commands: &[Command]) -> Option<Expression> {
        let mut value = None;
        for command in commands {
            value = Some(self.command(command, value)?);
        }
        value
    }

    /// A command that gets `piped` as its last argument.
    fn command(&mut self, command: &Command, piped: Option<Expression>) -> Option<Expression> {
        if let Term::Function(name) = &command.first.term {
            let arguments = command.arguments.iter().map(|argument| self.operand(argument));
            let mut arguments = arguments.collect::<Option<Vec<_>>>()?;
            arguments.extend(piped);
            return self.call(name, &arguments);
        }
        let alone = command.arguments.is_empty() && piped.is_none();
        alone.then(|| self.operand(&command.first))?
    }

    fn operand(&mut self, operand: &Operand) -> Option<Expression> {
        use karat_gotmpl::Value;
        match &operand.term {
            Term::Constant(Value::String(text)) => Some(Expression::literal(text)),
            Term::Constant(Value::Int(number)) => Some(Expression {
                text: number.to_string(),
                literal: Some(number.to_string()),
                kind: Kind::Number,
            }),
            Term::Constant(Value::Bool(truth)) => Some(Expression::truth(truth.to_string())),
            Term::Variable(name, fields) if fields.is_empty() => self.variables.get(name).cloned(),
            Term::Pipeline(pipeline) if pipeline.variables.is_empty() => self.pipeline(pipeline),
            Term::Function(name) => self.call(name, &[]),
            _ => None,
        }
    }

    fn call(&mut self, name: &str, arguments: &[Expression]) -> Option<Expression> {
        if let ("build_name" | "build_type", []) = (name, arguments) {
            return self.identity(name);
        }
        if let Some(expression) = self.call_packer(name, arguments) {
            return Some(Expression::new(expression));
        }
        let equal = |a: &Expression, b: &Expression| format!("{} == {}", a.text, b.text);
        let joined = |operator: &str, parts: Vec<String>| match parts.len() {
            1 => parts.concat(),
            _ => format!("({})", parts.join(operator)),
        };
        Some(Expression::truth(match (name, arguments) {
            ("eq", [first, rest @ ..]) if !rest.is_empty() && first.text.len() * rest.len() <= LONGEST => {
                joined(" || ", rest.iter().map(|other| equal(first, other)).collect())
            }
            ("ne", [a, b]) => format!("{} != {}", a.text, b.text),
            ("not", [a]) if a.kind == Kind::Text => format!("{} == \"\"", a.text),
            ("not", [a]) => format!("!({})", a.clone().condition()),
            // Go gives the deciding operand, which is a truth value only if all are.
            ("and" | "or", operands) if operands.iter().all(|operand| operand.kind == Kind::Truth) => {
                let operator = if name == "and" { " && " } else { " || " };
                joined(operator, operands.iter().map(|operand| operand.text.clone()).collect())
            }
            _ => return None,
        }))
    }

    /// The functions of Packer's templates.
    fn call_packer(&mut self, name: &str, arguments: &[Expression]) -> Option<String> {
        let strict = self.upgrade.strict;
        let literal = |position: usize| arguments.get(position)?.literal.as_deref();
        let number = |position: usize| literal(position)?.parse::<i64>().ok();
        let quoted = |text: &str| Text::from(text).quoted();
        Some(match (name, arguments) {
            ("user", [_]) => self.upgrade.names.user(literal(0)?),
            ("env", [_]) if strict || matches!(self.place, Place::Default) => {
                format!("env({})", quoted(literal(0)?))
            }
            ("env", [_]) => self.upgrade.names.environment(literal(0)?),
            ("timestamp", []) => {
                self.upgrade.uses_timestamp = true;
                format!("local.{}", self.upgrade.names.timestamp())
            }
            ("isotime" | "strftime", []) => "timestamp()".to_owned(),
            ("isotime", [layout]) => format!("legacy_isotime({})", layout.text),
            ("strftime", [layout]) => format!("legacy_strftime({})", layout.text),
            ("template_dir", []) => "path.root".to_owned(),
            ("pwd", []) => "path.cwd".to_owned(),
            ("packer_version", []) => "packer.version".to_owned(),
            ("uuid", []) => "uuidv4()".to_owned(),
            ("build", [_]) if strict || matches!(self.place, Place::Step) => format!("build.{}", literal(0)?),
            ("aws_secretsmanager", [_]) => self.upgrade.secret(literal(0)?, None),
            ("aws_secretsmanager", [_, _]) => self.upgrade.secret(literal(0)?, Some(literal(1)?)),
            // Packer's own command leaves the rest alone.
            _ if strict => return None,
            ("aws_secretsmanager_raw", [name]) => format!("aws_secretsmanager_raw({})", name.text),
            ("vault", [path, key]) => format!("vault({}, {})", path.text, key.text),
            ("consul_key", [key]) => format!("consul_key({})", key.text),
            ("lower" | "upper", [text]) => format!("{name}({})", text.text),
            ("split", [text, separator, _]) if number(2)? >= 0 => {
                format!("split({}, {})[{}]", separator.text, text.text, number(2)?)
            }
            ("replace_all", [old, new, text]) => {
                format!("replace({}, {}, {})", text.text, old.text, new.text)
            }
            ("replace", [old, new, _, text]) if number(2)? < 0 => {
                format!("replace({}, {}, {})", text.text, old.text, new.text)
            }
            ("printf", [format, rest @ ..]) if is_plain_format(format, rest) => {
                let texts: Vec<_> = arguments.iter().map(|argument| argument.text.as_str()).collect();
                format!("format({})", texts.join(", "))
            }
            ("clean_resource_name", [text]) => self.clean(&text.text)?,
            _ => return None,
        })
    }

    /// `build_name` and `build_type`.
    fn identity(&mut self, function: &str) -> Option<Expression> {
        let is_name = function == "build_name";
        Some(match self.place {
            _ if self.upgrade.strict => Expression::new(function.replace('_', ".")),
            Place::Source(source) if is_name => {
                let name = self.upgrade.name_of(source.builder);
                name.plain().map_or_else(|| Expression::new(name.expression()), Expression::literal)
            }
            Place::Source(source) => Expression::literal(&source.builder.kind.text),
            Place::Step if is_name => Expression::new(self.upgrade.build_name()),
            Place::Step => Expression::new("source.type"),
            Place::Default | Place::Local | Place::Data => return None,
        })
    }

    /// `clean_resource_name`, of which each builder has another.
    fn clean(&self, text: &str) -> Option<String> {
        let Place::Source(source) = self.place else { return None };
        let replace = |text: &str, pattern: &str, by: &str| {
            format!("regex_replace({text}, {}, \"{by}\")", Text::from(pattern).quoted())
        };
        match source.builder.kind.text.as_ref() {
            kind if kind.starts_with("amazon-") => Some(replace(text, r"[^-0-9A-Za-z()\[\] ./'@_]", "-")),
            "googlecompute" => Some(replace(&format!("lower({text})"), "[^0-9a-z]", "-")),
            "azure-arm" => Some(replace(&replace(text, "[^-._0-9A-Za-z]", "-"), "[-_.]+$", "")),
            _ => None,
        }
    }

    /// A pipeline that stays Go, with the values in it that HCL2 can tell.
    fn go_pipeline(&mut self, pipeline: &Pipeline, out: &mut Text) {
        for (position, name) in pipeline.variables.iter().enumerate() {
            out.push_plain(&format!("{}${name}", if position == 0 { "" } else { ", " }));
        }
        if !pipeline.variables.is_empty() {
            out.push_plain(if pipeline.assigns { " = " } else { " := " });
        }
        let commands = &pipeline.commands;
        let mut start = 0;
        let mut piped = None;
        let mut value = None;
        for (position, command) in commands.iter().enumerate() {
            let Some(next) = self.command(command, value) else { break };
            if next.literal.is_none() {
                (start, piped) = (position + 1, Some(next.clone()));
            }
            value = Some(next);
        }
        if start == commands.len() {
            if let Some(expression) = piped {
                go_value(expression, out);
            }
            return;
        }
        for (position, command) in commands[start..].iter().enumerate() {
            out.push_plain(if position == 0 { "" } else { " | " });
            match &command.first.term {
                Term::Function(name) => out.push_plain(name),
                _ => self.go_operand(&command.first, out),
            }
            for argument in &command.arguments {
                out.push_plain(" ");
                self.go_operand(argument, out);
            }
            if let Some(expression) = piped.take() {
                out.push_plain(" ");
                go_value(expression, out);
            }
        }
    }

    fn go_operand(&mut self, operand: &Operand, out: &mut Text) {
        match &operand.term {
            Term::Constant(_) => out.push_plain(&operand.to_string()),
            Term::Chain(inner, fields) => {
                self.go_operand(inner, out);
                fields.iter().for_each(|field| out.push_plain(&format!(".{field}")));
            }
            term => match (self.operand(operand), term) {
                (Some(expression), _) => go_value(expression, out),
                (None, Term::Pipeline(pipeline)) => {
                    out.push_plain("(");
                    self.go_pipeline(pipeline, out);
                    out.push_plain(")");
                }
                (None, _) => out.push_plain(&operand.to_string()),
            },
        }
    }
}

/// A value inside of a Go action.
fn go_value(expression: Expression, out: &mut Text) {
    let quote = if expression.kind == Kind::Text { "`" } else { "" };
    match expression.literal {
        Some(text) if text.contains('`') => out.push_plain(&karat_gotmpl::quoted(&text)),
        Some(text) => out.push_plain(&format!("{quote}{text}{quote}")),
        None => {
            out.push_plain(quote);
            out.push_interpolation(expression.text);
            out.push_plain(quote);
        }
    }
}

/// Whether a pipeline calls a function, and does not only show a variable of the component.
fn calls(pipeline: &Pipeline) -> bool {
    let term = |operand: &Operand| match &operand.term {
        Term::Function(_) | Term::Chain(..) => true,
        Term::Pipeline(pipeline) => calls(pipeline),
        _ => false,
    };
    pipeline.commands.iter().any(|command| term(&command.first) || command.arguments.iter().any(term))
}

/// Whether HCL2's `format` does with these arguments what Go's `printf` does.
fn is_plain_format(format: &Expression, arguments: &[Expression]) -> bool {
    let Some(text) = &format.literal else { return false };
    let text = text.replace("%%", "");
    let verbs: Vec<_> = text.split('%').skip(1).map(|rest| rest.chars().next()).collect();
    verbs.len() == arguments.len()
        && verbs.iter().zip(arguments).all(|(verb, argument)| match verb {
            Some('s') => argument.kind == Kind::Text,
            Some('d') => argument.kind == Kind::Number,
            Some('v') => argument.kind != Kind::Truth,
            _ => false,
        })
}
