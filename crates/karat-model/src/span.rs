//! Where a piece of text is: files, byte ranges, lines and columns.

use std::fmt;
use std::sync::Arc;

/// One text of a [`SourceMap`]: a file, or something that reads like one (`-var` text, an environment variable).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(u32);

/// A range of bytes in one file, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes from `start` up to `end` of `file`. Offsets beyond 4 GiB are held at that limit.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: narrow(start), end: narrow(end) }
    }

    /// The smallest span that covers both. The other span is ignored when it is in another file.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span at the start of this one.
    #[must_use]
    pub fn at_start(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// The empty span behind this one.
    #[must_use]
    pub fn at_end(self) -> Span {
        Span { start: self.end, ..self }
    }

    /// The bytes as indexes into the file's text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place as people count: lines and columns from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[derive(Debug)]
struct File {
    name: String,
    text: Arc<str>,
    /// Offset of the first byte of each line.
    lines: Vec<usize>,
}

/// All texts of a session. A clone shares them.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<Arc<File>>,
}

impl SourceMap {
    /// A map without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the name that messages show.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let lines = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1));
        let lines = lines.collect();
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Arc::new(File { name: name.into(), text, lines }));
        id
    }

    /// The files in the order in which they were added.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        (0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)).map(FileId)
    }

    fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0 as usize).map(Arc::as_ref)
    }

    /// The name of a file; empty when the id is from another map.
    pub fn name(&self, id: FileId) -> &str {
        self.file(id).map_or("", |file| &file.name)
    }

    /// The text of a file; empty when the id is from another map.
    pub fn text(&self, id: FileId) -> &str {
        self.file(id).map_or("", |file| &file.text)
    }

    /// The text under a span; empty when the span does not fit the file.
    pub fn snippet(&self, span: Span) -> &str {
        self.text(span.file).get(span.range()).unwrap_or("")
    }

    /// Line and column of a span's start.
    pub fn position(&self, span: Span) -> Position {
        let Some(file) = self.file(span.file) else { return Position { line: 1, column: 1 } };
        let offset = (span.start as usize).min(file.text.len());
        let line = file.lines.partition_point(|start| *start <= offset);
        let start = file.lines.get(line - 1).copied().unwrap_or(0);
        let before = file.text.as_bytes().get(start..offset).unwrap_or_default();
        // Characters are counted by their first bytes, so that an offset inside one is no problem.
        let column = before.iter().filter(|b| **b & 0xC0 != 0x80).count() + 1;
        Position { line, column }
    }

    /// `name:line:column` of a span's start.
    pub fn location(&self, span: Span) -> String {
        format!("{}:{}", self.name(span.file), self.position(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let mut map = SourceMap::new();
        let file = map.add("a.hcl", "é日\r\nx = 1\n");
        let at = |offset| map.position(Span::new(file, offset, offset)).to_string();
        assert_eq!([at(0), at(2), at(5), at(7), at(13)], ["1:1", "1:2", "1:3", "2:1", "3:1"]);
        assert_eq!(map.location(Span::new(file, 7, 8)), "a.hcl:2:1");
        assert_eq!(map.snippet(Span::new(file, 7, 8)), "x");
    }
}
