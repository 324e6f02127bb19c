//! The halves of a stream with a layer. They share that, and lock it only while nobody waits.

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::transport::layer::incoming::{self, Patience, pull};
use crate::transport::layer::{GOODBYE, Layer};
use crate::transport::{ReadHalf, WriteHalf, shrink_out};

/// What is written at once: as much as one record of TLS holds.
const PART_MAX: usize = 16 * 1024;

pub(super) struct Reader {
    layer: Arc<Mutex<Box<dyn Layer>>>,
    below: Box<dyn ReadHalf>,
}

impl Reader {
    pub(super) fn new(layer: Arc<Mutex<Box<dyn Layer>>>, below: Box<dyn ReadHalf>) -> Self {
        Self { layer, below }
    }
}

impl ReadHalf for Reader {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        if let Some(read) = self.layer.lock().read(buffer) {
            return read;
        }
        let patience = Patience::new(Some(timeout));
        let mut wait = Some(timeout);
        loop {
            match pull(&self.layer, &mut self.below, buffer, wait)?.content {
                0 => {}
                content => return Ok(content),
            }
            if let Some(read) = self.layer.lock().read(buffer) {
                return read;
            }
            wait = patience.left()?;
        }
    }

    fn is_quiet(&mut self) -> bool {
        incoming::is_quiet(&self.layer, &mut self.below)
    }
}

/// Writes part by part: one that has not left whole cannot be read by the peer, so no byte of it is
/// counted as written before, and a caller that gives up knows what the peer can have.
pub(super) struct Writer {
    layer: Arc<Mutex<Box<dyn Layer>>>,
    below: Box<dyn WriteHalf>,
    /// Raw bytes, and how much of it has left.
    out: Vec<u8>,
    sent: usize,
    /// The content in it.
    taken: usize,
}

impl Writer {
    pub(super) fn new(layer: Arc<Mutex<Box<dyn Layer>>>, below: Box<dyn WriteHalf>) -> Self {
        Self {
            layer,
            below,
            out: Vec::new(),
            sent: 0,
            taken: 0,
        }
    }

    /// Fills `out`, in the order in which the layer makes them.
    fn collect(
        &mut self,
        make: impl FnOnce(&mut dyn Layer) -> io::Result<usize>,
    ) -> io::Result<()> {
        let mut layer = self.layer.lock();
        self.taken = make(&mut **layer)?;
        while layer.wants_write() {
            layer.write_to(&mut self.out)?;
        }
        Ok(())
    }
}

impl WriteHalf for Writer {
    /// After a time-out, the next call has to bring the same bytes.
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        if self.taken == 0 {
            let part = &bytes[..bytes.len().min(PART_MAX)];
            self.collect(|layer| layer.put(part))?;
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

/// Says goodbye, as far as that needs no waiting. A part that has not left whole stays here: its
/// call was perhaps told that it was not sent.
impl Drop for Writer {
    fn drop(&mut self) {
        let goodbye = |layer: &mut dyn Layer| {
            layer.say_goodbye();
            Ok(0)
        };
        if self.out.is_empty() && self.collect(goodbye).is_ok() && !self.out.is_empty() {
            let _ = self.below.write(&self.out, GOODBYE);
        }
    }
}
