//! What the lines of a text say about what its writer meant. Only texts with mistakes are looked at this way.

use std::collections::HashMap;

use crate::lexer::is_identifier;

/// Where heredocs that miss their end are supposed to end.
pub(crate) struct HeredocEnds<'a> {
    text: &'a str,
    /// Offset of the last line that consists of the name.
    markers: HashMap<&'a str, usize>,
    /// Nothing ends the last one that was asked for: neither does anything end those inside.
    endless: bool,
}

impl<'a> HeredocEnds<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let markers = lines(text, 0).filter(|line| is_identifier(line.content));
        Self { text, markers: markers.map(|line| (line.content, line.start)).collect(), endless: false }
    }

    /// The offset of the line before which a heredoc ends that starts at `start` and has no end. Its marker is on the
    /// line that starts at `opener`. Nothing if it does have an end, or no line looks like one.
    pub(crate) fn supposed(&mut self, name: &str, opener: usize, start: usize) -> Option<usize> {
        if self.endless || self.markers.get(name).is_some_and(|marker| *marker >= start) {
            return None;
        }
        let end = self.search(name, opener, start);
        self.endless = end.is_none();
        end
    }

    fn search(&self, name: &str, opener: usize, start: usize) -> Option<usize> {
        let indentation = lines(self.text, opener).next().map_or(0, |line| line.indentation);
        for line in lines(self.text, start) {
            // `EOT)`, `EOT,`, `EOF` for `EOT`.
            if starts_with_name(line.content, name) || is_other_marker(line.content, name) {
                return Some(line.start);
            }
            let outside = line.indentation <= indentation && !line.content.is_empty();
            if outside
                && (is_block_header(line.content) || indentation > 0 && is_argument(&line, indentation))
            {
                return Some(line.start);
            }
            if line.content == "}" && line.indentation < indentation && self.closes_a_block(line.start) {
                return Some(line.start);
            }
        }
        None
    }

    /// Whether what follows the `}` of this line is what follows a block: nothing, or something of a template.
    fn closes_a_block(&self, start: usize) -> bool {
        let mut rest = lines(self.text, start).skip(1).filter(|line| !line.content.is_empty());
        rest.next().is_none_or(|line| line.content == "}" || is_block_header(line.content))
    }
}

struct Line<'a> {
    start: usize,
    /// Bytes of white space before the content.
    indentation: usize,
    /// Without white space around it.
    content: &'a str,
}

fn lines(text: &str, from: usize) -> impl Iterator<Item = Line<'_>> {
    let mut start = from;
    text.get(from..).unwrap_or("").split_inclusive('\n').map(move |line| {
        let content = line.trim();
        let indentation = line.find(|c| c != ' ' && c != '\t').unwrap_or(0);
        let found = Line { start, indentation, content };
        start += line.len();
        found
    })
}

fn starts_with_name(content: &str, name: &str) -> bool {
    let rest = content.strip_prefix(name).map(str::trim_start);
    rest.is_some_and(|rest| rest.starts_with([')', ']', '}', ',', '#', ';', '.']) || rest.starts_with("//"))
}

/// A word in capitals that is not far from the name: a letter more, less, or other.
fn is_other_marker(content: &str, name: &str) -> bool {
    const USUAL: [&str; 5] = ["EOT", "EOF", "END", "EOL", "EOS"];
    if !is_identifier(content) {
        return false;
    }
    let upper = name.to_uppercase();
    content.to_uppercase() == upper
        || USUAL.contains(&content) && USUAL.contains(&name)
        || content == content.to_uppercase()
            && content.len() > 2
            && (name.starts_with(content) || content.starts_with(name))
}

/// `word "label" {` and the like.
fn is_block_header(content: &str) -> bool {
    let Some(header) = content.strip_suffix('{').or_else(|| content.strip_suffix("{}")) else { return false };
    let mut words = header.split_whitespace();
    let labelled =
        header.contains('"') || ["build", "locals", "packer", "variables"].contains(&header.trim());
    labelled
        && words.next().is_some_and(is_identifier)
        && words.all(|word| word.starts_with('"') && word.ends_with('"'))
}

/// `name = …` in the column of the argument that the heredoc belongs to.
fn is_argument(line: &Line<'_>, indentation: usize) -> bool {
    let name = line.content.split_once(" = ").map(|(name, _)| name.trim_end());
    line.indentation == indentation && name.is_some_and(is_identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heredoc_ends_where_its_writer_thought() {
        for (text, end) in [
            ("  a = <<EOT\n x\nEOT\n", None),
            ("  a = <<EOT\n x\nEOT)\n", Some("EOT)")),
            ("  a = <<EOT\n x\nEOF\n", Some("EOF")),
            ("  a = <<EOT\n x\neot\n", Some("eot")),
            ("  a = <<EOT\n x\nSTRANGE\n", None),
            ("  a = <<EOT\n x = 1\n y\n  b = 2\n", Some("b = 2")),
            ("  a = <<EOT\n f() {\n}\n x\n", None),
            ("  a = <<EOT\n x\n}\n\nbuild {\n}", Some("}")),
            ("  a = <<EOT\n x\n}\n", Some("}")),
            ("a = <<EOT\nx = 1\nsource \"a\" \"b\" {\n}\n", Some("source")),
        ] {
            let found = HeredocEnds::new(text).supposed("EOT", 0, text.find('\n').unwrap() + 1);
            let shown = found.map(|at| text[at..].trim_start());
            let equal =
                shown.is_some() == end.is_some() && shown.unwrap_or("").starts_with(end.unwrap_or(""));
            assert!(equal, "{text}: {shown:?}");
        }
    }
}
