//! Installation media and disk images: found here, or fetched once and kept in the cache.

use std::path::{Path, PathBuf};
use std::time::Duration;

use karat_model::duration;
use karat_sdk::config::{Config, Problems};
use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;
use sha1::{Digest as _, Sha1};

pub use fetch::last_streamable;

use checksum::{Checksum, Expected, Mismatch};
use source::Source;

use crate::input_file::{InputFile, on_a_thread};

mod checksum;
mod fetch;
mod source;

/// How long one download may take unless [`TIMEOUT_VARIABLE`] says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);
const TIMEOUT_VARIABLE: &str = "PACKER_GETTER_READ_TIMEOUT";

/// Where an image comes from and how it is known to be the right one.
#[derive(Config, Clone, Debug)]
pub struct IsoOptions {
    /// Path or URL of the image. Not together with `iso_urls`.
    pub iso_url: String,
    /// Paths or URLs of the same image, tried in order.
    pub iso_urls: Vec<String>,
    /// Its digest in hex, with or without `md5:`, `sha1:`, `sha256:` or `sha512:` before it; `file:PATH-OR-URL` of a
    /// checksum file; or `none`.
    pub iso_checksum: String,
    /// Where a download is kept, instead of in the cache. Without an extension it is a directory.
    pub iso_target_path: String,
    /// Extension of a download in the cache.
    #[config(default = "iso".to_string())]
    pub iso_target_extension: String,
}

impl IsoOptions {
    /// What is wrong with it, and what is worth a warning.
    pub fn check(&self, cwd: &Path, problems: &mut Problems, warnings: &mut Vec<String>) {
        match (self.iso_url.is_empty(), self.iso_urls.is_empty()) {
            (true, true) => problems.add("iso_url", "One of iso_url or iso_urls must be specified"),
            (false, false) => problems.add("iso_urls", "Only one of iso_url or iso_urls may be specified"),
            _ => {}
        }
        for url in self.urls() {
            if let Err(reason) = Source::parse(url, cwd) {
                problems.add(if self.iso_url.is_empty() { "iso_urls" } else { "iso_url" }, reason);
            }
        }
        match Checksum::parse(&self.iso_checksum) {
            Ok(Checksum::None) => warnings.push(
                "A checksum of 'none' was specified. Since ISO files are so big,\n\
                 a checksum is highly recommended."
                    .to_string(),
            ),
            Ok(_) => {}
            Err(_) if self.iso_checksum == karat_sdk::config::UNKNOWN_TEXT => {}
            Err(reason) => problems.add("iso_checksum", reason),
        }
    }

    /// The URLs in the order of trying.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        let one = (!self.iso_url.is_empty()).then_some(self.iso_url.as_str());
        one.into_iter().chain(self.iso_urls.iter().map(String::as_str))
    }

    /// The image as a local file: the user's own where it is local, else one in the cache.
    pub async fn retrieve(&self, cx: &StepContext) -> Result<PathBuf, StepError> {
        cx.say("Retrieving ISO");
        let mut errors = Vec::new();
        for url in self.urls() {
            cx.say(format!("Trying {url}"));
            match self.retrieve_one(cx, url).await {
                Ok(path) => return Ok(path),
                Err(error) if error.is_cancelled() => return Err(error),
                Err(error) => errors.push(error.to_string()),
            }
        }
        Err(StepError::failed(format!("error downloading ISO: [{}]", errors.join("; "))))
    }

    async fn retrieve_one(&self, cx: &StepContext, url: &str) -> Result<PathBuf, StepError> {
        let source = Source::parse(url, &cx.info().cwd).map_err(StepError::failed)?;
        let written = source.checksum_in_query().unwrap_or_else(|| self.iso_checksum.clone());
        let checksum = Checksum::parse(&written).map_err(StepError::failed)?;
        let shown = source.with_checksum(url, &checksum, &written);
        cx.say(format!("Trying {shown}"));
        let found = match &source {
            Source::Local(path) => {
                let found = tokio::fs::metadata(path).await.map_err(|error| unreadable(cx, path, error))?;
                if found.is_dir() {
                    return Err(StepError::failed(format!(
                        "{} is a directory, not an image",
                        cx.shown(path)
                    )));
                }
                // Opened here so that a file that cannot be read is named now, not by a program that runs later.
                tokio::fs::File::open(path).await.map_err(|error| unreadable(cx, path, error))?;
                if let Some(expected) = self.expected(cx, &checksum, path).await?
                    && let Some(mismatch) = verify(cx, path, &expected).await?
                {
                    return Err(StepError::failed(format!(
                        "{} is not the file that iso_checksum describes: {mismatch}",
                        cx.shown(path)
                    )));
                }
                path.clone()
            }
            Source::Http(http) => {
                let key = if checksum == Checksum::None { http.as_str() } else { written.as_str() };
                let target = self.target(cx, key);
                let limit = read_timeout().map_err(StepError::failed)?;
                tokio::time::timeout(limit, self.download(cx, http, &target, &checksum)).await.map_err(|_| {
                    StepError::failed(format!(
                        "{url} was not downloaded within {}; what arrived is kept and the next run goes on from \
                         there. Set {TIMEOUT_VARIABLE} to wait longer",
                        duration::Go(limit)
                    ))
                })??;
                target
            }
        };
        cx.say(format!("{shown} => {}", found.display()));
        Ok(found)
    }

    /// Where a download belongs. The name is the SHA-1 of the checksum as it is written, as Packer 1.16 has it.
    fn target(&self, cx: &StepContext, key: &str) -> PathBuf {
        let digest = Sha1::digest(key.as_bytes());
        let name = format!("{}.{}", checksum::hex(&digest), self.iso_target_extension);
        if self.iso_target_path.is_empty() {
            return cx.info().cache.join(name);
        }
        let path = cx.resolve(&self.iso_target_path);
        if path.extension().is_some() { path } else { path.join(name) }
    }

    async fn download(
        &self,
        cx: &StepContext,
        url: &reqwest::Url,
        target: &Path,
        checksum: &Checksum,
    ) -> Result<(), StepError> {
        let directory = target.parent().unwrap_or(Path::new("/"));
        let cannot = |error| StepError::io(format!("cannot write in {}", cx.shown(directory)), error);
        tokio::fs::create_dir_all(directory).await.map_err(cannot)?;
        let _lock = fetch::lock(cx, target).await?;
        let name = PathBuf::from(url.path());
        let expected = self.expected(cx, checksum, &name).await?;
        if tokio::fs::metadata(target).await.is_ok() {
            match &expected {
                Some(expected) if verify(cx, target, expected).await?.is_none() => return Ok(()),
                None if fetch::is_unchanged(url, target).await => return Ok(()),
                _ => tokio::fs::remove_file(target).await.map_err(cannot)?,
            }
        }
        let partial = fetch::partial_path(target);
        // Without a digest the two halves of a resumed download could be of two different files.
        if expected.is_none() {
            let _ = tokio::fs::remove_file(&partial).await;
        }
        fetch::fetch(cx, url, &partial).await?;
        if let Some(expected) = expected
            && let Some(mismatch) = verify(cx, &partial, &expected).await?
        {
            cx.say(format!("Checksum did not match, removing {}", target.display()));
            tokio::fs::remove_file(&partial).await.map_err(cannot)?;
            return Err(StepError::failed(format!("{url}: {mismatch}")));
        }
        tokio::fs::rename(&partial, target).await.map_err(cannot)
    }

    /// The digest that `name` must have; reads the checksum file where there is one.
    async fn expected(
        &self,
        cx: &StepContext,
        checksum: &Checksum,
        name: &Path,
    ) -> Result<Option<Expected>, StepError> {
        match checksum {
            Checksum::None => Ok(None),
            Checksum::Digest(expected) => Ok(Some(expected.clone())),
            Checksum::File(place) => {
                let text = match Source::parse(place, &cx.info().cwd).map_err(StepError::failed)? {
                    Source::Local(path) => tokio::fs::read_to_string(&path)
                        .await
                        .map_err(|error| unreadable(cx, &path, error))?,
                    Source::Http(url) => cx.unless_cancelled(fetch::text(&url)).await??,
                };
                let found = checksum::find(&text, name)
                    .map_err(|reason| StepError::failed(format!("{place}: {reason}")))?;
                Ok(Some(found))
            }
        }
    }
}

fn unreadable(cx: &StepContext, path: &Path, error: std::io::Error) -> StepError {
    StepError::io(format!("cannot read {}", cx.shown(path)), error)
}

/// What differs, if anything does.
async fn verify(cx: &StepContext, path: &Path, expected: &Expected) -> Result<Option<Mismatch>, StepError> {
    let (path, expected) = (path.to_path_buf(), expected.clone());
    on_a_thread(cx, move |cx| {
        let compared = InputFile::open(cx, &path, "Verifying").and_then(|file| expected.compare(file));
        compared.map_err(|error| unreadable(cx, &path, error))
    })
    .await
}

fn read_timeout() -> Result<Duration, String> {
    let Some(text) = std::env::var_os(TIMEOUT_VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(TIMEOUT);
    };
    let text = text.to_string_lossy();
    duration::parse(&text).map_err(|error| format!("{TIMEOUT_VARIABLE} is {text:?}: {error}"))
}

#[cfg(test)]
mod tests;
