//! The identity of the server: learned when a build first gets in, enforced from then on.

use std::sync::{Mutex, PoisonError};

/// What is known of the server's key.
#[derive(Default)]
pub(crate) struct KnownHostKey {
    fingerprint: Mutex<Option<String>>,
}

impl KnownHostKey {
    /// What the server had when we first got in.
    pub(crate) fn known(&self) -> Option<String> {
        self.fingerprint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers the key of a server that let us in. Not earlier: images make their own host keys while they boot, so
    /// the server that refuses us may well change its key before it accepts us.
    pub(crate) fn learn(&self, fingerprint: &str) {
        let mut known = self.fingerprint.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_with(|| fingerprint.to_string());
    }

    /// Another system is expected at the address.
    pub(crate) fn forget(&self) {
        *self.fingerprint.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
