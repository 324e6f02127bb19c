//! A stream with a layer.

use std::io::{self, Read, Write};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

#[cfg(feature = "tls")]
use crate::peer::TlsPeer;
use crate::peer::{Peer, User};
use crate::transport::layer::halves;
use crate::transport::layer::incoming::{self, Patience, Pulled, pull};
use crate::transport::layer::{GOODBYE, Layer};
use crate::transport::stream::is_timeout;
use crate::transport::{Closer, MemoryStream, Readiness, Split, Stream, Waker};

/// How long the messages of a handshake may wait for room, however impatient the reader is: few who
/// wait for something to read can also wait for room. There nearly always is some at once.
const FLIGHT: Duration = Duration::from_secs(1);

pub(in crate::transport) struct LayerStream {
    pub(in crate::transport) below: Box<dyn Stream>,
    /// Its own alone, until it is taken apart.
    layer: Arc<Mutex<Box<dyn Layer>>>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    nonblocking: bool,
    /// The layer has nothing more to do.
    done: bool,
    /// The last read of the stream below may have left something.
    full: bool,
}

impl LayerStream {
    pub(in crate::transport) fn new(below: Box<dyn Stream>, layer: Box<dyn Layer>) -> Self {
        Self {
            below,
            layer: Arc::new(Mutex::new(layer)),
            read_timeout: None,
            write_timeout: None,
            nonblocking: false,
            done: false,
            full: false,
        }
    }

    /// Makes the handshake, for which there is so much time.
    pub(in crate::transport) fn handshake(&mut self, timeout: Duration) -> io::Result<()> {
        let made = self.try_handshake(timeout);
        incoming::tell_if_foreign(&made, self.below.misunderstood().as_ref());
        made
    }

    fn try_handshake(&mut self, timeout: Duration) -> io::Result<()> {
        let patience = Patience::new(Some(timeout));
        let mut answered = None;
        loop {
            self.send(patience.left()?)?;
            let layer = self.layer.lock();
            layer.check()?;
            if !layer.is_handshaking() {
                self.done = layer.is_done();
                break;
            }
            drop(layer);
            self.pull(&mut [], patience.left()?)?;
            answered = self.below.first_message();
        }
        // What agrees on how to speak is as good as a message.
        if let Some(tell) = answered {
            tell();
        }
        Ok(())
    }

    fn pull(&mut self, buffer: &mut [u8], wait: Option<Duration>) -> io::Result<usize> {
        let pulled = pull(&self.layer, &mut self.below, buffer, wait);
        self.full = pulled.as_ref().is_ok_and(|pulled| pulled.full);
        let Pulled { content, .. } = pulled?;
        if self.layer.lock().has_failed() {
            // The peer is told why, if there is room.
            let _ = self.send(Some(GOODBYE));
        }
        Ok(content)
    }

    /// Writes all raw bytes that there is.
    fn send(&mut self, wait: Option<Duration>) -> io::Result<()> {
        let mut layer = self.layer.lock();
        if !layer.wants_write() {
            return Ok(());
        }
        let patience = Patience::new(wait);
        let mut wait = wait;
        loop {
            if !self.nonblocking {
                self.below.set_write_timeout(wait)?;
            }
            match layer.write_to(&mut self.below) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(()) if !layer.wants_write() => return self.below.flush(),
                Ok(()) => {}
            }
            wait = patience.left()?;
        }
    }

    fn read_below(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.nonblocking {
            self.below.set_read_timeout(self.read_timeout)?;
        }
        self.below.read(buffer)
    }

    /// For what is written to the stream below.
    fn prepare_below(&mut self) -> io::Result<()> {
        if !self.nonblocking {
            self.below.set_write_timeout(self.write_timeout)?;
        }
        Ok(())
    }
}

impl Read for LayerStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.done {
            return self.read_below(buffer);
        }
        // What is brought from the layer says nothing of the stream below, and whoever polls has
        // perhaps been told for the last time that there is something.
        self.full = true;
        let mut layer = self.layer.lock();
        if let Some(read) = layer.read(buffer) {
            return read;
        }
        self.done = layer.is_done();
        drop(layer);
        if self.done {
            return self.read_below(buffer);
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
                content => return Ok(content),
            }
            if let Some(read) = self.layer.lock().read(buffer) {
                return read;
            }
            wait = patience.left();
        }
    }
}

impl Write for LayerStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.done {
            self.prepare_below()?;
            return self.below.write(bytes);
        }
        let patience = Patience::new(self.write_timeout);
        let mut taken = self.layer.lock().put(bytes)?;
        if taken == 0 && !bytes.is_empty() {
            self.send(self.write_timeout)?;
            taken = self.layer.lock().put(bytes)?;
        }
        match patience.left().and_then(|left| self.send(left)) {
            // What is left goes with the next write, or `flush`.
            Err(error) if !is_timeout(&error) => Err(error),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.done {
            self.prepare_below()?;
            return self.below.flush();
        }
        self.send(self.write_timeout)
    }
}

impl Stream for LayerStream {
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
        if self.done {
            return self.below.has_more();
        }
        if (self.nonblocking && self.full) || self.below.has_more() {
            return true;
        }
        // Content, or the end.
        let mut layer = self.layer.lock();
        layer.has_content() || layer.has_failed() || layer.is_over()
    }

    fn wants_write(&self) -> bool {
        self.layer.lock().wants_write() || self.below.wants_write()
    }

    fn has_room(&self) -> Option<bool> {
        self.below.has_room()
    }

    fn is_handshaking(&self) -> bool {
        self.layer.lock().is_handshaking() || self.below.is_handshaking()
    }

    #[cfg(feature = "tls")]
    fn tls(&self) -> Option<Arc<TlsPeer>> {
        self.layer.lock().tls().or_else(|| self.below.tls())
    }

    fn user(&self) -> Option<Arc<User>> {
        self.layer.lock().user().or_else(|| self.below.user())
    }

    fn first_message(&self) -> Option<Waker> {
        self.below.first_message()
    }

    fn misunderstood(&self) -> Option<Waker> {
        self.below.misunderstood()
    }

    fn closer(&self) -> Closer {
        self.below.closer()
    }

    fn is_quiet(&mut self) -> bool {
        if self.done {
            return self.below.is_quiet();
        }
        incoming::is_quiet(&self.layer, &mut self.below)
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
        if self.done {
            return below.split();
        }
        let misunderstood = below.misunderstood();
        match below.split() {
            Split::Whole(below) => {
                self.below = below;
                Split::Whole(self)
            }
            Split::Halves(reader, writer) => {
                let (reader, writer) = halves::split(&self.layer, reader, writer, misunderstood);
                Split::Halves(Box::new(reader), Box::new(writer))
            }
        }
    }
}

/// Says goodbye, as far as that needs no waiting.
impl Drop for LayerStream {
    fn drop(&mut self) {
        if Arc::strong_count(&self.layer) == 1 {
            self.layer.lock().say_goodbye();
            let _ = self.send(Some(GOODBYE));
        }
    }
}
