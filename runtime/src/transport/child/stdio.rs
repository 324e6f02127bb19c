//! Standard input and output as the one connection of a server.

use std::fs::File;
use std::io::{self, Read, Write};
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rustix::fs::{FileType, fstat};
use rustix::stdio::{dup2_stdin, dup2_stdout};

use super::pipes::PipeStream;
use crate::error::{Error, ErrorKind, Result};
use crate::peer::Peer;
use crate::transport::socket::refused;
use crate::transport::{Address, Closer, Listener, Readiness, SocketStream, Split, Stream, Waker};

/// A process has only one of each.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes standard input and output away from the rest of the program: what that reads from now on is
/// empty, and what it prints goes to standard error.
///
/// # Errors
/// When they are taken already, or the system has no descriptors.
pub(in crate::transport) fn listen() -> Result<StdioListener> {
    if TAKEN.swap(true, Ordering::SeqCst) {
        let text = "cannot listen at stdio://: another server of this process has taken standard input and output";
        return Err(Error::new(ErrorKind::Io, text));
    }
    let taken = take().inspect_err(|_| TAKEN.store(false, Ordering::SeqCst));
    let stream = taken.map_err(|error| refused("listen at", &Address::Stdio, error))?;
    Ok(StdioListener {
        stream: Some(stream),
        turn: Arc::default(),
    })
}

fn take() -> io::Result<Box<dyn Stream>> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    let stream = stream(input, output)?;
    let nothing = File::open("/dev/null")?;
    dup2_stdin(nothing)?;
    dup2_stdout(io::stderr())?;
    Ok(stream)
}

/// A socket that is both is treated as one, which all models can poll.
fn stream(input: OwnedFd, output: OwnedFd) -> io::Result<Box<dyn Stream>> {
    let (one, other) = (fstat(&input)?, fstat(&output)?);
    let same = (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino);
    if same && FileType::from_raw_mode(one.st_mode) == FileType::Socket {
        return Ok(Box::new(SocketStream::adopt(input.into(), Peer::Process)?));
    }
    Ok(Box::new(PipeStream::new(input, output)?))
}

/// Gives out one connection, and is over when that has ended.
pub(in crate::transport) struct StdioListener {
    stream: Option<Box<dyn Stream>>,
    turn: Arc<Turn>,
}

#[derive(Default)]
struct Turn {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    woken: bool,
    ended: bool,
}

impl Turn {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
        self.changed.notify_all();
    }
}

impl Listener for StdioListener {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        let mut state = self.turn.state.lock();
        loop {
            if mem::take(&mut state.woken) || state.ended {
                return Ok(None);
            }
            if let Some(stream) = self.stream.take() {
                let ending = Ending(Arc::clone(&self.turn));
                return Ok(Some(Box::new(StdioStream { stream, ending })));
            }
            self.turn.changed.wait(&mut state);
        }
    }

    fn waker(&self) -> Waker {
        let turn = Arc::downgrade(&self.turn);
        Arc::new(move || {
            if let Some(turn) = turn.upgrade() {
                turn.change(|state| state.woken = true);
            }
        })
    }

    fn local_addr(&self) -> Address {
        Address::Stdio
    }

    fn is_over(&self) -> bool {
        self.turn.state.lock().ended
    }
}

/// The connection, which tells the listener when it ends.
struct StdioStream {
    stream: Box<dyn Stream>,
    #[allow(dead_code, reason = "dropping it tells, after the stream has closed")]
    ending: Ending,
}

struct Ending(Arc<Turn>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.change(|state| state.ended = true);
    }
}

impl Read for StdioStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for StdioStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Stream for StdioStream {
    fn peer(&self) -> Peer {
        Peer::Process
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_write_timeout(timeout)
    }

    fn set_nonblocking(&mut self, nonblocking: bool) -> io::Result<()> {
        self.stream.set_nonblocking(nonblocking)
    }

    fn closer(&self) -> Closer {
        self.stream.closer()
    }

    fn is_quiet(&mut self) -> bool {
        self.stream.is_quiet()
    }

    fn readiness(&self) -> Readiness<'_> {
        self.stream.readiness()
    }

    /// Only clients take streams apart.
    fn split(self: Box<Self>) -> Split {
        Split::Whole(self)
    }
}
