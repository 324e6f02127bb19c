//! Programs that a client starts.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::process::{Process, Reapers};
use crate::error::{Error, ErrorKind};
use crate::peer::Peer;
use crate::transport::{
    Closer, ReadHalf, Readiness, SocketStream, Split, Stream, Waker, WriteHalf, is_timeout,
};

/// How long a child may take to end after its output has, so that it can be said how it did.
const LAST: Duration = Duration::from_millis(200);

/// Which of the children ended before they had answered, since one did not.
#[derive(Clone, Default)]
pub(crate) struct Deaths(Arc<Mutex<Option<Death>>>);

/// The last of them.
#[derive(Clone)]
pub(crate) struct Death {
    /// How many there were, one after the other.
    pub(crate) count: u32,
    pub(crate) text: String,
    pub(crate) at: Instant,
}

impl Deaths {
    pub(crate) fn last(&self) -> Option<Death> {
        self.0.lock().clone()
    }

    fn note(&self, text: &str) {
        let mut last = self.0.lock();
        let before = last.as_ref().map_or(0, |death| death.count);
        *last = Some(Death {
            count: before.saturating_add(1),
            text: text.to_owned(),
            at: Instant::now(),
        });
    }

    fn forget(&self) {
        *self.0.lock() = None;
    }
}

/// Starts a program, and gives the stream to its standard input and output. Its standard error is
/// that of the command, which is this process's own unless somebody has said otherwise.
///
/// # Errors
/// Those of the system.
pub(crate) fn spawn(
    command: &mut Command,
    deaths: &Deaths,
    reapers: &Reapers,
) -> io::Result<Box<dyn Stream>> {
    let (near, far) = UnixStream::pair()?;
    let socket = SocketStream::adopt(near.into(), Peer::Process)?;
    let far = OwnedFd::from(far);
    command.stdin(far.try_clone()?).stdout(far);
    let spawned = command.spawn();
    // Which drops the child's end here: otherwise its death would not end the stream.
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let child = Arc::new(Running {
        process: Process::new(spawned?, reapers),
        name: command.get_program().display().to_string(),
        deaths: deaths.clone(),
        has_answered: AtomicBool::new(false),
        is_noted: AtomicBool::new(false),
    });
    Ok(Box::new(ChildStream { socket, child }))
}

/// A child at the other end of a stream.
struct Running {
    process: Process,
    name: String,
    deaths: Deaths,
    has_answered: AtomicBool,
    is_noted: AtomicBool,
}

impl Running {
    /// What has ended the stream: the child's death, if it is dead.
    #[cold]
    fn ended(&self, otherwise: io::Result<usize>) -> io::Result<usize> {
        let Some(status) = self.process.status(LAST) else {
            return otherwise;
        };
        let text = format!("the program `{}` has ended ({status})", self.name);
        self.note(format_args!("has ended ({status})"));
        let error = Error::new(ErrorKind::Closed, text);
        Err(io::Error::new(io::ErrorKind::ConnectionAborted, error))
    }

    /// Counts what has become of it, unless it has answered before.
    #[cold]
    fn note(&self, what: impl Display) {
        if !self.is_noted.swap(true, Ordering::SeqCst) && !self.has_answered.load(Ordering::SeqCst)
        {
            let text = format!("the program `{}` {what} before it answered", self.name);
            self.deaths.note(&text);
        }
    }

    fn answered(&self) {
        self.has_answered.store(true, Ordering::SeqCst);
        self.deaths.forget();
    }

    fn read(&self, read: io::Result<usize>) -> io::Result<usize> {
        match read {
            Ok(0) => self.ended(Ok(0)),
            Ok(bytes) => Ok(bytes),
            Err(error) if is_passing(&error) => Err(error),
            Err(error) => self.ended(Err(error)),
        }
    }

    fn write(&self, written: io::Result<usize>) -> io::Result<usize> {
        match written {
            Err(error) if !is_passing(&error) => self.ended(Err(error)),
            written => written,
        }
    }

    fn is_quiet(&self, quiet: bool) -> bool {
        if !quiet {
            // For the next attempt to start it.
            let _ = self.ended(Ok(0));
        }
        quiet
    }
}

fn is_passing(error: &io::Error) -> bool {
    is_timeout(error) || error.kind() == io::ErrorKind::Interrupted
}

/// The socket goes first when it is dropped, which ends the child's input.
struct ChildStream {
    socket: SocketStream,
    child: Arc<Running>,
}

struct Reader {
    half: Box<dyn ReadHalf>,
    child: Arc<Running>,
}

struct Writer {
    half: Box<dyn WriteHalf>,
    child: Arc<Running>,
}

impl Read for ChildStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = Read::read(&mut self.socket, buffer);
        if buffer.is_empty() {
            return read;
        }
        self.child.read(read)
    }
}

impl Write for ChildStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = Write::write(&mut self.socket, bytes);
        self.child.write(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Stream for ChildStream {
    fn peer(&self) -> Peer {
        Peer::Process
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_write_timeout(timeout)
    }

    fn first_message(&self) -> Option<Waker> {
        let child = Arc::downgrade(&self.child);
        Some(Arc::new(move || {
            if let Some(child) = child.upgrade() {
                child.answered();
            }
        }))
    }

    /// One that was silent, or has sent a part of an answer, may only be slow.
    fn misunderstood(&self) -> Option<Waker> {
        let child = Arc::downgrade(&self.child);
        Some(Arc::new(move || {
            if let Some(child) = child.upgrade() {
                child.note("has sent something else");
            }
        }))
    }

    fn closer(&self) -> Closer {
        self.socket.closer()
    }

    fn is_quiet(&mut self) -> bool {
        let quiet = Stream::is_quiet(&mut self.socket);
        self.child.is_quiet(quiet)
    }

    fn readiness(&self) -> Readiness<'_> {
        self.socket.readiness()
    }

    fn split(self: Box<Self>) -> Split {
        let Self { socket, child } = *self;
        match Box::new(socket).split() {
            Split::Halves(reader, writer) => Split::Halves(
                Box::new(Reader {
                    half: reader,
                    child: Arc::clone(&child),
                }),
                Box::new(Writer {
                    half: writer,
                    child,
                }),
            ),
            // Sockets always can be.
            whole @ Split::Whole(_) => whole,
        }
    }
}

impl ReadHalf for Reader {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        let read = self.half.read(buffer, timeout);
        self.child.read(read)
    }

    fn is_quiet(&mut self) -> bool {
        let quiet = self.half.is_quiet();
        self.child.is_quiet(quiet)
    }
}

impl WriteHalf for Writer {
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        let written = self.half.write(bytes, timeout);
        self.child.write(written)
    }
}
