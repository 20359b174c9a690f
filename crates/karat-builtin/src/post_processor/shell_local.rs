//! The shell_local post-processor.
