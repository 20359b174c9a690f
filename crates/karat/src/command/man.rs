//! `karat man`: manual pages, for who packages Karat.

use std::fs;

use karat_sdk::error::in_words;

use super::End;
use crate::arguments::{self, Man};
use crate::report::Console;

pub(super) fn run(arguments: &Man, console: Console) -> End {
    let directory = &arguments.directory;
    let written = fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(arguments::documented(), directory));
    match written {
        Ok(()) => End::Success,
        Err(error) => {
            console.error(&format!("Error: cannot write to {}: {}", directory.display(), in_words(&error)));
            End::Failure
        }
    }
}
