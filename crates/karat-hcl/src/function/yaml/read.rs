//! Reading YAML: the events of a parser become a value.

use std::borrow::Cow;
use std::collections::BTreeMap;

use karat_model::value::{Type, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::scalar::{Scalar, resolve};

/// How deep sequences and mappings may nest.
const MAX_DEPTH: usize = 200;
/// How many values a document may stand for when its aliases are written out.
const MAX_VALUES: usize = 1_000_000;

/// How often a text is read again in a way that the parser likes better.
const MAX_TRIES: usize = 100;

/// The value that a YAML document says: sequences become tuples, mappings become objects. The error says what is wrong
/// and where, as a fragment.
pub(in crate::function) fn read(text: &str) -> Result<Value, String> {
    if let Some(at) = text.find(|c: char| c.is_control() && !"\t\n\r\u{85}".contains(c)) {
        let line = text[..at].matches('\n').count() + 1;
        return Err(format!(
            "line {line} has a control character; in double quotes it can be written like \\x07"
        ));
    }
    let mut text = Cow::Borrowed(text);
    let mut tries = 0;
    loop {
        let mut reader = Reader::new(&text);
        let result = reader.document();
        let looser = reader.refused.as_ref().and_then(|refused| looser(&text, refused));
        tries += 1;
        match looser.filter(|_| tries < MAX_TRIES) {
            Some(looser) => text = Cow::Owned(looser),
            None => return result,
        }
    }
}

/// A text that means the same where the parser is stricter than Packer's library: about tabs behind a colon, and about
/// quoted text that goes on further left.
fn looser(text: &str, refused: &ScanError) -> Option<String> {
    let at = text.char_indices().nth(refused.marker().index()).map_or(text.len(), |(at, _)| at);
    let (before, behind) = text.split_at_checked(at)?;
    let info = refused.info();
    if info.contains("followed by a valid YAML whitespace") {
        let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
        let kept = &before[..before.len() - blanks];
        return before[kept.len()..].contains('\t').then(|| format!("{kept}{}{behind}", " ".repeat(blanks)));
    }
    if !info.contains("indentation in quoted scalar") {
        return None;
    }
    let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    let end = behind[1..].find(|c| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && quote == '"' && !escaped;
        ends
    })?;
    let (quoted, rest) = behind.split_at(end + 1);
    // Blanks at the start of its lines are no part of the text.
    let looser = quoted.replace('\n', &format!("\n{}", " ".repeat(MAX_DEPTH)));
    quoted.contains('\n').then(|| format!("{before}{looser}{rest}"))
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Where the text ends, in characters, if it does so in the middle of a line.
    cut_end: Option<usize>,
    /// What the parser's numbers for anchors stand for; nothing while that is being read.
    anchors: BTreeMap<usize, Option<Node>>,
    /// Values so far, aliases written out.
    values: usize,
    depth: usize,
    /// Why the parser gave up.
    refused: Option<ScanError>,
}

#[derive(Clone)]
struct Node {
    value: Value,
    /// How many values it is, aliases written out.
    size: usize,
}

fn place(what: &str, at: Marker) -> String {
    format!("{what} at line {}, column {}", at.line(), at.col() + 1)
}

/// The tag as it is written out.
fn full_tag(tag: Option<&Tag>) -> String {
    tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)).unwrap_or_default()
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
        let cut_end = (!text.ends_with(breaks)).then(|| text.chars().count());
        let parser = Parser::new_from_str(text);
        Self { parser, cut_end, anchors: BTreeMap::new(), values: 0, depth: 0, refused: None }
    }

    fn document(&mut self) -> Result<Value, String> {
        while let (Event::StreamStart | Event::DocumentStart(_), _) = self.peek()? {
            self.next()?;
        }
        if let (Event::StreamEnd, at) = self.peek()? {
            return Err(place("there is no value", at.start));
        }
        let node = self.node()?;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(node.value),
                (Event::DocumentEnd, _) => {}
                (_, at) => return Err(place("a second document begins, and only one is allowed", at.start)),
            }
        }
    }

    fn refuse(&mut self, error: ScanError) -> String {
        let text = place(error.info(), *error.marker());
        self.refused = Some(error);
        text
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), String> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.refuse(error)),
            None => Err("it ends too early".to_owned()),
        }
    }

    fn peek(&mut self) -> Result<(Event<'t>, Span), String> {
        match self.parser.peek().map(|event| event.cloned()) {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.refuse(error)),
            None => Err("it ends too early".to_owned()),
        }
    }

    fn node(&mut self) -> Result<Node, String> {
        let (event, at) = self.next()?;
        self.node_of(event, at)
    }

    fn node_of(&mut self, event: Event<'t>, at: Span) -> Result<Node, String> {
        let (anchor, node) = match event {
            Event::Alias(anchor) => (0, self.alias(anchor, at)?),
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, self.scalar(&text, style, tag.as_deref(), at)?)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), "seq", "a sequence", at)?;
                self.anchors.insert(anchor, None);
                (anchor, self.nested(at, Self::sequence)?)
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), "map", "a mapping", at)?;
                self.anchors.insert(anchor, None);
                (anchor, self.nested(at, Self::mapping)?)
            }
            _ => return Err(place("a value is missing", at.start)),
        };
        self.values = self.values.saturating_add(node.size);
        if anchor > 0 {
            self.anchors.insert(anchor, Some(node.clone()));
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, at: Span) -> Result<Node, String> {
        match self.anchors.get(&anchor) {
            Some(Some(node)) if self.values.saturating_add(node.size) <= MAX_VALUES => Ok(node.clone()),
            Some(Some(_)) => {
                Err(place("with its aliases written out, it has more than 1,000,000 values", at.start))
            }
            _ => Err(place("an alias refers to something that it is itself part of", at.start)),
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Span) -> Result<Node, String> {
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let at_end = self.cut_end.is_some_and(|end| at.end.index() >= end);
        // As in Packer, a block has no more line breaks than the text.
        let text = if is_block && at_end { text.strip_suffix('\n').unwrap_or(text) } else { text };
        let full = full_tag(tag);
        let value = match resolve(text, &full, quoted).map_err(|reason| place(&reason, at.start))? {
            Scalar::Value(value) => value,
            // A mark only where a key is expected.
            Scalar::Merge => Value::string(text),
        };
        // As in Packer, a block of text is read like a plain word and only then becomes a string: `1e3` becomes `1000`.
        let is_text = tag.is_none() && style != ScalarStyle::Plain;
        let value =
            if is_text { value.convert(&Type::String).map_err(|error| error.to_string())? } else { value };
        Ok(Node { value, size: 1 })
    }

    fn nested(&mut self, at: Span, read: fn(&mut Self) -> Result<Node, String>) -> Result<Node, String> {
        if self.depth == MAX_DEPTH {
            return Err(place("sequences and mappings are nested too deeply", at.start));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let (mut elements, mut size) = (Vec::new(), 1_usize);
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Node { value: Value::tuple(elements), size }),
                (event, at) => {
                    let element = self.node_of(event, at)?;
                    size = size.saturating_add(element.size);
                    elements.push(element.value);
                }
            }
        }
    }

    fn mapping(&mut self) -> Result<Node, String> {
        let (mut entries, mut size) = (BTreeMap::new(), 1_usize);
        loop {
            let (text, style, tag, at) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Node { value: Value::object(entries), size }),
                (Event::Scalar(text, style, _, tag), at) => (text, style, tag, at),
                (_, at) => return Err(place("a key must be a plain value", at.start)),
            };
            let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
            let key = resolve(&text, &full_tag(tag.as_deref()), quoted);
            let key = key.map_err(|reason| place(&reason, at.start))?;
            let value = self.node()?;
            size = size.saturating_add(value.size);
            match key {
                // As in Packer, what is merged replaces what stands before it.
                Scalar::Merge => match value.value.as_map() {
                    Some(merged) => entries.extend(merged.clone()),
                    None => {
                        let what =
                            format!("{} cannot be merged into a mapping", value.value.ty().with_article());
                        return Err(place(&what, at.start));
                    }
                },
                Scalar::Value(key) => {
                    let key = key.convert(&Type::String).ok();
                    let key = key.as_ref().and_then(Value::as_str);
                    let key = key.ok_or_else(|| place("a key must not be null", at.start))?;
                    entries.insert(key.to_owned(), value.value);
                }
            }
        }
    }
}

fn check_tag(tag: Option<&Tag>, wanted: &str, what: &str, at: Span) -> Result<(), String> {
    match full_tag(tag) {
        tag if tag.is_empty() || tag == format!("tag:yaml.org,2002:{wanted}") => Ok(()),
        tag => Err(place(&format!("{what} cannot be read as {tag}"), at.start)),
    }
}
