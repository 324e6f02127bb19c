//! Async clients and servers.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../server/support.rs"]
#[allow(dead_code, reason = "for blocking servers")]
mod blocking;
mod client;
