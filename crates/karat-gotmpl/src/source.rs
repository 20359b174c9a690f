//! A tree as source text again.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::tree::{Branch, Command, Node, Operand, Pipeline, Term, Tree};
use crate::{Value, quoted, shortest};

impl Display for Tree {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (name, nodes) in &self.defined {
            write!(out, "{{{{ define {} }}}}", quoted(name))?;
            inside(nodes, out)?;
            out.write_str("{{ end }}")?;
        }
        all(&self.body, false, out)
    }
}

impl Display for Node {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(text),
            Self::Action(pipeline) => write!(out, "{{{{ {pipeline} }}}}"),
            Self::If(branch) => block("if", branch, out),
            Self::With(branch) => block("with", branch, out),
            Self::Range(branch) => block("range", branch, out),
            Self::Template { name, data: Some(data), .. } => {
                write!(out, "{{{{ template {} {data} }}}}", quoted(name))
            }
            Self::Template { name, data: None, .. } => write!(out, "{{{{ template {} }}}}", quoted(name)),
            Self::Break => out.write_str("{{ break }}"),
            Self::Continue => out.write_str("{{ continue }}"),
        }
    }
}

/// Nodes that an action follows.
fn inside(nodes: &[Node], out: &mut Formatter<'_>) -> fmt::Result {
    all(nodes, true, out)
}

fn all(nodes: &[Node], action_follows: bool, out: &mut Formatter<'_>) -> fmt::Result {
    for (position, node) in nodes.iter().enumerate() {
        let Node::Text(text) = node else {
            node.fmt(out)?;
            continue;
        };
        // Between two texts there was a comment.
        let next = match nodes.get(position + 1) {
            Some(Node::Text(text)) => text.chars().next(),
            Some(_) => Some('{'),
            None => action_follows.then_some('{'),
        };
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            // One brace must not meet another.
            match (c, chars.peek().copied().or(next)) {
                ('{', Some('{')) => out.write_str("{{ `{` }}")?,
                _ => out.write_char(c)?,
            }
        }
    }
    Ok(())
}

fn block(keyword: &str, branch: &Branch, out: &mut Formatter<'_>) -> fmt::Result {
    write!(out, "{{{{ {keyword} {} }}}}", branch.pipeline)?;
    inside(&branch.body, out)?;
    if !branch.otherwise.is_empty() {
        out.write_str("{{ else }}")?;
        inside(&branch.otherwise, out)?;
    }
    out.write_str("{{ end }}")
}

impl Display for Pipeline {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (position, name) in self.variables.iter().enumerate() {
            write!(out, "{}${name}", if position == 0 { "" } else { ", " })?;
        }
        if !self.variables.is_empty() {
            out.write_str(if self.assigns { " = " } else { " := " })?;
        }
        for (position, command) in self.commands.iter().enumerate() {
            write!(out, "{}{command}", if position == 0 { "" } else { " | " })?;
        }
        Ok(())
    }
}

impl Display for Command {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.first.fmt(out)?;
        self.arguments.iter().try_for_each(|argument| write!(out, " {argument}"))
    }
}

impl Display for Operand {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.term.fmt(out)
    }
}

impl Display for Term {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => out.write_str("nil"),
            Self::Dot => out.write_str("."),
            Self::Field(names) => fields(names, out),
            Self::Variable(name, names) => {
                write!(out, "${name}")?;
                fields(names, out)
            }
            Self::Function(name) => out.write_str(name),
            Self::Constant(value) => constant(value, out),
            Self::Chain(operand, names) => {
                operand.fmt(out)?;
                fields(names, out)
            }
            Self::Pipeline(pipeline) => write!(out, "({pipeline})"),
        }
    }
}

fn fields(names: &[String], out: &mut Formatter<'_>) -> fmt::Result {
    names.iter().try_for_each(|name| write!(out, ".{name}"))
}

/// Texts stand in backquotes if they can: most templates are strings of another language, where `"` is awkward.
fn constant(value: &Value, out: &mut Formatter<'_>) -> fmt::Result {
    match value {
        Value::String(text) if !text.contains(['`', '\r']) => write!(out, "`{text}`"),
        Value::String(text) => out.write_str(&quoted(text)),
        Value::Int(number) => number.fmt(out),
        Value::Float(number) => {
            let digits = shortest(*number);
            let whole = !digits.contains(['.', 'e']);
            write!(out, "{digits}{}", if whole { ".0" } else { "" })
        }
        Value::Bool(truth) => truth.fmt(out),
        // The parser makes no other constants.
        _ => out.write_str("nil"),
    }
}

#[cfg(test)]
mod tests {
    use crate::Template;

    fn written(text: &str) -> String {
        Template::parse_any(text).unwrap().tree().to_string()
    }

    #[test]
    fn a_tree_is_written_as_a_text_of_the_same_meaning() {
        for (text, expected) in [
            ("plain", "plain"),
            ("{{.A.B}}-{{ $.C }}", "{{ .A.B }}-{{ $.C }}"),
            ("a {{- user \"x\" | lower -}} b", "a{{ user `x` | lower }}b"),
            (r#"{{f "`" 1 0.5 2.0 true nil 'a'}}"#, r#"{{ f "`" 1 0.5 2.0 true nil 97 }}"#),
            (
                "{{if eq .A (g 1)}}x{{else if .B}}y{{else}}z{{end}}",
                "{{ if eq .A (g 1) }}x{{ else }}{{ if .B }}y{{ else }}z{{ end }}{{ end }}",
            ),
            (
                "{{range $i, $x := .L}}{{$x}}{{break}}{{end}}",
                "{{ range $i, $x := .L }}{{ $x }}{{ break }}{{ end }}",
            ),
            (
                "{{define \"t\"}}1{{end}}{{template \"t\" .}}",
                "{{ define \"t\" }}1{{ end }}{{ template \"t\" . }}",
            ),
            ("{{ (f 1).X }}{{/* gone */}}", "{{ (f 1).X }}"),
            ("{ {{- f }}{{/* gone */}}{ {", "{{ `{` }}{{ f }}{ {"),
            ("{{with $x := .A}}{{$x = 1}}{{end}}", "{{ with $x := .A }}{{ $x = 1 }}{{ end }}"),
        ] {
            assert_eq!(written(text), expected, "{text}");
            assert_eq!(written(expected), expected, "once written, it stays");
        }
    }

    #[test]
    fn any_function_may_be_named_when_a_text_is_only_read() {
        assert!(Template::parse_any("{{ nobody `knows` }}").is_ok());
        assert!(Template::parse_any("{{ $x }}").is_err());
    }
}
