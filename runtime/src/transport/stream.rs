//! Streams and listeners: the only things here that do I/O.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::peer::{Identity, Peer, User};
use crate::transport::Address;

/// A connected stream of bytes that blocks.
///
/// A read or write that its time-out ends fails with [`WouldBlock`](io::ErrorKind::WouldBlock) or
/// [`TimedOut`](io::ErrorKind::TimedOut); what a write could hand over before is counted as usual.
/// A stream that keeps written bytes to itself for a while hands them over in `flush`, which is
/// called after the last write of a batch and fails in the same way.
pub trait Stream: Read + Write + Send {
    /// The other end.
    fn peer(&self) -> Peer;

    /// How long one read may wait; `None` for ever. Called before many reads, so an implementation
    /// remembers what is in force already.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// How long one write may wait; `None` for ever.
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Makes reads and writes fail with [`WouldBlock`](io::ErrorKind::WouldBlock) rather than wait,
    /// or wait again. Only the model `nonblocking` asks for it, of streams that can be
    /// [polled](Readiness::Descriptor); one that refuses is served by a thread.
    ///
    /// # Errors
    /// [`Unsupported`](io::ErrorKind::Unsupported) unless implemented.
    fn set_nonblocking(&mut self, nonblocking: bool) -> io::Result<()> {
        let _ = nonblocking;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether the stream itself holds bytes that a read would bring, or has not taken all that there
    /// was: nobody who watches its [descriptor](Readiness::Descriptor) would be told of those.
    fn has_more(&self) -> bool {
        false
    }

    /// Whether the stream has bytes to write that nobody has given to it, or that it has only
    /// kept: `flush` goes on with them once the descriptor can be written.
    fn wants_write(&self) -> bool {
        false
    }

    /// Whether a write would be taken, for a stream whose [descriptor](Readiness::Descriptor) does not
    /// say so by being writable: where the answer is no, it becomes readable when there is room.
    /// `None` for all others.
    fn has_room(&self) -> Option<bool> {
        None
    }

    /// Whether both ends still agree on how to speak, by reads and writes. Servers give them no more
    /// than [`handshake_ms`](crate::config::ServerTimeouts::handshake_ms) for that.
    fn is_handshaking(&self) -> bool {
        false
    }

    /// Who the other end is by TLS; `None` without it, or before both ends agree.
    #[cfg(feature = "tls")]
    fn tls(&self) -> Option<Arc<crate::peer::TlsPeer>> {
        None
    }

    /// Whom the other end acts for, where a handshake has found that out; `None` before.
    fn user(&self) -> Option<Arc<User>> {
        None
    }

    /// Whom a client tells that it has got a whole message, of which a stream itself knows nothing.
    /// Called once, if at all, from then on.
    fn first_message(&self) -> Option<Waker> {
        None
    }

    /// Whom a client tells that what has come can be no message. Called as soon as that shows, perhaps more
    /// than once.
    fn misunderstood(&self) -> Option<Waker> {
        None
    }

    /// A handle that shuts the stream down from another thread.
    fn closer(&self) -> Closer;

    /// Whether the stream is open and has nothing to read, without waiting: whether a client may
    /// send a new call on it. `false` after the peer has closed it.
    fn is_quiet(&mut self) -> bool;

    /// How somebody who does not want to block learns that there is something to read.
    fn readiness(&self) -> Readiness<'_> {
        Readiness::Unknown
    }

    /// Takes the stream apart, so that one thread can read while another writes. A client has many
    /// calls in flight only on streams that can; on others it sends one after the other.
    fn split(self: Box<Self>) -> Split;
}

impl dyn Stream {
    /// All that a handshake has told.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            #[cfg(feature = "tls")]
            tls: self.tls(),
            user: self.user(),
        }
    }
}

/// What became of a [`Stream`] that was to be taken apart.
#[non_exhaustive]
pub enum Split {
    /// Two halves. The connection closes when both are dropped.
    Halves(Box<dyn ReadHalf>, Box<dyn WriteHalf>),
    /// It cannot be.
    Whole(Box<dyn Stream>),
}

/// The half of a [`Stream`] that reads.
pub trait ReadHalf: Send {
    /// Reads once. Fails like the stream when nothing arrives within the time, which is not zero.
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize>;

    /// As [`Stream::is_quiet`].
    fn is_quiet(&mut self) -> bool;
}

/// The half of a [`Stream`] that writes.
pub trait WriteHalf: Send {
    /// Writes once. Fails like the stream when no byte is taken within the time, which is not zero.
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize>;

    /// Of the bytes that the last write brought and that were not taken, so many may have reached the peer
    /// nevertheless: what stands for them has left in part. The next write has to bring them again.
    fn begun(&self) -> usize {
        0
    }
}

/// Both halves of a stream that cannot be taken apart. Each waits for the other.
pub(crate) fn whole(stream: Box<dyn Stream>) -> (Box<dyn ReadHalf>, Box<dyn WriteHalf>) {
    let reader = Whole(Arc::new(Mutex::new(stream)));
    let writer = Whole(Arc::clone(&reader.0));
    (Box::new(reader), Box::new(writer))
}

struct Whole(Arc<Mutex<Box<dyn Stream>>>);

impl ReadHalf for Whole {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        let mut stream = self.0.lock();
        stream.set_read_timeout(Some(timeout))?;
        stream.read(buffer)
    }

    fn is_quiet(&mut self) -> bool {
        self.0.lock().is_quiet()
    }
}

impl WriteHalf for Whole {
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        let mut stream = self.0.lock();
        stream.set_write_timeout(Some(timeout))?;
        let written = stream.write(bytes)?;
        match stream.flush() {
            // What it keeps leaves with the next read or write.
            Err(error) if !is_timeout(&error) => Err(error),
            _ => Ok(written),
        }
    }
}

/// How to learn that a [`Stream`] can be read without blocking.
#[non_exhaustive]
pub enum Readiness<'a> {
    /// There is no way but to read. A thread pool keeps a worker for such a stream until it ends, and
    /// the model `nonblocking` starts a thread for it.
    Unknown,
    /// By asking the operating system about this descriptor.
    #[cfg(unix)]
    Descriptor(std::os::fd::BorrowedFd<'a>),
    /// By leaving a waker there.
    Signal(&'a dyn Signal),
}

/// Calls back when a [`Stream`] can be read without blocking.
pub trait Signal {
    /// Calls the waker once: when there is something to read or the stream has ended, which may be
    /// at once. Replaces a waker that was left before.
    fn notify(&self, waker: Waker);
}

/// Wakes another thread. May be called at any time and any number of times.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Shuts a stream down from another thread. Harmless after the stream is gone.
#[derive(Clone)]
pub struct Closer(Arc<dyn Fn(Shutdown) + Send + Sync>);

impl Closer {
    /// A handle that calls this. It must not keep the stream open by itself.
    pub fn new(shutdown: impl Fn(Shutdown) + Send + Sync + 'static) -> Self {
        Self(Arc::new(shutdown))
    }

    /// Ends blocked and later reads, writes, or both.
    pub fn shutdown(&self, how: Shutdown) {
        (self.0)(how);
    }
}

impl fmt::Debug for Closer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closer")
    }
}

/// Takes connections.
pub trait Listener: Send {
    /// Waits for the next connection. `None` after the [`waker`](Self::waker) was called.
    ///
    /// # Errors
    /// Those of the operating system. A server goes on after each of them.
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>>;

    /// Makes [`accept`](Self::accept) return `None`: the one that waits, or else the next.
    fn waker(&self) -> Waker;

    /// Where it listens. A TCP port that was given as 0 is the one that the system chose.
    fn local_addr(&self) -> Address;

    /// Whether no connection comes any more. Asked when [`accept`](Self::accept) has returned `None`; the
    /// server ends then.
    fn is_over(&self) -> bool {
        false
    }
}

/// Whether a read or write was ended by its time-out, or would have to wait.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind::{TimedOut, WouldBlock};

    matches!(error.kind(), WouldBlock | TimedOut)
}
