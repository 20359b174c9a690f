//! The logs of runs, and the leases that tell which runs are live.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use karat_model::event::Event;
use karat_model::id::RunId;

use crate::error::StoreError;
use crate::run::{Recording, RunHeader, RunSummary};

const EVENTS: &str = "events.jsonl";
const LEASE: &str = "lease";

/// The directory that has one directory per run.
pub(super) struct Logs {
    directory: PathBuf,
}

/// A run that goes on in this process.
pub(super) struct Held {
    events: File,
    path: PathBuf,
    /// Locked until it is closed, by us or by the kernel when we die.
    _lease: File,
}

impl Held {
    /// Writes whole lines in one call, so that a crash tears at most the last one.
    pub(super) fn append(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        for event in events {
            line(&mut lines, event, &self.path)?;
        }
        self.events.write_all(&lines).map_err(StoreError::io("write", &self.path))
    }
}

impl Logs {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    pub(super) fn begin(&self, header: &RunHeader) -> Result<Held, StoreError> {
        let directory = self.of(&header.run)?;
        make_private_directory(&self.directory)?;
        fs::create_dir(&directory).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => StoreError::Exists(header.run.clone()),
            _ => StoreError::io("create", &directory)(error),
        })?;
        let lease_path = directory.join(LEASE);
        let lease = File::create(&lease_path).map_err(StoreError::io("create", &lease_path))?;
        // Waits only for those who look whether the run is live.
        lease.lock().map_err(StoreError::io("lock", &lease_path))?;
        let path = directory.join(EVENTS);
        let mut events = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .map_err(StoreError::io("create", &path))?;
        let mut first = Vec::new();
        line(&mut first, header, &path)?;
        events.write_all(&first).map_err(StoreError::io("write", &path))?;
        Ok(Held { events, path, _lease: lease })
    }

    /// The ids of all runs, newest first.
    pub(super) fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io("read", &self.directory)(error)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StoreError::io("read", &self.directory))?;
            runs.extend(entry.file_name().into_string().ok().map(RunId));
        }
        runs.sort();
        runs.reverse();
        Ok(runs)
    }

    /// Whether some process holds the run's lease.
    pub(super) fn is_leased(&self, run: &RunId) -> Result<bool, StoreError> {
        let path = self.of(run)?.join(LEASE);
        let lease = match File::open(&path) {
            Ok(lease) => lease,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(StoreError::io("open", path)(error)),
        };
        // A shared lock, so that two who look do not take one another for the owner.
        match lease.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", path)(error)),
        }
    }

    pub(super) fn summary(&self, run: &RunId, live: bool) -> Result<RunSummary, StoreError> {
        let (header, lines) = self.open(run)?;
        let mut summary = RunSummary::new(header, live);
        for line in lines {
            let line = line.map_err(StoreError::io("read", self.of(run)?.join(EVENTS)))?;
            // Most lines are output, and need not be understood for a summary.
            if line.contains("_finished")
                && let Ok(event) = serde_json::from_str(&line)
            {
                summary.note(&event);
            }
        }
        Ok(summary)
    }

    pub(super) fn read(&self, run: &RunId) -> Result<Recording, StoreError> {
        let (header, lines) = self.open(run)?;
        let mut recording = Recording { header, events: Vec::new(), unreadable: 0 };
        for line in lines {
            let line = line.map_err(StoreError::io("read", self.of(run)?.join(EVENTS)))?;
            match serde_json::from_str(&line) {
                Ok(event) => recording.events.push(event),
                Err(_) => recording.unreadable += 1,
            }
        }
        Ok(recording)
    }

    pub(super) fn forget(&self, run: &RunId) -> Result<(), StoreError> {
        let directory = self.of(run)?;
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", directory)(error))
            }
            _ => Ok(()),
        }
    }

    fn open(&self, run: &RunId) -> Result<(RunHeader, impl Iterator<Item = io::Result<String>>), StoreError> {
        let path = self.of(run)?.join(EVENTS);
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NoRun(run.clone()),
            _ => StoreError::io("open", &path)(error),
        })?;
        let mut reader = BufReader::new(file);
        let mut first = String::new();
        reader.read_line(&mut first).map_err(StoreError::io("read", &path))?;
        let header: RunHeader = serde_json::from_str(&first).map_err(|error| StoreError::Damaged {
            what: format!("the first line of {}", path.display()),
            cause: error.to_string(),
        })?;
        if header.format > karat_model::event::FORMAT {
            let cause = format!("it has format {}, which a newer Karat wrote", header.format);
            return Err(StoreError::Damaged { what: path.display().to_string(), cause });
        }
        // Bytes that are no text are another line that cannot be read, not the end of the log.
        let lines =
            reader.split(b'\n').map(|line| line.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        Ok((header, lines))
    }

    /// The run's directory. An id that is no plain name is no run, whatever it points at.
    fn of(&self, run: &RunId) -> Result<PathBuf, StoreError> {
        let plain =
            !run.0.is_empty() && run.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain { Ok(self.directory.join(&run.0)) } else { Err(StoreError::NoRun(run.clone())) }
    }
}

/// Makes a directory, and those above it, for this user alone.
pub(super) fn make_private_directory(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(StoreError::io("create", path))
}

fn line(into: &mut Vec<u8>, value: &impl serde::Serialize, path: &Path) -> Result<(), StoreError> {
    serde_json::to_writer(&mut *into, value)
        .map_err(|error| StoreError::io("write", path)(io::Error::from(error)))?;
    into.push(b'\n');
    Ok(())
}
