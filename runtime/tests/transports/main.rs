//! Servers and clients over what stands between a stream and its messages.

#![allow(clippy::unwrap_used, reason = "tests")]

mod addresses;
mod deadlines;
mod documented;
mod half_sent;
mod header;
mod header_battery;
#[cfg(feature = "http")]
mod http;
#[path = "../log_lines/mod.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod log_lines;
mod matrix;
mod names;
#[path = "../pages/mod.rs"]
mod pages;
#[path = "../protocol_support/mod.rs"]
mod protocol_support;
mod sasl;
#[cfg(all(target_os = "linux", feature = "shm"))]
mod shm;
#[cfg(all(target_os = "linux", feature = "shm"))]
mod shm_peer;
#[path = "../server/support.rs"]
#[allow(dead_code, reason = "shared with the tests of servers")]
mod support;
mod t02_limits;
#[cfg(feature = "websocket")]
mod websocket;

use std::net::TcpStream;

use support::{AGES, Running};

/// A connection to a server, by whose bytes a test goes.
fn socket(server: &Running) -> TcpStream {
    let address = server.handle.local_addr().to_string();
    let stream = TcpStream::connect(address.strip_prefix("tcp://").unwrap()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(AGES)).unwrap();
    stream
}
