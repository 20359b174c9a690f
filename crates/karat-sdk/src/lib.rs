//! What a component is, and what it may ask for.
//!
//! A component ([`Builder`], [`Provisioner`], [`PostProcessor`]) is a stateless description with three abilities: it
//! tells its *schema*, it *checks* a configuration without side effects, and it *runs* one. Configuration is an
//! argument each time, so retries, late `build.*` values and validation are the same call with different knowledge.
//!
//! What a component may ask for comes through its context ([`CheckContext`], [`StepContext`], [`BuildContext`]). Behind
//! the contexts stands one trait, [`Host`], which the engine implements; nothing here knows the engine.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests report by panicking")
)]

pub mod cancel;
pub mod communicator;
pub mod component;
pub mod config;
pub mod context;
pub mod error;
pub mod host;
pub mod owned;
pub mod progress;
#[cfg(feature = "testing")]
pub mod testing;

pub use cancel::{Cancellation, Canceller};
pub use communicator::{
    CommError, Communicator, Download, Exit, NoCommunicator, Output, RemoteCommand, RemoteProcess, Transfer,
    Upload,
};
pub use component::{
    About, Builder, Checked, Component, Components, DataSource, Guest, InputFate, PostProcessor, Processed,
    Provisioner, Reading,
};
pub use config::{Config, Decoder, Problem, Problems};
pub use context::{BuildContext, CheckContext, OnError, ReadContext, RunInfo, StepContext};
pub use error::StepError;
pub use host::{Host, Next, Teardown, TeardownId};
pub use owned::{OwnedPath, OwnedProcess};
