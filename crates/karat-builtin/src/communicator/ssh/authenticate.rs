//! Proving who we are: agent, keys, password, keyboard-interactive, in this order (Packer 1.16).

use std::path::Path;
use std::sync::{Arc, OnceLock};

use karat_sdk::CommError;
use russh::MethodSet;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg};

use super::dial::{Client, Credentials};
use crate::communicator::connect::Address;

/// Servers that ask more questions than this in one attempt do not want an answer.
const MAX_QUESTIONS: usize = 10;

/// Tries every credential until one is accepted.
pub(super) async fn authenticate(
    handle: &mut Handle<Client>,
    credentials: &Credentials,
    address: &Address,
    ended: &Arc<OnceLock<String>>,
) -> Result<(), CommError> {
    let mut attempt = Attempt { handle, user: &credentials.user, tried: Vec::new(), accepts: None };
    if attempt.all(credentials).await {
        return Ok(());
    }
    let tried = if attempt.tried.is_empty() {
        "nothing: no key and no password is set".into()
    } else {
        attempt.tried.join(", ")
    };
    let accepts = match (&attempt.accepts, ended.get()) {
        (_, Some(cause)) => format!("nothing more ({cause})"),
        (Some(methods), None) if !methods.is_empty() => {
            methods.iter().map(<&str>::from).collect::<Vec<_>>().join(", ")
        }
        _ => "nothing that it tells".into(),
    };
    Err(CommError::Authentication {
        address: address.to_string(),
        user: credentials.user.clone(),
        tried,
        accepts,
    })
}

struct Attempt<'a> {
    handle: &'a mut Handle<Client>,
    user: &'a str,
    tried: Vec<String>,
    accepts: Option<MethodSet>,
}

impl Attempt<'_> {
    async fn all(&mut self, credentials: &Credentials) -> bool {
        if let Some(socket) = &credentials.agent
            && self.agent(socket).await
        {
            return true;
        }
        for (index, key) in credentials.keys.iter().enumerate() {
            if index == 0
                && let Some(certificate) = &credentials.certificate
            {
                self.tried.push("certificate".into());
                let result =
                    self.handle.authenticate_openssh_cert(self.user, key.clone(), certificate.clone()).await;
                if self.accepted(result) {
                    return true;
                }
            }
            if self.key(key).await {
                return true;
            }
        }
        let Some(password) = &credentials.password else {
            // Some guests let anybody in.
            return credentials.keys.is_empty() && credentials.agent.is_none() && self.none().await;
        };
        self.tried.push("password".into());
        let result = self.handle.authenticate_password(self.user, password.expose()).await;
        self.accepted(result) || self.questions(password.expose()).await
    }

    async fn none(&mut self) -> bool {
        let result = self.handle.authenticate_none(self.user).await;
        self.accepted(result)
    }

    async fn key(&mut self, key: &Arc<PrivateKey>) -> bool {
        let fingerprint = key.fingerprint(HashAlg::Sha256);
        self.tried.push(format!("{} key {fingerprint}", key.algorithm()));
        let hash = if key.algorithm().is_rsa() { self.rsa_hash().await } else { None };
        let result = self
            .handle
            .authenticate_publickey(self.user, PrivateKeyWithHashAlg::new(key.clone(), hash))
            .await;
        self.accepted(result)
    }

    /// Servers that do not say what they accept get SHA-2: every one of the last ten years knows it.
    async fn rsa_hash(&mut self) -> Option<HashAlg> {
        match self.handle.best_supported_rsa_hash().await {
            Ok(Some(hash)) => hash,
            _ => Some(HashAlg::Sha256),
        }
    }

    async fn agent(&mut self, socket: &Path) -> bool {
        let mut agent = match AgentClient::connect_uds(socket).await {
            Ok(agent) => agent,
            Err(error) => {
                self.tried.push(format!("agent (not reachable at {}: {error})", socket.display()));
                return false;
            }
        };
        let identities = match agent.request_identities().await {
            Ok(identities) => identities,
            Err(error) => {
                self.tried.push(format!("agent ({error})"));
                return false;
            }
        };
        if identities.is_empty() {
            self.tried.push("agent (it holds no key; use ssh-add)".into());
        }
        for identity in identities {
            let AgentIdentity::PublicKey { key, .. } = identity else { continue };
            self.tried.push(format!("agent key {}", key.fingerprint(HashAlg::Sha256)));
            let hash = if key.algorithm().is_rsa() { self.rsa_hash().await } else { None };
            match self.handle.authenticate_publickey_with(self.user, key, hash, &mut agent).await {
                Ok(AuthResult::Success) => return true,
                Ok(AuthResult::Failure { remaining_methods, .. }) => self.accepts = Some(remaining_methods),
                Err(_) => {}
            }
        }
        false
    }

    async fn questions(&mut self, answer: &str) -> bool {
        if self
            .accepts
            .as_ref()
            .is_some_and(|methods| !methods.contains(&russh::MethodKind::KeyboardInteractive))
        {
            return false;
        }
        self.tried.push("keyboard-interactive".into());
        let mut reply = self.handle.authenticate_keyboard_interactive_start(self.user, None).await;
        for _ in 0..MAX_QUESTIONS {
            match reply {
                Ok(KeyboardInteractiveAuthResponse::Success) => return true,
                Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => {
                    let answers = prompts.iter().map(|_| answer.to_string()).collect();
                    reply = self.handle.authenticate_keyboard_interactive_respond(answers).await;
                }
                Ok(KeyboardInteractiveAuthResponse::Failure { remaining_methods, .. }) => {
                    self.accepts = Some(remaining_methods);
                    return false;
                }
                Err(_) => return false,
            }
        }
        false
    }

    fn accepted(&mut self, result: Result<AuthResult, russh::Error>) -> bool {
        match result {
            Ok(AuthResult::Success) => true,
            Ok(AuthResult::Failure { remaining_methods, .. }) => {
                // An empty set is a connection that ended, not an answer.
                if !remaining_methods.is_empty() {
                    self.accepts = Some(remaining_methods);
                }
                false
            }
            Err(_) => false,
        }
    }
}
