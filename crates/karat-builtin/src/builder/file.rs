//! The file builder.
