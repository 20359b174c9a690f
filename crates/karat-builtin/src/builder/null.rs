//! The null builder.
