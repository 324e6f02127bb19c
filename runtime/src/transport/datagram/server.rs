//! A server's socket for datagrams.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use crate::error::Result;
use crate::transport::resolve::resolve;
use crate::transport::socket::refused;
use crate::transport::waiting::Waiting;
use crate::transport::{Address, Waker};

/// Takes datagrams from anybody.
///
/// Why isn't it a blocking socket that is shut down in the end? Because one that systemd has passed is
/// shared with it, and would be shut down for the next process as well.
pub(crate) struct DatagramSocket {
    socket: Arc<mio::net::UdpSocket>,
    address: Address,
    waiting: Waiting,
}

/// Sends answers from where the calls have come to.
#[derive(Clone)]
pub(crate) struct Answers(Arc<mio::net::UdpSocket>);

impl Answers {
    /// Sends one datagram, without waiting: what the system has no room for is lost.
    pub(crate) fn send(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        loop {
            match self.0.send_to(bytes, to) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                sent => return sent.map(drop),
            }
        }
    }
}

/// Listens at the first address of the host where that can be done.
///
/// # Errors
/// One sentence that names the address and what stands in the way.
pub(in crate::transport) fn bind(
    address: &Address,
    host: &str,
    port: u16,
) -> Result<DatagramSocket> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for candidate in resolve(address, host, port)? {
        match UdpSocket::bind(candidate).and_then(DatagramSocket::new) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(refused("listen at", address, last))
}

impl DatagramSocket {
    /// Takes what comes to a socket that is bound.
    pub(in crate::transport) fn new(socket: UdpSocket) -> io::Result<Self> {
        let local = socket.local_addr()?;
        socket.set_nonblocking(true)?;
        let mut socket = mio::net::UdpSocket::from_std(socket);
        let waiting = Waiting::new(&mut socket)?;
        Ok(Self {
            socket: Arc::new(socket),
            address: Address::Udp {
                host: local.ip().to_string(),
                port: local.port(),
            },
            waiting,
        })
    }

    /// How many bytes the system keeps that were not received. It may have a bound of its own.
    pub(crate) fn set_receive_buffer(&self, bytes: usize) -> io::Result<()> {
        #[cfg(unix)]
        socket2::SockRef::from(&*self.socket).set_recv_buffer_size(bytes)?;
        let _ = bytes;
        Ok(())
    }

    pub(crate) fn local_addr(&self) -> Address {
        self.address.clone()
    }

    pub(crate) fn answers(&self) -> Answers {
        Answers(Arc::clone(&self.socket))
    }

    /// Makes [`receive`](Self::receive) return `None`: the one that waits, or else the next that would.
    pub(crate) fn waker(&self) -> Waker {
        self.waiting.waker()
    }

    /// Waits for the next datagram; what does not fit into the buffer is cut off.
    ///
    /// # Errors
    /// Those of the operating system. A server goes on after each of them.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<(usize, SocketAddr)>> {
        let Self {
            socket, waiting, ..
        } = self;
        waiting.take(|| socket.recv_from(buffer))
    }
}
