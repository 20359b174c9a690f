//! How large values may become. Packer has no such limits: a template of a few lines can fill the memory.

use karat_model::diagnostic::{Diagnostic, code};
use karat_model::span::Span;
use karat_model::value::Value;

/// How many bytes a value may have when it is written out.
pub(crate) const MAX_SIZE: u64 = 64 << 20;
/// How deep lists, maps and the like may be nested in a value.
pub(crate) const MAX_VALUE_DEPTH: u32 = 1024;

/// What is wrong with a value that has become too large.
pub(crate) fn too_large(value: &Value, span: Span) -> Option<Diagnostic> {
    if value.depth() > MAX_VALUE_DEPTH {
        let problem = format!("The value is nested more than {MAX_VALUE_DEPTH} levels deep");
        return Some(Diagnostic::error(code::TOO_LARGE, problem).at(span));
    }
    if value.size() <= MAX_SIZE {
        return None;
    }
    let problem = Diagnostic::error(code::TOO_LARGE, "The value is too large");
    Some(problem.label(span, format!("it would be more than {} MiB", MAX_SIZE >> 20)))
}

/// What is wrong when loops have taken too many steps.
pub(crate) fn too_many_steps(span: Span) -> Diagnostic {
    Diagnostic::error(code::TOO_LARGE, "The template takes too many steps through lists and maps")
        .label(span, format!("this goes beyond the limit of {} steps", crate::scope::MAX_STEPS))
}
