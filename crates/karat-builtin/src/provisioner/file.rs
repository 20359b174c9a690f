//! The file provisioner.
