//! What an old template becomes today. Text in, text out: no files, nothing that waits.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

pub mod fix;
pub mod json;
pub mod upgrade;
