//! The compress post-processor.
