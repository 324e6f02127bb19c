//! Servers and clients over what stands between a stream and its messages.

#![allow(clippy::unwrap_used, reason = "tests")]

mod header;
#[cfg(feature = "http")]
mod http;
mod matrix;
#[path = "../server/support.rs"]
#[allow(dead_code, reason = "shared with the tests of servers")]
mod support;
