//! How a plan becomes artifacts: schedule, attempts, cancel, teardown.
