//! How everything here talks HTTP to servers.

use std::time::Duration;

use karat_sdk::error::StepError;
use reqwest::Client;

/// A server that is silent for this long is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// A client that says who it is and gives up on silent servers. Proxies are those of the environment.
pub(crate) fn client() -> Result<Client, StepError> {
    Client::builder()
        .user_agent(concat!("karat/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(30))
        .read_timeout(SILENCE)
        .build()
        .map_err(|error| StepError::because("cannot make an HTTP client", Cause(error)))
}

/// A request's error with its causes: the outermost text alone does not tell why.
#[derive(Debug)]
pub(crate) struct Cause(pub(crate) reqwest::Error);

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = std::error::Error::source(&self.0);
        while let Some(inner) = cause {
            write!(f, ": {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}

impl std::error::Error for Cause {}
