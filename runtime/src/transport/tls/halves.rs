//! The halves of an encrypted stream. They share the session, and lock it only while nobody waits.

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::transport::tls::GOODBYE;
use crate::transport::tls::incoming::{self, Patience, pull};
use crate::transport::tls::session::Session;
use crate::transport::{ReadHalf, WriteHalf, shrink_out};

/// What one record holds.
const RECORD_MAX: usize = 16 * 1024;

pub(super) struct TlsReader {
    session: Arc<Mutex<Session>>,
    below: Box<dyn ReadHalf>,
}

impl TlsReader {
    pub(super) fn new(session: Arc<Mutex<Session>>, below: Box<dyn ReadHalf>) -> Self {
        Self { session, below }
    }
}

impl ReadHalf for TlsReader {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        if let Some(read) = self.session.lock().read(buffer) {
            return read;
        }
        let patience = Patience::new(Some(timeout));
        let mut wait = Some(timeout);
        loop {
            match pull(&self.session, &mut self.below, buffer, wait)?.plaintext {
                0 => {}
                plaintext => return Ok(plaintext),
            }
            if let Some(read) = self.session.lock().read(buffer) {
                return read;
            }
            wait = patience.left()?;
        }
    }

    fn is_quiet(&mut self) -> bool {
        incoming::is_quiet(&self.session, &mut self.below)
    }
}

/// Writes record by record: one that has not left whole cannot be read by the peer, so no byte of
/// it is counted as written before, and a caller that gives up knows what the peer can have.
pub(super) struct TlsWriter {
    session: Arc<Mutex<Session>>,
    below: Box<dyn WriteHalf>,
    /// Ciphertext, and how much of it has left.
    out: Vec<u8>,
    sent: usize,
    /// The plaintext in it.
    taken: usize,
}

impl TlsWriter {
    pub(super) fn new(session: Arc<Mutex<Session>>, below: Box<dyn WriteHalf>) -> Self {
        Self {
            session,
            below,
            out: Vec::new(),
            sent: 0,
            taken: 0,
        }
    }

    /// Fills `out`, in the order in which the session makes ciphertext.
    fn collect(&mut self, make: impl FnOnce(&mut Session) -> io::Result<usize>) -> io::Result<()> {
        let mut session = self.session.lock();
        self.taken = make(&mut session)?;
        while session.wants_write() {
            session.write_to(&mut self.out)?;
        }
        Ok(())
    }
}

impl WriteHalf for TlsWriter {
    /// After a time-out, the next call has to bring the same bytes.
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        if self.taken == 0 {
            let record = &bytes[..bytes.len().min(RECORD_MAX)];
            self.collect(|session| session.encrypt(record))?;
        }
        let patience = Patience::new(Some(timeout));
        let mut wait = timeout;
        while self.sent < self.out.len() {
            match self.below.write(&self.out[self.sent..], wait) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.sent < self.out.len()
                && let Some(left) = patience.left()?
            {
                wait = left;
            }
        }
        self.sent = 0;
        shrink_out(&mut self.out);
        Ok(mem::take(&mut self.taken))
    }
}

/// Says goodbye, as far as that needs no waiting. A record that has not left whole stays here: its
/// call was perhaps told that it was not sent.
impl Drop for TlsWriter {
    fn drop(&mut self) {
        let goodbye = |session: &mut Session| {
            session.say_goodbye();
            Ok(0)
        };
        if self.out.is_empty() && self.collect(goodbye).is_ok() && !self.out.is_empty() {
            let _ = self.below.write(&self.out, GOODBYE);
        }
    }
}
