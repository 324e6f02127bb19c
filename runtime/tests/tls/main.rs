//! Servers and clients over TLS.

#![allow(clippy::unwrap_used, reason = "tests")]

#[cfg(feature = "tokio")]
mod asynchronous;
mod config;
mod endings;
mod handshake;
mod identity;
mod lab;
mod memory;
mod models;
#[path = "../transports/names.rs"]
mod names;
mod sasl;
#[cfg(feature = "tokio")]
mod stalled;
#[path = "../server/support.rs"]
#[allow(dead_code, reason = "shared with the tests of servers")]
mod support;
mod t17;
