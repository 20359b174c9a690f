//! `karat console`.

mod editor;

use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use karat_sdk::Cancellation;
use karat_template::{Loaded, Opened, from_texts, legacy_from_bytes};

use super::{End, runtime};
use crate::arguments::{ConfigType, Console as Arguments};
use crate::report::Console as Output;
use crate::session::{Purpose, Session};
use editor::{Editor, Typed};

const HELP: &str = "\
Type an expression and press enter to see what it is worth: upper(var.name), local.tags[\"os\"].
It sees the template's variables, locals and data sources, and can call every function. An open
bracket or heredoc goes on in the next line, until two empty ones; the tab key completes names.

  variables   all variables and locals
  help        this text
  exit        leave, as do Ctrl-C and Ctrl-D

Go templates such as {{ timestamp }} are not evaluated here.";

const LEGACY_HELP: &str = "\
Type a Go template and press enter to see what it renders to: {{ user `name` | upper }}. It sees
the template's variables and can call the functions that names of builders can. What only a build
knows, such as {{ build `Host` }}, is not there. The tab key completes names.

  variables   all variables
  help        this text
  exit        leave, as do Ctrl-C and Ctrl-D

For a console with HCL2 expressions write -config-type=hcl2.";

/// What stands for a template where none is needed.
const NOTHING: &str = r#"{"builders": [{"type": "null"}]}"#;

pub(super) fn run(arguments: Arguments, output: Output, strict: bool) -> End {
    open(arguments, output, strict).unwrap_or_else(|end| end)
}

fn open(arguments: Arguments, output: Output, strict: bool) -> Result<End, End> {
    let session = Session::new(output, strict)?;
    let loaded = load(&arguments, &session)?;
    let schemas = session.components.schemas();
    let purpose = Purpose {
        require_builds: false,
        syntax_only: false,
        warn_undeclared: false,
        // As for `inspect`: Packer reads them, people hardly expect it.
        read_data: strict || arguments.evaluate_datasources,
        sequential: arguments.use_sequential_evaluation,
    };
    let inputs = session.inputs(&arguments.selection, purpose, &schemas)?;
    let options = session.run_options();
    let cancellation = Cancellation::never();
    let data_sources = session.data_sources(&loaded, &options, &cancellation);
    let opened = data_sources.settle(karat_template::console(&loaded, &inputs));
    let (Opened { console, diagnostics, passed_over, sources }, _) = runtime(false)?.block_on(opened)?;
    if let Some(console) = &console {
        console.secrets.iter().for_each(|secret| session.redactor.add(secret));
    }
    session.show(&diagnostics, &sources);
    let console = Console { console: console.ok_or(End::Failure)?, session: &session };
    if !io::stdin().is_terminal() {
        return Ok(console.piped());
    }
    if !strict {
        session.show(&passed_over, &sources);
    }
    Ok(console.interactive())
}

/// The template, or one without anything in it.
fn load(arguments: &Arguments, session: &Session) -> Result<Loaded, End> {
    if let Some(template) = &arguments.template {
        return session.load(template, arguments.selection.config_type);
    }
    let json = arguments.selection.config_type == Some(ConfigType::Json);
    if json || session.strict && arguments.selection.config_type.is_none() {
        return Ok(legacy_from_bytes(Path::new(""), NOTHING.as_bytes()));
    }
    let mut nothing = from_texts([], []);
    nothing.directory = PathBuf::new();
    Ok(nothing)
}

struct Console<'a> {
    console: karat_template::Console,
    session: &'a Session,
}

/// What came of a line.
enum Reply {
    Text(String),
    /// It has been said why not.
    Refused,
    Exit,
}

impl Console<'_> {
    /// Every line of a pipe; only what the last one is worth is shown, as in Packer.
    fn piped(&self) -> End {
        let mut end = End::Success;
        let mut last = String::new();
        let lines = io::stdin().lock().split(b'\n').map_while(Result::ok);
        for line in lines {
            last.clear();
            match self.reply(String::from_utf8_lossy(&line).trim()) {
                Reply::Text(text) => last = text,
                // Packer takes a mistake in a Go template for a success.
                Reply::Refused if self.session.strict && self.console.is_legacy() => {}
                Reply::Refused => end = End::Failure,
                // A pipe is read to its end.
                Reply::Exit => {}
            }
        }
        self.session.console.message(&self.session.redactor.redact(&last));
        end
    }

    fn interactive(&self) -> End {
        let history =
            (!self.session.strict).then(|| karat_store::console_history(&self.session.directories.state));
        let mut editor = match Editor::new(&self.console, history) {
            Ok(editor) => editor,
            Err(error) => {
                self.session.console.error(&format!("Error initializing console: {error}"));
                return End::Failure;
            }
        };
        loop {
            let line = match editor.read() {
                Typed::Line(line) => line,
                Typed::Nothing => continue,
                Typed::End => return End::Success,
            };
            // What is secret is not kept.
            if self.session.redactor.redact(&line) == line {
                editor.remember(&line);
            }
            match self.reply(line.trim()) {
                Reply::Text(text) => self.session.console.say(&self.session.redactor.redact(&text)),
                Reply::Refused => {}
                Reply::Exit => return End::Success,
            }
        }
    }

    fn reply(&self, line: &str) -> Reply {
        match line {
            "" => Reply::Text(String::new()),
            "exit" => Reply::Exit,
            "help" => Reply::Text(if self.console.is_legacy() { LEGACY_HELP } else { HELP }.to_owned()),
            "variables" => Reply::Text(self.console.variables().to_owned()),
            // A heredoc ends with a line end.
            text if text.contains('\n') => self.evaluate(&format!("{text}\n")),
            text => self.evaluate(text),
        }
    }

    fn evaluate(&self, text: &str) -> Reply {
        match self.console.evaluate(text) {
            Ok(text) => Reply::Text(text),
            Err(refused) => {
                self.session.show(&refused.diagnostics, &refused.sources);
                Reply::Refused
            }
        }
    }
}
