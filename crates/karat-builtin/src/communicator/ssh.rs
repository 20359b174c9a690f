//! The SSH communicator: one connection per guest, made again when it breaks.

pub mod key;

pub(crate) mod algorithms;
mod authenticate;
mod dial;
mod exec;
mod greet;
mod host_key;
mod prompt;
mod session;
mod transfer;

pub(crate) use dial::{Credentials, Dialer, Link, agent_socket};
pub(crate) use session::SshCommunicator;
