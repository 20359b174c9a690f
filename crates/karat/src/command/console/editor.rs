//! Lines that somebody types at a terminal: edited, completed, remembered.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use karat_template::Console;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Helper, Result};

/// How many lines are remembered.
const REMEMBERED: usize = 1000;

/// The words that are no expressions.
const WORDS: [&str; 3] = ["exit", "help", "variables"];

/// What somebody typed.
pub(super) enum Typed {
    /// A line; several where a bracket or heredoc was open.
    Line(String),
    /// A line that was thrown away.
    Nothing,
    /// That is all.
    End,
}

pub(super) struct Editor<'a> {
    editor: rustyline::Editor<Assistant<'a>, DefaultHistory>,
    history: Option<PathBuf>,
}

impl<'a> Editor<'a> {
    /// With the lines of earlier times from `history`, which need not be there yet.
    pub(super) fn new(console: &'a Console, history: Option<PathBuf>) -> Result<Self> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(REMEMBERED)?
            .history_ignore_space(true)
            .build();
        let mut editor = rustyline::Editor::with_config(config)?;
        editor.set_helper(Some(Assistant { console, typed: Cell::new(false) }));
        if let Some(history) = &history {
            // Nobody misses a history that cannot be read.
            let _ = editor.load_history(history);
        }
        Ok(Self { editor, history })
    }

    pub(super) fn read(&mut self) -> Typed {
        if let Some(assistant) = self.editor.helper() {
            assistant.typed.set(false);
        }
        match self.editor.readline("> ") {
            Ok(line) => Typed::Line(line),
            // Ctrl-C throws a line away; where there is none it leaves.
            Err(ReadlineError::Interrupted) if self.editor.helper().is_some_and(|it| it.typed.get()) => {
                Typed::Nothing
            }
            Err(_) => Typed::End,
        }
    }

    /// Keeps a line for this time and for later ones, in a file that only its owner can read.
    pub(super) fn remember(&mut self, line: &str) {
        let new = self.editor.add_history_entry(line).unwrap_or(false);
        if let (true, Some(history)) = (new, &self.history) {
            let _ = history.parent().map_or(Ok(()), fs::create_dir_all);
            let _ = self.editor.append_history(history);
        }
    }
}

struct Assistant<'a> {
    console: &'a Console,
    /// Whether the line has something in it.
    typed: Cell<bool>,
}

impl Helper for Assistant<'_> {}

impl Highlighter for Assistant<'_> {}

impl Hinter for Assistant<'_> {
    type Hint = String;

    /// There are no hints; but this is where we hear of what is typed.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.typed.set(!line.is_empty());
        None
    }
}

impl Validator for Assistant<'_> {
    /// An open bracket or heredoc goes on in the next line, until somebody enters two empty ones.
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        let text = context.input();
        Ok(match self.console.goes_on(text) && !text.ends_with("\n\n") {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

impl Completer for Assistant<'_> {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        let line = line.get(..position).unwrap_or(line);
        let (start, mut names) = self.console.complete(line);
        if start == 0 {
            names.extend(WORDS.iter().filter(|word| word.starts_with(line)).map(|word| (*word).to_owned()));
        }
        Ok((start, names))
    }
}
