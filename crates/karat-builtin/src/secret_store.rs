//! Fetching secrets from HashiCorp Vault, Consul and AWS Secrets Manager.
//!
//! Where the stores are and who asks is told by environment variables, the same as Packer 1.16 reads.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use karat_model::secret::{Redactor, Secret};
use karat_model::secret_store::{SecretRequest, SecretStores};
use serde_json::Value;

mod aws;
mod consul;
mod http;
mod profile;
mod signature;
#[cfg(test)]
mod tests;
mod vault;

/// How long one secret may take, tries included.
const PATIENCE: Duration = Duration::from_secs(60);

/// The stores that environment variables name.
pub struct EnvironmentStores {
    environment: Environment,
    redactor: Redactor,
    /// What was fetched, so that a run sees one state of each secret, and a password with the user it belongs to.
    fetched: Mutex<BTreeMap<Location, Value>>,
}

/// What is fetched at once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Location {
    Vault(String),
    Consul(String),
    Aws(String),
}

/// Environment variables; an empty one counts as not set.
struct Environment(BTreeMap<String, String>);

impl Environment {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable that says yes or no, as Go reads it.
    fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        match self.get(name) {
            None => Ok(None),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(Some(true)),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Some(false)),
            Some(_) => Err(format!("{name} must be true or false")),
        }
    }

    /// Refuses variables that Packer's libraries know and this does not.
    fn refuse(&self, names: &[&str]) -> Result<(), String> {
        match names.iter().find(|name| self.get(name).is_some()) {
            Some(name) => Err(format!("{name} is set, which is not supported yet")),
            None => Ok(()),
        }
    }

    fn home(&self) -> PathBuf {
        PathBuf::from(self.get("HOME").unwrap_or("/"))
    }
}

impl EnvironmentStores {
    /// Stores that these environment variables name. What is fetched is made known to `redactor`.
    pub fn new(environment: BTreeMap<String, String>, redactor: Redactor) -> Self {
        Self { environment: Environment(environment), redactor, fetched: Mutex::default() }
    }

    fn at(&self, location: Location) -> Result<Value, String> {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = fetched.get(&location) {
            return Ok(found.clone());
        }
        let environment = &self.environment;
        let found = match &location {
            Location::Vault(path) => wait("Vault", vault::read(environment, path)),
            Location::Consul(key) => wait("Consul", consul::read(environment, key)),
            Location::Aws(name) => wait("AWS Secrets Manager", aws::read(environment, name)),
        }?;
        fetched.insert(location, found.clone());
        Ok(found)
    }
}

impl SecretStores for EnvironmentStores {
    fn fetch(&self, request: SecretRequest<'_>) -> Result<Secret, String> {
        let text = match request {
            SecretRequest::Vault { path, key } => {
                vault::entry(&self.at(Location::Vault(path.to_owned()))?, path, key)?
            }
            SecretRequest::Consul { key } => consul::text(&self.at(Location::Consul(key.to_owned()))?),
            SecretRequest::Aws { name, key } => {
                aws::entry(&self.at(Location::Aws(name.to_owned()))?, name, key)?
            }
            SecretRequest::AwsRaw { name } => aws::text(&self.at(Location::Aws(name.to_owned()))?),
        };
        self.redactor.add(&text);
        Ok(Secret::new(text))
    }
}

impl std::fmt::Debug for EnvironmentStores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnvironmentStores")
    }
}

/// Waits for a future on a thread of its own, so that it makes no difference whether the caller runs inside of a runtime
/// and of which kind.
fn wait<T: Send>(who: &str, future: impl Future<Output = Result<T, String>> + Send) -> Result<T, String> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot use the network: {error}"))?;
        runtime.block_on(async {
            let late = || Err(format!("{who} did not answer for {} seconds", PATIENCE.as_secs()));
            tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| late())
        })
    };
    thread::scope(|scope| {
        scope.spawn(run).join().unwrap_or_else(|_| Err("the request for the secret broke down".to_owned()))
    })
}

/// `, such as "a", "b"`, for messages; nothing if there are none.
fn such_as<'n>(names: impl Iterator<Item = &'n String>) -> String {
    let names: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    if names.is_empty() { String::new() } else { format!("; it has {}", names.join(", ")) }
}
