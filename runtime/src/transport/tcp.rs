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

/// What the system is told of a TCP connection.
///
/// Messages are written whole, so Nagle's algorithm is always off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpOptions {
    /// How long a connection may be silent before the system asks whether the peer is still there, in
    /// milliseconds, rounded down to seconds. Default 60 000.
    pub keepalive_ms: u64,
    /// How long it waits before it asks again, in the same way. Default 10 000.
    pub keepalive_interval_ms: u64,
    /// How often it asks before the connection is given up. Default 3.
    pub keepalive_probes: u32,
    /// How long bytes may stay unacknowledged before the connection is given up, in milliseconds:
    /// `TCP_USER_TIMEOUT` of RFC 5482, where the system has it. Default 90 000.
    pub user_timeout_ms: u64,
    /// How many bytes the system keeps that have arrived. Default: what it chooses.
    pub receive_buffer_bytes: Option<usize>,
    /// How many bytes the system keeps that are to be sent. Default: what it chooses.
    pub send_buffer_bytes: Option<usize>,
}

impl Default for TcpOptions {
    fn default() -> Self {
        Self {
            keepalive_ms: 60_000,
            keepalive_interval_ms: 10_000,
            keepalive_probes: 3,
            user_timeout_ms: 90_000,
            receive_buffer_bytes: None,
            send_buffer_bytes: None,
        }
    }
}

impl TcpOptions {
    /// The same with another [`keepalive_ms`](Self::keepalive_ms).
    #[must_use]
    pub fn keepalive_ms(mut self, ms: u64) -> Self {
        self.keepalive_ms = ms;
        self
    }

    /// The same with another [`keepalive_interval_ms`](Self::keepalive_interval_ms).
    #[must_use]
    pub fn keepalive_interval_ms(mut self, ms: u64) -> Self {
        self.keepalive_interval_ms = ms;
        self
    }

    /// The same with another number of [`keepalive_probes`](Self::keepalive_probes).
    #[must_use]
    pub fn keepalive_probes(mut self, probes: u32) -> Self {
        self.keepalive_probes = probes;
        self
    }

    /// The same with another [`user_timeout_ms`](Self::user_timeout_ms).
    #[must_use]
    pub fn user_timeout_ms(mut self, ms: u64) -> Self {
        self.user_timeout_ms = ms;
        self
    }

    /// The same with another [`receive_buffer_bytes`](Self::receive_buffer_bytes).
    #[must_use]
    pub fn receive_buffer_bytes(mut self, bytes: usize) -> Self {
        self.receive_buffer_bytes = Some(bytes);
        self
    }

    /// The same with another [`send_buffer_bytes`](Self::send_buffer_bytes).
    #[must_use]
    pub fn send_buffer_bytes(mut self, bytes: usize) -> Self {
        self.send_buffer_bytes = Some(bytes);
        self
    }

    /// Tells the system.
    pub(super) fn prepare(&self, socket: &Socket) -> io::Result<()> {
        socket.set_tcp_nodelay(true)?;
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_millis(self.keepalive_ms))
            .with_interval(Duration::from_millis(self.keepalive_interval_ms))
            .with_retries(self.keepalive_probes);
        socket.set_tcp_keepalive(&keepalive)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        socket.set_tcp_user_timeout(Some(Duration::from_millis(self.user_timeout_ms)))?;
        self.size(socket)
    }

    /// Before a socket listens or connects, so that TCP can agree on a window of this size.
    fn size(&self, socket: &Socket) -> io::Result<()> {
        if let Some(bytes) = self.receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.send_buffer_bytes {
            socket.set_send_buffer_size(bytes)?;
        }
        Ok(())
    }
}

pub(super) fn bind(
    address: &Address,
    host: &str,
    port: u16,
    options: &TcpOptions,
) -> Result<SocketListener> {
    listen(address, host, port, options, |socket| {
        let listener = mio::net::TcpListener::from_std(socket.into());
        let local = local_addr(listener.local_addr()?);
        SocketListener::new(Inner::Tcp(listener, *options), local)
    })
}

/// Listens at the first address of the host where that can be done, with a socket that does not
/// block, and makes something of it.
pub(super) fn listen<T>(
    address: &Address,
    host: &str,
    port: u16,
    options: &TcpOptions,
    make: impl Fn(Socket) -> io::Result<T>,
) -> Result<T> {
    let mut last = None;
    for candidate in resolve(address, host, port)? {
        match listen_one(candidate, options).and_then(&make) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    Err(refused("listen at", address, error))
}

fn listen_one(address: SocketAddr, options: &TcpOptions) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // So that a server can be started again while connections of the old one linger.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    options.size(&socket)?;
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

/// How long each address of a host is given at least, while there is time.
const ADDRESS_MIN: Duration = Duration::from_millis(250);

/// Connects to the first address of the host that answers. The time-out is for all of it, and
/// addresses share what is left of it, so that one that never answers does not take it all.
pub(super) fn connect(
    resolver: &Resolver,
    address: &Address,
    (host, port): (&str, u16),
    options: &TcpOptions,
    timeout: Duration,
) -> Result<SocketStream> {
    let deadline = Instant::now() + timeout;
    let candidates = resolver.resolve(address, host, port, deadline)?;
    let mut last = None;
    for (index, candidate) in candidates.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            last = Some(io::ErrorKind::TimedOut.into());
            break;
        }
        match connect_one(*candidate, options, share(left, candidates.len() - index)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    Err(refused("connect to", address, error))
}

/// What the next of so many addresses gets of the time that is left.
pub(crate) fn share(left: Duration, addresses: usize) -> Duration {
    let addresses = u32::try_from(addresses).unwrap_or(u32::MAX);
    (left / addresses.max(1)).max(ADDRESS_MIN).min(left)
}

fn connect_one(
    address: SocketAddr,
    options: &TcpOptions,
    timeout: Duration,
) -> io::Result<SocketStream> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    options.prepare(&socket)?;
    socket.connect_timeout(&SockAddr::from(address), timeout)?;
    // Linux connects a socket to itself when the port is free and happens to be chosen for both.
    if socket.local_addr()?.as_socket() == Some(address) {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(SocketStream::new(socket, Peer::Tcp(address)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use socket2::SockRef;

    use super::*;
    use crate::transport::{Readiness, Stream};

    #[test]
    fn addresses_share_the_time() {
        let ms = Duration::from_millis;
        for (left, addresses, expected) in [
            (9_000, 3, 3_000),
            (6_000, 2, 3_000),
            (3_000, 1, 3_000),
            (1_000, 8, 250),
            (100, 8, 100),
        ] {
            assert_eq!(share(ms(left), addresses), ms(expected));
        }
    }

    /// The first address never answers: its backlog is full.
    #[test]
    fn an_address_that_is_silent_leaves_time_for_the_next() {
        let options = TcpOptions::default();
        let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        full.bind(&any.into()).unwrap();
        full.listen(0).unwrap();
        let silent = full.local_addr().unwrap().as_socket().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = connect_one(silent, &options, Duration::from_millis(200)) {
            waiting.push(stream);
            assert!(waiting.len() < 16, "the backlog has no end");
        }
        let listener = SocketListener::bind_with("tcp://127.0.0.1:0", &options).unwrap();
        let Address::Tcp { port, .. } = listener.local_addr() else {
            panic!("TCP");
        };
        let good = SocketAddr::from(([127, 0, 0, 1], port));
        let resolver = Resolver::fixed(vec![silent, good]);
        let address: Address = "tcp://calc.example:9090".parse().unwrap();
        let timeout = Duration::from_secs(3);
        let host = ("calc.example", 9090);
        let stream = connect(&resolver, &address, host, &options, timeout).unwrap();
        assert_eq!(stream.peer(), Peer::Tcp(good));
    }

    #[test]
    fn both_ends_get_the_options() {
        let options = TcpOptions::default()
            .keepalive_ms(7_000)
            .keepalive_interval_ms(2_000)
            .keepalive_probes(5)
            .user_timeout_ms(17_000)
            .receive_buffer_bytes(30_000);
        let mut listener = SocketListener::bind_with("tcp://127.0.0.1:0", &options).unwrap();
        let address = listener.local_addr();
        let Address::Tcp { host, port } = &address else {
            panic!("{address}");
        };
        let resolver = Resolver::default();
        let timeout = Duration::from_secs(10);
        let near = connect(&resolver, &address, (host, *port), &options, timeout).unwrap();
        let far = listener.accept().unwrap().unwrap();
        for stream in [&near as &dyn Stream, &*far] {
            let Readiness::Descriptor(descriptor) = stream.readiness() else {
                panic!("a socket");
            };
            let socket = SockRef::from(&descriptor);
            assert!(socket.keepalive().unwrap() && socket.tcp_nodelay().unwrap());
            let seconds = Duration::from_secs;
            assert_eq!(socket.tcp_keepalive_time().unwrap(), seconds(7));
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), seconds(2));
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), 5);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(seconds(17)));
            // Linux takes twice of what it is told, for its own bookkeeping.
            assert_eq!(socket.recv_buffer_size().unwrap(), 60_000);
        }
    }
}
