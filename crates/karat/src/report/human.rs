//! Lines for people, exactly as Packer 1.16 lays them out; on a terminal in colour and with progress.

mod question;

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::{DateTime, Local, SecondsFormat, TimeZone};
use karat_model::artifact::Artifact;
use karat_model::event::{CancelLevel, Event, EventKind, Outcome, Scope, Stream, Tone};
use karat_model::id::BuildName;

use super::duration::words;
use super::style::{BUILDS, ERROR, painted};
use super::{Console, Reporter};

/// One thing to show, before anybody decides how.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// A message. `build`: whose colour it has. `stamped`: whether `-timestamp-ui` applies (not to the summary).
    Plain { text: String, build: Option<BuildName>, is_error: bool, stamped: bool },
    /// How many builds failed; machines only.
    ErrorCount(usize),
    /// Why one failed; machines only.
    BuildError { build: BuildName, error: String },
    /// How many artifacts a build made; machines only.
    ArtifactCount { build: BuildName, count: usize },
    /// One of them; machines only.
    Artifact { build: BuildName, index: usize, artifact: Option<Artifact> },
    /// Which colour a build has; colour only.
    Banner { builds: Vec<BuildName> },
    /// Bytes are moving; terminals only.
    Progress { build: Option<BuildName>, label: String, done: u64, total: Option<u64> },
}

/// From events to things to show. Remembers what the end of the run needs.
#[derive(Default)]
pub(crate) struct Lines {
    failed: Vec<(BuildName, String)>,
    made: Vec<(BuildName, Vec<Artifact>)>,
    left_behind: bool,
}

impl Lines {
    /// What there is to show about `event`.
    pub(crate) fn of(&mut self, event: &Event) -> Vec<Said> {
        let scope = &event.scope;
        match &event.kind {
            EventKind::RunStarted { builds, .. } => vec![Said::Banner { builds: builds.clone() }],
            EventKind::Message { tone: Tone::Say, text } => vec![message(scope, text, false)],
            EventKind::Message { tone: Tone::Warn, text } => {
                vec![message(scope, &format!("Warning: {text}"), false)]
            }
            EventKind::Message { tone: Tone::Error, text } => vec![message(scope, text, true)],
            EventKind::Output { stream, line } => vec![message(scope, line, *stream == Stream::Stderr)],
            EventKind::PostProcessorStarted { name, component } if name == component => {
                vec![message(scope, &format!("Running post-processor: {component}"), false)]
            }
            EventKind::PostProcessorStarted { name, component } => {
                vec![message(scope, &format!("Running post-processor: {name} (type {component})"), false)]
            }
            EventKind::Progress { label, done, total } => {
                vec![Said::Progress {
                    build: scope.build.clone(),
                    label: label.clone(),
                    done: *done,
                    total: *total,
                }]
            }
            EventKind::CancelRequested { level, reason } => {
                let what = match level {
                    CancelLevel::Drain | CancelLevel::Stop => "Cancelling build",
                    CancelLevel::Kill => "Killing what does not stop",
                    CancelLevel::Leave => "Leaving at once",
                };
                vec![global(&format!("{what} after receiving {reason}"), true)]
            }
            EventKind::LeftBehind { what } => {
                self.left_behind = true;
                vec![message(scope, &format!("Left behind: {what}"), true)]
            }
            EventKind::BuildFinished { outcome, took } => self.build_finished(scope, outcome, &words(*took)),
            EventKind::RunFinished { cancelled, took } => self.run_finished(*cancelled, &words(*took)),
            EventKind::BuildStarted
            | EventKind::Log { .. }
            | EventKind::StepStarted { .. }
            | EventKind::StepFinished { .. }
            | EventKind::Asked { .. }
            | EventKind::Answered { .. }
            | EventKind::Unknown => Vec::new(),
        }
    }

    fn build_finished(&mut self, scope: &Scope, outcome: &Outcome, took: &str) -> Vec<Said> {
        let Some(build) = scope.build.clone() else { return Vec::new() };
        let (text, is_error) = match outcome {
            Outcome::Succeeded { artifacts } => {
                self.made.push((build.clone(), artifacts.clone()));
                (format!("Build '{build}' finished after {took}."), false)
            }
            Outcome::Failed { error } | Outcome::Cancelled { error } => {
                self.failed.push((build.clone(), error.clone()));
                (format!("Build '{build}' errored after {took}: {error}"), true)
            }
        };
        vec![Said::Plain { text, build: Some(build), is_error, stamped: true }]
    }

    fn run_finished(&mut self, cancelled: bool, took: &str) -> Vec<Said> {
        let mut said = vec![global(&format!("\n==> Wait completed after {took}"), false)];
        if cancelled {
            said.push(global("Cleanly cancelled builds after being interrupted.", false));
        } else {
            self.summary(&mut said);
        }
        if self.left_behind {
            said.push(global("Some things could not be removed. Run `karat gc` to try again.", true));
        }
        said
    }

    fn summary(&mut self, said: &mut Vec<Said>) {
        if !self.failed.is_empty() {
            said.push(Said::ErrorCount(self.failed.len()));
            said.push(global("\n==> Some builds didn't complete successfully and had errors:", true));
            for (build, error) in self.failed.drain(..) {
                said.push(Said::BuildError { build: build.clone(), error: error.clone() });
                said.push(global(&format!("--> {build}: {error}"), true));
            }
        }
        if self.made.iter().all(|(_, artifacts)| artifacts.is_empty()) {
            said.push(global("\n==> Builds finished but no artifacts were created.", false));
            return;
        }
        said.push(global("\n==> Builds finished. The artifacts of successful builds are:", false));
        for (build, artifacts) in self.made.drain(..) {
            said.push(Said::ArtifactCount { build: build.clone(), count: artifacts.len() });
            for (index, artifact) in artifacts.into_iter().enumerate() {
                let text = format!("--> {build}: {}", artifact.description);
                said.push(Said::Artifact { build: build.clone(), index, artifact: Some(artifact) });
                said.push(global(&text, false));
            }
        }
    }
}

/// A message of the run as a whole.
fn global(text: &str, is_error: bool) -> Said {
    Said::Plain { text: text.to_string(), build: None, is_error, stamped: false }
}

/// A message of whoever `scope` names: each line carries the name.
fn message(scope: &Scope, text: &str, is_error: bool) -> Said {
    let Some(build) = &scope.build else { return global(text, is_error) };
    let target = match &scope.post_processor {
        Some(post_processor) => format!("{build} ({post_processor})"),
        None => build.to_string(),
    };
    let lines: Vec<_> = text.trim_end().split('\n').map(|line| format!("==> {target}: {line}")).collect();
    // Trimmed as one block, as Packer does: a message without text is `==> NAME:`.
    let text = lines.join("\n").trim_end().to_string();
    Said::Plain { text, build: Some(build.clone()), is_error, stamped: true }
}

/// Shows a run to people.
pub(crate) struct Human {
    out: Box<dyn Write + Send>,
    lines: Lines,
    console: Console,
    timestamps: bool,
    colors: BTreeMap<BuildName, u8>,
    /// A progress line stands on the screen and must go before the next line.
    progress_shown: bool,
    /// Somebody types at the screen that we write on.
    at_keyboard: bool,
    /// The question that waits for its answer.
    question: Option<String>,
    /// What waits behind it, as in Packer: nothing gets between a question and what is typed.
    held: Vec<Event>,
}

impl Human {
    /// Writes to `out`.
    pub(crate) fn new(out: Box<dyn Write + Send>, console: Console, timestamps: bool) -> Self {
        Self {
            out,
            lines: Lines::default(),
            console,
            timestamps,
            colors: BTreeMap::new(),
            progress_shown: false,
            at_keyboard: false,
            question: None,
            held: Vec::new(),
        }
    }

    fn clear_progress(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.progress_shown) { self.out.write_all(b"\r\x1b[K") } else { Ok(()) }
    }

    fn color_of(&self, build: Option<&BuildName>) -> Option<u8> {
        self.colors.get(build?).copied()
    }

    fn write_line(&mut self, text: &str, color: Option<u8>) -> io::Result<()> {
        self.clear_progress()?;
        match color.filter(|_| self.console.color) {
            Some(color) => writeln!(self.out, "{}", painted(text, color)),
            None => writeln!(self.out, "{text}"),
        }
    }

    fn write_progress(
        &mut self,
        build: Option<&BuildName>,
        label: &str,
        done: u64,
        total: Option<u64>,
    ) -> io::Result<()> {
        let name = build.map(|build| format!("    {build}: ")).unwrap_or_default();
        let amount = match total {
            Some(total) if total > 0 => {
                format!("{} of {} ({} %)", bytes(done), bytes(total), done * 100 / total)
            }
            _ => bytes(done),
        };
        write!(self.out, "\r\x1b[K{name}{label}: {amount}")?;
        self.progress_shown = true;
        Ok(())
    }
}

impl Human {
    fn show(&mut self, event: &Event) -> io::Result<()> {
        for said in self.lines.of(event) {
            match said {
                Said::Banner { builds } => {
                    for (build, color) in builds.iter().zip(BUILDS.into_iter().cycle()) {
                        self.colors.insert(build.clone(), color);
                        if self.console.banner {
                            self.write_line(&format!("{build}: output will be in this color."), Some(color))?;
                        }
                    }
                    if self.console.banner && !builds.is_empty() {
                        self.write_line("", None)?;
                    }
                }
                Said::Plain { text, build, is_error, stamped } => {
                    // Packer 1.16 colours what builds say and nothing else; people like to see what failed.
                    let red = is_error && (build.is_some() || self.console.terminal);
                    let color = if red { Some(ERROR) } else { self.color_of(build.as_ref()) };
                    if self.timestamps && stamped {
                        let stamp = rfc3339(event.at_ms / 1000);
                        // Once per message, not per line: so does Packer.
                        self.write_line(&format!("{stamp}: {text}"), color)?;
                    } else {
                        self.write_line(&text, color)?;
                    }
                }
                Said::Progress { build, label, done, total } if self.console.terminal => {
                    self.write_progress(build.as_ref(), &label, done, total)?;
                }
                Said::Progress { .. }
                | Said::ErrorCount(_)
                | Said::BuildError { .. }
                | Said::ArtifactCount { .. }
                | Said::Artifact { .. } => {}
            }
        }
        Ok(())
    }
}

impl Reporter for Human {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::Asked { question } => self.ask(&event.scope, question)?,
            EventKind::Answered { given } => self.end_question(*given)?,
            EventKind::CancelRequested { .. } => {
                self.end_question(false)?;
                self.show(event)?;
            }
            _ if self.question.is_some() => self.hold(event)?,
            _ => self.show(event)?,
        }
        self.out.flush()
    }
}

/// `12.3 MiB`.
fn bytes(count: u64) -> String {
    let mut size = count as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return if unit == "B" { format!("{count} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}

/// Seconds since the epoch in local time, as `2026-11-20T19:18:19+01:00`.
pub(crate) fn rfc3339(seconds: u64) -> String {
    rfc3339_in(&Local, seconds)
}

fn rfc3339_in(zone: &impl TimeZone, seconds: u64) -> String {
    let time = DateTime::from_timestamp(seconds.cast_signed(), 0).unwrap_or_default();
    time.with_timezone(zone).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use karat_model::artifact::Origin;
    use karat_model::facts::Facts;
    use karat_model::id::{ComponentKind, RunId};

    use super::super::Machine;
    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Page {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn name(text: &str) -> BuildName {
        BuildName(text.to_string())
    }

    fn a_run() -> Vec<Event> {
        let scope = Scope::build(&name("null.a"));
        let in_manifest = Scope { post_processor: Some("manifest".into()), ..scope.clone() };
        let artifact = Artifact {
            origin: Origin { kind: ComponentKind::Builder, component: "null".into() },
            builder_id: "fnoeding.null".into(),
            id: "Null".into(),
            description: "Did not export anything. This is the null builder".into(),
            files: vec!["x/y".into()],
            facts: Facts::default(),
        };
        let kinds = [
            (
                Scope::default(),
                EventKind::RunStarted {
                    run: RunId("r".into()),
                    version: "0".into(),
                    template: "t".into(),
                    builds: vec![name("null.a"), name("null.b")],
                },
            ),
            (scope.clone(), EventKind::Message { tone: Tone::Say, text: "one\ntwo\n".into() }),
            (scope.clone(), EventKind::Output { stream: Stream::Stdout, line: "out".into() }),
            (scope.clone(), EventKind::Output { stream: Stream::Stderr, line: String::new() }),
            (
                scope.clone(),
                EventKind::PostProcessorStarted { name: String::new(), component: "manifest".into() },
            ),
            (in_manifest, EventKind::Message { tone: Tone::Warn, text: "careful".into() }),
            (
                scope,
                EventKind::BuildFinished {
                    outcome: Outcome::Succeeded { artifacts: vec![artifact] },
                    took: Duration::from_millis(2_113),
                },
            ),
            (
                Scope::build(&name("null.b")),
                EventKind::BuildFinished {
                    outcome: Outcome::Failed { error: "no".into() },
                    took: Duration::from_millis(5),
                },
            ),
            (Scope::default(), EventKind::RunFinished { cancelled: false, took: Duration::from_secs(3) }),
        ];
        let at_ms = 1_795_198_699_000;
        kinds.into_iter().zip(0..).map(|((scope, kind), seq)| Event { seq, at_ms, scope, kind }).collect()
    }

    const PLAIN: Console =
        Console { machine: false, json: false, color: false, banner: false, terminal: false, strict: false };

    fn shown(make: impl FnOnce(Box<dyn Write + Send>) -> Box<dyn Reporter>) -> String {
        let page = Page::default();
        let mut reporter = make(Box::new(page.clone()));
        for event in a_run() {
            reporter.event(&event).unwrap();
        }
        page.text()
    }

    #[test]
    fn cli_03_every_line_carries_the_build() {
        let text = shown(|out| Box::new(Human::new(out, PLAIN, false)));
        assert_eq!(
            text,
            "==> null.a: one\n==> null.a: two\n==> null.a: out\n==> null.a:\n\
             ==> null.a: Running post-processor:  (type manifest)\n\
             ==> null.a (manifest): Warning: careful\n\
             Build 'null.a' finished after 2 seconds 113 milliseconds.\n\
             Build 'null.b' errored after 5 milliseconds: no\n\
             \n==> Wait completed after 3 seconds\n\
             \n==> Some builds didn't complete successfully and had errors:\n--> null.b: no\n\
             \n==> Builds finished. The artifacts of successful builds are:\n\
             --> null.a: Did not export anything. This is the null builder\n"
        );
    }

    #[test]
    fn cli_04_builds_have_colours_and_errors_are_red() {
        let text =
            shown(|out| Box::new(Human::new(out, Console { color: true, banner: true, ..PLAIN }, false)));
        assert!(text.starts_with(
            "\x1b[1;32mnull.a: output will be in this color.\x1b[0m\n\x1b[1;36mnull.b: output will be in this color.\x1b[0m\n\n\
             \x1b[1;32m==> null.a: one\n==> null.a: two\x1b[0m\n"
        ));
        assert!(text.contains("\x1b[1;31m==> null.a:\x1b[0m\n"), "{text:?}");
        assert!(text.contains("\x1b[1;31mBuild 'null.b' errored after 5 milliseconds: no\x1b[0m\n"));
        assert!(text.contains("\n--> null.b: no\n"), "the summary has no colour: {text:?}");
    }

    #[test]
    fn cli_04_packer_announces_colours_that_the_environment_forbids() {
        let text = shown(|out| Box::new(Human::new(out, Console { banner: true, ..PLAIN }, false)));
        assert!(text.starts_with(
            "null.a: output will be in this color.\nnull.b: output will be in this color.\n\n==> null.a: one\n"
        ));
    }

    #[test]
    fn cli_04_on_a_terminal_the_summary_of_failures_is_red() {
        let console = Console { color: true, banner: true, terminal: true, ..PLAIN };
        let text = shown(|out| Box::new(Human::new(out, console, false)));
        assert!(text.contains("\x1b[1;31m--> null.b: no\x1b[0m\n"), "{text:?}");
    }

    #[test]
    fn cli_05_times_stand_before_build_messages_only() {
        let text = shown(|out| Box::new(Human::new(out, PLAIN, true)));
        let stamp = rfc3339(1_795_198_699);
        assert!(text.starts_with(&format!("{stamp}: ==> null.a: one\n==> null.a: two\n")), "{text}");
        assert!(text.contains(&format!("\n{stamp}: Build 'null.a' finished")));
        assert!(text.contains("\n==> Wait completed"));
    }

    #[test]
    fn cli_05_times_are_local_ones() {
        let zone = |hours| chrono::FixedOffset::east_opt(hours * 3600).unwrap();
        assert_eq!(rfc3339_in(&zone(0), 1_795_198_699), "2026-11-20T18:18:19Z");
        assert_eq!(rfc3339_in(&zone(-8), 1_795_198_699), "2026-11-20T10:18:19-08:00");
    }

    #[test]
    fn cli_07_machines_get_errors_and_artifacts() {
        let text = shown(|out| Box::new(Machine::new(out, false)));
        let at = 1_795_198_699;
        for line in [
            ",ui,say,==> null.a: one\\n==> null.a: two".to_string(),
            ",ui,error,==> null.a:".to_string(),
            ",error-count,1".to_string(),
        ] {
            assert!(text.contains(&format!("{at},{line}\n")), "{line}\n{text}");
        }
        for line in [
            "null.b,error,no",
            "null.a,artifact-count,1",
            "null.a,artifact,0,builder-id,fnoeding.null",
            "null.a,artifact,0,id,Null",
            "null.a,artifact,0,files-count,1",
            "null.a,artifact,0,file,0,x/y",
            "null.a,artifact,0,end",
        ] {
            assert!(text.contains(&format!("{at},{line}\n")), "{line}\n{text}");
        }
    }

    #[test]
    fn cli_10_a_cancelled_run_has_no_summary() {
        let mut lines = Lines::default();
        let at = |kind| Event { seq: 0, at_ms: 0, scope: Scope::default(), kind };
        let said = lines.of(&at(EventKind::RunFinished { cancelled: true, took: Duration::from_secs(1) }));
        assert_eq!(
            said,
            [
                global("\n==> Wait completed after 1 second", false),
                global("Cleanly cancelled builds after being interrupted.", false)
            ]
        );
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([bytes(5), bytes(2048), bytes(3 << 20)], ["5 B", "2.0 KiB", "3.0 MiB"]);
    }
}
