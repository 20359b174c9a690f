//! What do we remember between runs?
//!
//! The only room that knows files that outlive a run. Two things are remembered, with different promises:
//!
//! - the *log* of every run ([`RunLog`]): its header and its events, for people. Losing an event loses a line.
//! - the *ledger* ([`Ledger`]): everything that could outlive the process, written down durably before it is created.
//!   Losing an entry would lose a virtual machine.
//!
//! Both have two implementations, [`DiskStore`] and [`MemoryStore`], and one conformance suite. [`FaultLedger`] is a test
//! hook that kills the process at a chosen write.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

mod disk;
mod error;
mod fault;
mod memory;
mod run;
mod store;

#[cfg(test)]
mod conformance;

pub use disk::{DiskStore, KEPT_RUNS, console_history};
pub use error::StoreError;
pub use fault::{FAULT_VARIABLE, FaultLedger};
pub use memory::MemoryStore;
pub use run::{BuildSummary, Ended, Recording, RunHeader, RunSummary, Verdict, new_run_id};
pub use store::{Ledger, RunLog, Store};
