//! TCP.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

use crate::error::Result;
use crate::peer::Peer;
use crate::transport::Address;
use crate::transport::resolve::{Resolver, resolve};
use crate::transport::socket::{BACKLOG, Inner, SocketListener, SocketStream, refused};

/// A peer that has vanished is noticed after 60 s + 3 × 10 s.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_mins(1))
    .with_interval(Duration::from_secs(10))
    .with_retries(3);

/// What every connection gets: messages are written whole, so Nagle's algorithm only delays them.
pub(super) fn prepare(socket: &Socket) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&KEEPALIVE)
}

pub(super) fn bind(address: &Address, host: &str, port: u16) -> Result<SocketListener> {
    listen(address, host, port, |socket| {
        let listener = mio::net::TcpListener::from_std(socket.into());
        let local = local_addr(listener.local_addr()?);
        SocketListener::new(Inner::Tcp(listener), local)
    })
}

/// Listens at the first address of the host where that can be done, with a socket that does not
/// block, and makes something of it.
pub(super) fn listen<T>(
    address: &Address,
    host: &str,
    port: u16,
    make: impl Fn(Socket) -> io::Result<T>,
) -> Result<T> {
    let mut last = None;
    for candidate in resolve(address, host, port)? {
        match listen_one(candidate).and_then(&make) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    Err(refused("listen at", address, error))
}

fn listen_one(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // So that a server can be started again while connections of the old one linger.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

pub(super) fn local_addr(address: SocketAddr) -> Address {
    Address::Tcp {
        host: address.ip().to_string(),
        port: address.port(),
    }
}

/// Connects to the first address of the host that answers. The time-out is for all of it.
pub(super) fn connect(
    resolver: &Resolver,
    address: &Address,
    host: &str,
    port: u16,
    timeout: Duration,
) -> Result<SocketStream> {
    let deadline = Instant::now() + timeout;
    let candidates = resolver.resolve(address, host, port, deadline)?;
    let mut last = None;
    for candidate in candidates {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            last = Some(io::ErrorKind::TimedOut.into());
            break;
        }
        match connect_one(candidate, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    Err(refused("connect to", address, error))
}

fn connect_one(address: SocketAddr, timeout: Duration) -> io::Result<SocketStream> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    prepare(&socket)?;
    socket.connect_timeout(&SockAddr::from(address), timeout)?;
    // Linux connects a socket to itself when the port is free and happens to be chosen for both.
    if socket.local_addr()?.as_socket() == Some(address) {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(SocketStream::new(socket, Peer::Tcp(address)))
}
