//! The manifest post-processor.
