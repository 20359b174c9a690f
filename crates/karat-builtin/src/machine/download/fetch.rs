//! One file over HTTP: resumed where it stopped, one build at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;
use karat_sdk::progress::ProgressMeter;
use reqwest::{Client, Response, StatusCode, Url, header};
use tokio::io::AsyncWriteExt;

use crate::http_client::{Cause, client};

/// How often a download that brings nothing new is tried.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Where a download grows until it is complete.
pub(super) fn partial_path(target: &Path) -> PathBuf {
    with_suffix(target, ".partial")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

/// Waits until no other build downloads `target`; holds the place until dropped.
pub(super) async fn lock(cx: &StepContext, target: &Path) -> Result<File, StepError> {
    let path = with_suffix(target, ".lock");
    let cannot = |error| StepError::io(format!("cannot lock {}", cx.shown(&path)), error);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(cannot)?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        if !told {
            cx.say(format!("Waiting for another build that downloads {}", cx.shown(target)));
            told = true;
        }
        cx.pause(Duration::from_millis(100)).await?;
    }
}

/// A small text.
pub(super) async fn text(url: &Url) -> Result<String, StepError> {
    let failed = |error| StepError::because(format!("cannot fetch {url}"), Cause(error));
    let response = client()?.get(url.clone()).send().await.map_err(failed)?;
    response.error_for_status().map_err(failed)?.text().await.map_err(failed)
}

/// Whether the server's file has the size of ours: all that can be told without a digest.
pub(super) async fn is_unchanged(url: &Url, file: &Path) -> bool {
    let Ok(client) = client() else { return false };
    let Ok(size) = tokio::fs::metadata(file).await.map(|found| found.len()) else { return false };
    match client.head(url.clone()).send().await {
        Ok(response) if response.status().is_success() => {
            let told = response.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
            told.and_then(|length| length.parse().ok()) == Some(size)
        }
        _ => false,
    }
}

/// The last of `urls` that can be read piece by piece without downloading it first.
pub async fn last_streamable<'u>(
    cx: &StepContext,
    urls: impl IntoIterator<Item = &'u str>,
) -> Result<Option<&'u str>, StepError> {
    let client = client()?;
    let mut found = None;
    for url in urls {
        let Ok(response) = cx.unless_cancelled(client.head(url).send()).await? else { continue };
        let ranges = response.headers().get(header::ACCEPT_RANGES).is_some_and(|ranges| ranges == "bytes");
        if response.status().is_success() && ranges {
            found = Some(url);
        }
    }
    Ok(found)
}

/// Fetches `url` into `partial`, going on from what is there. Ends with the whole file or an error.
pub(super) async fn fetch(cx: &StepContext, url: &Url, partial: &Path) -> Result<(), StepError> {
    let client = client()?;
    let meter = ProgressMeter::new(cx, url.to_string());
    let mut tries = 0;
    loop {
        let before = size(partial).await;
        let error = match cx.unless_cancelled(attempt(&client, url, partial, before, &meter)).await? {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        tries = if size(partial).await > before { 1 } else { tries + 1 };
        match error {
            FetchError::Lost(error) if tries < TRIES => {
                cx.warn(format!("The download of {url} broke off ({error}); going on"));
                cx.pause(PAUSE).await?;
            }
            FetchError::Lost(error) => {
                return Err(StepError::because(format!("cannot download {url}"), error));
            }
            FetchError::Refused(status) => {
                return Err(StepError::failed(format!("cannot download {url}: {status}")));
            }
            FetchError::Write(error) => {
                let fix = if error.kind() == io::ErrorKind::StorageFull {
                    " (make room, or set PACKER_CACHE_DIR)"
                } else {
                    ""
                };
                return Err(StepError::io(format!("cannot write {}{fix}", cx.shown(partial)), error));
            }
        }
    }
}

enum FetchError {
    /// The network failed; trying again may help.
    Lost(Cause),
    /// The server said no.
    Refused(StatusCode),
    /// The disk said no.
    Write(io::Error),
}

async fn size(path: &Path) -> u64 {
    tokio::fs::metadata(path).await.map_or(0, |found| found.len())
}

async fn attempt(
    client: &Client,
    url: &Url,
    partial: &Path,
    have: u64,
    meter: &ProgressMeter<'_>,
) -> Result<(), FetchError> {
    let lost = |error| FetchError::Lost(Cause(error));
    let ask = |from: u64| {
        let request = client.get(url.clone());
        if from > 0 { request.header(header::RANGE, format!("bytes={from}-")) } else { request }
    };
    let mut response = ask(have).send().await.map_err(lost)?;
    let mut done = have;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        // What is here is as long as the file or longer: only a whole answer tells which.
        response = ask(0).send().await.map_err(lost)?;
    }
    if response.status() != StatusCode::PARTIAL_CONTENT {
        done = 0;
    }
    if !response.status().is_success() {
        return Err(FetchError::Refused(response.status()));
    }
    receive(response, partial, done, meter).await
}

async fn receive(
    mut response: Response,
    partial: &Path,
    mut done: u64,
    meter: &ProgressMeter<'_>,
) -> Result<(), FetchError> {
    let total = response.content_length().map(|length| done + length);
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true).write(true).append(done > 0).truncate(done == 0);
    let file = options.open(partial).await.map_err(FetchError::Write)?;
    let mut file = tokio::io::BufWriter::with_capacity(1 << 20, file);
    let ended = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                file.write_all(&chunk).await.map_err(FetchError::Write)?;
                done += chunk.len() as u64;
                meter.moved(done, total);
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(FetchError::Lost(Cause(error))),
        }
    };
    // Also what came before a break is worth keeping.
    file.flush().await.map_err(FetchError::Write)?;
    ended
}
