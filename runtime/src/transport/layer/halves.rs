//! The halves of a stream with a layer. They share that, and lock it only while nobody waits.

use std::io;
use std::mem;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::transport::layer::incoming::{self, Patience, pull};
use crate::transport::layer::{GOODBYE, Layer};
use crate::transport::{ReadHalf, Waker, WriteHalf, shrink_out};

/// What is written at once: as much as one record of TLS holds.
const PART_MAX: usize = 16 * 1024;

/// Takes a stream apart that has this layer.
pub(super) fn split(
    layer: &Arc<Mutex<Box<dyn Layer>>>,
    reader: Box<dyn ReadHalf>,
    writer: Box<dyn WriteHalf>,
    misunderstood: Option<Waker>,
) -> (Reader, Writer) {
    let outlet = Arc::new(Mutex::new(Outlet {
        layer: Arc::clone(layer),
        below: writer,
        out: Vec::new(),
        sent: 0,
        taken: 0,
    }));
    let reader = Reader {
        layer: Arc::clone(layer),
        below: reader,
        outlet: Arc::downgrade(&outlet),
        misunderstood,
    };
    (reader, Writer(outlet))
}

pub(super) struct Reader {
    layer: Arc<Mutex<Box<dyn Layer>>>,
    below: Box<dyn ReadHalf>,
    outlet: Weak<Mutex<Outlet>>,
    misunderstood: Option<Waker>,
}

impl Reader {
    /// Lets the layer answer what was read, as far as there is room.
    fn answer(&self) {
        if self.layer.lock().wants_write()
            && let Some(outlet) = self.outlet.upgrade()
        {
            answer(&self.layer, &outlet);
        }
    }
}

impl Reader {
    fn read_content(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        let read = self.layer.lock().read(buffer);
        if let Some(read) = read {
            self.answer();
            return read;
        }
        let patience = Patience::new(Some(timeout));
        let mut wait = Some(timeout);
        loop {
            let pulled = pull(&self.layer, &mut self.below, buffer, wait);
            self.answer();
            match pulled?.content {
                0 => {}
                content => return Ok(content),
            }
            if let Some(read) = self.layer.lock().read(buffer) {
                return read;
            }
            wait = patience.left()?;
        }
    }
}

impl ReadHalf for Reader {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        let read = self.read_content(buffer, timeout);
        incoming::tell_if_foreign(&read, self.misunderstood.as_ref());
        read
    }

    fn is_quiet(&mut self) -> bool {
        let quiet = incoming::is_quiet(&self.layer, &mut self.below);
        self.answer();
        quiet
    }
}

/// Has what the layer says by itself written. Whoever writes at the moment does it behind that.
fn answer(layer: &Mutex<Box<dyn Layer>>, outlet: &Mutex<Outlet>) {
    while layer.lock().wants_write()
        && let Some(mut outlet) = outlet.try_lock()
    {
        if !outlet.answer() {
            return;
        }
    }
}

pub(super) struct Writer(Arc<Mutex<Outlet>>);

impl WriteHalf for Writer {
    /// After a time-out, the next call has to bring the same bytes.
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        let mut outlet = self.0.lock();
        let layer = Arc::clone(&outlet.layer);
        let written = outlet.write(bytes, timeout)?;
        drop(outlet);
        answer(&layer, &self.0);
        Ok(written)
    }

    fn begun(&self) -> usize {
        self.0.lock().begun()
    }
}

/// The way out.
///
/// Writes part by part, and counts no byte of one as written before all of it has left. How many of them
/// the peer can read by then depends on the layer, so that one of which some has left may have arrived.
struct Outlet {
    layer: Arc<Mutex<Box<dyn Layer>>>,
    below: Box<dyn WriteHalf>,
    /// Raw bytes, and how much of it has left.
    out: Vec<u8>,
    sent: usize,
    /// The content in it.
    taken: usize,
}

impl Outlet {
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

    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        if self.taken == 0 {
            let part = &bytes[..bytes.len().min(PART_MAX)];
            self.collect(|layer| layer.put(part))?;
        }
        self.send(timeout)?;
        Ok(mem::take(&mut self.taken))
    }

    /// How much content is in a part that has left, but not whole.
    fn begun(&self) -> usize {
        if self.sent > 0 || self.below.begun() > 0 {
            self.taken
        } else {
            0
        }
    }

    /// Writes everything in `out`.
    fn send(&mut self, timeout: Duration) -> io::Result<()> {
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
        Ok(())
    }

    /// Writes what the layer says by itself, unless a part is on its way, and without waiting for room.
    /// Whether that has left.
    fn answer(&mut self) -> bool {
        if self.taken > 0 {
            return false;
        }
        // While something is left over nothing is added, or it would have no end.
        let collected = !self.out.is_empty() || self.collect(|_| Ok(0)).is_ok();
        collected && self.send(GOODBYE).is_ok()
    }
}

/// Says goodbye, as far as that needs no waiting. A part that has not left whole stays here: its
/// call was perhaps told that it was not sent.
impl Drop for Outlet {
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
