//! What servers stand: the tests T11 to T14, T20 to T24 and parts of T01, T07 and T18 of the battery, in the form that is short and
//! deterministic. `runtime/benches/soak` has the long form.
//!
//! They count memory and descriptors of the process, so only one of them runs at a time.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

#[path = "../log_lines/mod.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod log_lines;
mod meter;
mod support;
mod t01_connections;
mod t01_datagrams;
mod t07_compressed;
mod t11_accepting;
mod t12_endings;
mod t13_idle;
mod t14_slow;
mod t18_sharing;
mod t20_oneway;
mod t21_stopping;
mod t22_handlers;
mod t23_wrong_calls;
mod t24_never_reads;
