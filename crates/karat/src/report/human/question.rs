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
