//! Servers and clients together.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod auto;
mod batch;
mod bytes;
mod client;
mod concurrent;
mod exhaustion;
mod failing;
mod in_flight;
mod interceptors;
mod labels;
mod log;
#[cfg(feature = "tracing")]
#[path = "../log_lines/mod.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod log_lines;
mod matrix;
mod nonblocking;
mod overload;
mod raw;
mod replay;
mod shutdown;
mod support;
mod waiting;
