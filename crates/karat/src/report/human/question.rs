//! A question on the screen. As in Packer, everything else waits behind it: nothing gets between a question and what
//! somebody types.

use std::io::{self, IsTerminal};

use karat_model::event::{Event, Scope};

use super::{Human, painted};

/// How much waits behind a question; what comes then is shown, and the question again.
const HELD: usize = 1000;

impl Human {
    /// For a run that goes on now: a terminal shows what is typed, line ends included.
    pub(crate) fn at_keyboard(mut self) -> Self {
        self.at_keyboard = io::stdout().is_terminal();
        self
    }

    pub(super) fn ask(&mut self, scope: &Scope, question: &str) -> io::Result<()> {
        let name = scope.build.as_ref().map(|build| format!("==> {build}: ")).unwrap_or_default();
        let text = format!("{name}{question}");
        let color = self.color_of(scope.build.as_ref()).filter(|_| self.console.color);
        let text = color.map_or(text.clone(), |color| painted(&text, color));
        self.question = Some(text + " ");
        self.show_question()
    }

    fn show_question(&mut self) -> io::Result<()> {
        self.clear_progress()?;
        self.out.write_all(self.question.as_deref().unwrap_or_default().as_bytes())
    }

    /// Takes the question away and shows what waited behind it.
    pub(super) fn end_question(&mut self, answered: bool) -> io::Result<()> {
        // The terminal has shown the line end that was typed; Packer leaves it at that elsewhere too.
        let at_start = answered && (self.at_keyboard || self.console.strict);
        if self.question.take().is_some() && !at_start {
            self.out.write_all(b"\n")?;
        }
        self.release()
    }

    /// Keeps an event until the question is answered.
    pub(super) fn hold(&mut self, event: &Event) -> io::Result<()> {
        self.held.push(event.clone());
        if self.held.len() < HELD {
            return Ok(());
        }
        self.out.write_all(b"\n")?;
        self.release()?;
        self.show_question()
    }

    fn release(&mut self) -> io::Result<()> {
        std::mem::take(&mut self.held).iter().try_for_each(|event| self.show(event))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use karat_model::event::{CancelLevel, EventKind, Tone};
    use karat_model::id::BuildName;

    use super::super::super::{Console, Reporter};
    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is on the screen after `kinds` of `null.a`, where somebody types at it.
    fn screen(kinds: impl IntoIterator<Item = EventKind>) -> String {
        let console = Console {
            machine: false,
            json: false,
            color: false,
            banner: false,
            terminal: true,
            strict: false,
        };
        let page = Page::default();
        let mut human = Human::new(Box::new(page.clone()), console, false);
        human.at_keyboard = true;
        let scope = Scope::build(&BuildName("null.a".into()));
        for (seq, kind) in (0..).zip(kinds) {
            human.event(&Event { seq, at_ms: 0, scope: scope.clone(), kind }).unwrap();
        }
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn asked() -> EventKind {
        EventKind::Asked { question: "Well?".into() }
    }

    fn says(text: &str) -> EventKind {
        EventKind::Message { tone: Tone::Say, text: text.into() }
    }

    #[test]
    fn cli_15_everything_waits_behind_a_question() {
        let events = [says("one"), asked(), says("two"), says("three")];
        assert_eq!(screen(events.clone()), "==> null.a: one\n==> null.a: Well? ");
        let answered = |given| screen(events.iter().cloned().chain([EventKind::Answered { given }]));
        // The terminal shows the line end that somebody types.
        assert_eq!(answered(true), "==> null.a: one\n==> null.a: Well? ==> null.a: two\n==> null.a: three\n");
        assert_eq!(
            answered(false),
            "==> null.a: one\n==> null.a: Well? \n==> null.a: two\n==> null.a: three\n"
        );
    }

    #[test]
    fn cli_15_an_interrupt_ends_a_question_once() {
        let interrupt = EventKind::CancelRequested { level: CancelLevel::Stop, reason: "interrupt".into() };
        let events = [asked(), says("one"), interrupt, EventKind::Answered { given: false }, says("two")];
        let text = screen(events);
        let plain = text.replace("\x1b[1;31m", "").replace("\x1b[0m", "");
        assert_eq!(
            plain,
            "==> null.a: Well? \n==> null.a: one\nCancelling build after receiving interrupt\n==> null.a: two\n"
        );
    }

    #[test]
    fn cli_15_not_everything_is_kept_while_nobody_answers() {
        let text = screen(std::iter::once(asked()).chain((0..HELD + 1).map(|_| says("x"))));
        let lines = "==> null.a: x\n".repeat(HELD);
        assert_eq!(text, format!("==> null.a: Well? \n{lines}==> null.a: Well? "));
    }
}
