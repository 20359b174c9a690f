//! What an old template becomes today. Text in, text out: no files, nothing that waits.

pub mod fix;
pub mod json;
