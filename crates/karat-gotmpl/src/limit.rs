//! How much a template may ask for. Go has next to no limits: a template of a few words can run for ever, fill the memory
//! or exhaust the stack.

/// How deep blocks and parentheses may nest in a text, together.
pub(crate) const MAX_DEPTH: usize = 100;

/// How deep blocks, calls and templates may nest while rendering: a template that uses itself ends here.
pub(crate) const MAX_NESTING: usize = 400;

/// How many variables may exist at the same time.
pub(crate) const MAX_VARIABLES: usize = 10_000;

/// How much may be done while rendering: bytes that are written or given to functions and that these give back, and
/// [`STEP`] for each command and each turn of a loop.
pub(crate) const MAX_WORK: usize = 1 << 27;

/// What a step counts, as it takes about as long as so many bytes.
pub(crate) const STEP: usize = 32;

/// How many bytes a function may make at once.
pub(crate) const MAX_TEXT: usize = 1 << 24;

/// What is said about a function that would make more.
pub(crate) fn too_long() -> String {
    format!("the text would be longer than {} MiB", MAX_TEXT >> 20)
}
