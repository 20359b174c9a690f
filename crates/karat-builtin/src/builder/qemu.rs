//! The qemu builder.
