//! Legacy JSON templates.

mod document;
