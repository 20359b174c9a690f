//! Where things are kept.

use std::env;
use std::path::PathBuf;

/// The directories of one invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directories {
    /// What is remembered between runs: `$KARAT_STATE_DIR`, else `$XDG_STATE_HOME/karat`, else `~/.local/state/karat`.
    pub(crate) state: PathBuf,
    /// What can be fetched again: `$PACKER_CACHE_DIR`, else `$XDG_CACHE_HOME/packer`, else `~/.cache/packer`. Shared
    /// with Packer, so that an ISO is downloaded once for both.
    pub(crate) cache: PathBuf,
}

impl Directories {
    /// From the environment. Without `HOME` everything goes below the system's temporary directory.
    pub(crate) fn from_env() -> Self {
        Self::from_lookup(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
    }

    fn from_lookup(get: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let home = get("HOME").unwrap_or_else(env::temp_dir);
        let state = get("KARAT_STATE_DIR")
            .or_else(|| get("XDG_STATE_HOME").map(|dir| dir.join("karat")))
            .unwrap_or_else(|| home.join(".local/state/karat"));
        let cache = get("PACKER_CACHE_DIR")
            .or_else(|| get("XDG_CACHE_HOME").map(|dir| dir.join("packer")))
            .unwrap_or_else(|| home.join(".cache/packer"));
        Self { state, cache }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        let dirs = |pairs: &'static [(&'static str, &'static str)]| {
            Directories::from_lookup(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
            })
        };
        assert_eq!(dirs(&[("HOME", "/h")]).state, PathBuf::from("/h/.local/state/karat"));
        assert_eq!(dirs(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]).state, PathBuf::from("/s/karat"));
        assert_eq!(dirs(&[("HOME", "/h"), ("KARAT_STATE_DIR", "/k")]).state, PathBuf::from("/k"));
        assert_eq!(dirs(&[("HOME", "/h")]).cache, PathBuf::from("/h/.cache/packer"));
        assert_eq!(dirs(&[("HOME", "/h"), ("PACKER_CACHE_DIR", "/c")]).cache, PathBuf::from("/c"));
    }
}
