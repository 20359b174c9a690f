//! The sleep provisioner.
