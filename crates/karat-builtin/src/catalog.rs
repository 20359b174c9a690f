//! The one list of what ships in the box.
