//! The checksum post-processor.
