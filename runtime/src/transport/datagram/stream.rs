//! A client's socket for datagrams, as a stream of frames.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::frames::{self, Arrived, HEAD};
use super::{connected, explain};
use crate::error::Result;
use crate::peer::Peer;
use crate::transport::resolve::Resolver;
use crate::transport::socket::refused;
use crate::transport::{Address, Closer, ReadHalf, Split, Stream, WriteHalf};

/// A socket for the first address of the host. Nobody is asked whether somebody is there.
///
/// # Errors
/// One sentence that names the address and what stands in the way.
pub(in crate::transport) fn connect(
    resolver: &Resolver,
    address: &Address,
    (host, port): (&str, u16),
    timeout: Duration,
) -> Result<DatagramStream> {
    let deadline = Instant::now() + timeout;
    let candidates = resolver.resolve(address, host, port, deadline)?;
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for to in candidates {
        match connected(to) {
            Ok(socket) => return Ok(DatagramStream::new(socket, to)),
            Err(error) => last = error,
        }
    }
    Err(refused("connect to", address, last))
}

/// Frames are written whole, and each leaves as a datagram; each datagram that comes is a frame.
pub(in crate::transport) struct DatagramStream {
    socket: Arc<UdpSocket>,
    to: SocketAddr,
    closed: Arc<AtomicBool>,
    read_timeout: Option<Duration>,
    arrived: Arrived,
}

impl DatagramStream {
    fn new(socket: UdpSocket, to: SocketAddr) -> Self {
        Self {
            socket: Arc::new(socket),
            to,
            closed: Arc::default(),
            read_timeout: None,
            arrived: Arrived::default(),
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Waits for the next datagram. `false` at the end.
    fn receive(&mut self) -> io::Result<bool> {
        let received = self.socket.recv(self.arrived.room());
        let len = received.map_err(|error| explain(error, self.to))?;
        if len == 0 && self.is_closed() {
            return Ok(false);
        }
        self.arrived.put(len);
        Ok(true)
    }
}

impl Read for DatagramStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.arrived.is_read() && (self.is_closed() || !self.receive()?) {
            return Ok(0);
        }
        Ok(self.arrived.read(buffer))
    }
}

impl Write for DatagramStream {
    /// Sends the first of the frames.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let message = frames::first(bytes).ok_or(io::ErrorKind::InvalidInput)?;
        let sent = self.socket.send(message);
        sent.map_err(|error| explain(error, self.to))?;
        Ok(HEAD + message.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for DatagramStream {
    fn peer(&self) -> Peer {
        Peer::Udp(self.to)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        // The system counts in microseconds, and takes none for no time-out at all.
        let timeout = timeout.map(|timeout| timeout.max(Duration::from_micros(1)));
        if self.read_timeout != timeout {
            self.socket.set_read_timeout(timeout)?;
            self.read_timeout = timeout;
        }
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_write_timeout(timeout)
    }

    fn closer(&self) -> Closer {
        let (socket, closed) = (Arc::downgrade(&self.socket), Arc::clone(&self.closed));
        Closer::new(move |how: Shutdown| {
            if how != Shutdown::Write {
                closed.store(true, Ordering::SeqCst);
            }
            if let Some(socket) = socket.upgrade() {
                let _ = SockRef::from(&*socket).shutdown(how);
            }
        })
    }

    /// What comes between calls is late, or nobody's, and harmless: it answers no later call.
    fn is_quiet(&mut self) -> bool {
        !self.is_closed()
    }

    fn split(self: Box<Self>) -> Split {
        let writer = Self {
            socket: Arc::clone(&self.socket),
            closed: Arc::clone(&self.closed),
            arrived: Arrived::default(),
            ..*self
        };
        Split::Halves(self, Box::new(writer))
    }
}

impl ReadHalf for DatagramStream {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.set_read_timeout(Some(timeout))?;
        Read::read(self, buffer)
    }

    fn is_quiet(&mut self) -> bool {
        Stream::is_quiet(self)
    }
}

impl WriteHalf for DatagramStream {
    /// Datagrams leave at once, or not at all.
    fn write(&mut self, bytes: &[u8], _: Duration) -> io::Result<usize> {
        Write::write(self, bytes)
    }
}
