//! The one ordered stream of what happens.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use karat_model::artifact::Artifact;
use karat_model::event::{Event, EventKind, Outcome, Scope};
use karat_model::facts::Facts;
use karat_model::secret::Redactor;
use tokio::sync::mpsc::UnboundedSender;

/// The way into a run's stream of events. Numbers every event, and hides every secret in it, before it is sent.
///
/// Clones lead into the same stream, so whoever else has something to tell (a signal came) uses one.
#[derive(Clone)]
pub struct Events {
    stream: Arc<Mutex<Stream>>,
    redactor: Redactor,
}

struct Stream {
    next: u64,
    sender: UnboundedSender<Event>,
}

impl Events {
    /// A stream that ends in `sender`. When nobody listens any more, events are lost and nothing else happens.
    pub fn new(sender: UnboundedSender<Event>, redactor: Redactor) -> Self {
        Self { stream: Arc::new(Mutex::new(Stream { next: 0, sender })), redactor }
    }

    /// Tells what happened. Never waits.
    pub fn emit(&self, scope: &Scope, kind: EventKind) {
        let kind = redacted(&self.redactor, kind);
        let at_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64);
        // Numbered and sent under one lock, so that the order of the stream is the order of the numbers.
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let event = Event { seq: stream.next, at_ms, scope: scope.clone(), kind };
        stream.next += 1;
        let _ = stream.sender.send(event);
    }
}

fn redacted(redactor: &Redactor, kind: EventKind) -> EventKind {
    let hide = |text: String| redactor.redact(&text);
    match kind {
        EventKind::Message { tone, text } => EventKind::Message { tone, text: hide(text) },
        EventKind::Log { level, text } => EventKind::Log { level, text: hide(text) },
        EventKind::Output { stream, line } => EventKind::Output { stream, line: hide(line) },
        EventKind::StepStarted { index, step, attempt } => {
            EventKind::StepStarted { index, step: hide(step), attempt }
        }
        EventKind::StepFinished { index, step, attempt, took, error } => {
            EventKind::StepFinished { index, step: hide(step), attempt, took, error: error.map(hide) }
        }
        EventKind::Progress { label, done, total } => EventKind::Progress { label: hide(label), done, total },
        EventKind::PostProcessorStarted { name, component } => {
            EventKind::PostProcessorStarted { name: hide(name), component }
        }
        EventKind::Asked { question } => EventKind::Asked { question: hide(question) },
        EventKind::LeftBehind { what } => EventKind::LeftBehind { what: hide(what) },
        EventKind::RunStarted { run, version, template, builds } => {
            EventKind::RunStarted { run, version, template: hide(template), builds }
        }
        EventKind::BuildFinished { outcome, took } => {
            let outcome = match outcome {
                Outcome::Succeeded { artifacts } => Outcome::Succeeded {
                    artifacts: artifacts.into_iter().map(|artifact| shown(redactor, artifact)).collect(),
                },
                Outcome::Failed { error } => Outcome::Failed { error: hide(error) },
                Outcome::Cancelled { error } => Outcome::Cancelled { error: hide(error) },
            };
            EventKind::BuildFinished { outcome, took }
        }
        EventKind::BuildStarted
        | EventKind::Answered { .. }
        | EventKind::CancelRequested { .. }
        | EventKind::RunFinished { .. }
        | EventKind::Unknown => kind,
    }
}

/// An artifact as views may see it. Its facts stay behind: they hold passwords and keys, and only post-processors have
/// a use for them.
fn shown(redactor: &Redactor, artifact: Artifact) -> Artifact {
    let hide_path = |path: PathBuf| match path.to_str() {
        Some(text) => PathBuf::from(redactor.redact(text)),
        None => path,
    };
    Artifact {
        id: redactor.redact(&artifact.id),
        description: redactor.redact(&artifact.description),
        files: artifact.files.into_iter().map(hide_path).collect(),
        facts: Facts::default(),
        ..artifact
    }
}

#[cfg(test)]
mod tests {
    use karat_model::artifact::Origin;
    use karat_model::event::Tone;
    use karat_model::id::ComponentKind;
    use std::time::Duration;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[test]
    fn core_17_no_event_carries_a_secret() {
        let redactor = Redactor::default();
        redactor.add("hunter2");
        let (sender, mut receiver) = unbounded_channel();
        let events = Events::new(sender, redactor);
        let text = || "a hunter2 b".to_string();
        let mut facts = Facts::default();
        facts.set("Password", "hunter2");
        let artifact = Artifact {
            origin: Origin { kind: ComponentKind::Builder, component: "file".into() },
            builder_id: "packer.file".into(),
            id: text(),
            description: text(),
            files: vec![text().into()],
            facts,
        };
        let took = Duration::ZERO;
        for kind in [
            EventKind::Message { tone: Tone::Say, text: text() },
            EventKind::Log { level: karat_model::event::LogLevel::Debug, text: text() },
            EventKind::Output { stream: karat_model::event::Stream::Stdout, line: text() },
            EventKind::StepStarted { index: 0, step: text(), attempt: 1 },
            EventKind::StepFinished { index: 0, step: text(), attempt: 1, took, error: Some(text()) },
            EventKind::Progress { label: text(), done: 1, total: None },
            EventKind::PostProcessorStarted { name: text(), component: "x".into() },
            EventKind::Asked { question: text() },
            EventKind::LeftBehind { what: text() },
            EventKind::BuildFinished { outcome: Outcome::Failed { error: text() }, took },
            EventKind::BuildFinished { outcome: Outcome::Cancelled { error: text() }, took },
            EventKind::BuildFinished { outcome: Outcome::Succeeded { artifacts: vec![artifact] }, took },
        ] {
            events.emit(&Scope::default(), kind);
        }
        drop(events);
        let mut count = 0;
        while let Some(event) = receiver.blocking_recv() {
            let shown = serde_json::to_string(&event).unwrap();
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("a <sensitive> b"), "{shown}");
            assert_eq!(event.seq, count);
            count += 1;
        }
        assert_eq!(count, 12);
    }
}
