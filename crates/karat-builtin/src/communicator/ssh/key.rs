//! Keys to log in with: read from a file, or made for one build.

use std::path::Path;
use std::sync::Arc;

use karat_model::secret::Secret;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::{Algorithm, Certificate, EcdsaCurve, PrivateKey, decode_secret_key, key::safe_rng};

use crate::communicator::options::CommunicatorOptions;

/// A private key with its public half, in OpenSSH's text forms.
#[derive(Clone)]
pub struct KeyPair {
    /// The private key, PEM.
    pub private_openssh: Secret,
    /// The line of an `authorized_keys` file, without a line end.
    pub public_openssh: String,
    key: Arc<PrivateKey>,
}

/// What kind of temporary key a template asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Ed25519,
    Ecdsa(u32),
    Rsa(u32),
}

impl KeyKind {
    pub(crate) fn of(options: &CommunicatorOptions) -> Result<Self, String> {
        let bits = options.temporary_key_pair_bits;
        match (options.temporary_key_pair_type.as_str(), bits) {
            ("" | "ed25519", _) => Ok(Self::Ed25519),
            ("ecdsa", 0) => Ok(Self::Ecdsa(521)),
            ("ecdsa", 256 | 384 | 521) => Ok(Self::Ecdsa(bits)),
            ("ecdsa", _) => {
                Err(format!("temporary_key_pair_bits is {bits}; an ecdsa key has 256, 384 or 521"))
            }
            ("rsa", 0) => Ok(Self::Rsa(4096)),
            ("rsa", 1024..=16384) => Ok(Self::Rsa(bits)),
            ("rsa", _) => Err(format!("temporary_key_pair_bits is {bits}; an rsa key has 1024 to 16384")),
            ("dsa", _) => Err(
                "temporary_key_pair_type `dsa` is not supported: SSH servers have stopped accepting such \
                               keys; use `ed25519`, `ecdsa` or `rsa`"
                    .to_string(),
            ),
            (other, _) => {
                Err(format!("temporary_key_pair_type `{other}` is invalid: use `rsa`, `ecdsa` or `ed25519`"))
            }
        }
    }
}

impl KeyPair {
    /// A new key of the kind that the template asks for, ed25519 by default. Slow for rsa: call it where blocking is
    /// allowed.
    pub fn temporary(options: &CommunicatorOptions, comment: &str) -> Result<Self, String> {
        let mut rng = safe_rng();
        let made = match KeyKind::of(options)? {
            KeyKind::Ed25519 => PrivateKey::random(&mut rng, Algorithm::Ed25519),
            KeyKind::Ecdsa(bits) => {
                let curve = match bits {
                    256 => EcdsaCurve::NistP256,
                    384 => EcdsaCurve::NistP384,
                    _ => EcdsaCurve::NistP521,
                };
                PrivateKey::random(&mut rng, Algorithm::Ecdsa { curve })
            }
            KeyKind::Rsa(bits) => RsaKeypair::random(&mut rng, bits as usize)
                .and_then(|pair| PrivateKey::new(KeypairData::from(pair), "")),
        };
        let mut key = made.map_err(|error| format!("cannot make a temporary SSH key: {error}"))?;
        key.set_comment(comment);
        Self::new(key)
    }

    /// The key of a file: OpenSSH, PKCS#1, PKCS#8 or PuTTY form, without a passphrase.
    pub fn load(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read the private key {}: {error}", path.display()))?;
        Self::parse(&text).map_err(|cause| format!("{}: {cause}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        const ENCRYPTED: &str = "the private key has a passphrase; decrypt a copy with `ssh-keygen -p`, or load it into \
                                 the SSH agent and set `ssh_agent_auth = true`";
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") {
            return Err(ENCRYPTED.to_string());
        }
        let key = decode_secret_key(text, None).map_err(|error| match error {
            russh::keys::Error::KeyIsEncrypted => ENCRYPTED.to_string(),
            error => format!("not a private key that can be used: {error}"),
        })?;
        if key.is_encrypted() {
            return Err(ENCRYPTED.to_string());
        }
        Self::new(key)
    }

    fn new(key: PrivateKey) -> Result<Self, String> {
        let private = key
            .to_openssh(LineEnding::LF)
            .map_err(|error| format!("cannot write the private key: {error}"))?;
        let public =
            key.public_key().to_openssh().map_err(|error| format!("cannot write the public key: {error}"))?;
        Ok(Self {
            private_openssh: Secret::new(private.as_str()),
            public_openssh: public,
            key: Arc::new(key),
        })
    }

    pub(crate) fn private(&self) -> Arc<PrivateKey> {
        self.key.clone()
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KeyPair").field(&self.public_openssh).finish()
    }
}

/// The OpenSSH certificate of a file.
pub(crate) fn load_certificate(path: &Path) -> Result<Certificate, String> {
    russh::keys::load_openssh_certificate(path)
        .map_err(|error| format!("cannot use the certificate {}: {error}", path.display()))
}
