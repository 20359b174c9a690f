//! Where things are kept.

use std::env;
use std::path::PathBuf;

/// The directories of one invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directories {
    /// What is remembered between runs: `$KARAT_STATE_DIR`, else `$XDG_STATE_HOME/karat`, else `~/.local/state/karat`.
    pub(crate) state: PathBuf,
    /// What can be fetched again: `$PACKER_CACHE_DIR`, else `$XDG_CACHE_HOME/packer`, else `~/.cache/packer`. Shared
    /// with Packer, so that an ISO is downloaded once for both. Made when something is fetched.
    pub(crate) cache: PathBuf,
    /// What the user configured: `$PACKER_CONFIG_DIR/.packer.d`, else `~/.packer.d` where it exists, else
    /// `$XDG_CONFIG_HOME/packer`, else `~/.config/packer`, as in Packer 1.16. Nothing without `HOME`.
    pub(crate) config: Option<PathBuf>,
    /// Where plugins are: `$PACKER_PLUGIN_PATH`, else `plugins` in [`config`](Self::config).
    pub(crate) plugins: Option<PathBuf>,
    /// The configuration file: `$PACKER_CONFIG`, else `.packerconfig` in `$PACKER_CONFIG_DIR`, else in the user's home.
    pub(crate) config_file: Option<PathBuf>,
}

impl Directories {
    /// From the environment. Without `HOME`, what must be somewhere goes below the system's temporary directory.
    pub(crate) fn from_env() -> Self {
        let get = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self::from_lookup(get, env::home_dir().filter(|home| !home.as_os_str().is_empty()))
    }

    /// `registered`: the home that the system knows for this user, where the environment names none.
    fn from_lookup(get: impl Fn(&str) -> Option<PathBuf>, registered: Option<PathBuf>) -> Self {
        let home = get("HOME").unwrap_or_else(env::temp_dir);
        let state = get("KARAT_STATE_DIR")
            .or_else(|| get("XDG_STATE_HOME").map(|dir| dir.join("karat")))
            .unwrap_or_else(|| home.join(".local/state/karat"));
        let cache = get("PACKER_CACHE_DIR")
            .or_else(|| get("XDG_CACHE_HOME").map(|dir| dir.join("packer")))
            .unwrap_or_else(|| home.join(".cache/packer"));
        let config = get("PACKER_CONFIG_DIR").map(|dir| dir.join(".packer.d")).or_else(|| {
            let old = get("HOME")?.join(".packer.d");
            let new = || get("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("packer");
            Some(if old.exists() { old } else { new() })
        });
        let plugins = get("PACKER_PLUGIN_PATH").or_else(|| Some(config.as_ref()?.join("plugins")));
        let config_file = get("PACKER_CONFIG").or_else(|| {
            Some(get("PACKER_CONFIG_DIR").or_else(|| get("HOME")).or(registered)?.join(".packerconfig"))
        });
        Self { state, cache, config, plugins, config_file }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directories(pairs: &[(&str, &str)]) -> Directories {
        let get = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        Directories::from_lookup(get, None)
    }

    #[test]
    fn cli_30_the_environment_decides() {
        let home = ("HOME", "/h");
        assert_eq!(directories(&[home]).state, PathBuf::from("/h/.local/state/karat"));
        assert_eq!(directories(&[home, ("XDG_STATE_HOME", "/s")]).state, PathBuf::from("/s/karat"));
        assert_eq!(directories(&[home, ("KARAT_STATE_DIR", "/k")]).state, PathBuf::from("/k"));
        assert_eq!(directories(&[home]).cache, PathBuf::from("/h/.cache/packer"));
        assert_eq!(directories(&[home, ("XDG_CACHE_HOME", "/x")]).cache, PathBuf::from("/x/packer"));
        let both = [home, ("XDG_CACHE_HOME", "/x"), ("PACKER_CACHE_DIR", "/c")];
        assert_eq!(directories(&both).cache, PathBuf::from("/c"));
    }

    #[test]
    fn cli_30_configuration_and_plugins_are_where_packer_has_them() {
        let found = |pairs: &[(&str, &str)]| {
            let Directories { config, plugins, config_file, .. } = directories(pairs);
            [config, plugins, config_file].map(|path| path.map(|path| path.display().to_string()))
        };
        let some = |paths: [&str; 3]| paths.map(|path| Some(path.to_owned()));
        let home = ("HOME", "/h");
        assert_eq!(
            found(&[home]),
            some(["/h/.config/packer", "/h/.config/packer/plugins", "/h/.packerconfig"])
        );
        assert_eq!(
            found(&[home, ("XDG_CONFIG_HOME", "/x")]),
            some(["/x/packer", "/x/packer/plugins", "/h/.packerconfig"])
        );
        let named = [home, ("XDG_CONFIG_HOME", "/x"), ("PACKER_CONFIG_DIR", "/c")];
        assert_eq!(found(&named), some(["/c/.packer.d", "/c/.packer.d/plugins", "/c/.packerconfig"]));
        let all = [&named[..], &[("PACKER_PLUGIN_PATH", "/p"), ("PACKER_CONFIG", "/f")]].concat();
        assert_eq!(found(&all), some(["/c/.packer.d", "/p", "/f"]));
        assert_eq!(found(&[]), [None, None, None]);
    }

    #[test]
    fn cli_30_an_old_configuration_directory_comes_first() {
        let home = tempfile::tempdir().unwrap();
        let old = home.path().join(".packer.d");
        std::fs::create_dir(&old).unwrap();
        let pairs = [("HOME", home.path().to_str().unwrap()), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(directories(&pairs).config, Some(old));
    }
}
