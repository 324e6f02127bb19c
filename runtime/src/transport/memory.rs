//! Connections inside the process: no test needs a port.
//!
//! They keep the manners of sockets: time-outs, shutdown from another thread, a peer that may stop
//! reading, and a listener that can be woken.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::mem;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::error::Result;
use crate::peer::Peer;
use crate::transport::socket::refused;
use crate::transport::{
    Address, Closer, Connector, Listener, ReadHalf, Readiness, Split, Stream, Waker, WriteHalf,
};

/// Bytes that one direction holds before a writer waits, unless another number is asked for.
const CAPACITY: usize = 64 * 1024;

/// Connections that may wait to be accepted.
const BACKLOG: usize = 1024;

/// One end of a connection inside the process.
pub struct MemoryStream {
    reader: Reader,
    writer: Writer,
}

/// The half that reads. Dropping it ends what is read.
struct Reader {
    pipe: Arc<Pipe>,
    timeout: Option<Duration>,
}

/// The half that writes. Dropping it ends what is written.
struct Writer {
    pipe: Arc<Pipe>,
    timeout: Option<Duration>,
}

impl MemoryStream {
    /// Both ends of a new connection. Each direction holds up to 64 KiB.
    pub fn pair() -> (Self, Self) {
        Self::pair_with_capacity(CAPACITY)
    }

    /// Both ends of a new connection, each direction of which holds up to so many bytes.
    pub fn pair_with_capacity(bytes: usize) -> (Self, Self) {
        let [there, back] = [Pipe::new(bytes), Pipe::new(bytes)];
        let end = |incoming: &Arc<Pipe>, outgoing: &Arc<Pipe>| Self {
            reader: Reader {
                pipe: Arc::clone(incoming),
                timeout: None,
            },
            writer: Writer {
                pipe: Arc::clone(outgoing),
                timeout: None,
            },
        };
        (end(&back, &there), end(&there, &back))
    }
}

/// One direction.
struct Pipe {
    state: Mutex<State>,
    changed: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    /// The writer is done: the reader gets what is left, then the end of the stream.
    ended: bool,
    /// The reader is gone: writing fails.
    broken: bool,
    /// Wants to know when there is something to read.
    waker: Option<Waker>,
}

impl Pipe {
    fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            capacity: capacity.max(1),
        })
    }

    /// Waits until something can be done, and does it.
    fn wait<T>(
        &self,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(&mut State) -> Option<T>,
    ) -> io::Result<T> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut state = self.state.lock();
        loop {
            if let Some(done) = attempt(&mut state) {
                self.notify(state);
                return Ok(done);
            }
            match deadline {
                None => self.changed.wait(&mut state),
                Some(deadline) if Instant::now() >= deadline => {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Some(deadline) => {
                    self.changed.wait_until(&mut state, deadline);
                }
            }
        }
    }

    fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<usize> {
        self.wait(timeout, |state| {
            if state.bytes.is_empty() && !state.ended && !buffer.is_empty() {
                return None;
            }
            // Reading from memory cannot fail.
            state.bytes.read(buffer).ok()
        })
    }

    fn write(&self, bytes: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut written = 0;
        // Like a socket: one write hands over everything, or what its time allows.
        while written < bytes.len() {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let step = self.wait(left, |state| {
                if state.broken || state.ended {
                    return Some(None);
                }
                let room = self.capacity.saturating_sub(state.bytes.len());
                let step = room.min(bytes.len() - written);
                state.bytes.extend(&bytes[written..written + step]);
                (step > 0).then_some(Some(step))
            });
            match step {
                Ok(Some(step)) => written += step,
                Ok(None) if written == 0 => return Err(io::ErrorKind::BrokenPipe.into()),
                Err(error) if written == 0 => return Err(error),
                _ => break,
            }
        }
        Ok(written)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        change(&mut state);
        self.notify(state);
    }

    fn notify(&self, mut state: MutexGuard<'_, State>) {
        let readable = !state.bytes.is_empty() || state.ended;
        let waker = if readable { state.waker.take() } else { None };
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker();
        }
    }

    /// No more is read: waiting and later writes fail, and what is on its way can still be read.
    fn end_read(&self) {
        self.change(|state| (state.ended, state.broken) = (true, true));
    }

    fn end_write(&self) {
        self.change(|state| state.ended = true);
    }
}

impl Read for MemoryStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.pipe.read(buffer, self.reader.timeout)
    }
}

impl Write for MemoryStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.pipe.write(bytes, self.writer.timeout)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for MemoryStream {
    fn peer(&self) -> Peer {
        Peer::Local
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.reader.timeout = timeout;
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.writer.timeout = timeout;
        Ok(())
    }

    fn closer(&self) -> Closer {
        let incoming = Arc::downgrade(&self.reader.pipe);
        let outgoing = Arc::downgrade(&self.writer.pipe);
        Closer::new(move |how| {
            if matches!(how, Shutdown::Read | Shutdown::Both)
                && let Some(pipe) = incoming.upgrade()
            {
                pipe.end_read();
            }
            if matches!(how, Shutdown::Write | Shutdown::Both)
                && let Some(pipe) = outgoing.upgrade()
            {
                pipe.end_write();
            }
        })
    }

    fn is_quiet(&mut self) -> bool {
        self.reader.is_quiet()
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Signal(self)
    }

    fn split(self: Box<Self>) -> Split {
        let Self { reader, writer } = *self;
        Split::Halves(Box::new(reader), Box::new(writer))
    }
}

impl ReadHalf for Reader {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.pipe.read(buffer, Some(timeout))
    }

    fn is_quiet(&mut self) -> bool {
        let state = self.pipe.state.lock();
        state.bytes.is_empty() && !state.ended
    }
}

impl WriteHalf for Writer {
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        self.pipe.write(bytes, Some(timeout))
    }
}

impl crate::transport::Signal for MemoryStream {
    fn notify(&self, waker: Waker) {
        self.reader.pipe.change(|state| state.waker = Some(waker));
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.pipe.end_read();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.pipe.end_write();
    }
}

/// Listens for connections inside the process.
pub struct MemoryListener {
    backlog: Arc<Backlog>,
}

/// Connects to a [`MemoryListener`]. Cheap to clone.
#[derive(Clone)]
pub struct MemoryConnector {
    backlog: Arc<Backlog>,
    capacity: usize,
}

/// Connections that wait to be accepted.
///
/// Why not a channel? Because what is left in one when its receiver goes stays open.
#[derive(Default)]
struct Backlog {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    streams: VecDeque<MemoryStream>,
    woken: bool,
    closed: bool,
}

impl MemoryListener {
    /// A listener, and what connects to it.
    #[allow(
        clippy::new_ret_no_self,
        reason = "neither is of use without the other"
    )]
    pub fn new() -> (Self, MemoryConnector) {
        let backlog = Arc::<Backlog>::default();
        let connector = MemoryConnector {
            backlog: Arc::clone(&backlog),
            capacity: CAPACITY,
        };
        (Self { backlog }, connector)
    }
}

impl Listener for MemoryListener {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        let mut state = self.backlog.state.lock();
        loop {
            if mem::take(&mut state.woken) {
                return Ok(None);
            }
            if let Some(stream) = state.streams.pop_front() {
                return Ok(Some(Box::new(stream)));
            }
            self.backlog.changed.wait(&mut state);
        }
    }

    fn waker(&self) -> Waker {
        let backlog = Arc::downgrade(&self.backlog);
        Arc::new(move || {
            if let Some(backlog) = backlog.upgrade() {
                backlog.state.lock().woken = true;
                backlog.changed.notify_all();
            }
        })
    }

    fn local_addr(&self) -> Address {
        Address::Memory
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        let mut state = self.backlog.state.lock();
        state.closed = true;
        let streams = mem::take(&mut state.streams);
        drop(state);
        drop(streams);
    }
}

impl MemoryConnector {
    /// The same, for connections each direction of which holds up to so many bytes.
    #[must_use]
    pub fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    /// A new connection, which need not be accepted yet.
    ///
    /// # Errors
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) when the listener is gone or has
    /// 1024 connections waiting.
    pub fn open(&self) -> io::Result<MemoryStream> {
        let (near, far) = MemoryStream::pair_with_capacity(self.capacity);
        let mut state = self.backlog.state.lock();
        if state.closed || state.streams.len() >= BACKLOG {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        state.streams.push_back(far);
        drop(state);
        self.backlog.changed.notify_all();
        Ok(near)
    }
}

impl Connector for MemoryConnector {
    fn connect(&self, _: Duration) -> Result<Box<dyn Stream>> {
        let refused = |error| refused("connect to", &Address::Memory, error);
        Ok(Box::new(self.open().map_err(refused)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Option<Duration> = Some(Duration::from_millis(1));

    #[test]
    fn carries_bytes_both_ways_and_ends() {
        let (mut near, mut far) = MemoryStream::pair();
        near.write_all(b"there").unwrap();
        far.write_all(b"back").unwrap();
        drop(near);
        let mut text = String::new();
        far.read_to_string(&mut text).unwrap();
        assert_eq!(text, "there");
        assert_eq!(
            far.write(b"x").unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    }

    #[test]
    fn read_and_write_end_by_their_time_outs() {
        let (mut near, mut far) = MemoryStream::pair_with_capacity(4);
        far.set_read_timeout(SOON).unwrap();
        near.set_write_timeout(SOON).unwrap();
        assert_eq!(
            far.read(&mut [0]).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        assert_eq!(near.write(b"123456").unwrap(), 4);
        assert_eq!(
            near.write(b"56").unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
    }

    #[test]
    fn shutdown_of_reading_leaves_what_arrived_and_lets_answer() {
        let (mut near, mut far) = MemoryStream::pair();
        near.write_all(b"call").unwrap();
        far.closer().shutdown(Shutdown::Read);
        let mut text = String::new();
        far.read_to_string(&mut text).unwrap();
        assert_eq!(text, "call");
        far.write_all(b"reply").unwrap();
        let mut reply = [0; 5];
        near.read_exact(&mut reply).unwrap();
        assert_eq!(&reply, b"reply");
        assert!(near.write(b"more").is_err());
    }

    #[test]
    fn quiet_is_open_with_nothing_to_read() {
        let (mut near, mut far) = MemoryStream::pair();
        assert!(near.is_quiet());
        far.write_all(b"x").unwrap();
        assert!(!near.is_quiet());
        near.read_exact(&mut [0]).unwrap();
        assert!(near.is_quiet());
        drop(far);
        assert!(!near.is_quiet());
    }

    #[test]
    fn signals_once_when_there_is_something_to_read() {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let (mut near, far) = MemoryStream::pair();
        let calls = Arc::new(AtomicUsize::new(0));
        let signal = |stream: &MemoryStream| {
            let calls = Arc::clone(&calls);
            crate::transport::Signal::notify(
                stream,
                Arc::new(move || {
                    calls.fetch_add(1, Ordering::SeqCst);
                }),
            );
        };
        signal(&far);
        assert_eq!(calls.load(Ordering::SeqCst), 0);
        near.write_all(b"ab").unwrap();
        near.write_all(b"cd").unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        signal(&far);
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn listener_is_woken_and_refuses_after_its_end() {
        let (mut listener, connector) = MemoryListener::new();
        let waker = listener.waker();
        waker();
        waker();
        assert!(listener.accept().unwrap().is_none());
        let _near = connector.open().unwrap();
        assert!(listener.accept().unwrap().is_some());
        drop(listener);
        assert!(connector.open().is_err());
    }
}
