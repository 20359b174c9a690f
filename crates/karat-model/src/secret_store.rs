//! What templates ask secret stores for.

use std::fmt;

use crate::secret::Secret;

/// A secret that a template wants from a store: what `vault`, `consul_key`, `aws_secretsmanager` and
/// `aws_secretsmanager_raw` are called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretRequest<'a> {
    /// The entry `key` of what HashiCorp Vault keeps at `path`.
    Vault {
        /// Such as `secret/data/hello`.
        path: &'a str,
        /// Such as `password`.
        key: &'a str,
    },
    /// What Consul keeps under a key.
    Consul {
        /// Such as `myservice/version`.
        key: &'a str,
    },
    /// An entry of a secret of AWS Secrets Manager.
    Aws {
        /// The secret's name or ARN.
        name: &'a str,
        /// Which entry of a secret that is a JSON object; empty if it has only one, or is no JSON.
        key: &'a str,
    },
    /// The whole text of a secret of AWS Secrets Manager.
    AwsRaw {
        /// The secret's name or ARN.
        name: &'a str,
    },
}

/// Where secrets come from. Asking may wait for a network.
pub trait SecretStores: fmt::Debug + Send + Sync {
    /// Fetches a secret. The error names the store, the cause and what to set, as a fragment without secrets.
    fn fetch(&self, request: SecretRequest<'_>) -> Result<Secret, String>;
}
