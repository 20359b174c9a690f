//! What reaches a guest over SSH, and what comes back: against a real OpenSSH server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod authentication;
mod connection;
mod file;
mod guest;
mod null;
mod shell;
mod transfer;
