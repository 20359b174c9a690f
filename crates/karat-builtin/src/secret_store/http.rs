//! Requests that are tried again when that may help.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Identity, RequestBuilder, StatusCode};
use serde_json::Value;

/// How often a request that fails in passing is made.
const TRIES: u32 = 3;
/// How long the pause before the second try is; it grows with each, so that a server in trouble gets a rest.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 300 });

/// A client that gives up on a silent server.
pub(super) fn client() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("karat/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
}

/// Where the files are that a server's certificate is checked with, and those that we show.
pub(super) struct Tls<'e> {
    /// A file of certificates: the variable that names it, and its path.
    pub(super) authorities: Option<(&'e str, &'e str)>,
    /// A directory of such files.
    pub(super) authority_directory: Option<(&'e str, &'e str)>,
    pub(super) certificate: Option<(&'e str, &'e str)>,
    pub(super) key: Option<(&'e str, &'e str)>,
    /// Whether the server's certificate is checked at all.
    pub(super) verify: bool,
}

impl Tls<'_> {
    pub(super) fn build(self, builder: ClientBuilder) -> Result<Client, String> {
        let mut authorities = Vec::new();
        if let Some((variable, path)) = self.authorities {
            authorities.extend(certificates(variable, Path::new(path))?);
        }
        if let Some((variable, path)) = self.authority_directory {
            let wrong = |error| format!("{variable} names {path}, which cannot be read: {error}");
            for entry in fs::read_dir(path).map_err(wrong)? {
                let file: PathBuf = entry.map_err(wrong)?.path();
                if file.is_file() {
                    authorities.extend(certificates(variable, &file)?);
                }
            }
        }
        let mut builder = match authorities.is_empty() {
            true => builder,
            false => builder.tls_certs_only(authorities),
        };
        if !self.verify {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if let (Some((variable, certificate)), Some((key_variable, key))) = (self.certificate, self.key) {
            let mut pem = read(variable, Path::new(certificate))?;
            pem.extend(read(key_variable, Path::new(key))?);
            let identity = Identity::from_pem(&pem);
            let identity =
                identity.map_err(|error| format!("{variable} and {key_variable} are of no use: {error}"))?;
            builder = builder.identity(identity);
        }
        builder.build().map_err(|error| format!("cannot make an HTTP client: {}", causes(&error)))
    }
}

fn read(variable: &str, path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path)
        .map_err(|error| format!("{variable} names {}, which cannot be read: {error}", path.display()))
}

fn certificates(variable: &str, path: &Path) -> Result<Vec<Certificate>, String> {
    Certificate::from_pem_bundle(&read(variable, path)?)
        .map_err(|error| format!("{variable} names {}, which has no certificates: {error}", path.display()))
}

/// An answer that arrived.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Null if it was no JSON.
    pub(super) body: Value,
}

/// Sends a request, several times if the server cannot be reached or says that it is busy. `request` makes it anew each
/// time. The error is a fragment that begins with `{who} at {address}`.
pub(super) async fn send(
    who: &str,
    address: &str,
    request: impl Fn() -> Result<RequestBuilder, String>,
) -> Result<Answer, String> {
    let mut tries = 0;
    loop {
        tries += 1;
        let problem = match request()?.send().await {
            Ok(response) => {
                let status = response.status();
                let is_busy = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
                    || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::PRECONDITION_FAILED);
                if !is_busy || tries == TRIES {
                    let body = response.bytes().await;
                    let body =
                        body.map_err(|error| format!("{who} at {address} broke off: {}", causes(&error)))?;
                    return Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() });
                }
                None
            }
            Err(error) => Some(causes(&error)),
        };
        if let Some(problem) = problem.filter(|_| tries == TRIES) {
            return Err(format!("{who} at {address} cannot be reached: {problem}"));
        }
        tokio::time::sleep(PAUSE * tries).await;
    }
}

/// An error with its causes: the outermost text alone does not tell why.
fn causes(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = String::new();
    while let Some(inner) = cause {
        // Each text tends to repeat what is inside.
        text = inner.to_string();
        cause = inner.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}
