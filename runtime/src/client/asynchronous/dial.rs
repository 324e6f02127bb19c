//! How the connections of an async client are made.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::client::backoff::Backoff;
use crate::client::events::Events;
use crate::config::ClientConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::WireProtocol;
use crate::transport::{
    Address, AsyncStream, ClientSide, TcpOptions, Transport, connect_async, found, handshake,
    refused, share,
};

/// Makes a connection.
pub(super) type Connect = Box<dyn Fn() -> Connecting + Send + Sync>;

pub(super) type Connecting = Pin<Box<dyn Future<Output = Result<AsyncStream>> + Send>>;

/// What every connection of a client has in common.
pub(super) struct Dialer {
    pub(super) connect: Connect,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) transport_name: String,
    pub(super) wire: &'static dyn WireProtocol,
    pub(super) limits: Limits,
    pub(super) events: Events,
    /// How long an attempt may take.
    pub(super) time: Duration,
    /// `None` when there is no other way to learn that a connection cannot be made than to try.
    pub(super) backoff: Option<Backoff>,
}

impl Dialer {
    pub(super) fn new(
        connect: Connect,
        wire: &'static dyn WireProtocol,
        config: &ClientConfig,
        address: Option<&Address>,
        again: bool,
    ) -> Result<Self> {
        let reconnect = &config.reconnect;
        let backoff = Backoff::new(reconnect.min_ms, reconnect.max_ms);
        Ok(Self {
            connect,
            transport: config.chosen_transport(address)?,
            transport_name: config.transport.clone(),
            wire,
            limits: config.limits,
            events: Events::new(config.listeners.clone()),
            time: Duration::from_millis(config.timeouts.connect_ms),
            backoff: again.then_some(backoff),
        })
    }
}

/// Gives out the one stream that there is.
pub(super) fn once(stream: AsyncStream) -> Connect {
    let stream = Mutex::new(Some(stream));
    Box::new(move || {
        let stream = stream.lock().take();
        Box::pin(async move {
            let text = "the connection has ended, and this client was given no way to make another";
            stream.ok_or_else(|| Error::new(ErrorKind::Closed, text))
        })
    })
}

/// The same with a layer around its streams.
pub(super) fn layered(connect: Connect, side: Arc<dyn ClientSide>) -> Connect {
    Box::new(move || {
        let (below, side) = (connect(), Arc::clone(&side));
        Box::pin(async move { handshake(&*side, below.await?).await })
    })
}

/// Connects to an address. The addresses of a host share the time, so that one that never answers
/// does not take it all.
///
/// # Errors
/// One sentence that names the address and what stands in the way.
pub(super) async fn connect(
    address: &Address,
    tcp: &TcpOptions,
    time: Duration,
) -> Result<AsyncStream> {
    #[cfg(all(target_os = "linux", feature = "shm"))]
    if let Address::Shm(_) = address {
        return crate::transport::connect_shm(address).await;
    }
    if let Address::Exec(_) = address {
        let text = format!("an async client cannot start {address}; `Client` can");
        return Err(Error::new(ErrorKind::Config, text));
    }
    let (Address::Tcp { host, port } | Address::Udp { host, port }) = address else {
        let connected = connect_local(address).await;
        return connected.map_err(|error| refused("connect to", address, error));
    };
    let deadline = Instant::now() + time;
    let resolved = lookup_host((&**host, *port)).await;
    let candidates = found(address, resolved.map(Iterator::collect));
    let candidates = candidates.map_err(|text| Error::new(ErrorKind::Io, text))?;
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for (index, candidate) in candidates.iter().enumerate() {
        if let Address::Udp { .. } = address {
            match connect_async(*candidate) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
            continue;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let share = share(left, candidates.len() - index);
        match timeout(share, connect_one(*candidate)).await {
            Ok(Ok(stream)) => return Ok(AsyncStream::tcp(stream, tcp)),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(refused("connect to", address, last))
}

async fn connect_one(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Linux connects a socket to itself when the port is free and happens to be chosen for both.
    if stream.local_addr()? == address {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

#[cfg(unix)]
async fn connect_local(address: &Address) -> io::Result<AsyncStream> {
    use tokio::net::UnixStream;

    match address {
        Address::Unix(path) => Ok(UnixStream::connect(path).await?.into()),
        // As tokio takes abstract names on Linux and Android.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Address::Abstract(name) => Ok(UnixStream::connect(format!("\0{name}")).await?.into()),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(not(unix))]
async fn connect_local(_: &Address) -> io::Result<AsyncStream> {
    Err(io::ErrorKind::Unsupported.into())
}
