//! Datagrams of UDP: each is one message, with nothing around it.
//!
//! A server takes them from one socket, whoever sends them (`server.rs`). For a client they are made
//! to look like a stream, on which everything above is used as it is: messages stand in frames there,
//! and a frame leaves and comes as a datagram without its length (`frames.rs`, `stream.rs`).

#[cfg(feature = "tokio")]
mod asynchronous;
mod frames;
mod server;
mod stream;

#[cfg(feature = "tokio")]
pub(crate) use asynchronous::connect_async;
pub(crate) use frames::DatagramFrames;
pub(super) use server::bind;
pub(crate) use server::{Answers, DatagramSocket};
pub(super) use stream::connect;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// What fits into a datagram over IPv4: 65 535 bytes without the heads of IP and UDP.
pub(crate) const DATAGRAM_BYTES_MAX: usize = 65_507;

/// A socket that sends to one address and takes only what comes from there.
fn connected(to: SocketAddr) -> io::Result<UdpSocket> {
    let from: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(from)?;
    socket.connect(to)?;
    Ok(socket)
}

/// Where each end of a call by datagrams says that nobody is there. The system learns of it by ICMP, some
/// time after a datagram has left, and says so when the socket is used next.
#[cold]
fn explain(error: io::Error, to: SocketAddr) -> io::Error {
    if error.kind() != io::ErrorKind::ConnectionRefused {
        return error;
    }
    io::Error::new(
        io::ErrorKind::ConnectionRefused,
        format!("nobody takes datagrams at udp://{to}"),
    )
}
