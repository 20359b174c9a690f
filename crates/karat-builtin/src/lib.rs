//! What ships in the box. [`catalog`] is the one list.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

pub mod builder;
pub mod catalog;
pub mod communicator;
pub mod data_source;
mod http_client;
mod input_file;
pub mod machine;
mod output_file;
pub mod post_processor;
pub mod provisioner;
mod script;
pub mod secret_store;
