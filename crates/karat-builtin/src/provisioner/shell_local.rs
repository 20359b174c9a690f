//! The shell_local provisioner.
