//! Plans carried out by scripted components: text in, text out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests report by panicking"
)]

mod attempts;
mod checks;
mod faults;
mod on_error;
mod post_processing;
mod reclaiming;
mod scheduling;
mod scripted;
