//! `{{user "x"}}` and `{{env "X"}}`: JSON templates have them, HCL has `var`.

use karat_model::diagnostic::{Diagnostic, Edit, code};
use karat_model::span::{SourceMap, Span};

/// Adds how HCL says what a configuration says in the manner of JSON templates.
pub(crate) fn explain(mut problem: Diagnostic, sources: &SourceMap) -> Diagnostic {
    let is_about = |function: &str| problem.title.contains(&format!("error calling {function}:"));
    let (user, env) = (is_about("user"), is_about("env"));
    let Some(span) = problem.primary.as_ref().map(|label| label.span) else { return problem };
    if problem.code != code::INVALID_CONFIGURATION || !(user || env) {
        return problem;
    }
    if env {
        return problem.help(
            "read the environment in the default of a variable, variable \"x\" { default = env(\"NAME\") }, \
             and write ${var.x}",
        );
    }
    for (call, name) in calls(sources.snippet(span)) {
        let start = span.range().start + call.start;
        let place = Span::new(span.file, start, start + call.len());
        problem = problem.fix(Edit { span: place, replacement: format!("${{var.{name}}}") });
    }
    problem
}

/// Where `{{user "NAME"}}` stands in a text, with the quotes that either language has.
fn calls(text: &str) -> Vec<(std::ops::Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text.get(from..).and_then(|rest| rest.find("{{")) {
        let open = from + open;
        let Some(close) = text.get(open..).and_then(|rest| rest.find("}}")) else { break };
        from = open + close + 2;
        let inside = text.get(open + 2..open + close).unwrap_or_default();
        let Some(argument) = inside.trim_matches('-').trim().strip_prefix("user") else { continue };
        let name = argument.trim().trim_matches(['`', '"', '\\']);
        if karat_template::is_name(name) {
            found.push((open..from, name));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::calls;

    #[test]
    fn tpl_11_calls_are_found_in_all_their_spellings() {
        let text = "a {{user `a`}} {{ user \\\"b\\\" }} {{- user \"c\" -}} {{ isotime }} {{user `d` | upper}} {{user";
        let found: Vec<_> = calls(text).into_iter().map(|(at, name)| (&text[at], name)).collect();
        assert_eq!(
            found,
            [("{{user `a`}}", "a"), ("{{ user \\\"b\\\" }}", "b"), ("{{- user \"c\" -}}", "c")]
        );
    }
}
