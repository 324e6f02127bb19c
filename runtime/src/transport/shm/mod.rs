//! Memory that two processes of one machine share, at `shm:///path`.
//!
//! ```text
//!              ┌──────── sealed memory ────────┐
//! client ──────┼► ring of bytes ───────────────┼─► server
//!        ◄─────┼─────────────── ring of bytes ◄┼──
//!              └───────────────────────────────┘
//!        ◄────── Unix socket: a byte wakes ──────►
//! ```
//!
//! The path is that of a Unix socket, where the two meet: its permissions say who may connect. The server
//! makes the memory and passes it ([`hello`]). From then on, bytes go through the [rings](ring), and the socket
//! ([`bell`]) carries one byte for each time that a side sleeps and has to be woken. It also tells
//! by its end that the other side has gone, however that happened: the system closes it.
//!
//! # Order
//! Whoever writes copies the bytes and then stores its position with `Release`; whoever reads loads
//! that with `Acquire` and then copies, so it sees the bytes that the position counts. The same
//! holds the other way for the room that reading leaves: nothing is overwritten before its copy is
//! made.
//!
//! Nobody sleeps through a change. A side that wants to sleep raises its flag, then looks at the ring once
//! more; one that has changed the ring then looks at the flag. Between the two steps of each side
//! stands a fence with `SeqCst`, so at least one of them sees what the other did: the sleeper what
//! has changed, or the other the flag, which it takes down and sends a byte for. One byte for
//! each flag that was raised, so more of them are an error of the peer.
//!
//! # The end
//! Bytes count when the position behind them is stored, so a process that dies in a write has written
//! nothing of it. The other side sees the end of the socket, looks at the ring once more, since
//! everything was stored before the end, and then ends.
//!
//! Why no semaphore or futex in the memory, which would need no socket? Because nobody can wait for it
//! and for the other's death, or for it and other connections.

#[cfg(feature = "tokio")]
mod asynchronous;
mod bell;
mod hello;
mod memory;
mod ring;
mod stream;
#[cfg(test)]
mod tests;

#[cfg(feature = "tokio")]
pub(crate) use asynchronous::connect_async;
#[cfg(feature = "tokio")]
pub(super) use asynchronous::{AsyncShm, ShmAsyncListener};

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::socket::{SocketListener, refused};
use crate::transport::{Address, Listener, Stream, Waker, unix};
use bell::{Bell, Socket, wait_for};
use hello::Greeting;
use stream::{ShmStream, Side};

pub(crate) use super::address::{RING_BYTES_MAX, RING_BYTES_MIN};

/// The flags that are raised from the beginning: one of each side, for the first bytes.
const ASKED: u64 = 1;

/// Takes connections at a path, and makes memory for them.
pub(super) struct ShmListener {
    socket: SocketListener,
    ring_bytes: usize,
}

/// Listens at an address.
///
/// # Errors
/// One sentence that names the address and what stands in the way.
pub(super) fn bind(address: &Address, ring_bytes: usize) -> Result<ShmListener> {
    let socket = unix::bind(address)?;
    Ok(ShmListener { socket, ring_bytes })
}

impl Listener for ShmListener {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        let Some(socket) = self.socket.accept_socket()? else {
            return Ok(None);
        };
        let stream = served(socket.into_descriptor()?, self.ring_bytes)?;
        Ok(Some(Box::new(stream)))
    }

    fn waker(&self) -> Waker {
        self.socket.waker()
    }

    fn local_addr(&self) -> Address {
        self.socket.local_addr()
    }
}

/// The server's end of a new connection.
fn served(socket: impl Socket + 'static, ring_bytes: usize) -> io::Result<ShmStream> {
    let memory = hello::offer(socket.as_fd(), ring_bytes)?;
    let bell = Bell::new(socket, ASKED, &hello::MAGIC);
    Ok(ShmStream::new(&memory, ring_bytes, bell, Side::Server))
}

/// Connects to an address.
///
/// # Errors
/// One sentence that names the address and what stands in the way.
pub(super) fn connect(address: &Address, timeout: Duration) -> Result<Box<dyn Stream>> {
    let begun = Instant::now();
    let socket = unix::connect(address, timeout)?;
    let met = socket
        .into_descriptor()
        .and_then(|socket| meet(socket, begun.checked_add(timeout)));
    match met {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(not_met(address, error)),
    }
}

fn meet(socket: OwnedFd, deadline: Option<Instant>) -> io::Result<ShmStream> {
    hello::hail(socket.as_fd());
    let mut greeting = Greeting::default();
    loop {
        match greeting.read(socket.as_fd()) {
            Ok((memory, ring_bytes)) => {
                let bell = Bell::new(socket, ASKED, &[]);
                return Ok(ShmStream::new(&memory, ring_bytes, bell, Side::Client));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        wait_for(&socket, left)?;
    }
}

/// What a client is told whose server did not share memory with it.
#[cold]
fn not_met(address: &Address, error: io::Error) -> Error {
    use io::ErrorKind as Io;

    let hint = "does the server listen there with `shm://`?";
    let (kind, why) = match error.kind() {
        Io::TimedOut => (
            ErrorKind::Timeout,
            format!("the server has passed no memory in time; {hint}"),
        ),
        Io::UnexpectedEof | Io::ConnectionReset => (
            ErrorKind::Closed,
            format!("the server closed the connection before it passed memory; {hint}"),
        ),
        Io::InvalidData => (ErrorKind::Malformed, format!("{error}; {hint}")),
        _ => return refused("connect to", address, error),
    };
    Error::new(kind, format!("cannot connect to {address}: {why}")).with_source(error)
}
