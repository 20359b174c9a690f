//! The programs that the builder cannot do without.

use std::path::{Path, PathBuf};

use karat_sdk::context::RunInfo;

/// Where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Programs {
    /// The emulator.
    pub(super) qemu: PathBuf,
    /// The image tool.
    pub(super) qemu_img: PathBuf,
}

impl Programs {
    /// Looks for them in PATH; the error names what to install.
    pub(super) fn find(qemu: &str, info: &RunInfo) -> Result<Self, String> {
        Ok(Self { qemu: locate(qemu, &info.cwd)?, qemu_img: locate("qemu-img", &info.cwd)? })
    }
}

fn locate(name: &str, cwd: &Path) -> Result<PathBuf, String> {
    if name.contains('/') {
        let path = cwd.join(name);
        return is_program(&path)
            .then_some(path)
            .ok_or_else(|| format!("Failed creating Qemu driver: {name} is not a program (qemu_binary)"));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| is_program(path));
    found.ok_or_else(|| {
        format!(
            "Failed creating Qemu driver: {name} is not in PATH; install it (package {} on Debian and Ubuntu)",
            package(name)
        )
    })
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn package(name: &str) -> &'static str {
    match name.strip_prefix("qemu-system-") {
        None => "qemu-utils",
        Some("x86_64" | "i386") => "qemu-system-x86",
        Some("aarch64" | "arm") => "qemu-system-arm",
        Some(cpu) if cpu.starts_with("ppc") => "qemu-system-ppc",
        Some(cpu) if cpu.starts_with("mips") => "qemu-system-mips",
        Some(cpu) if cpu.starts_with("sparc") => "qemu-system-sparc",
        Some(_) => "qemu-system-misc",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_its_package() {
        let error = locate("qemu-system-mips64el", Path::new("/")).unwrap_err();
        assert!(error.contains("not in PATH") && error.contains("package qemu-system-mips "), "{error}");
        let error = locate("./own/qemu", Path::new("/")).unwrap_err();
        assert!(error.contains("./own/qemu is not a program (qemu_binary)"), "{error}");
        assert_eq!(locate("/bin/sh", Path::new("/")), Ok("/bin/sh".into()));
    }
}
