//! A command's output as lines: pieces joined, redrawn lines reduced to what stays.

use karat_model::event::Stream;
use karat_sdk::StepContext;

/// Lines longer than this are shown in parts, so that a guest cannot fill our memory.
const LONGEST: usize = 64 << 10;

/// Turns pieces of output into events, line by line. Standard output and standard error are told apart; each keeps its
/// own unfinished line.
pub(crate) struct OutputLines<'a> {
    cx: &'a StepContext,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl<'a> OutputLines<'a> {
    /// Nothing so far.
    pub(crate) fn new(cx: &'a StepContext) -> Self {
        Self { cx, stdout: Vec::new(), stderr: Vec::new() }
    }

    /// More output.
    pub(crate) fn add(&mut self, stream: Stream, bytes: &[u8]) {
        let mut pending = std::mem::take(self.pending(stream));
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            pending.extend_from_slice(line);
            self.show(stream, &pending);
            pending.clear();
            rest = after.get(1..).unwrap_or_default();
        }
        pending.extend_from_slice(rest);
        if pending.len() > LONGEST {
            self.show(stream, &pending);
            pending.clear();
        }
        *self.pending(stream) = pending;
    }

    /// The end: shows lines that have no end.
    pub(crate) fn finish(mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let pending = std::mem::take(self.pending(stream));
            if !pending.is_empty() {
                self.show(stream, &pending);
            }
        }
    }

    fn pending(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    fn show(&self, stream: Stream, line: &[u8]) {
        self.cx.output(stream, cleaned(&String::from_utf8_lossy(line)));
    }
}

/// What a terminal would show at the end: the text after the last carriage return, without blanks at its end.
pub(crate) fn cleaned(line: &str) -> &str {
    let line = line.trim_end();
    line.rsplit('\r').next().unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use karat_sdk::testing::context;

    use super::*;

    #[test]
    fn lines_are_whole_whatever_the_pieces() {
        let (cx, host) = context();
        let mut lines = OutputLines::new(&cx);
        lines.add(Stream::Stdout, b"one\ntw");
        lines.add(Stream::Stderr, b"oops\r\n");
        lines.add(Stream::Stdout, b"o  \n\n10%\r20%\r\nlast");
        lines.finish();
        assert_eq!(host.lines(), ["out: one", "err: oops", "out: two", "out: ", "out: 20%", "out: last"]);
    }
}
