//! Servers and clients together.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod matrix;
mod support;
