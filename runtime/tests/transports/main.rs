//! Servers and clients over what stands between a stream and its messages.

#![allow(clippy::unwrap_used, reason = "tests")]

mod addresses;
mod header;
#[cfg(feature = "http")]
mod http;
mod matrix;
#[path = "../server/support.rs"]
#[allow(dead_code, reason = "shared with the tests of servers")]
mod support;

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
