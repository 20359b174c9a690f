//! The guests that `testbed/make` leaves in the cache.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// A guest's disk (or installer) and how to get in. Both `root` and [`user`](Guest::user) accept the key and the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The image. It is shared by all tests: use it as a backing file or a source, never write to it.
    pub image: PathBuf,
    /// The image's SHA-256, lowercase hex.
    pub sha256: String,
    /// A private key that the guest accepts.
    pub identity: PathBuf,
    /// An ordinary user, who may run sudo with the password.
    pub user: &'static str,
    /// The password of root and of the user.
    pub password: &'static str,
}

impl Guest {
    /// Boots straight to SSH: busybox, bash, tar, scp, sftp-server, sudo; no systemd, no cloud-init.
    pub fn tiny() -> Self {
        Self::find("tiny", "tiny.qcow2")
    }

    /// The same behind a `boot:` prompt that waits ten seconds; what is typed after `tiny` shows in /proc/cmdline.
    pub fn tiny_menu() -> Self {
        Self::find("tiny-menu", "tiny-menu.qcow2")
    }

    /// An installer ISO: `install url=http://…` at its `boot:` prompt fetches a script and runs it, then reboots.
    pub fn tiny_installer() -> Self {
        Self::find("tiny-installer", "tiny-installer.iso")
    }

    fn find(target: &str, file: &str) -> Self {
        Self::find_in(&testbed(), target, file)
    }

    fn find_in(directory: &Path, target: &str, file: &str) -> Self {
        let image = directory.join(file);
        let sum = fs::read_to_string(directory.join(format!("{file}.sha256"))).unwrap_or_default();
        let (Some(sha256), true) = (sum.split_whitespace().next(), image.exists()) else {
            panic!("the test guest {} is missing: run testbed/make {target}", image.display());
        };
        Self {
            sha256: sha256.to_owned(),
            image,
            identity: directory.join("id_ed25519"),
            user: "packer",
            password: "packer",
        }
    }
}

/// The same rule as in `testbed/make`.
fn testbed() -> PathBuf {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("KARAT_TESTBED").unwrap_or_else(|| {
        let cache = named("XDG_CACHE_HOME")
            .or_else(|| named("HOME").map(|home| home.join(".cache")))
            .expect("HOME, XDG_CACHE_HOME or KARAT_TESTBED says where testbed/make put the guests");
        cache.join("karat/testbed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "tiny.qcow2 is missing: run testbed/make tiny")]
    fn a_missing_guest_names_the_command_that_makes_it() {
        Guest::find_in(Path::new("/nowhere"), "tiny", "tiny.qcow2");
    }

    #[test]
    fn the_checksum_is_the_first_word_of_its_file() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("a.iso"), "x").expect("an image");
        fs::write(directory.path().join("a.iso.sha256"), "abc  a.iso\n").expect("a sum");
        assert_eq!(Guest::find_in(directory.path(), "a", "a.iso").sha256, "abc");
    }
}
