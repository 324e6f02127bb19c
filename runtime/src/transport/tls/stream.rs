//! A stream that is encrypted.

use std::io::{self, Read, Write};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustls::Connection;

use crate::peer::{Peer, TlsPeer};
use crate::transport::stream::is_timeout;
use crate::transport::tls::GOODBYE;
use crate::transport::tls::halves::{TlsReader, TlsWriter};
use crate::transport::tls::incoming::{self, Patience, Pulled, pull};
use crate::transport::tls::session::Session;
use crate::transport::{Closer, MemoryStream, Readiness, Split, Stream};

/// How long the messages of a handshake may wait for room, however impatient the reader is: few who
/// wait for something to read can also wait for room. There nearly always is some at once.
const FLIGHT: Duration = Duration::from_secs(1);

pub(super) struct TlsStream {
    pub(super) below: Box<dyn Stream>,
    /// Its own alone, until it is taken apart.
    session: Arc<Mutex<Session>>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    nonblocking: bool,
    /// The last read of the stream below may have left something.
    full: bool,
}

impl TlsStream {
    pub(super) fn new(below: Box<dyn Stream>, tls: impl Into<Connection>) -> Self {
        Self {
            below,
            session: Arc::new(Mutex::new(Session::new(tls.into()))),
            read_timeout: None,
            write_timeout: None,
            nonblocking: false,
            full: false,
        }
    }

    /// Makes the handshake, for which there is so much time.
    pub(super) fn handshake(&mut self, timeout: Duration) -> io::Result<()> {
        let patience = Patience::new(Some(timeout));
        loop {
            self.send(patience.left()?)?;
            let session = self.session.lock();
            session.check()?;
            if !session.is_handshaking() {
                return Ok(());
            }
            drop(session);
            self.pull(&mut [], patience.left()?)?;
        }
    }

    fn pull(&mut self, buffer: &mut [u8], wait: Option<Duration>) -> io::Result<usize> {
        let pulled = pull(&self.session, &mut self.below, buffer, wait);
        self.full = pulled.as_ref().is_ok_and(|pulled| pulled.full);
        let Pulled { plaintext, .. } = pulled?;
        if self.session.lock().has_failed() {
            // The peer is told why, if there is room.
            let _ = self.send(Some(GOODBYE));
        }
        Ok(plaintext)
    }

    /// Writes all ciphertext that there is.
    fn send(&mut self, wait: Option<Duration>) -> io::Result<()> {
        let mut session = self.session.lock();
        if !session.wants_write() {
            return Ok(());
        }
        let patience = Patience::new(wait);
        let mut wait = wait;
        loop {
            if !self.nonblocking {
                self.below.set_write_timeout(wait)?;
            }
            match session.write_to(&mut self.below) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(()) if !session.wants_write() => return self.below.flush(),
                Ok(()) => {}
            }
            wait = patience.left()?;
        }
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // What is brought from the session says nothing of the stream below, and whoever polls has
        // perhaps been told for the last time that there is something.
        self.full = true;
        if let Some(read) = self.session.lock().read(buffer) {
            return read;
        }
        let timeout = self.read_timeout.filter(|_| !self.nonblocking);
        let patience = Patience::new(timeout);
        let mut wait = Ok(timeout);
        let mut flight = self.is_handshaking();
        loop {
            // Before time is up, and a peer that cannot be written to may still have said why.
            let least = if flight { FLIGHT } else { GOODBYE };
            let _ = self.send(patience.at_least(least));
            flight = self.is_handshaking();
            match self.pull(buffer, wait?)? {
                0 => {}
                plaintext => return Ok(plaintext),
            }
            if let Some(read) = self.session.lock().read(buffer) {
                return read;
            }
            wait = patience.left();
        }
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let patience = Patience::new(self.write_timeout);
        let mut taken = self.session.lock().encrypt(bytes)?;
        if taken == 0 && !bytes.is_empty() {
            self.send(self.write_timeout)?;
            taken = self.session.lock().encrypt(bytes)?;
        }
        match patience.left().and_then(|left| self.send(left)) {
            // What is left goes with the next write, or `flush`.
            Err(error) if !is_timeout(&error) => Err(error),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send(self.write_timeout)
    }
}

impl Stream for TlsStream {
    fn peer(&self) -> Peer {
        self.below.peer()
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
        self.below.set_nonblocking(nonblocking)?;
        self.nonblocking = nonblocking;
        Ok(())
    }

    fn has_more(&self) -> bool {
        (self.nonblocking && self.full) || self.session.lock().has_news() || self.below.has_more()
    }

    fn wants_write(&self) -> bool {
        self.session.lock().wants_write() || self.below.wants_write()
    }

    fn is_handshaking(&self) -> bool {
        self.session.lock().is_handshaking()
    }

    fn tls(&self) -> Option<Arc<TlsPeer>> {
        self.session.lock().peer()
    }

    fn closer(&self) -> Closer {
        self.below.closer()
    }

    fn is_quiet(&mut self) -> bool {
        incoming::is_quiet(&self.session, &mut self.below)
    }

    fn readiness(&self) -> Readiness<'_> {
        self.below.readiness()
    }

    /// Before the handshake is over it takes both halves.
    fn split(mut self: Box<Self>) -> Split {
        if self.is_handshaking() {
            return Split::Whole(self);
        }
        // What says goodbye when it is dropped cannot be moved out of.
        let (ended, _) = MemoryStream::pair();
        let below = mem::replace(&mut self.below, Box::new(ended));
        match below.split() {
            Split::Whole(below) => {
                self.below = below;
                Split::Whole(self)
            }
            Split::Halves(reader, writer) => Split::Halves(
                Box::new(TlsReader::new(Arc::clone(&self.session), reader)),
                Box::new(TlsWriter::new(Arc::clone(&self.session), writer)),
            ),
        }
    }
}

/// Says goodbye, as far as that needs no waiting.
impl Drop for TlsStream {
    fn drop(&mut self) {
        if Arc::strong_count(&self.session) == 1 {
            self.session.lock().say_goodbye();
            let _ = self.send(Some(GOODBYE));
        }
    }
}
