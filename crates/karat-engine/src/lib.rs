//! How does a plan become artifacts?
//!
//! In reading order: [`run()`] takes a [`Run`] apart into one *job* per build; `schedule` decides when each starts;
//! `build` carries one out: builder with its steps (`step`), provisioners (`provision`, `attempt`), teardown (`frame`, `on_error`),
//! post-processors (`post_process`). [`check`] asks every component what it thinks of the plan before anything starts.
//! [`reclaim()`] removes what a run left that died. Everything that happens is told through [`Events`], the one ordered
//! stream; everything that could outlive the process goes through the ledger first.
//!
//! The engine knows components only by their traits; it never sees a template, a plugin or a built-in component, and it
//! never prints.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

mod attempt;
mod build;
mod check;
mod events;
mod facts;
mod frame;
mod job;
mod on_error;
mod patience;
mod post_process;
mod process;
mod prompt;
mod provision;
mod reclaim;
mod run;
mod schedule;
mod step;

pub use check::{BuildCheck, check};
pub use events::Events;
pub use prompt::{AskError, NoPrompter, Prompter};
pub use reclaim::{Left, ReclaimReport, Reclaimed, outstanding, reclaim};
pub use run::{BuildReport, Run, RunOptions, RunReport, run};
