//! The log of this process: what happened and why, for whoever has to find out.
//!
//! `PACKER_LOG` (neither empty nor `0`) sends it to stderr, `PACKER_LOG_PATH` into a file and nowhere else; lines are laid
//! out as Go's standard log does in Packer 1.16. Whatever the user sees stands in it, too (`ui:`), but not on stderr, where
//! it would be seen twice. The last of it is always kept in memory, for the report of a crash.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local};
use karat_model::event::{Event, EventKind, LogLevel};
use karat_model::secret::Redactor;

use super::Reporter;
use super::human::{Lines, Said};
use super::machine;

/// So many bytes of the beginning are kept: version, command line, directories, template.
const KEPT_BEGINNING: usize = 64 << 10;
/// So many bytes of the end are kept.
const KEPT_END: usize = 4 << 20;

static LOG: LazyLock<Mutex<Log>> = LazyLock::new(Mutex::default);

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something that the user does not see.
    Detail(LogLevel),
    /// Something that the user sees.
    Ui {
        /// As an error.
        is_error: bool,
    },
    /// Something that a program sees, with `-machine-readable`.
    Fact,
    /// A crash: it is on stderr already.
    Crash,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Detail(LogLevel::Debug) => "[DEBUG] ",
            Self::Detail(LogLevel::Info) => "[INFO] ",
            Self::Detail(LogLevel::Warn) => "[WARN] ",
            Self::Detail(LogLevel::Error) | Self::Crash => "[ERROR] ",
            Self::Ui { is_error: false } => "ui: ",
            Self::Ui { is_error: true } => "ui error: ",
            Self::Fact => "machine readable: ",
        })
    }
}

/// Where lines go.
#[derive(Default)]
enum Out {
    #[default]
    Nowhere,
    Stderr,
    File(File),
}

#[derive(Default)]
struct Log {
    out: Out,
    kept: Kept,
    redactor: Redactor,
    /// A crash is among what it holds.
    has_crash: bool,
}

impl Log {
    fn add(&mut self, at: SystemTime, kind: Kind, text: &str) {
        let text = self.redactor.redact(&format!("{kind}{text}"));
        // Nobody could be told that the log cannot be written.
        let _ = match &mut self.out {
            Out::Stderr if matches!(kind, Kind::Detail(_)) => {
                io::stderr().write_all(line(at, &text).as_bytes())
            }
            Out::File(file) => file.write_all(line(at, &text).as_bytes()),
            Out::Nowhere | Out::Stderr => Ok(()),
        };
        self.kept.add(at, text);
    }
}

/// A line as it stands in the log: local time to the second, as Packer 1.16 writes it.
pub(crate) fn line(at: SystemTime, text: &str) -> String {
    let at = DateTime::<Local>::from(at).format("%Y/%m/%d %H:%M:%S");
    format!("{at} {}\n", text.trim_end_matches('\n'))
}

/// The beginning and the end of a log.
#[derive(Default)]
struct Kept {
    beginning: Vec<(SystemTime, String)>,
    end: VecDeque<(SystemTime, String)>,
    /// Bytes of both.
    bytes: (usize, usize),
    /// Lines between the two that are gone.
    gone: usize,
}

impl Kept {
    fn add(&mut self, at: SystemTime, text: String) {
        if self.end.is_empty() && self.bytes.0 + text.len() <= KEPT_BEGINNING {
            self.bytes.0 += text.len();
            self.beginning.push((at, text));
            return;
        }
        self.bytes.1 += text.len();
        self.end.push_back((at, text));
        while self.bytes.1 > KEPT_END {
            let Some((_, oldest)) = self.end.pop_front() else { break };
            self.bytes.1 -= oldest.len();
            self.gone += 1;
        }
    }

    fn text(&self) -> String {
        let shown = |(at, text): &(SystemTime, String)| line(*at, text);
        let mut all: String = self.beginning.iter().map(shown).collect();
        if self.gone > 0 {
            all += &format!("({} lines are left out here)\n", self.gone);
        }
        all.extend(self.end.iter().map(shown));
        all
    }
}

/// Opens the log as the environment says. `version`: the one whose templates this is compatible with.
pub(crate) fn start(version: &str) -> Result<(), String> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let out = match (set("PACKER_LOG_PATH"), set("PACKER_LOG")) {
        (Some(path), _) => Out::File(File::create(&path).map_err(|error| {
            let error = karat_sdk::error::in_words(&error);
            format!("Couldn't setup log output: open {}: {error}", path.display())
        })?),
        (None, Some(wanted)) if wanted != "0" => Out::Stderr,
        _ => Out::Nowhere,
    };
    locked().out = out;
    let own = env!("CARGO_PKG_VERSION");
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    info(format_args!("Packer version: {version} [karat {own} {system} {machine}]"));
    Ok(())
}

/// Hides from now on whatever `redactor` knows and will know.
pub(crate) fn hide(redactor: &Redactor) {
    locked().redactor = redactor.clone();
}

/// Notes what goes on.
pub(crate) fn info(text: impl fmt::Display) {
    add(Kind::Detail(LogLevel::Info), &text.to_string());
}

/// Notes something at this moment.
pub(super) fn add(kind: Kind, text: &str) {
    locked().add(SystemTime::now(), kind, text);
}

/// Notes a crash, and gives the log up to it. Nothing, where the log itself crashed.
pub(crate) fn crashed(text: &str) -> Option<String> {
    let mut log = match LOG.try_lock() {
        Ok(log) => log,
        Err(TryLockError::Poisoned(log)) => log.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    log.add(SystemTime::now(), Kind::Crash, text);
    log.has_crash = true;
    Some(log.kept.text())
}

/// The log so far, if a crash is in it.
pub(crate) fn with_crash() -> Option<String> {
    let log = LOG.try_lock().ok().filter(|log| log.has_crash)?;
    Some(log.kept.text())
}

/// `text` with every secret hidden that is known so far, for the report of a crash.
pub(crate) fn hidden(text: &str) -> Option<String> {
    Some(LOG.try_lock().ok()?.redactor.redact(text))
}

fn locked() -> MutexGuard<'static, Log> {
    // A line is complete or is not there.
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a run into the log.
#[derive(Default)]
pub(crate) struct View {
    told: Told,
}

impl Reporter for View {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let lines = self.told.of(event);
        if !lines.is_empty() {
            let mut log = locked();
            lines.iter().for_each(|(kind, text)| log.add(time(event), *kind, text));
        }
        Ok(())
    }
}

/// Shows a run as the log had it.
pub(crate) struct Replay {
    out: Box<dyn Write + Send>,
    told: Told,
}

impl Replay {
    /// Writes to `out`.
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out, told: Told::default() }
    }
}

impl Reporter for Replay {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        for (kind, text) in self.told.of(event) {
            self.out.write_all(line(time(event), &format!("{kind}{text}")).as_bytes())?;
        }
        self.out.flush()
    }
}

fn time(event: &Event) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(event.at_ms)
}

/// From events to lines of the log.
#[derive(Default)]
struct Told {
    lines: Lines,
}

impl Told {
    fn of(&mut self, event: &Event) -> Vec<(Kind, String)> {
        let mut told: Vec<_> = detail(event).into_iter().collect();
        for said in self.lines.of(event) {
            match &said {
                Said::Plain { text, is_error, .. } => {
                    told.push((Kind::Ui { is_error: *is_error }, text.clone()));
                }
                other => {
                    told.extend(machine::facts(other).into_iter().map(|fact| (Kind::Fact, fact.to_string())))
                }
            }
        }
        told
    }
}

/// What happened beside what the user sees.
fn detail(event: &Event) -> Option<(Kind, String)> {
    let build = event.scope.build.as_ref().map(|build| format!("{build}: ")).unwrap_or_default();
    let post_processor = event.scope.post_processor.as_ref();
    let who = post_processor.map_or_else(|| build.clone(), |name| format!("{build}{name}: "));
    let (level, text) = match &event.kind {
        EventKind::Log { level, text } => (*level, format!("{who}{text}")),
        EventKind::RunStarted { run, template, .. } => {
            (LogLevel::Info, format!("Starting run {run} of {template}"))
        }
        EventKind::BuildStarted => {
            (LogLevel::Info, format!("Starting build run: {}", build.trim_end_matches(": ")))
        }
        EventKind::StepStarted { index, step, attempt } => {
            (LogLevel::Info, format!("{build}starting provisioner {} ({step}), attempt {attempt}", index + 1))
        }
        EventKind::StepFinished { index, step, attempt, took, error } => {
            let what = format!("{build}provisioner {} ({step}), attempt {attempt}", index + 1);
            match error {
                None => (LogLevel::Info, format!("{what}: done after {took:.1?}")),
                Some(error) => (LogLevel::Error, format!("{what}: failed after {took:.1?}: {error}")),
            }
        }
        EventKind::Asked { question } => {
            return Some((Kind::Ui { is_error: false }, format!("ask: {question}")));
        }
        EventKind::Answered { given } => {
            (LogLevel::Info, if *given { "answered".to_owned() } else { "not answered".to_owned() })
        }
        EventKind::CancelRequested { level, reason } => {
            (LogLevel::Warn, format!("{reason}: cancelling, level {level:?}"))
        }
        EventKind::RunFinished { cancelled, took } => (
            LogLevel::Info,
            format!("Run ended after {took:.1?}{}", if *cancelled { ", cancelled" } else { "" }),
        ),
        EventKind::Message { .. }
        | EventKind::Output { .. }
        | EventKind::Progress { .. }
        | EventKind::PostProcessorStarted { .. }
        | EventKind::LeftBehind { .. }
        | EventKind::BuildFinished { .. }
        | EventKind::Unknown => return None,
    };
    Some((Kind::Detail(level), text))
}

#[cfg(test)]
mod tests {
    use karat_model::event::Scope;
    use karat_model::id::BuildName;

    use super::*;

    #[test]
    fn cli_29_lines_are_laid_out_as_gos_log_does() {
        let text = line(SystemTime::now(), "[INFO] text\n");
        let (stamp, rest) = text.split_at(20);
        let shape: String = stamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!((shape.as_str(), rest), ("0000/00/00 00:00:00 ", "[INFO] text\n"));
    }

    #[test]
    fn cli_29_the_beginning_and_the_end_are_kept_for_a_crash() {
        let mut log = Log::default();
        log.redactor.add("hunter22");
        let long = "x".repeat(1 << 20);
        log.add(UNIX_EPOCH, Kind::Detail(LogLevel::Info), "first hunter22");
        (0..6).for_each(|_| log.add(UNIX_EPOCH, Kind::Ui { is_error: false }, &long));
        log.add(UNIX_EPOCH, Kind::Crash, "last");
        let text = log.kept.text();
        assert!(text.len() < KEPT_BEGINNING + KEPT_END + 1000, "{}", text.len());
        assert!(text.lines().next().unwrap().ends_with(" [INFO] first <sensitive>"));
        assert!(text.contains("\n(3 lines are left out here)\n"));
        assert!(text.ends_with(" [ERROR] last\n"));
    }

    #[test]
    fn cli_29_a_detail_names_its_build_and_what_people_see_is_marked() {
        let scope = Scope::build(&BuildName("null.a".into()));
        let mut told = Told::default();
        let mut of = |kind| {
            let event = Event { seq: 0, at_ms: 0, scope: scope.clone(), kind };
            told.of(&event).iter().map(|(kind, text)| format!("{kind}{text}")).collect::<Vec<_>>()
        };
        let log = EventKind::Log { level: LogLevel::Debug, text: "SSH handshake err: no".into() };
        assert_eq!(of(log), ["[DEBUG] null.a: SSH handshake err: no"]);
        assert_eq!(of(EventKind::BuildStarted), ["[INFO] Starting build run: null.a"]);
        let text = "no".into();
        let message = EventKind::Message { tone: karat_model::event::Tone::Error, text };
        assert_eq!(of(message), ["ui error: ==> null.a: no"]);
    }
}
