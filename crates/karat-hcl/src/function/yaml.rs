//! `yamlencode` and `yamldecode`.

mod read;
mod scalar;
mod write;

pub(super) use read::read;
pub(super) use write::write;
