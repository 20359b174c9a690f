//! What the tests of Karat share: a home of their own, a terminal, a private SSH server, an HTTP server, the guests of
//! `testbed/make`, and programs that only pretend.
//!
//! Everything here panics with a sentence that names what is missing and how to get it: a test that cannot run must
//! fail, never pass unseen.
#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "this crate runs inside tests only, where a panic is the report"
)]

mod fake;
mod guest;
mod http;
mod normal;
mod run;
mod sandbox;
mod sshd;
mod terminal;

pub use fake::Fake;
pub use guest::Guest;
pub use http::{Answer, HttpServer, Request};
pub use normal::Normal;
pub use run::Run;
pub use sandbox::{Sandbox, karat_binary};
pub use sshd::Sshd;
pub use terminal::{CTRL_C, CTRL_D, Terminal};

use std::time::{Duration, Instant};

/// Waits until `condition` gives something, looking every ten milliseconds, and panics after `limit` with what it waited for.
pub fn wait_for<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(started.elapsed() < limit, "waited {limit:?} for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
