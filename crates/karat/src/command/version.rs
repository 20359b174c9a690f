//! `karat version`.

use super::End;
use crate::report::Console;
use crate::session::PACKER_VERSION;

pub(super) fn run(console: Console, strict: bool) -> End {
    let version = env!("CARGO_PKG_VERSION");
    if console.machine {
        // Programs ask which templates they may hand over.
        console.fact("version", &[PACKER_VERSION]);
        console.fact("version-prelease", &[""]);
        console.fact("version-commit", &[""]);
        if !strict {
            console.fact("karat-version", &[version]);
        }
    }
    if strict {
        console.say(&format!("Packer v{PACKER_VERSION}"));
    } else {
        console.say(&format!("Karat v{version} (runs Packer {PACKER_VERSION} templates)"));
    }
    End::Success
}
