//! The options of section communicator.
