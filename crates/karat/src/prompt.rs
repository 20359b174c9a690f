//! Asking the person at the terminal.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};

use async_trait::async_trait;
use karat_engine::{AskError, Prompter};

/// Asks at the controlling terminal, whatever stdin and stdout are.
pub(crate) struct Terminal;

#[async_trait]
impl Prompter for Terminal {
    async fn ask(&self, question: &str) -> Result<String, AskError> {
        let terminal =
            OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|_| AskError::NoTerminal)?;
        let question = question.to_string();
        // A thread of its own rather than the runtime's: the runtime would wait for it when the run is cancelled, and
        // the person may never answer.
        let (answered, answer) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let _ = answered.send(ask(terminal, &question));
        });
        answer.await.unwrap_or(Err(AskError::Interrupted))
    }
}

fn ask(mut terminal: File, question: &str) -> Result<String, AskError> {
    let failed =
        |error: std::io::Error| AskError::Failed(format!("cannot read an answer from the terminal: {error}"));
    write!(terminal, "{question} ").and_then(|()| terminal.flush()).map_err(failed)?;
    let mut answer = String::new();
    match BufReader::new(terminal).read_line(&mut answer) {
        Ok(0) => Err(AskError::Interrupted),
        Ok(_) => Ok(answer.trim_end_matches(['\r', '\n']).to_string()),
        Err(error) => Err(failed(error)),
    }
}
