//! Ways into a guest.

pub mod options;
pub mod connect;
pub mod ssh;
