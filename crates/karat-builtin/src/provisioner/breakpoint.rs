//! The breakpoint provisioner.
