//! What `inspect` has to say about the HCL2 of a legacy JSON template, as far as both languages can say it.

use std::collections::BTreeMap;

use karat_gotmpl::function::{RunFacts, standard};
use karat_gotmpl::tree::{Node, Operand, Pipeline, Term};
use karat_gotmpl::{Functions, Template, Value, quoted};
use karat_hcl::is_identifier;
use karat_template::legacy::{Builder, Document, PostProcessor};

/// Functions whose value another program need not agree on.
const OWN: [&str; 13] = [
    "aws_secretsmanager",
    "build",
    "build_name",
    "build_type",
    "consul_key",
    "isotime",
    "packer_version",
    "pwd",
    "strftime",
    "template_dir",
    "timestamp",
    "uuid",
    "vault",
];

/// Functions that ask a store.
const STORES: [&str; 3] = ["aws_secretsmanager", "consul_key", "vault"];

/// Lines of `inspect`.
pub(super) struct Expected {
    /// Starts of lines, or whole lines with their end.
    lines: Vec<String>,
    /// The build, from its sources on.
    build: String,
    /// How many variables are compared.
    pub(super) names: usize,
    /// Of how many the value is compared.
    pub(super) values: usize,
}

impl Expected {
    /// What of it was not said.
    pub(super) fn missing(&self, said: &str) -> Vec<String> {
        let mut missing: Vec<_> = self
            .lines
            .iter()
            .filter(|line| !said.contains(line.as_str()))
            .map(|line| format!("no line {:?}", line.trim()))
            .collect();
        if !said.contains(&self.build) {
            missing.push(format!("another build than {:?}", self.build));
        }
        missing
    }
}

/// What has to be said about a template.
pub(super) fn of(document: &Document) -> Expected {
    let mut expected = Expected { lines: Vec::new(), build: build(document), names: 0, values: 0 };
    let facts = Variables {
        defaults: document
            .variables
            .iter()
            .map(|variable| {
                (variable.name.text.to_string(), variable.default.as_ref().map(|text| text.text.to_string()))
            })
            .collect(),
    };
    for variable in &document.variables {
        let name = variable.name.text.as_ref();
        // What a variable with another name is called in HCL2 is a matter of taste.
        if !is_identifier(name) {
            continue;
        }
        expected.names += 1;
        let sensitive = document.sensitive.iter().any(|sensitive| sensitive.text.as_ref() == name);
        let parsed = variable.default.as_ref().map(|default| Template::parse_any(&default.text));
        let calls = match &parsed {
            Some(Ok(template)) => calls(&template.tree().body),
            _ => Vec::new(),
        };
        let circular = matches!(&parsed, Some(Ok(template)) if uses(template, name));
        if variable.default.is_none() || circular {
            expected.values += 1;
            expected.lines.push(format!("\nvar.{name}: \"<unknown>\"\n"));
            continue;
        }
        let home = if calls.iter().all(|call| call == "env") { "var" } else { "local" };
        match facts.value(name, 0) {
            Some(value) => {
                expected.values += 1;
                let value = if sensitive { hidden(&value) } else { value };
                expected.lines.push(format!("\n{home}.{name}: {}\n", quoted(&value)));
            }
            // What a store answers is not known, and `inspect` is silent about it.
            None if calls.iter().any(|call| STORES.contains(&call.as_str())) => expected.names -= 1,
            None if calls.iter().all(|call| OWN.contains(&call.as_str())) => {
                expected.lines.push(format!(".{name}: \""));
            }
            None => expected.lines.push(format!("\n{home}.{name}: \"")),
        }
    }
    expected
}

/// A sensitive text as `inspect` shows it.
fn hidden(text: &str) -> String {
    text.split('\n')
        .map(|line| if line.is_empty() { "" } else { "<sensitive>" })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The user variables with their defaults, without values from outside.
struct Variables {
    defaults: BTreeMap<String, Option<String>>,
}

impl Variables {
    /// What a variable comes to, in an empty environment; if it comes to something that does not change.
    fn value(&self, name: &str, depth: usize) -> Option<String> {
        let default = self.defaults.get(name)?.as_ref()?;
        let Ok(template) = Template::parse_any(default) else { return Some(default.clone()) };
        let calls = calls(&template.tree().body);
        if calls.iter().any(|call| OWN.contains(&call.as_str())) || depth > 20 {
            return None;
        }
        if !template.fields().is_empty() || calls.is_empty() && !template.is_literal() {
            // It is left for a component to render.
            return calls.is_empty().then(|| template.tree().to_string());
        }
        let mut variables = BTreeMap::new();
        for name in used(&template) {
            variables.insert(name.clone(), self.value(&name, depth + 1)?);
        }
        // What waits for a component inside of another variable is not rendered here either.
        if variables.values().any(|value| value.contains("{{")) {
            return None;
        }
        let facts = RunFacts { variables, ..RunFacts::default() };
        let mut functions: Functions = standard(&facts);
        functions.insert("env", |_| Ok(Value::from("")));
        Template::parse(default, &functions).ok()?.render(&Value::Null, &functions).ok()
    }
}

/// Whether a default names a variable.
fn uses(template: &Template, variable: &str) -> bool {
    used(template).iter().any(|name| name == variable)
}

/// The variables that a default names.
fn used(template: &Template) -> Vec<String> {
    let text = template.tree().to_string();
    let names = text.split("user `").skip(1).filter_map(|rest| rest.split('`').next());
    names.map(ToOwned::to_owned).collect()
}

/// The functions that are called anywhere.
fn calls(nodes: &[Node]) -> Vec<String> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Action(pipeline) => in_pipeline(pipeline, &mut found),
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                in_pipeline(&branch.pipeline, &mut found);
                found.extend(calls(&branch.body));
                found.extend(calls(&branch.otherwise));
            }
            Node::Text(_) | Node::Template { .. } | Node::Break | Node::Continue => {}
        }
    }
    found
}

fn in_pipeline(pipeline: &Pipeline, found: &mut Vec<String>) {
    for command in &pipeline.commands {
        in_operand(&command.first, found);
        command.arguments.iter().for_each(|argument| in_operand(argument, found));
    }
}

fn in_operand(operand: &Operand, found: &mut Vec<String>) {
    match &operand.term {
        Term::Function(name) => found.push(name.clone()),
        Term::Pipeline(pipeline) => in_pipeline(pipeline, found),
        Term::Chain(inner, _) => in_operand(inner, found),
        _ => {}
    }
}

/// The build as `inspect` shows it. `error-cleanup-provisioner` is not shown in HCL2.
fn build(document: &Document) -> String {
    let mut text = String::new();
    if let Some(description) = document.description.as_ref().filter(|text| !text.text.is_empty()) {
        text += &format!("\n  > Description: {}\n", description.text);
    }
    text += "\n    sources:\n";
    let mut builders: Vec<&Builder> = document.builders.iter().collect();
    builders.sort_by_key(|builder| format!("{}{}", builder.kind.text, builder.name.text));
    let mut odd = false;
    for (at, builder) in builders.iter().enumerate() {
        let name = builder.name.text.as_ref();
        let label = match name {
            _ if name == builder.kind.text.as_ref() => format!("autogenerated_{}", at + 1),
            _ => name.to_owned(),
        };
        // How another name is spelt is a matter of taste; then the build is compared from the provisioners on.
        odd |= !is_identifier(&label);
        text += &format!("\n      {}.{label}\n", builder.kind.text);
    }
    if odd {
        text.clear();
    }
    text += "\n    provisioners:\n\n";
    if document.provisioners.is_empty() {
        text += "      <no provisioner>\n";
    }
    for provisioner in &document.provisioners {
        text += &format!("      {}\n", provisioner.kind.text);
    }
    text += "\n    post-processors:\n";
    if document.post_processors.is_empty() {
        text += "\n      <no post-processor>\n";
    }
    for (at, chain) in document.post_processors.iter().filter(|chain| !chain.is_empty()).enumerate() {
        text += &format!("\n      {at}:\n");
        chain.iter().for_each(|one| text += &format!("        {}\n", title(one)));
    }
    text
}

fn title(post_processor: &PostProcessor) -> String {
    let (kind, name) = (&post_processor.kind.text, &post_processor.name.text);
    if kind == name { kind.to_string() } else { format!("{kind}.{name}") }
}
