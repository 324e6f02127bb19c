//! Streams of bytes over two rings and a socket.

use std::hint::spin_loop;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use super::bell::Bell;
use super::memory::Memory;
use super::ring::{Consumer, Direction, Producer};
use crate::peer::Peer;
use crate::transport::{Closer, ReadHalf, Readiness, Split, Stream, WriteHalf};

/// How long a reader looks at the ring before it sleeps: less than sleeping and being woken would take.
const SPIN: Duration = Duration::from_micros(20);

/// Looks before it asks the clock again.
const LOOKS: usize = 16;

/// How many waits go by without a look after several in vain. Where every processor has something to
/// do, whoever looks only keeps the other side from running.
const SKIPPED_MAX: u32 = 64;

/// One end of a connection.
pub(super) struct ShmStream {
    pub(super) incoming: Incoming,
    pub(super) outgoing: Outgoing,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    nonblocking: bool,
}

/// The half that reads.
pub(super) struct Incoming {
    ring: Consumer,
    pub(super) bell: Arc<Bell>,
    /// Waits to go by without a look, and how many that were the last time.
    skips: u32,
    skipped: u32,
}

/// The half that writes.
pub(super) struct Outgoing {
    ring: Producer,
    bell: Arc<Bell>,
}

/// Which end of a connection.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Server,
    Client,
}

impl ShmStream {
    pub(super) fn new(memory: &Arc<Memory>, ring_bytes: usize, bell: Bell, side: Side) -> Self {
        let bell = Arc::new(bell);
        let (from, to) = match side {
            Side::Server => (Direction::ToServer, Direction::ToClient),
            Side::Client => (Direction::ToClient, Direction::ToServer),
        };
        Self {
            incoming: Incoming {
                ring: Consumer::new(memory, from, ring_bytes),
                bell: Arc::clone(&bell),
                skips: 0,
                skipped: 0,
            },
            outgoing: Outgoing {
                ring: Producer::new(memory, to, ring_bytes),
                bell,
            },
            read_timeout: None,
            write_timeout: None,
            nonblocking: false,
        }
    }
}

impl Incoming {
    /// Reads what there is. `None` when there is nothing.
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let count = self.ring.take(buffer)?;
        if count == 0 {
            return Ok(buffer.is_empty().then_some(0));
        }
        self.bell.tell(self.ring.their_flag());
        Ok(Some(count))
    }

    /// The same, and says that it waits if there is nothing.
    fn take_or_ask(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.bell.ask(self.ring.own_flag());
        let taken = self.take(buffer)?;
        if taken.is_some() {
            self.bell.take_back(self.ring.own_flag());
        }
        Ok(taken)
    }

    fn read(&mut self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<usize> {
        if let Some(count) = self.take(buffer)? {
            return Ok(count);
        }
        let start = Instant::now();
        self.spin(start);
        let deadline = timeout.and_then(|timeout| start.checked_add(timeout));
        loop {
            // Before the ring: what the peer had written before its end is there.
            let seen = self.bell.seen()?;
            if let Some(count) = self.take_or_ask(buffer)? {
                return Ok(count);
            }
            if seen.ended {
                return Ok(0);
            }
            self.bell.wait(seen, deadline)?;
        }
    }

    /// Waits a moment for what is on its way, if that has been worth it of late.
    fn spin(&mut self, start: Instant) {
        static PROCESSORS: OnceLock<usize> = OnceLock::new();
        if *PROCESSORS.get_or_init(|| available_parallelism().map_or(1, usize::from)) == 1 {
            return;
        }
        if self.skips > 0 {
            self.skips -= 1;
            return;
        }
        while self.ring.is_empty() && start.elapsed() < SPIN {
            for _ in 0..LOOKS {
                spin_loop();
            }
        }
        self.skipped = if self.ring.is_empty() {
            (2 * self.skipped).clamp(1, SKIPPED_MAX)
        } else {
            0
        };
        self.skips = self.skipped;
    }

    /// Reads without waiting. Afterwards, the socket says when there is more.
    pub(super) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(count) = self.take(buffer)? {
            return Ok(count);
        }
        let seen = self.bell.listen()?;
        match self.take_or_ask(buffer)? {
            Some(count) => Ok(count),
            None if seen.ended => Ok(0),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Whether a read would bring something, if only an error. If not, the socket says when it does.
    fn has_more(&self) -> bool {
        if self.ring.is_empty() {
            // What makes no sense is taken off the socket here, which then says nothing more.
            if self.bell.listen().is_err() {
                return true;
            }
            self.bell.ask(self.ring.own_flag());
        }
        !self.ring.is_empty()
    }

    pub(super) fn is_quiet(&self) -> bool {
        let open = self.bell.listen().is_ok_and(|seen| !seen.ended);
        open && self.ring.is_empty()
    }
}

impl Outgoing {
    /// Writes as much as there is room for. `None` when there is none.
    fn put(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        if self.bell.is_deaf() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let count = self.ring.put(bytes)?;
        if count == 0 {
            return Ok(bytes.is_empty().then_some(0));
        }
        self.bell.tell(self.ring.their_flag());
        Ok(Some(count))
    }

    /// The same, and says that it waits if there is none.
    fn put_or_ask(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        self.bell.ask(self.ring.own_flag());
        let put = self.put(bytes)?;
        if put.is_some() {
            self.bell.take_back(self.ring.own_flag());
        }
        Ok(put)
    }

    fn write(&mut self, bytes: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        if let Some(count) = self.put(bytes)? {
            return Ok(count);
        }
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let seen = self.bell.seen()?;
            if let Some(count) = self.put_or_ask(bytes)? {
                return Ok(count);
            }
            if seen.ended {
                self.bell.nap(deadline)?;
            } else {
                self.bell.wait(seen, deadline)?;
            }
        }
    }

    /// Whether a write would be taken. If not, the socket says when it would.
    fn has_room(&self) -> bool {
        if self.ring.is_full() {
            self.bell.ask(self.ring.own_flag());
        }
        !self.ring.is_full()
    }

    /// Writes without waiting. Where there is no room, the socket says when there is.
    pub(super) fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(count) = self.put(bytes)? {
            return Ok(count);
        }
        self.bell.listen()?;
        match self.put_or_ask(bytes)? {
            Some(count) => Ok(count),
            None if self.bell.is_hung_up()? => Err(io::ErrorKind::BrokenPipe.into()),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Read for ShmStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.nonblocking {
            return self.incoming.read_now(buffer);
        }
        self.incoming.read(buffer, self.read_timeout)
    }
}

impl Write for ShmStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.nonblocking {
            return self.outgoing.write_now(bytes);
        }
        self.outgoing.write(bytes, self.write_timeout)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for ShmStream {
    fn peer(&self) -> Peer {
        Peer::Shm
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.read_timeout = timeout;
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = timeout;
        Ok(())
    }

    fn set_nonblocking(&mut self, nonblocking: bool) -> io::Result<()> {
        self.nonblocking = nonblocking;
        Ok(())
    }

    fn has_more(&self) -> bool {
        self.incoming.has_more()
    }

    fn has_room(&self) -> Option<bool> {
        Some(self.outgoing.has_room())
    }

    fn closer(&self) -> Closer {
        let bell = Arc::downgrade(&self.incoming.bell);
        Closer::new(move |how: Shutdown| {
            if let Some(bell) = bell.upgrade() {
                bell.shutdown(how);
            }
        })
    }

    fn is_quiet(&mut self) -> bool {
        self.incoming.is_quiet()
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Descriptor(self.incoming.bell.as_fd())
    }

    fn split(self: Box<Self>) -> Split {
        let Self {
            incoming, outgoing, ..
        } = *self;
        Split::Halves(Box::new(incoming), Box::new(outgoing))
    }
}

impl ReadHalf for Incoming {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.read(buffer, Some(timeout))
    }

    fn is_quiet(&mut self) -> bool {
        Self::is_quiet(self)
    }
}

impl WriteHalf for Outgoing {
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        self.write(bytes, Some(timeout))
    }
}
