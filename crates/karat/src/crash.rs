//! When Karat itself fails: a panic, anywhere.
//!
//! The engine turns a panic of a component into that build's failure and cleans up. Here is what holds for every panic: its
//! text on stderr, the log up to it in `crash.log`, and at the end where to send it and what is left.

use std::backtrace::Backtrace;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{env, fs, thread};

use karat_model::id::RunId;
use karat_store::Store;

use crate::command::End;
use crate::report::{self, log};

/// Name of the environment variable that makes a debug build panic as soon as it has started. For tests.
#[cfg(debug_assertions)]
const FAULT_VARIABLE: &str = "KARAT_FAULT_PANIC";

/// The run that goes on, whose resources would stay.
static RUN: Mutex<Option<(RunId, Store)>> = Mutex::new(None);
/// Whether there was a panic, and where its log is.
static CRASH: Mutex<Option<Result<PathBuf, String>>> = Mutex::new(None);

/// Runs a command. After a panic it says what happened, whoever caught it.
pub(crate) fn guard(command: impl FnOnce() -> End) -> End {
    set_hook(Box::new(note));
    // What the command has changed is not looked at again, but for what is on disk.
    let end = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(debug_assertions)]
        fault();
        command()
    }));
    let crash = CRASH.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(written) = crash {
        // By now the log also has what other threads saw before and after the panic.
        if let (Ok(path), Some(log)) = (&written, log::with_crash()) {
            let _ = fs::write(path, log);
        }
        let run = RUN.lock().unwrap_or_else(PoisonError::into_inner).take();
        let left = run.and_then(|(run, store)| Some((run.clone(), left(&run, &store)?)));
        report::crash_notice(&farewell(&written, left.as_ref()));
    }
    end.unwrap_or(End::Crashed)
}

/// Panics, if a test asks for it.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "that is what it is for")]
fn fault() {
    if env::var_os(FAULT_VARIABLE).is_some() {
        panic!("a test asked for it: {FAULT_VARIABLE}");
    }
}

/// Names the run that goes on.
pub(crate) fn watch(run: &RunId, store: &Store) {
    *RUN.lock().unwrap_or_else(PoisonError::into_inner) = Some((run.clone(), store.clone()));
}

/// The hook: says what happened, and writes it down.
fn note(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("no message");
    let text =
        format!("panic: thread {} panicked{place}: {message}", thread.name().unwrap_or("without a name"));
    // Where even the log cannot be reached, nothing is known to be secret.
    report::early_error(&log::hidden(&text).unwrap_or_else(|| text.clone()));
    let trace = format!("{text}\n{}", Backtrace::force_capture());
    let all = log::crashed(&trace).unwrap_or_else(|| log::line(std::time::SystemTime::now(), &trace));
    let written = write(&all);
    if let Err(error) = &written {
        report::early_error(&format!("Failed to create crash log file: {error}"));
    }
    *CRASH.lock().unwrap_or_else(PoisonError::into_inner) = Some(written);
}

/// Writes `crash.log` where the user is, as Packer does; else among temporary files.
fn write(text: &str) -> Result<PathBuf, String> {
    let write = |directory: &Path| {
        let path = directory.join("crash.log");
        fs::write(&path, text).map(|()| path)
    };
    let here = env::current_dir().and_then(|here| write(&here));
    here.or_else(|error| write(&env::temp_dir()).map_err(|_| error.to_string()))
}

/// What the run has not removed; nothing, where that cannot be told.
fn left(run: &RunId, store: &Store) -> Option<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let left = catch_unwind(AssertUnwindSafe(|| runtime.block_on(karat_engine::outstanding(store, run))));
    left.ok()?.ok().filter(|left| !left.is_empty())
}

fn farewell(written: &Result<PathBuf, String>, left: Option<&(RunId, Vec<String>)>) -> String {
    const RULE: &str = "!!!!!!!!!!!!!!!!!!!!!!!!!!!! KARAT CRASH !!!!!!!!!!!!!!!!!!!!!!!!!!!!";
    let place = match written {
        Ok(path) => format!("What led to it stands in crash.log:\n{}", path.display()),
        Err(error) => format!("What led to it could not be written into crash.log: {error}"),
    };
    let left = left.map(|(run, things)| {
        let things = things.iter().map(|thing| format!("  {thing}\n")).collect::<String>();
        format!("\nThe run {run} left behind:\n{things}`karat gc` removes it; so does the next build.\n")
    });
    format!(
        "\n{RULE}\n\n\
         This is a bug in Karat; your template is not to blame.\n\
         {place}\n\
         Secrets of the template are hidden there. Please look it through, and report it at\n\
         {}/issues\n{}\n{RULE}\n",
        env!("CARGO_PKG_REPOSITORY"),
        left.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use karat_model::event::FORMAT;
    use karat_model::resource::Intent;
    use karat_store::RunHeader;

    use super::*;

    #[test]
    fn cli_29_what_is_left_is_what_the_ledger_lists() {
        let store = Store::memory();
        let run = RunId("r1".into());
        assert_eq!(left(&run, &store), None);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let header = RunHeader {
            format: FORMAT,
            version: "0".into(),
            run: run.clone(),
            template: "t".into(),
            started_ms: 0,
            command: Vec::new(),
        };
        runtime.block_on(store.log.begin(&header)).unwrap();
        let intent = Intent::File { path: "/out/disk".into() };
        runtime.block_on(store.ledger.intend(&run, None, &intent)).unwrap();
        assert_eq!(left(&run, &store), Some(vec!["file /out/disk".to_owned()]));
    }

    #[test]
    fn cli_29_the_last_words_name_the_log_and_what_is_left() {
        let run = RunId("r1".into());
        let left = (run, vec!["process qemu".to_owned(), "directory /out".to_owned()]);
        let text = farewell(&Ok("/work/crash.log".into()), Some(&left));
        assert!(text.contains("KARAT CRASH") && text.contains("\n/work/crash.log\n"), "{text}");
        let listed = "The run r1 left behind:\n  process qemu\n  directory /out\n`karat gc` removes it";
        assert!(text.contains(listed), "{text}");
        let text = farewell(&Err("no space left on device".into()), None);
        assert!(
            text.contains("crash.log: no space left on device") && !text.contains("left behind"),
            "{text}"
        );
    }
}
