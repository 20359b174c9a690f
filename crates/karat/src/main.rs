//! The `karat` command: what the user types and sees.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

use std::process::ExitCode;

mod arguments;
mod command;
mod configuration;
mod crash;
mod data_sources;
mod directories;
mod dispatch;
mod environment;
mod legacy_call;
mod prompt;
mod report;
mod session;
mod signals;

fn main() -> ExitCode {
    crash::guard(|| command::run(std::env::args_os().collect())).into()
}
