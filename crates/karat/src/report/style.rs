//! Colours, as Packer 1.16 gives them out.

/// ANSI codes of the builds, in order, around and around: green, cyan, magenta, yellow, blue.
pub(crate) const BUILDS: [u8; 5] = [32, 36, 35, 33, 34];

/// ANSI code of errors: red.
pub(crate) const ERROR: u8 = 31;

/// `text`, bold, in `color`. One pair of escapes around the whole message, line ends included.
pub(crate) fn painted(text: &str, color: u8) -> String {
    format!("\x1b[1;{color}m{text}\x1b[0m")
}
