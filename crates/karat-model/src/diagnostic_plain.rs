//! A diagnostic as plain text, in the layout that Packer 1.16 prints and scripts look for.

use std::ops::RangeInclusive;

use crate::diagnostic::{Diagnostic, Edit, Label, NamedValue, Severity, Shown};
use crate::span::{SourceMap, Span};

/// Where details wrap, in characters.
const WIDTH: usize = 80;

/// How many characters of a long line are shown.
const LINE: usize = 200;

/// How many lines of a long excerpt are shown.
const EXCERPT: usize = 12;

/// The diagnostic as text: `Error: TITLE`, the excerpt, the detail wrapped at 80 columns, with an empty line after
/// each part. What Packer does not have (other places, notes, advice, edits) follows in the same manner.
pub fn render_plain(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
    };
    let mut parts = vec![format!("{severity}: {}", diagnostic.title)];
    if let Some(primary) = &diagnostic.primary {
        let context =
            diagnostic.context.as_ref().map(|context| format!(", in {context}")).unwrap_or_default();
        parts.push(format!(
            "  {}{context}:\n{}",
            place(primary.span, sources),
            excerpt(primary.span, sources)
        ));
        if !primary.message.is_empty() {
            parts.push(wrap(&sentence(&primary.message)));
        }
    }
    parts.extend(diagnostic.values.as_deref().and_then(with_values));
    parts.extend(diagnostic.detail.iter().map(|detail| wrap(detail)));
    parts.extend(diagnostic.secondary.iter().map(|label| elsewhere(label, sources)));
    parts.extend(diagnostic.notes.iter().map(|note| wrap(&format!("Note: {note}"))));
    parts.extend(diagnostic.help.iter().map(|help| wrap(&format!("Help: {help}"))));
    // A detail that ends in "Did you mean" has said it already.
    let said = |edit: &&Edit| {
        let mut words = diagnostic.detail.iter().chain(&diagnostic.help);
        words.any(|words| words.contains(edit.replacement.trim()))
    };
    match mended_line(&diagnostic.fixes, sources) {
        Some(mended) => parts.push(mended),
        None => {
            parts.extend(diagnostic.fixes.iter().filter(|edit| !said(edit)).map(|edit| advise(edit, sources)))
        }
    }
    let mut text = parts.join("\n\n");
    text.push_str("\n\n");
    text
}

fn place(span: Span, sources: &SourceMap) -> String {
    format!("on {} line {}", sources.name(span.file), sources.position(span).line)
}

/// `with var.a as "b",` and so on, in Packer's words.
fn with_values(values: &[NamedValue]) -> Option<String> {
    let value = |value: &NamedValue| match &value.shown {
        Shown::Value(text) => format!("{} as {text}", value.name),
        Shown::Sensitive => format!("{} as (sensitive value)", value.name),
        Shown::AtRunTime => format!("{} as a value that will be known at run time", value.name),
    };
    let values: Vec<String> = values.iter().map(value).collect();
    (!values.is_empty()).then(|| format!("with {}.", values.join(",\n     ")))
}

fn elsewhere(label: &Label, sources: &SourceMap) -> String {
    let message = if label.message.is_empty() { String::new() } else { format!(" ({})", label.message) };
    format!("  {}{message}:\n{}", place(label.span, sources), excerpt(label.span, sources))
}

/// What a label says, which stands by itself here.
fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or(text);
    let mut letters = text.chars();
    match letters.next() {
        // Names of things stay as they are.
        Some(first) if first.is_lowercase() && word.chars().all(char::is_alphabetic) => {
            let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
            format!("{}{}{end}", first.to_uppercase(), letters.as_str())
        }
        _ => text.to_owned(),
    }
}

/// The line as it should be, where several edits mend one line.
fn mended_line(edits: &[Edit], sources: &SourceMap) -> Option<String> {
    let [first, _, ..] = edits else { return None };
    let line = |span: Span| (span.file, sources.position(span).line);
    let at = |edit: &Edit| {
        let whole = !edit.replacement.contains('\n') && !sources.snippet(edit.span).contains('\n');
        (whole && line(edit.span) == line(first.span)).then(|| sources.position(edit.span).column - 1)
    };
    let mut columns: Vec<(usize, &Edit)> =
        edits.iter().map(|edit| Some((at(edit)?, edit))).collect::<Option<_>>()?;
    columns.sort_by_key(|(column, _)| *column);
    let (file, number) = line(first.span);
    let text = sources.text(file).split('\n').nth(number - 1)?.trim_end_matches('\r');
    if text.chars().count() > LINE {
        return None;
    }
    let mut letters = text.chars();
    let (mut mended, mut done) = (String::new(), 0);
    for (column, edit) in columns {
        mended.extend(letters.by_ref().take(column.checked_sub(done)?));
        mended.push_str(&edit.replacement);
        let replaced = sources.snippet(edit.span).chars().count();
        letters.by_ref().take(replaced).for_each(drop);
        done = column + replaced;
    }
    mended.push_str(letters.as_str());
    Some(format!("Write instead:\n\n{number:4}: {mended}"))
}

fn advise(edit: &Edit, sources: &SourceMap) -> String {
    let replaced = sources.snippet(edit.span);
    if edit.replacement.contains('\n') {
        let verb = if replaced.is_empty() { "Add" } else { "Write instead" };
        // What stands at the start of the place is indented already, and what is shown here is on its own.
        let text = edit.replacement.trim();
        let blank = |line: &str| line.len() - line.trim_start().len();
        let rest = text.lines().skip(1).filter(|line| !line.trim().is_empty());
        let indent = rest.map(blank).min().unwrap_or(0);
        let lines = text.lines().enumerate().map(|(at, line)| {
            let line = if at == 0 { line } else { line.get(indent.min(blank(line))..).unwrap_or(line) };
            format!("  {line}").trim_end().to_owned()
        });
        format!("{verb}:\n\n{}", lines.collect::<Vec<_>>().join("\n"))
    } else if replaced.is_empty() {
        format!("Add {}", edit.replacement.trim())
    } else if edit.replacement.is_empty() {
        format!("Remove {replaced}")
    } else {
        format!("Write {} instead of {replaced}", edit.replacement)
    }
}

/// The lines that a span covers, numbered.
fn excerpt(span: Span, sources: &SourceMap) -> String {
    let text = sources.text(span.file);
    if text.is_empty() {
        return "  (source code not available)".to_owned();
    }
    let lines = lines(span, sources);
    let hidden = lines.end() - lines.start() >= EXCERPT;
    let mut first = Some(sources.position(span).column);
    let mut shown: Vec<String> = (text.split('\n').enumerate())
        .skip(lines.start() - 1)
        .take((lines.end() + 1 - lines.start()).min(EXCERPT))
        .map(|(at, line)| format!("{:4}: {}", at + 1, around(line.trim_end_matches('\r'), first.take())))
        .collect();
    if hidden {
        shown.push("      …".to_owned());
    }
    shown.join("\n")
}

/// A line; of a very long one, what is around a column (the first line of a span), or its beginning.
fn around(line: &str, column: Option<usize>) -> String {
    if line.len() <= LINE || line.chars().count() <= LINE {
        return line.to_owned();
    }
    let before = column.unwrap_or(1).saturating_sub(LINE / 2);
    let shown: String = line.chars().skip(before).take(LINE).collect();
    let more = line.chars().nth(before + LINE).is_some();
    format!("{}{shown}{}", if before > 0 { "…" } else { "" }, if more { "…" } else { "" })
}

/// Line numbers of a span. A span that ends with a line does not reach into the next.
fn lines(span: Span, sources: &SourceMap) -> RangeInclusive<usize> {
    let first = sources.position(span).line;
    let covered = sources.snippet(span).trim_end_matches(['\n', '\r']);
    first..=first + covered.matches('\n').count()
}

/// Wraps each line at [`WIDTH`]. Indented lines are meant as they are, and words are never broken.
fn wrap(text: &str) -> String {
    let mut wrapped = Vec::new();
    for line in text.trim_end().lines() {
        if line.starts_with([' ', '\t']) || line.chars().count() <= WIDTH {
            wrapped.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        for word in line.split(' ') {
            if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > WIDTH {
                wrapped.push(std::mem::take(&mut current));
            } else if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        wrapped.push(current);
    }
    wrapped.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;

    fn map(text: &str) -> (SourceMap, impl Fn(&str) -> Span) {
        let mut map = SourceMap::new();
        let file = map.add("a.pkr.hcl", text);
        let text = text.to_owned();
        let find = move |part: &str| {
            let start = text.find(part).unwrap();
            Span::new(file, start, start + part.len())
        };
        (map, find)
    }

    #[test]
    fn cli_28_an_excerpt_stands_between_title_and_detail() {
        let (map, find) = map("variable \"b\" {\n  default = \"bb\"\n  typo = 1\n}\n");
        let problem = Diagnostic::error(code::SYNTAX, "Unsupported argument")
            .at(find("typo"))
            .within("variable \"b\"")
            .detail("An argument named \"typo\" is not expected here. Did you mean \"type\"?");
        assert_eq!(
            render_plain(&problem, &map),
            "Error: Unsupported argument\n\n  on a.pkr.hcl line 3, in variable \"b\":\n   3:   typo = 1\n\n\
             An argument named \"typo\" is not expected here. Did you mean \"type\"?\n\n"
        );
    }

    #[test]
    fn cli_28_details_wrap_at_80_columns_and_pastes_do_not() {
        let (map, _) = map("");
        let problem = Diagnostic::warning(code::SYNTAX, "Long").detail(format!(
            "{}end\n  {}",
            "word ".repeat(16),
            "x ".repeat(50)
        ));
        let shown = render_plain(&problem, &map);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "Warning: Long");
        assert_eq!(lines[2].len(), 79);
        assert_eq!(lines[3], "end");
        assert!(lines[4].len() > 90);
    }

    #[test]
    fn cli_28_a_span_of_several_lines_shows_them_all() {
        let (map, find) = map("a = [\r\n  1\r\n]\r\nb = 2\r\n");
        let problem = Diagnostic::error(code::SYNTAX, "T").at(find("[\r\n  1\r\n]\r\n"));
        assert_eq!(
            render_plain(&problem, &map),
            "Error: T\n\n  on a.pkr.hcl line 1:\n   1: a = [\n   2:   1\n   3: ]\n\n"
        );
    }

    #[test]
    fn cli_28_what_packer_does_not_have_follows() {
        let (map, find) = map("a = local.b\nb = local.a\n");
        let problem = Diagnostic::error(code::SYNTAX, "Cycle")
            .at(find("local.b"))
            .label(find("local.a"), "a needs b")
            .note("n")
            .help("break it")
            .fix(Edit { span: find("local.a"), replacement: "1".into() });
        assert_eq!(
            render_plain(&problem, &map),
            "Error: Cycle\n\n  on a.pkr.hcl line 1:\n   1: a = local.b\n\n  on a.pkr.hcl line 2 (a needs b):\n   2: b = local.a\n\n\
             Note: n\n\nHelp: break it\n\nWrite 1 instead of local.a\n\n"
        );
    }

    #[test]
    fn cli_28_several_edits_show_the_line_as_it_should_be() {
        let (map, find) = map("x = 1\né = tostring(日)\r\n");
        let edit = |span, replacement: &str| Edit { span, replacement: replacement.to_owned() };
        let problem = Diagnostic::error(code::SYNTAX, "T")
            .fix(edit(find("tostring"), "convert"))
            .fix(edit(find("日").at_end(), ", string"));
        assert_eq!(
            render_plain(&problem, &map),
            "Error: T\n\nWrite instead:\n\n   2: é = convert(日, string)\n\n"
        );
    }

    #[test]
    fn cli_28_values_stand_before_the_detail_as_in_packer() {
        let (map, find) = map("a = upper(var.l, var.s)\n");
        let named = |name: &str, value: crate::value::Value| NamedValue::new(name, &value).unwrap();
        let values = vec![
            named("var.l", crate::value::Value::tuple(vec![crate::value::Value::number(1)])),
            named("var.s", crate::value::Value::string("x").mark_sensitive()),
        ];
        let problem = Diagnostic::error(code::SYNTAX, "T")
            .label(find("upper"), "one too many")
            .values(values)
            .detail("D");
        assert_eq!(
            render_plain(&problem, &map),
            "Error: T\n\n  on a.pkr.hcl line 1:\n   1: a = upper(var.l, var.s)\n\nOne too many.\n\n\
             with var.l as tuple with 1 element,\n     var.s as (sensitive value).\n\nD\n\n"
        );
    }

    #[test]
    fn cli_28_a_very_long_line_is_cut_around_its_column() {
        let text = format!("{}nope{}\n", "x".repeat(1000), "y".repeat(1000));
        let (map, find) = map(&text);
        let shown = render_plain(&Diagnostic::error(code::SYNTAX, "T").at(find("nope")), &map);
        let line = shown.lines().nth(3).unwrap();
        assert_eq!(line, format!("   1: …{}nope{}…", "x".repeat(99), "y".repeat(97)));
    }

    #[test]
    fn cli_28_a_text_that_is_gone_is_said_to_be() {
        let (map, _) = map("");
        let file = map.files().next().unwrap();
        let problem = Diagnostic::error(code::SYNTAX, "T").at(Span::new(file, 0, 0));
        assert_eq!(
            render_plain(&problem, &map),
            "Error: T\n\n  on a.pkr.hcl line 1:\n  (source code not available)\n\n"
        );
    }
}
