//! Removing what a run left that died: what `karat gc` does, and the start of every run.

use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use karat_model::id::{BuildName, RunId};
use karat_model::resource::{Intent, Resource, ResourceState, Settled};
use karat_store::{Store, StoreError};

use crate::process;

/// What was found and removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reclaimed {
    /// The run that left it.
    pub run: RunId,
    /// The build that left it.
    pub build: Option<BuildName>,
    /// What it was, such as `directory /out`.
    pub what: String,
}

/// What could not be removed. It stays in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The run that left it.
    pub run: RunId,
    /// The build that left it.
    pub build: Option<BuildName>,
    /// What it is.
    pub what: String,
    /// Why it is still there.
    pub why: String,
}

/// What became of the things of dead runs. Things that were gone already are not mentioned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReclaimReport {
    /// Removed.
    pub reclaimed: Vec<Reclaimed>,
    /// Still there.
    pub left: Vec<Left>,
}

/// Removes everything that the ledger lists for runs that no live process carries on: processes first, then files and
/// directories, newest first. Touches nothing else, and can be repeated at will.
pub async fn reclaim(store: &Store) -> Result<ReclaimReport, StoreError> {
    let mut report = ReclaimReport::default();
    for run in store.ledger.unsettled_runs().await? {
        if store.log.is_live(&run).await? {
            continue;
        }
        let mut entries = store.ledger.outstanding(&run).await?;
        // A stable sort, so newest first within each kind. A process could write into a directory that goes away.
        entries.sort_by_key(|entry| !matches!(entry.intent, Intent::Process { .. }));
        for entry in entries {
            let what = describe(&entry.intent);
            match remove(&entry).await {
                Ok(existed) => {
                    store.ledger.settle(entry.id, Settled::Gone).await?;
                    if existed {
                        report.reclaimed.push(Reclaimed { run: entry.run, build: entry.build, what });
                    }
                }
                Err(why) => report.left.push(Left { run: entry.run, build: entry.build, what, why }),
            }
        }
    }
    Ok(report)
}

/// What the ledger lists for `run`, in words for people: what stays if it ends here.
pub async fn outstanding(store: &Store, run: &RunId) -> Result<Vec<String>, StoreError> {
    Ok(store.ledger.outstanding(run).await?.iter().map(|entry| describe(&entry.intent)).collect())
}

/// What an entry is, for people.
pub(crate) fn describe(intent: &Intent) -> String {
    match intent {
        Intent::Process { program } => format!("process {program}"),
        Intent::File { path } => format!("file {}", path.display()),
        Intent::Directory { path } => format!("directory {}", path.display()),
    }
}

/// Removes one thing, wherever its creation stopped. Whether it was there.
pub(crate) async fn remove(entry: &Resource) -> Result<bool, String> {
    match &entry.intent {
        Intent::Process { .. } => {
            let handle = match entry.state {
                ResourceState::Acquired { process } => process,
                ResourceState::Intended => None,
            };
            let entry = entry.clone();
            let end = tokio::task::spawn_blocking(move || process::end(&entry, handle)).await;
            end.unwrap_or_else(|error| Err(format!("the search for it stopped: {error}")))
        }
        Intent::File { path } => remove_path(entry, path, false).await,
        Intent::Directory { path } => remove_path(entry, path, true).await,
    }
}

async fn remove_path(entry: &Resource, path: &Path, is_directory: bool) -> Result<bool, String> {
    let found = match tokio::fs::symlink_metadata(path).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.to_string()),
        Ok(found) => found,
    };
    if !is_ours(entry, &found) {
        return Ok(false);
    }
    let removed = match is_directory {
        true => tokio::fs::remove_dir_all(path).await,
        false => tokio::fs::remove_file(path).await,
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(true),
    }
}

/// Clocks of file systems and of the ledger may differ by this much.
const SLACK: Duration = Duration::from_secs(5);
/// A directory is made right after its announcement; a slow disk may need this long.
const BIRTH: Duration = Duration::from_secs(60);

/// Whether a path can be what the entry announced. Somebody may have removed ours since and made another thing of the
/// same name: it was born at another time. Where the file system does not tell, it counts as ours.
fn is_ours(entry: &Resource, found: &Metadata) -> bool {
    let Ok(born) = found.created() else { return true };
    let announced = UNIX_EPOCH + Duration::from_millis(entry.announced_ms);
    let too_early = born + SLACK < announced;
    let too_late = matches!(entry.intent, Intent::Directory { .. }) && born > announced + BIRTH + SLACK;
    !too_early && !too_late
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use karat_model::resource::ResourceId;

    use super::*;

    fn announced(intent: Intent, ago: Duration) -> Resource {
        let at = SystemTime::now() - ago;
        Resource {
            id: ResourceId(1),
            run: RunId("r".into()),
            build: None,
            intent,
            state: ResourceState::Intended,
            announced_ms: at.duration_since(UNIX_EPOCH).unwrap().as_millis() as u64,
        }
    }

    #[tokio::test]
    async fn a_path_of_another_age_is_somebody_elses() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x");
        let directory = |ago| announced(Intent::Directory { path: path.clone() }, ago);
        let hour = Duration::from_secs(3600);

        std::fs::create_dir(&path).unwrap();
        assert_eq!(remove(&directory(hour)).await, Ok(false), "a directory is made at once");
        assert!(path.exists());
        assert_eq!(remove(&directory(Duration::ZERO)).await, Ok(true));
        assert_eq!(remove(&directory(Duration::ZERO)).await, Ok(false));

        std::fs::write(&path, "").unwrap();
        let mut early = announced(Intent::File { path: path.clone() }, Duration::ZERO);
        early.announced_ms += hour.as_millis() as u64;
        assert_eq!(remove(&early).await, Ok(false), "it was there before");
        let file = announced(Intent::File { path: path.clone() }, hour);
        assert_eq!(remove(&file).await, Ok(true), "a file may be written late");
    }
}
