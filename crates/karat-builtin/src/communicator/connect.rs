//! Waiting for a guest to answer.
