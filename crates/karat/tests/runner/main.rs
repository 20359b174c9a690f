//! The `karat` program from outside: command lines in; output, exit codes and files out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")]

mod bad_input;
mod cancel;
mod command_line;
mod completion;
mod configuration;
mod console;
mod crash;
mod data;
mod explain;
mod fix;
mod fmt;
mod guest;
mod hcl2_upgrade;
mod inspect;
mod legacy;
mod log;
mod output;
mod snippets;
mod stream;
mod template;
mod terminal;
