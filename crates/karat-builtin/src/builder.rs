//! Builders.

pub mod file;
pub mod null;
pub mod qemu;
