//! The only room that writes to stdout and stderr.
//!
//! Everything that Packer shows goes to stdout, errors included; scripts rely on it.

mod diagnostics;
mod duration;
mod human;
mod json;
pub(crate) mod log;
mod machine;
mod style;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Write};

use karat_model::diagnostic::Diagnostics;
use karat_model::event::Event;
use karat_model::secret::Redactor;
use karat_model::span::SourceMap;

pub(crate) use duration::words;
pub(crate) use human::{Human, rfc3339};
pub(crate) use machine::Machine;

/// Turns the stream of events into something to look at.
pub(crate) trait Reporter: Send {
    /// Shows one event. An error means that nobody can see us any more.
    fn event(&mut self, event: &Event) -> io::Result<()>;
}

/// Where one-off texts go: the terminal, a pipe, or a program that reads machine-readable lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Console {
    /// Machine-readable lines.
    pub(crate) machine: bool,
    /// JSON lines.
    pub(crate) json: bool,
    /// Colour.
    pub(crate) color: bool,
    /// Before a run, a line for each build says which colour it has.
    pub(crate) banner: bool,
    /// Drawings instead of Packer's plain text, where somebody looks at it.
    pub(crate) terminal: bool,
    /// Nothing that Packer does not say.
    pub(crate) strict: bool,
}

impl Console {
    /// What suits this process. `machine` and `json`: what the user asked for. `color` is the user's word; without one, colour is for terminals, and under `strict`
    /// for everybody, as in Packer; which also announces colours that the environment forbids.
    pub(crate) fn new(machine: bool, json: bool, color: Option<bool>, strict: bool) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let terminal = io::stdout().is_terminal() && !strict;
        let refused = is_set("PACKER_NO_COLOR") || (!strict && is_set("NO_COLOR")) || machine || json;
        let color_asked = color.unwrap_or(strict || terminal);
        let color = color_asked && !refused;
        let terminal = terminal && !machine && !json;
        Self { machine, json, color, banner: color || (strict && color_asked && !machine), terminal, strict }
    }

    /// A reporter for a run that goes on now (`live`), or for a recorded one.
    pub(crate) fn reporter(self, timestamps: bool, live: bool) -> Box<dyn Reporter> {
        let out = Box::new(io::stdout());
        match self {
            Self { json: true, .. } => Box::new(json::Events::new(out)),
            Self { machine: true, .. } => Box::new(Machine::new(out, timestamps)),
            _ if live => Box::new(Human::new(out, self, timestamps).at_keyboard()),
            _ => Box::new(Human::new(out, self, timestamps)),
        }
    }

    /// A reporter that shows a run as the log had it.
    pub(crate) fn log_reporter(self) -> Box<dyn Reporter> {
        Box::new(log::Replay::new(Box::new(io::stdout())))
    }

    /// Says something that belongs to no build.
    pub(crate) fn say(self, text: &str) {
        self.line("say", text, false);
    }

    /// Says something that was asked for.
    pub(crate) fn message(self, text: &str) {
        self.line("message", text, false);
    }

    /// Says that something failed.
    pub(crate) fn error(self, text: &str) {
        self.line("error", text, true);
    }

    /// Says something to the person at the terminal, on stderr: stdout is for what was asked for. Nobody else sees it.
    pub(crate) fn aside(self, text: &str) {
        if !self.strict && !self.machine && !self.json && io::stderr().is_terminal() {
            early_error(text);
        }
    }

    /// A machine-readable line of its own category; nothing otherwise.
    pub(crate) fn fact(self, category: &str, arguments: &[&str]) {
        if self.machine {
            let line = machine::line(machine::now(), "", category, arguments);
            log::add(log::Kind::Fact, line.trim_end());
            write_quietly(&line);
        }
    }

    /// Text as it is, without a line end of its own: the output of `inspect`, help.
    pub(crate) fn raw(self, text: &str) {
        log::add(log::Kind::Ui { is_error: false }, text);
        if self.json {
            let line = text.strip_suffix('\n').filter(|line| !line.contains('\n'));
            return write_quietly(&json::message(line.unwrap_or(text), false));
        }
        write_quietly(text);
    }

    /// Shows what is wrong with a template: drawings on a terminal, Packer's layout elsewhere. As in Packer the whole
    /// set is one message: an error if anything in it is.
    pub(crate) fn diagnostics(self, diagnostics: &Diagnostics, sources: &SourceMap, redactor: &Redactor) {
        if diagnostics.is_empty() {
            return;
        }
        if self.json {
            let plain = redactor.redact(&diagnostics::plain(diagnostics, sources));
            log::add(log::Kind::Ui { is_error: diagnostics.has_errors() }, &plain);
            let line = |problem| json::diagnostic(problem, sources, redactor);
            return write_quietly(&diagnostics.iter().map(line).collect::<String>());
        }
        let mut text = if self.terminal {
            diagnostics::drawn(diagnostics, sources, self.color) + "\n\n"
        } else {
            diagnostics::plain(diagnostics, sources)
        };
        if !self.strict && !self.machine {
            text.push_str(&diagnostics::more(diagnostics));
        }
        let text = redactor.redact(&text);
        if diagnostics.has_errors() && !(self.terminal && self.color) {
            self.error(&text);
        } else {
            self.say(&text);
        }
    }

    fn line(self, kind: &str, text: &str, is_error: bool) {
        log::add(log::Kind::Ui { is_error }, text);
        if self.json {
            write_quietly(&json::message(text, is_error));
        } else if self.machine {
            write_quietly(&machine::line(machine::now(), "", "ui", &[kind, text]));
        } else if is_error && self.color && self.terminal {
            // Packer 1.16 colours what builds say and nothing else.
            write_quietly(&format!("{}\n", style::painted(text, style::ERROR)));
        } else {
            write_quietly(&format!("{text}\n"));
        }
    }
}

/// A closed pipe is the reader's decision, not an error of ours.
fn write_quietly(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// What is wrong before anything can be shown, or with ourselves: on stderr, which stays empty when a build just fails.
pub(crate) fn early_error(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// The last words after a crash: on stdout, as they are, whatever else is shown there.
pub(crate) fn crash_notice(text: &str) {
    write_quietly(text);
}
