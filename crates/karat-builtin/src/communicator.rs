//! Ways into a guest.

pub mod connect;
pub mod options;
pub mod ssh;
