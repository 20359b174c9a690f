//! The ledger as an SQLite database.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use karat_model::id::{BuildName, RunId};
use karat_model::resource::{Intent, ProcessHandle, Resource, ResourceId, ResourceState, Settled};
use rusqlite::{Connection, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::disk::logs::make_private_directory;
use crate::error::StoreError;
use crate::memory::now_ms;

/// Format of the database, kept in its `user_version`. Raised when an older Karat would misread it.
const FORMAT: i64 = 1;

/// How long a write waits for another process's: many times the slowest disk's flush.
const BUSY: Duration = Duration::from_secs(30);

/// Ids are never used twice (AUTOINCREMENT), because processes carry them in their environment. Settled entries stay
/// until their run is forgotten.
const SCHEMA: &str = "
    CREATE TABLE resource (
        id           INTEGER PRIMARY KEY AUTOINCREMENT,
        run          TEXT NOT NULL,
        build        TEXT,
        intent       TEXT NOT NULL,
        state        TEXT NOT NULL,
        announced_ms INTEGER NOT NULL,
        settled      TEXT
    ) STRICT;
    CREATE INDEX resource_open ON resource (run) WHERE settled IS NULL;
";

/// An open ledger. Every method returns when its change is on the disk.
pub(super) struct Database {
    connection: Connection,
    path: PathBuf,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(directory) = path.parent() {
            make_private_directory(directory)?;
        }
        // SQLite gives up at once where two processes change the journal mode together, so only one opens at a time.
        let gate_path = path.with_extension("db.lock");
        let gate = File::create(&gate_path).map_err(StoreError::io("create", &gate_path))?;
        gate.lock().map_err(StoreError::io("lock", &gate_path))?;

        let failed = |source| StoreError::Database { path: path.to_path_buf(), source };
        let mut connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        let found: i64 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        if found > FORMAT {
            return Err(StoreError::Newer { path: path.to_path_buf(), found, known: FORMAT });
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        if found < FORMAT {
            let change = connection.transaction().map_err(failed)?;
            change.execute_batch(SCHEMA).map_err(failed)?;
            change.pragma_update(None, "user_version", FORMAT).map_err(failed)?;
            change.commit().map_err(failed)?;
        }
        Ok(Self { connection, path: path.to_path_buf() })
    }

    pub(super) fn intend(
        &mut self,
        run: &RunId,
        build: Option<&BuildName>,
        intent: &Intent,
    ) -> Result<ResourceId, StoreError> {
        let values = params![
            run.0,
            build.map(|name| &name.0),
            self.text_of(intent)?,
            self.text_of(&ResourceState::Intended)?,
            now_ms() as i64,
        ];
        let insert =
            "INSERT INTO resource (run, build, intent, state, announced_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.connection.execute(insert, values).map_err(self.failed())?;
        Ok(ResourceId(self.connection.last_insert_rowid()))
    }

    pub(super) fn acquired(
        &mut self,
        id: ResourceId,
        process: Option<ProcessHandle>,
    ) -> Result<(), StoreError> {
        let state = self.text_of(&ResourceState::Acquired { process })?;
        let update = "UPDATE resource SET state = ?2 WHERE id = ?1 AND settled IS NULL";
        match self.connection.execute(update, params![id.0, state]).map_err(self.failed())? {
            0 => Err(StoreError::NoEntry(id)),
            _ => Ok(()),
        }
    }

    pub(super) fn settle(&mut self, id: ResourceId, how: Settled) -> Result<(), StoreError> {
        let how = self.text_of(&how)?;
        let update = "UPDATE resource SET settled = coalesce(settled, ?2) WHERE id = ?1";
        match self.connection.execute(update, params![id.0, how]).map_err(self.failed())? {
            0 => Err(StoreError::NoEntry(id)),
            _ => Ok(()),
        }
    }

    pub(super) fn outstanding(&mut self, run: &RunId) -> Result<Vec<Resource>, StoreError> {
        let select = "SELECT id, build, intent, state, announced_ms FROM resource
                      WHERE run = ?1 AND settled IS NULL ORDER BY id DESC";
        let mut statement = self.connection.prepare(select).map_err(self.failed())?;
        let mut rows = statement.query([&run.0]).map_err(self.failed())?;
        let mut open = Vec::new();
        while let Some(row) = rows.next().map_err(self.failed())? {
            let text = |column| row.get::<_, String>(column).map_err(self.failed());
            let id = row.get(0).map_err(self.failed())?;
            open.push(Resource {
                id: ResourceId(id),
                run: run.clone(),
                build: row.get::<_, Option<String>>(1).map_err(self.failed())?.map(BuildName),
                intent: self.parsed(id, &text(2)?)?,
                state: self.parsed(id, &text(3)?)?,
                announced_ms: row.get::<_, i64>(4).map_err(self.failed())? as u64,
            });
        }
        Ok(open)
    }

    pub(super) fn unsettled_runs(&mut self) -> Result<Vec<RunId>, StoreError> {
        let select = "SELECT DISTINCT run FROM resource WHERE settled IS NULL ORDER BY run";
        let mut statement = self.connection.prepare(select).map_err(self.failed())?;
        let runs = statement.query_map([], |row| row.get(0).map(RunId)).map_err(self.failed())?;
        runs.collect::<Result<_, _>>().map_err(self.failed())
    }

    pub(super) fn forget(&mut self, run: &RunId) -> Result<(), StoreError> {
        let delete = "DELETE FROM resource WHERE run = ?1 AND settled IS NOT NULL";
        self.connection.execute(delete, [&run.0]).map_err(self.failed())?;
        Ok(())
    }

    fn failed(&self) -> impl FnOnce(rusqlite::Error) -> StoreError {
        let path = self.path.clone();
        move |source| StoreError::Database { path, source }
    }

    fn text_of(&self, value: &impl Serialize) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| StoreError::Damaged {
            what: "a new entry of the ledger".into(),
            cause: error.to_string(),
        })
    }

    fn parsed<T: DeserializeOwned>(&self, id: i64, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::Damaged {
            what: format!("entry {id} of the ledger {}", self.path.display()),
            cause: error.to_string(),
        })
    }
}
