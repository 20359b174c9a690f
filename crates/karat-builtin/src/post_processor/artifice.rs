//! The artifice post-processor.
