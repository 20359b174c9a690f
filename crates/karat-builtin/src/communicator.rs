//! Ways into a guest.

pub mod connect;
mod logged;
pub mod options;
pub mod ssh;
