//! The words that Karat's rooms share, as plain data.
//!
//! Nothing here reads, prints, waits or decides. Text positions and problems live in [`span`] and [`diagnostic`];
//! values and their shapes in [`value`] and [`schema`]; what is to be done in [`plan`]; what happened in [`event`];
//! what a build made in [`artifact`]; what could outlive the process in [`resource`]; what must not be shown in
//! [`secret`], and where such things come from in [`secret_store`].

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

pub mod artifact;
pub mod diagnostic;
pub mod diagnostic_plain;
pub mod duration;
pub mod event;
pub mod facts;
pub mod id;
pub mod plan;
pub mod resource;
pub mod schema;
pub mod schema_set;
pub mod secret;
pub mod secret_store;
pub mod span;
pub mod value;
