//! A stream that reads from one descriptor and writes to another.
//!
//! Other processes may have the same pipes open, so they are not made nonblocking: that would hold for
//! those as well. A read or write is tried when the system says that it does not wait, and a write
//! hands over no more than a pipe then has room for.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::peer::Peer;
use crate::transport::{Closer, Split, Stream};

/// What a pipe takes at once when it can be written (`PIPE_BUF`).
const PIPE_BYTES: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

pub(super) struct PipeStream {
    input: OwnedFd,
    output: OwnedFd,
    gates: Arc<Gates>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

/// What a closer shuts, for reading and for writing.
struct Gates {
    reading: Gate,
    writing: Gate,
}

/// A socket that can be read once it is shut.
struct Gate {
    near: UnixStream,
    #[allow(dead_code, reason = "while it is open, the other is not shut")]
    far: UnixStream,
}

impl Gate {
    fn new() -> io::Result<Self> {
        let (near, far) = UnixStream::pair()?;
        Ok(Self { near, far })
    }

    fn shut(&self) {
        // It never fails for a socket that is connected.
        let _ = self.near.shutdown(Shutdown::Both);
    }
}

/// What a descriptor was waited for came to.
#[derive(PartialEq, Eq)]
enum Found {
    Ready,
    Shut,
}

impl PipeStream {
    pub(super) fn new(input: OwnedFd, output: OwnedFd) -> io::Result<Self> {
        let (reading, writing) = (Gate::new()?, Gate::new()?);
        Ok(Self {
            input,
            output,
            gates: Arc::new(Gates { reading, writing }),
            read_timeout: None,
            write_timeout: None,
        })
    }
}

/// Waits until a descriptor can be used, or until the gate is shut.
fn wait(
    descriptor: &OwnedFd,
    flags: PollFlags,
    gate: &Gate,
    timeout: Option<Duration>,
) -> io::Result<Found> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let timespec = left.and_then(|left| Timespec::try_from(left).ok());
        let mut polled = [
            PollFd::new(descriptor, flags),
            PollFd::new(&gate.near, PollFlags::IN),
        ];
        match poll(&mut polled, timespec.as_ref()) {
            Ok(0) => return Err(io::ErrorKind::WouldBlock.into()),
            // What has arrived can still be read.
            Ok(_) if flags == PollFlags::IN && !polled[0].revents().is_empty() => {
                return Ok(Found::Ready);
            }
            Ok(_) if !polled[1].revents().is_empty() => return Ok(Found::Shut),
            Ok(_) => return Ok(Found::Ready),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Read for PipeStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let gate = &self.gates.reading;
        match wait(&self.input, PollFlags::IN, gate, self.read_timeout)? {
            Found::Shut => Ok(0),
            Found::Ready => Ok(rustix::io::read(&self.input, buffer)?),
        }
    }
}

impl Write for PipeStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gate = &self.gates.writing;
        match wait(&self.output, PollFlags::OUT, gate, self.write_timeout)? {
            Found::Shut => Err(io::ErrorKind::BrokenPipe.into()),
            Found::Ready => {
                let part = &bytes[..bytes.len().min(PIPE_BYTES)];
                Ok(rustix::io::write(&self.output, part)?)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for PipeStream {
    fn peer(&self) -> Peer {
        Peer::Process
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.read_timeout = timeout;
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = timeout;
        Ok(())
    }

    fn closer(&self) -> Closer {
        let gates = Arc::downgrade(&self.gates);
        Closer::new(move |how| {
            let Some(gates) = gates.upgrade() else { return };
            if how != Shutdown::Write {
                gates.reading.shut();
            }
            if how != Shutdown::Read {
                gates.writing.shut();
            }
        })
    }

    fn is_quiet(&mut self) -> bool {
        let gate = &self.gates.reading;
        let found = wait(&self.input, PollFlags::IN, gate, Some(Duration::ZERO));
        found.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    fn split(self: Box<Self>) -> Split {
        Split::Whole(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Option<Duration> = Some(Duration::from_millis(1));

    /// A stream over two pipes, and their other ends.
    fn stream() -> (PipeStream, std::io::PipeWriter, std::io::PipeReader) {
        let (input, into) = std::io::pipe().unwrap();
        let (out, output) = std::io::pipe().unwrap();
        (
            PipeStream::new(input.into(), output.into()).unwrap(),
            into,
            out,
        )
    }

    #[test]
    fn reads_and_writes_end_by_their_time_outs() {
        let (mut stream, mut into, mut out) = stream();
        stream.set_read_timeout(SOON).unwrap();
        stream.set_write_timeout(SOON).unwrap();
        let kind = stream.read(&mut [0; 4]).unwrap_err().kind();
        assert_eq!(kind, io::ErrorKind::WouldBlock);
        into.write_all(b"call").unwrap();
        assert!(!stream.is_quiet());
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 4);
        assert!(stream.is_quiet());
        let mut written = 0;
        let error = loop {
            match stream.write(&[7; 10_000]) {
                Ok(count) => written += count,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        drop(stream);
        let mut read = Vec::new();
        out.read_to_end(&mut read).unwrap();
        assert_eq!(read.len(), written);
    }

    #[test]
    fn a_closer_ends_what_waits() {
        for how in [Shutdown::Read, Shutdown::Both] {
            let (mut stream, mut into, _out) = stream();
            into.write_all(b"x").unwrap();
            let closer = stream.closer();
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 1);
            let thread = std::thread::spawn(move || (stream.read(&mut [0; 8]), stream));
            closer.shutdown(how);
            let (read, mut stream) = thread.join().unwrap();
            assert_eq!(read.unwrap(), 0);
            assert!(!stream.is_quiet());
            assert_eq!(stream.write(b"reply").is_ok(), how == Shutdown::Read);
            drop(stream);
            closer.shutdown(how);
        }
    }

    #[test]
    fn the_ends_of_the_pipes_are_those_of_the_stream() {
        let (mut stream, into, out) = stream();
        drop(into);
        assert!(!stream.is_quiet());
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
        drop(out);
        let kind = stream.write(b"x").unwrap_err().kind();
        assert_eq!(kind, io::ErrorKind::BrokenPipe);
    }
}
