//! The shell provisioner.
