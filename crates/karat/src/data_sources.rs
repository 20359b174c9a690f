//! Data sources: read when an evaluation asks for them, otherwise only checked.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use karat_engine::RunOptions;
use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::id::BuildName;
use karat_model::value::Value;
use karat_sdk::{Cancellation, Components, DataSource, Problems, ReadContext, StepError};
use karat_template::{Answer, DataRead, Loaded, Progress};

use crate::command::End;
use crate::report::Console;

/// How many are read at the same time.
const AT_ONCE: usize = 16;
/// When people want to know what is going on.
const SLOW: Duration = Duration::from_secs(2);

/// What reading needs.
pub(crate) struct DataSources<'s> {
    /// Who can read.
    pub(crate) components: &'s dyn Components,
    /// What holds for the run.
    pub(crate) options: &'s RunOptions,
    /// The template.
    pub(crate) loaded: &'s Loaded,
    /// Who may stop it.
    pub(crate) cancellation: &'s Cancellation,
    /// Where to say that it takes long.
    pub(crate) console: Console,
}

impl DataSources<'_> {
    /// Goes on with an evaluation to its end, reading what it asks for: everything that it asks for at one time is read
    /// at the same time. Warnings come with the result.
    pub(crate) async fn settle<T>(&self, progress: Progress<'_, T>) -> Result<(T, Diagnostics), End> {
        let mut warnings = Diagnostics::new();
        let mut progress = progress;
        loop {
            let paused = match progress {
                Progress::Done(result) => return Ok((result, warnings)),
                Progress::Reads(paused) => paused,
            };
            let answers = self.read_all(paused.reads()).await;
            if let Some(cancel) = self.cancellation.current() {
                self.console
                    .error(&format!("Error: cancelled ({}) while reading data sources", cancel.reason));
                return Err(End::Failure);
            }
            let answers = answers.into_iter().map(|(answer, said)| {
                warnings.extend(said);
                answer
            });
            progress = paused.resume(answers.collect::<Vec<_>>());
        }
    }

    async fn read_all(&self, reads: &[DataRead]) -> Vec<(Answer, Diagnostics)> {
        let all = stream::iter(reads).map(|read| self.read(read)).buffered(AT_ONCE).collect();
        tokio::pin!(all);
        match tokio::time::timeout(SLOW, &mut all).await {
            Ok(answers) => answers,
            Err(_) => {
                if !self.options.strict && !self.console.machine {
                    let names: Vec<String> = reads.iter().map(ToString::to_string).collect();
                    self.console.say(&format!("Reading {}...", names.join(", ")));
                }
                all.await
            }
        }
    }

    async fn read(&self, read: &DataRead) -> (Answer, Diagnostics) {
        let mut said = Diagnostics::new();
        let answer = match self.components.data_source(&read.node.component) {
            Some(source) => self.ask(&*source, read, &mut said).await,
            // Whoever evaluates the template has reported it.
            None => Err(Diagnostics::new()),
        };
        (answer, said)
    }

    async fn ask(&self, source: &dyn DataSource, read: &DataRead, said: &mut Diagnostics) -> Answer {
        let cx = self.context(read);
        let checked = source.check(&cx, &read.node.config).await.map_err(|problems| wrong(read, problems))?;
        said.extend(checked.warnings.iter().map(|text| warning(read, text)));
        let reading = source.read(&cx, &read.node.config).await.map_err(|error| match error {
            StepError::Config(problems) => wrong(read, problems),
            error => self.failure(read, &error),
        })?;
        if !self.options.strict {
            said.extend(reading.warnings.iter().map(|text| warning(read, text)));
        }
        Ok::<Value, _>(reading.value)
    }

    /// What the components think of data sources that were not read.
    pub(crate) async fn check(&self, unread: &[DataRead]) -> Diagnostics {
        let mut found = Diagnostics::new();
        for read in unread {
            let Some(source) = self.components.data_source(&read.node.component) else { continue };
            match source.check(&self.context(read), &read.node.config).await {
                Ok(checked) => found.extend(checked.warnings.iter().map(|text| warning(read, text))),
                Err(problems) => found.extend(wrong(read, problems)),
            }
        }
        found
    }

    fn failure(&self, read: &DataRead, error: &StepError) -> Diagnostics {
        // Packer's data sources are processes of their own.
        let text = if self.options.strict {
            format!("Datasource.Execute failed: {error}")
        } else {
            error.to_string()
        };
        let (title, detail) = text.split_once('\n').unwrap_or((&text, ""));
        let problem = Diagnostic::error(code::DATA_SOURCE, title).at(read.node.span);
        [within(read, problem, detail)].into_iter().collect()
    }

    fn context(&self, read: &DataRead) -> ReadContext {
        let name = BuildName(read.to_string());
        let info = self.options.info(name, &read.name, &read.node.component, &self.loaded.root);
        ReadContext { info: Arc::new(info), cancellation: self.cancellation.clone() }
    }
}

fn wrong(read: &DataRead, problems: Problems) -> Diagnostics {
    let problem = |argument: Option<String>, message: &str| {
        let place = argument.and_then(|name| read.node.arguments.get(&name).copied());
        let (title, detail) = message.split_once('\n').unwrap_or((message, ""));
        let problem =
            Diagnostic::error(code::INVALID_CONFIGURATION, title).at(place.unwrap_or(read.node.span));
        within(read, problem, detail)
    };
    problems.0.into_iter().map(|found| problem(found.argument, &found.message)).collect()
}

fn warning(read: &DataRead, text: &str) -> Diagnostic {
    let (title, detail) = text.split_once('\n').unwrap_or((text, ""));
    within(read, Diagnostic::warning(code::COMPONENT_WARNING, title).at(read.node.span), detail)
}

fn within(read: &DataRead, problem: Diagnostic, detail: &str) -> Diagnostic {
    let problem = problem.within(format!("data \"{}\" \"{}\"", read.node.component, read.name));
    if detail.trim().is_empty() { problem } else { problem.detail(detail) }
}
